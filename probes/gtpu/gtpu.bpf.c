/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The functions of the gtp and gtp5g modules. A packet's record is opened when the module's receive
 * or transmit function is entered, filled by the functions that it calls, and closed at its return:
 * nothing is read from a packet that may be gone. One slot per CPU and direction is enough: both
 * functions run with bottom halves disabled. */
#include "gtpu_skb.h"
#include "gtpu_modules.h"
#include "gtpu_tally.h"
#include "gtpu_verdict.h"
#include "ring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set before load. */
const volatile bool each_function = false;
const volatile bool exits_hooked = true;
const volatile struct gtpu_filter filter = {};

struct open_packet {
	__u64 skb;
	__u64 entry_ns;
	__u32 func_id; /* 0: none is under way */
	__u32 pad;
	struct gtpu_record record; /* its header stays empty */
	struct seen seen;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTPU_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct open_packet);
} gtpu_packets SEC(".maps");

/* A call of a function inside the packet's. */
struct call {
	__u64 entry_ns;
	__u64 skb;
	__u64 pktinfo;
	__u64 open;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTPU_FUNCS);
	__type(key, __u32);
	__type(value, struct call);
} gtpu_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, GTPU_COUNT_KEYS);
	__type(key, struct gtpu_count_key);
	__type(value, struct gtpu_count);
} gtpu_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTPU_FUNCS);
	__type(key, __u32);
	__type(value, struct gtpu_hook_ledger);
} gtpu_ledger SEC(".maps");

/* Atomic although per CPU: a hook's program can be interrupted by another's. */
#define NOTE(func, field)                                                                          \
	({                                                                                         \
		__u32 key_ = (func);                                                               \
		struct gtpu_hook_ledger *l_ = bpf_map_lookup_elem(&gtpu_ledger, &key_);            \
                                                                                                   \
		if (l_)                                                                            \
			__sync_fetch_and_add(&l_->field, 1);                                       \
	})

static __noinline int count(__u32 func, __s32 ret, __u32 bytes)
{
	struct gtpu_count_key key = {.func_id = func, .ret = ret};
	struct gtpu_count *c = bpf_map_lookup_elem(&gtpu_counts, &key);

	if (!c) {
		struct gtpu_count none = {};

		bpf_map_update_elem(&gtpu_counts, &key, &none, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&gtpu_counts, &key);
	}
	if (!c) {
		NOTE(func, uncounted);
		return 0;
	}
	__sync_fetch_and_add(&c->packets, 1);
	__sync_fetch_and_add(&c->bytes, bytes);
	return 0;
}

static __always_inline struct open_packet *packet_of(__u32 direction)
{
	return bpf_map_lookup_elem(&gtpu_packets, &direction);
}

static __noinline int emit(const struct gtpu_record *from, __u16 kind, __u64 ts_ns)
{
	struct gtpu_record *r = ring_reserve(sizeof(*r), kind);

	if (!r)
		return 0;
	r->hdr.ts_ns = ts_ns;
	task_fill(&r->hdr);
	__builtin_memcpy((void *)r + sizeof(r->hdr), (const void *)from + sizeof(r->hdr),
			 sizeof(*r) - sizeof(r->hdr));
	ring_submit(r);
	return 0;
}

static __always_inline void fill_device(struct gtpu_record *r, const struct net_device *dev)
{
	if (!dev)
		return;
	r->ifindex = BPF_CORE_READ(dev, ifindex);
	bpf_core_read(r->interface, sizeof(r->interface), &dev->name);
	r->netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	r->has |= GTPU_HAS_INTERFACE;
}

static __noinline int fill_inner(struct gtpu_record *r, struct skb_cursor *c)
{
	if (packet_ip(&c->head, &c->at, &r->inner) == PACKET_IP_OK)
		packet_l4(&c->head, &c->at, &r->inner);
	return 0;
}

static __noinline int fill_outer(struct gtpu_record *r, struct skb_cursor *c)
{
	if (packet_ip(&c->head, &c->at, &r->outer) || r->outer.proto != PACKET_UDP ||
	    packet_l4(&c->head, &c->at, &r->outer))
		return -1;
	return 0;
}

