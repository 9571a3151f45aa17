/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The peer: the simplest observer, one ring event for each IPv4 UDP or TCP packet. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct net_event {
	__u64 ts_ns;
	__u32 ifindex;
	__u32 pkt_len;
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u8 l4;
	__u8 pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} events SEC(".maps");

static __always_inline bool parse(struct __sk_buff *skb, struct net_event *e)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *l4;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return false;
	l4 = (void *)ip + ip->ihl * 4;
	if ((void *)(l4 + 1) > end || (ip->protocol != 17 && ip->protocol != 6))
		return false;
	e->saddr = ip->saddr;
	e->daddr = ip->daddr;
	e->l4 = ip->protocol;
	e->sport = l4->source;
	e->dport = l4->dest;
	return true;
}

SEC("tc")
int empty(struct __sk_buff *skb)
{
	return -1;
}

SEC("tc")
int ring_event(struct __sk_buff *skb)
{
	struct net_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return -1;
	__builtin_memset(e, 0, sizeof(*e));
	e->ts_ns = bpf_ktime_get_ns();
	e->ifindex = skb->ifindex;
	e->pkt_len = skb->len;
	if (parse(skb, e))
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
	return -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
