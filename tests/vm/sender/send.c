// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <net/net_namespace.h>

#include "sender.h"

#define HEADROOM 160 /* for an outer header: nobody has to copy */
#define TAIL 64
/* Received but not yet taken, of the 1000 that net.core.netdev_max_backlog allows by default. */
#define BACKLOG_MOST 200

static bool add_rest(struct sk_buff *skb, const struct frame *f)
{
	u32 len = f->len - f->linear;
	struct page *page;

	if (!len)
		return true;
	page = alloc_page(GFP_ATOMIC);
	if (!page)
		return false;
	memcpy(page_address(page), f->bytes + f->linear, len);
	skb_add_rx_frag(skb, 0, page, 0, len, PAGE_SIZE);
	return true;
}

static struct sk_buff *make(const struct sending *s, struct net_device *dev)
{
	const struct frame *f = &s->frame;
	struct sk_buff *skb = alloc_skb(HEADROOM + f->linear + TAIL, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reserve(skb, HEADROOM);
	skb_put_data(skb, f->bytes, f->linear);
	/* Who reads past a short packet does not find an earlier one there. */
	memset(skb_tail_pointer(skb), 0, TAIL);
	if (!add_rest(skb, f)) {
		kfree_skb(skb);
		return NULL;
	}
	skb->dev = dev;
	skb->protocol = s->order.downlink ? htons(f->protocol) : htons(ETH_P_IP);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, s->order.downlink ? 0 : ETH_HLEN);
	return skb;
}

static void send_one(struct sending *s, struct net_device *dev, u32 i)
{
	struct sk_buff *skb;

	if (s->order.hostile)
		frame_hostile(s);
	else if (s->order.downlink)
		frame_downlink(&s->frame, &s->order, i);
	else
		frame_uplink(&s->frame, &s->order, i);
	skb = make(s, dev);
	if (!skb) {
		s->unmade++;
	} else if (dev_queue_xmit(skb) == NET_XMIT_SUCCESS) {
		s->sent++;
		s->bytes += s->frame.len;
	} else {
		s->refused++;
	}
}

/* As the stack does. What the device hands over is received, on this CPU, when they are enabled. */
static void send_batch(struct sending *s, struct net_device *dev, u32 from, u32 n)
{
	u32 i;

	local_bh_disable();
	for (i = 0; i < n; i++)
		send_one(s, dev, from + i);
	local_bh_enable();
}

static u32 backlog(void)
{
	u32 n = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		struct softnet_data *sd = &per_cpu(softnet_data, cpu);

		n += skb_queue_len_lockless(&sd->input_pkt_queue);
		n += skb_queue_len_lockless(&sd->process_queue);
	}
	return n;
}

static void wait_backlog(u32 most)
{
	while (backlog() > most && !signal_pending(current))
		usleep_range(20, 100);
}

static int send_to(struct sending *s, struct net_device *dev)
{
	const struct order *o = &s->order;
	u64 begin = ktime_get_ns();
	u32 done, n;

	for (done = 0; done < o->count; done += n) {
		if (signal_pending(current))
			return -EINTR;
		n = min(o->batch, o->count - done);
		send_batch(s, dev, done, n);
		wait_backlog(BACKLOG_MOST);
		if (o->pause_us)
			usleep_range(o->pause_us, o->pause_us * 2);
		cond_resched();
	}
	wait_backlog(0);
	/* What was taken from the queues just now is through as well. */
	synchronize_net();
	wait_backlog(0);
	s->duration_ns = ktime_get_ns() - begin;
	return 0;
}

int send_all(struct sending *s)
{
	struct net_device *dev = dev_get_by_name(current->nsproxy->net_ns, s->order.device);
	int err;

	if (!dev)
		return -ENODEV;
	err = dev->flags & IFF_UP ? send_to(s, dev) : -ENETDOWN;
	dev_put(dev);
	return err;
}