/* skb->data is at the outer UDP header, the outer IP header before it. An enum packet_head. */
static __noinline int fill_uplink(struct gtpu_record *r, const struct sk_buff *skb)
{
	const __u8 *ip = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	struct skb_cursor *c = skb_cursor_at(skb, ip, 0);
	int head;

	if (!c || fill_outer(r, c))
		return HEAD_MAX;
	c->at.off += 8;
	head = packet_gtpu_header(&c->head, &c->at, &r->gtp);
	if (head == HEAD_GTPU && r->gtp.type == GTPU_TYPE_GPDU)
		fill_inner(r, c);
	return head;
}

/* skb->data is at the inner packet. */
static __noinline int fill_downlink(struct gtpu_record *r, const struct sk_buff *skb)
{
	struct skb_cursor *c = skb_cursor_at(skb, BPF_CORE_READ(skb, data), 0);

	if (c)
		fill_inner(r, c);
	return 0;
}

/* The GTP header is at skb->data + off. */
static __noinline int fill_gtp(struct gtpu_record *r, const struct sk_buff *skb, __u32 off)
{
	struct skb_cursor *c = skb_cursor_at(skb, BPF_CORE_READ(skb, data), off);

	if (c)
		packet_gtpu_header(&c->head, &c->at, &r->gtp);
	return 0;
}

/* Read as volatile: else the compiler takes the zeros that it sees here for what user space set. */
static __always_inline bool is_ue(const __u8 *address)
{
	const volatile __u64 *ue = (const volatile void *)filter.ue;
	__u64 a[2];

	__builtin_memcpy(a, address, sizeof(a));
	return a[0] == ue[0] && a[1] == ue[1];
}

static __always_inline struct open_packet *packet_open(__u32 func, __u32 direction,
						  const struct sk_buff *skb,
						  const struct net_device *dev)
{
	struct open_packet *p = packet_of(direction);

	NOTE(func, entries);
	if (!p)
		return NULL;
	if (p->func_id && exits_hooked)
		NOTE(p->func_id, no_exit);
	__builtin_memset(p, 0, sizeof(*p));
	p->skb = (__u64)skb;
	p->func_id = func;
	p->record.func_id = func;
	p->record.direction = direction;
	p->record.len = BPF_CORE_READ(skb, len);
	p->record.has = GTPU_HAS_LEN;
	fill_device(&p->record, dev);
	return p;
}

/* With a filter, which knows a packet at its end only, there are no other events. */
static __always_inline bool entries_wanted(void)
{
	return !filter.on;
}

static __always_inline void packet_opened(struct open_packet *p, __u32 func)
{
	if (!exits_hooked)
		count(func, GTPU_NO_RETURN, p->record.len);
	p->entry_ns = bpf_ktime_get_boot_ns();
	if (entries_wanted())
		emit(&p->record, GTPU_ENTRY, p->entry_ns);
}

static __always_inline int receive_entry(__u32 func, const struct sk_buff *skb)
{
	struct open_packet *p = packet_open(func, GTPU_UPLINK, skb, BPF_CORE_READ(skb, dev));

	if (!p)
		return 0;
	p->seen.head = fill_uplink(&p->record, skb);
	/* What is not linear the module can read all the same. */
	if (p->seen.head != HEAD_GTPU && BPF_CORE_READ(skb, data_len))
		p->seen.head = HEAD_MAX;
	if (!p->record.gtp.flags && BPF_CORE_READ(skb, data_len))
		NOTE(func, unread);
	packet_opened(p, func);
	return 0;
}

static __always_inline int transmit_entry(__u32 func, const struct sk_buff *skb,
					  const struct net_device *dev)
{
	struct open_packet *p = packet_open(func, GTPU_DOWNLINK, skb, dev);

	if (!p)
		return 0;
	fill_downlink(&p->record, skb);
	p->seen.protocol = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	if (!p->record.inner.family && BPF_CORE_READ(skb, data_len))
		NOTE(func, unread);
	packet_opened(p, func);
	return 0;
}

