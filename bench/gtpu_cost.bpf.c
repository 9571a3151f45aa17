/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gtpu probe's own programs, called one after the other as the module's functions would have them
 * called for one packet, many packets in one run. What the kernel adds to call a program at a function
 * (trampoline or trap) is not in it. */
#include "../probes/gtpu/bpf/gtpu.bpf.c"
#include "gtpu_cost.h"

struct fake_packet fake;
volatile __u32 steps;
volatile __u32 downlink;
/* TEIDs, and UE addresses, that the packets have in turn, less one: 2^n - 1. */
volatile __u32 session_mask;
volatile __u32 repeat;

#define AT(area, type, field) (fake.area + bpf_core_field_offset(type, field))
#define PUT(area, type, field, bits, value) (*(volatile __u##bits *)AT(area, type, field) = (__u##bits)(value))
#define ADDRESS(area) (fake.address + offsetof(struct fake_packet, area))

/* The fields that the probe reads, where this kernel has them. */
SEC("raw_tp")
int cost_setup(void *ctx)
{
	fake.address = (__u64)&fake;
	PUT(skb, struct sk_buff, len, 32, downlink ? PACKET_LEN - 24 : PACKET_LEN);
	PUT(skb, struct sk_buff, data_len, 32, 0);
	PUT(skb, struct sk_buff, protocol, 16, bpf_htons(0x0800));
	PUT(skb, struct sk_buff, network_header, 16, downlink ? PACKET_INNER_AT : PACKET_NETWORK);
	PUT(skb, struct sk_buff, transport_header, 16, PACKET_UDP_AT);
	PUT(skb, struct sk_buff, end, 32, PACKET_BYTES);
	PUT(skb, struct sk_buff, head, 64, ADDRESS(head));
	PUT(skb, struct sk_buff, data, 64, ADDRESS(head) + (downlink ? PACKET_INNER_AT : PACKET_UDP_AT));
	PUT(skb, struct sk_buff, dev, 64, ADDRESS(dev));
	PUT(dev, struct net_device, ifindex, 32, 7);
	PUT(dev, struct net_device, nd_net.net, 64, ADDRESS(net));
	PUT(net, struct net, ns.inum, 32, 0xf0000000);
	*(volatile __u64 *)AT(dev, struct net_device, name) = 0x336e; /* n3 */
	return 0;
}

/* As a big-endian number behind the two bytes that stay. */
static __always_inline void put_low16(__u8 *at, __u32 value)
{
	at[2] = value >> 8;
	at[3] = value;
}

static __always_inline void next_session(__u32 i)
{
	__u32 n = i & session_mask;

	put_low16(fake.head + PACKET_TEID_AT, 0x1000 + n);
	put_low16(fake.head + PACKET_INNER_AT + (downlink ? 16 : 12), 1 + n);
}

/* The module's header before the inner packet, and away again. */
static __always_inline void push(void)
{
	PUT(skb, struct sk_buff, data, 64, ADDRESS(head) + PACKET_UDP_AT + 8);
	PUT(skb, struct sk_buff, len, 32, PACKET_LEN - 8);
}

static __always_inline void pull(void)
{
	PUT(skb, struct sk_buff, data, 64, ADDRESS(head) + PACKET_INNER_AT);
	PUT(skb, struct sk_buff, len, 32, PACKET_LEN - 24);
}

#define CALL(f, ...) ____kprobe_##f(NULL, ##__VA_ARGS__)
#define RETURN(f, ...) ____kretprobe_##f(NULL, ##__VA_ARGS__)

