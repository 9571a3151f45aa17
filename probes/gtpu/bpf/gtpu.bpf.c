/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The functions of the gtp and gtp5g modules. A packet's record is opened when the module's receive
 * or transmit function is entered, filled by the functions that it calls, and closed at its return:
 * nothing is read from a packet that may be gone. */
#include "gtpu_packet.h"
#include "gtpu_tally.h"
#include "gtpu_fars.h"
#include "ring.h"
#include "run.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

RUN_MARK(gtpu);

/* Set before load. */
const volatile bool each_function = false;
const volatile bool exits_hooked = true;
const volatile struct gtpu_filter filter = {};
/* Only what is worth a word to somebody who did not ask: drops, and packets that took long. */
const volatile bool notable_only = false;
const volatile __u64 outlier_ns = 0; /* 0: none took long */
const volatile __u32 notable_a_second = 0; /* on each CPU */

struct budget {
	__u64 second;
	__u64 used;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct budget);
} gtpu_budget SEC(".maps");

/* Packets are timed by the monotonic clock, which is the cheaper one; records have the boot clock's time. */
static __noinline int emit(struct open_packet *p, __u16 kind, __u64 at_ns)
{
	const struct gtpu_record *from = &p->record;
	struct gtpu_record *r = ring_reserve(sizeof(*r), kind);

	if (!r)
		return 0;
	r->hdr.ts_ns -= bpf_ktime_get_ns() - at_ns;
	fill_interface(p);
	task_fill(&r->hdr);
	__builtin_memcpy((void *)r + sizeof(r->hdr), (const void *)from + sizeof(r->hdr),
			 sizeof(*r) - sizeof(r->hdr));
	ring_submit(r);
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

/* The calls inside that have not been seen to return. */
static __noinline int calls_missed(struct open_packet *p)
{
	int i;

	for (i = 1; i < GTPU_SPAN_CALLS; i++)
		if (p->depth[i])
			NOTE(gtpu_span_func(p->path, i), no_exit);
	if (!each_function && !is_hooked(NETIF_RX))
		return 0;
	for (i = GTPU_SPANS; i < GTPU_SPANS_ALL; i++)
		if (p->depth[i])
			NOTE(gtpu_span_func(p->path, i), no_exit);
	return 0;
}

static __always_inline struct open_packet *packet_open(__u32 func, __u32 direction,
						  const struct sk_buff *skb,
						  const struct net_device *dev)
{
	struct open_packet *p = packet_place(func, direction);

	NOTE(func, entries);
	if (contexts_of_packets)
		count_context(func);
	if (!p)
		return NULL;
	if (p->func_id && exits_hooked) {
		NOTE(p->func_id, no_exit);
		calls_missed(p);
	}
	__builtin_memset(p, 0, PACKET_CLEARED);
	skb_take(&p->view, skb);
	p->skb = (__u64)skb;
	p->func_id = func;
	p->path = path_of(func);
	p->record.func_id = func;
	p->record.direction = direction;
	p->record.len = p->view.len;
	p->record.has = GTPU_HAS_LEN;
	fill_device(p, direction == GTPU_UPLINK ? p->view.dev : dev);
	return p;
}

/* With a filter, which knows a packet at its end only, there are no other events. */
static __always_inline bool entries_wanted(void)
{
	return !filter.on && !notable_only;
}

static __always_inline void packet_opened(struct open_packet *p, __u32 func)
{
	if (!exits_hooked)
		count(func, GTPU_NO_RETURN, p->record.len);
	p->entry_ns = bpf_ktime_get_ns();
	if (entries_wanted())
		emit(p, GTPU_ENTRY, p->entry_ns);
}

static __always_inline int receive_entry(__u32 func, const struct sk_buff *skb)
{
	struct open_packet *p = packet_open(func, GTPU_UPLINK, skb, NULL);

	if (!p)
		return 0;
	p->seen.head = fill_uplink(p);
	/* What is not linear the module can read all the same. */
	if (p->seen.head != HEAD_GTPU && p->view.data_len)
		p->seen.head = HEAD_MAX;
	if (!p->record.gtp.flags && p->view.data_len)
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
	fill_downlink(p);
	p->seen.protocol = bpf_ntohs(p->view.protocol);
	if (!p->record.inner.family && p->view.data_len)
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

/* So many a second: the rest is counted as lost. */
static __always_inline bool within_budget(__u64 now)
{
	__u32 zero = 0;
	struct budget *b = bpf_map_lookup_elem(&gtpu_budget, &zero);
	__u64 second = now / 1000000000;

	if (!b)
		return false;
	if (b->second != second) {
		b->second = second;
		b->used = 0;
	}
	return b->used++ < notable_a_second;
}

static __always_inline bool told(const struct gtpu_record *r, __u64 now)
{
	if (!notable_only)
		return entries_wanted() || passes(r);
	if (r->verdict != GTPU_DROPPED && (!outlier_ns || r->duration_ns < outlier_ns))
		return false;
	if (within_budget(now))
		return true;
	ring_refuse(RING_LOST_RATE);
	return false;
}

#include "gtpu_calls.h"

/* The uplink's last stage ends with the packet. */
static __always_inline void stages_end(struct open_packet *p, __u64 now)
{
	__u32 *stage = &p->took[GTPU_SPAN_STAGES];
	int i;

	p->took[GTPU_SPAN_WHOLE] = span_ns(p->entry_ns, now);
	if (p->looked_ns && p->record.direction == GTPU_UPLINK)
		stage[GTPU_APPLY] = span_ns(p->looked_ns, now);
	if (p->decided_ns)
		stage[GTPU_SEND] = span_ns(p->decided_ns, now);
	for (i = 0; i < GTPU_STAGES; i++)
		p->record.stage_ns[i] = stage[i];
}

static __always_inline int packet_exit(__u32 func, __u32 direction, __s32 ret)
{
	struct open_packet *p = packet_of(direction);
	__u64 now = bpf_ktime_get_ns();

	NOTE(func, exits);
	if (!p || p->func_id != func) {
		NOTE(func, no_entry);
		return 0;
	}
	NOTE(func, paired);
	count(func, ret, p->record.len);
	p->record.ret = ret;
	p->record.duration_ns = now - p->entry_ns;
	p->record.has |= GTPU_HAS_RETURN | GTPU_HAS_DURATION;
	stages_end(p, now);
	decide(&p->record, &p->seen);
	count_outcome(p);
	count_session(p);
	count_latencies(p);
	calls_missed(p);
	far_note(&p->record);
	if (told(&p->record, now))
		emit(p, GTPU_EXIT, now);
	packet_close(p, direction);
	return 0;
}

#include "gtpu_entries.h"
#include "gtpu_genl.h"