static __noinline int passes(const struct gtpu_record *r)
{
	if (filter.teid && (!r->gtp.flags || r->gtp.teid != filter.teid))
		return 0;
	if (filter.seid && (!(r->has & GTPU_HAS_PDR) || r->seid != filter.seid))
		return 0;
	if ((filter.verdict && r->verdict != filter.verdict) ||
	    (filter.reason && r->reason != filter.reason) ||
	    r->duration_ns < filter.slower_than_ns)
		return 0;
	return !filter.by_ue || is_ue(r->inner.src) || is_ue(r->inner.dst);
}

static __always_inline int packet_exit(__u32 func, __u32 direction, __s32 ret)
{
	struct open_packet *p = packet_of(direction);
	__u64 now = bpf_ktime_get_boot_ns();

	NOTE(func, exits);
	if (!p || p->func_id != func) {
		NOTE(func, no_entry);
		return 0;
	}
	NOTE(func, paired);
	count(func, ret, p->record.len);
	p->func_id = 0;
	p->record.ret = ret;
	p->record.duration_ns = now - p->entry_ns;
	p->record.has |= GTPU_HAS_RETURN | GTPU_HAS_DURATION;
	decide(&p->record, &p->seen);
	count_outcome(path_of(func), p->record.verdict, p->record.reason, p->record.len);
	count_latency(func, p->record.duration_ns);
	if (entries_wanted() || passes(&p->record))
		emit(&p->record, GTPU_EXIT, now);
	return 0;
}

/* The packet whose way the call is on; NULL for any other. */
static __always_inline struct open_packet *packet_on_way(__u32 direction, __u64 skb)
{
	struct open_packet *p = packet_of(direction);

	return p && p->func_id && p->skb == skb ? p : NULL;
}

static __always_inline struct open_packet *packet_with(__u64 skb)
{
	struct open_packet *p = packet_on_way(GTPU_UPLINK, skb);

	return p ? p : packet_on_way(GTPU_DOWNLINK, skb);
}

/* For a function that is not told the packet: the last one that was begun on this CPU. */
static __always_inline struct open_packet *packet_begun_last(void)
{
	struct open_packet *up = packet_of(GTPU_UPLINK), *down = packet_of(GTPU_DOWNLINK);

	if (!up || !up->func_id)
		return down && down->func_id ? down : NULL;
	if (!down || !down->func_id)
		return up;
	return up->entry_ns > down->entry_ns ? up : down;
}

static __always_inline void emit_call(struct open_packet *p, __u32 func, __u16 kind, __u64 ts_ns)
{
	__u32 packet_func = p->record.func_id;

	p->record.func_id = func;
	emit(&p->record, kind, ts_ns);
	p->record.func_id = packet_func;
}

/* returns: the function's return is hooked too, when any is. */
static __always_inline struct open_packet *call_begin(__u32 func, struct open_packet *p,
						      const void *pktinfo, bool returns)
{
	struct call *c = bpf_map_lookup_elem(&gtpu_calls, &func);

	NOTE(func, entries);
	if (!c)
		return p;
	returns = returns && exits_hooked;
	if (c->open && returns)
		NOTE(func, no_exit);
	c->open = returns;
	c->skb = p ? p->skb : 0;
	c->pktinfo = (__u64)pktinfo;
	c->entry_ns = bpf_ktime_get_boot_ns();
	if (!returns)
		count(func, GTPU_NO_RETURN, p ? p->record.len : 0);
	if (each_function && p && entries_wanted())
		emit_call(p, func, GTPU_ENTRY, c->entry_ns);
	return p;
}

static __always_inline struct open_packet *call_entry(__u32 func, __u32 direction,
						      const struct sk_buff *skb,
						      const void *pktinfo, bool returns)
{
	return call_begin(func, packet_on_way(direction, (__u64)skb), pktinfo, returns);
}