static __always_inline void ring_event(const struct sk_buff *skb)
{
	struct simplest {
		__u64 ts_ns;
		__u64 dev;
		__u32 len;
		__u32 pad;
		__u8 headers[40];
	} *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return;
	e->ts_ns = bpf_ktime_get_ns();
	e->len = BPF_CORE_READ(skb, len);
	e->dev = (__u64)BPF_CORE_READ(skb, dev);
	e->pad = 0;
	bpf_probe_read_kernel(e->headers, sizeof(e->headers), BPF_CORE_READ(skb, data));
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

/* What every program here does for a packet: the session's turn, and the peer's event if that is what is
 * measured. */
static __always_inline struct sk_buff *next_packet(__u32 i)
{
	struct sk_buff *skb = (struct sk_buff *)ADDRESS(skb);

	next_session(i);
	if (steps & STEP_RING)
		ring_event(skb);
	return skb;
}

static long gtp5g_uplink(__u32 i, void *unused)
{
	struct sk_buff *skb = next_packet(i);
	__u32 todo = steps;

	if (todo & STEP_ENTRY)
		CALL(gtp5g_encap_recv, NULL, skb);
	if (todo & STEP_LOOKUP) {
		CALL(pdr_find_by_gtp1u, NULL, skb, 36);
		RETURN(pdr_find_by_gtp1u, ADDRESS(pdr));
	}
	if (todo & STEP_POLICE) {
		CALL(policePacket);
		RETURN(policePacket, 0);
	}
	if (todo & STEP_USAGE)
		CALL(update_usage_statistic, NULL, 100, 100, 0);
	if (todo & STEP_EXIT)
		RETURN(gtp5g_encap_recv, 0);
	return 0;
}

static long gtp5g_downlink(__u32 i, void *unused)
{
	struct sk_buff *skb = next_packet(i);
	void *info = (void *)ADDRESS(pktinfo);
	__u32 todo = steps;

	if (todo & STEP_ENTRY)
		CALL(gtp5g_dev_xmit, skb, (struct net_device *)ADDRESS(dev));
	if (todo & STEP_HANDLE)
		CALL(gtp5g_handle_skb_ipv4, skb, NULL, info);
	if (todo & STEP_LOOKUP) {
		CALL(pdr_find_by_ipv4, NULL, skb);
		RETURN(pdr_find_by_ipv4, ADDRESS(pdr));
	}
	if (todo & STEP_POLICE) {
		CALL(policePacket);
		RETURN(policePacket, 0);
	}
	if (todo & STEP_PUSH) {
		CALL(gtp5g_push_header, skb, info);
		push();
		RETURN(gtp5g_push_header);
		pull();
	}
	if (todo & STEP_HANDLE)
		RETURN(gtp5g_handle_skb_ipv4, 0);
	if (todo & STEP_USAGE)
		CALL(update_usage_statistic, NULL, 100, 100, 0);
	if (todo & STEP_SEND)
		CALL(gtp5g_xmit_skb_ipv4, skb, info);
	if (todo & STEP_TUNNEL)
		CALL(iptunnel_xmit, NULL, NULL, skb, 0x0100090a, 0x0200090a);
	if (todo & STEP_EXIT)
		RETURN(gtp5g_dev_xmit, 0);
	return 0;
}

static long gtp_uplink(__u32 i, void *unused)
{
	struct sk_buff *skb = next_packet(i);
	__u32 todo = steps;

	if (todo & STEP_ENTRY)
		CALL(gtp_encap_recv, NULL, skb);
	if (todo & STEP_LOOKUP) {
		CALL(gtp_rx, NULL, skb);
		RETURN(gtp_rx, 0);
	}
	if (todo & STEP_EXIT)
		RETURN(gtp_encap_recv, 0);
	return 0;
}

static long gtp_downlink(__u32 i, void *unused)
{
	struct sk_buff *skb = next_packet(i);
	__u32 todo = steps;

	if (todo & STEP_ENTRY)
		CALL(gtp_dev_xmit, skb, (struct net_device *)ADDRESS(dev));
	if (todo & STEP_PUSH) {
		CALL(gtp_push_header, skb, (void *)ADDRESS(pktinfo));
		push();
		RETURN(gtp_push_header);
		pull();
	}
	if (todo & STEP_EXIT)
		RETURN(gtp_dev_xmit, 0);
	return 0;
}

__u64 scratch[5];

static __always_inline void read_direct(const void *from)
{
	if (direct_reads)
		scratch[0] = DIRECT(struct sk_buff, from)->len;
}

static long primitive(__u32 i, void *unused)
{
	struct sk_buff *skb = next_packet(i);
	__u32 todo = steps, direction = GTPU_UPLINK;

	if (todo & PRIMITIVE_CLOCK)
		scratch[0] = bpf_ktime_get_boot_ns();
	if (todo & PRIMITIVE_COARSE)
		scratch[0] = bpf_jiffies64();
	if (todo & PRIMITIVE_READ)
		bpf_probe_read_kernel(scratch, 8, skb);
	if (todo & PRIMITIVE_READ_MORE)
		bpf_probe_read_kernel(scratch, 40, skb);
	if (todo & PRIMITIVE_NOTE)
		NOTE(GTP5G_ENCAP_RECV, entries);
	if (todo & PRIMITIVE_COUNT)
		count(GTP5G_ENCAP_RECV, 0, 100);
	if (todo & PRIMITIVE_DIRECT)
		read_direct(skb);
	if (todo & PRIMITIVE_CLEAR) {
		struct open_packet *p = bpf_map_lookup_elem(&gtpu_packets, &direction);

		if (p)
			__builtin_memset(p, 0, PACKET_CLEARED);
	}
	return 0;
}

#define RUN(path)                                                                                                      \
	SEC("raw_tp")                                                                                                  \
	int cost_##path(void *ctx)                                                                                     \
	{                                                                                                              \
		bpf_loop(repeat, path, NULL, 0);                                                                       \
		return 0;                                                                                              \
	}

RUN(gtp5g_uplink)
RUN(gtp5g_downlink)
RUN(gtp_uplink)
RUN(gtp_downlink)
RUN(primitive)
