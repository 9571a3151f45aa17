/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The functions of the gtp and gtp5g modules. A packet's record is opened when the module's receive
 * or transmit function is entered, filled by the functions that it calls, and closed at its return:
 * nothing is read from a packet that may be gone.
 *
 * The headers in the order in which a reader needs them; each includes those above it alone:
 *
 *	gtpu_skb.h	reads a packet's bytes
 *	gtpu_modules.h	reads the modules' memory: outer addresses, rules
 *	gtpu_packet.h	keeps what is known of the packet under way: struct open_packet, struct seen, the ledger
 *	gtpu_verdict.h	decides, at the packet's end: decide() alone writes verdict and reason
 *	gtpu_tally.h	counts the packet; only reads it
 *	gtpu_events.h	tells events of the packet; only reads it
 *	gtpu_calls.h	writes into the packet what the calls inside its way reveal
 *	gtpu_genl.h	requests that change rules; knows no packet
 *	gtpu.bpf.c	opens and closes the packet
 *	gtpu_entries.h	the programs: which of these bodies runs where
 *	gtpu_sample.h	reads one rule for user space, which compares it with what the module says
 */
#include "gtpu_packet.h"
#include "gtpu_verdict.h"
#include "gtpu_tally.h"
#include "gtpu_events.h"
#include "gtpu_calls.h"
#include "gtpu_genl.h"
#include "run.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

RUN_MARK(gtpu);

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

static __always_inline struct open_packet *packet_open(__u32 func, __u32 direction, const struct sk_buff *skb,
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

static __always_inline int transmit_entry(__u32 func, const struct sk_buff *skb, const struct net_device *dev)
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
#include "gtpu_sample.h"