static __always_inline struct call *call_return(__u32 func)
{
	struct call *c = bpf_map_lookup_elem(&gtpu_calls, &func);

	NOTE(func, exits);
	if (!c || !c->open) {
		NOTE(func, no_entry);
		return NULL;
	}
	NOTE(func, paired);
	c->open = 0;
	return c;
}

static __always_inline void call_exit(__u32 func, const struct call *c, struct open_packet *p,
				      __s32 ret, __u8 has)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u8 packet_has;

	count(func, has & GTPU_HAS_RETURN ? ret : GTPU_NO_RETURN, p ? p->record.len : 0);
	count_latency(func, now - c->entry_ns);
	if (!each_function || !p || !entries_wanted())
		return;
	packet_has = p->record.has;
	p->record.has |= has | GTPU_HAS_DURATION;
	p->record.ret = ret;
	p->record.duration_ns = now - c->entry_ns;
	emit_call(p, func, GTPU_EXIT, now);
	p->record.has = packet_has;
	p->record.ret = 0;
	p->record.duration_ns = 0;
}

/* The packet after the module put its header on: skb and pktinfo are the caller's until it hands
 * them to the tunnel code. */
static __always_inline void fill_pushed(struct open_packet *p, const struct call *c, bool gtp5g)
{
	const struct sk_buff *skb = (const struct sk_buff *)c->skb;

	if (!p)
		return;
	fill_gtp(&p->record, skb, 0);
	if (gtp5g)
		fill_outer_gtp5g(&p->record, (const void *)c->pktinfo);
	else
		fill_outer_gtp(&p->record, (const void *)c->pktinfo);
}

static __always_inline int push_exit(__u32 func, __s32 ret, __u8 has, bool gtp5g)
{
	struct call *c = call_return(func);
	struct open_packet *p;

	if (!c)
		return 0;
	p = packet_on_way(GTPU_DOWNLINK, c->skb);
	if (p && has & GTPU_HAS_RETURN) {
		p->seen.gtp = ret;
		p->seen.what |= SEEN_BUILT;
	}
	if (p && !ret)
		p->seen.what |= SEEN_PUSHED;
	if (!ret)
		fill_pushed(p, c, gtp5g);
	call_exit(func, c, p, ret, has);
	return 0;
}

static __always_inline int plain_exit(__u32 func, __u32 direction, __s32 ret, __u8 has)
{
	struct call *c = call_return(func);

	if (c)
		call_exit(func, c, packet_on_way(direction, c->skb), ret, has);
	return 0;
}

/* By now the module has pulled the headers together, if it had to. */
static __always_inline int pulled_entry(__u32 func, const struct sk_buff *skb, __u16 what)
{
	struct open_packet *p = call_entry(func, GTPU_UPLINK, skb, NULL, true);

	if (!p)
		return 0;
	p->seen.what |= what;
	if (!p->record.inner.family)
		fill_uplink(&p->record, skb);
	return 0;
}

#include "gtpu_calls.h"

/* skb->data is at the outer UDP header, the addresses are arguments: what is needed of a module
 * without BTF. The function is every IPv4 tunnel's. */
static __always_inline int tunnel_entry(const struct sk_buff *skb, __u32 src, __u32 dst)
{
	struct open_packet *p = packet_on_way(GTPU_DOWNLINK, (__u64)skb);
	const __u8 *data;
	__u16 ports[2];

	NOTE(IPTUNNEL_XMIT, entries);
	if (!p) {
		NOTE(IPTUNNEL_XMIT, foreign);
		return 0;
	}
	data = BPF_CORE_READ(skb, data);
	fill_gtp(&p->record, skb, 8);
	outer_v4(&p->record, src, dst);
	if (!bpf_probe_read_kernel(ports, sizeof(ports), data)) {
		p->record.outer.sport = bpf_ntohs(ports[0]);
		p->record.outer.dport = bpf_ntohs(ports[1]);
		p->record.outer.ports = 1;
	}
	return 0;
}

#include "gtpu_entries.h"
