/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The counts: of every packet what became of it, in which session, how long it took, and which task was on the CPU.
 * They read the packet and change nothing of it. */
#pragma once

#include "generations.h"
#include "gtpu_packet.h"
#include "log2.h"
#include "ring.h"

/* Set before load. */
const volatile bool contexts_of_packets = false; /* of the packet functions */
const volatile bool contexts_of_calls = false;	 /* of those inside them too */

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
	__type(value, struct gtpu_usual_counts);
} gtpu_usual_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gtpu_outcomes);
} gtpu_outcomes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, GTPU_LATENCY_KEYS);
	__type(key, struct gtpu_latency_key);
	__type(value, struct gtpu_latency);
} gtpu_latencies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gtpu_latency);
} gtpu_no_latency SEC(".maps");

GENERATIONS(gtpu_sessions, struct gtpu_session_key, struct gtpu_session);
GENERATIONS(gtpu_strays, struct gtpu_session_key, struct gtpu_session);
GENERATIONS(gtpu_contexts, struct gtpu_context_key, struct gtpu_context);
GENERATION_CHOICE(gtpu_generation); /* of all three */

static __noinline int count_unusual(__u32 func, __s32 ret, __u32 bytes)
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

static __always_inline void count(__u32 func, __s32 ret, __u32 bytes)
{
	struct gtpu_usual_counts *u = bpf_map_lookup_elem(&gtpu_usual_counts, &func);
	struct gtpu_count *c;

	if (!u || (ret != GTPU_NO_RETURN && (ret < 0 || ret >= GTPU_USUAL_RETURNS))) {
		count_unusual(func, ret, bytes);
		return;
	}
	c = ret == GTPU_NO_RETURN ? &u->none : &u->returned[ret & (GTPU_USUAL_RETURNS - 1)];
	__sync_fetch_and_add(&c->packets, 1);
	__sync_fetch_and_add(&c->bytes, bytes);
}

static __noinline int count_context(__u32 func)
{
	struct task_id id = task_current_id();
	struct gtpu_context_key key = {.tid = id.tid,
				       .tgid = id.tgid,
				       .func_id = func,
				       .context = task_context(),
				       .cpu = bpf_get_smp_processor_id()};
	struct gtpu_context none = {}, *c;

	c = generation_slot_chosen(&gtpu_contexts, &gtpu_generation, &key, &none);
	if (!c) {
		NOTE(func, contexts_full);
		return 0;
	}
	if (!c->calls)
		bpf_get_current_comm(c->comm, sizeof(c->comm));
	__sync_fetch_and_add(&c->calls, 1);
	return 0;
}

static __always_inline void count_outcome(const struct open_packet *p)
{
	__u32 zero = 0, path = p->path, verdict = p->record.verdict, reason = p->record.reason;
	struct gtpu_outcomes *o = bpf_map_lookup_elem(&gtpu_outcomes, &zero);
	struct gtpu_count *c;

	if (!o || path >= GTPU_PATHS || verdict >= GTPU_VERDICTS || reason >= GTPU_REASONS)
		return;
	c = &o->count[path][verdict][reason];
	COUNT(c->packets, 1);
	COUNT(c->bytes, p->record.len);
}

static __always_inline void session_rules(struct gtpu_session_key *k, const struct gtpu_record *r)
{
	k->has = r->has & (GTPU_HAS_PDR | GTPU_HAS_FAR | GTPU_HAS_QER | GTPU_HAS_RULE_QFI);
	k->seid = r->seid;
	k->pdr_id = r->pdr_id;
	k->far_id = r->far_id;
	k->far_action = r->far_action;
	k->qer_id = r->qer_id;
	k->rule_qfi = r->rule_qfi;
	k->netns = r->netns;
	k->verdict = r->verdict;
	k->reason = r->reason;
	k->color = r->color;
}

/* TS 38.415 5.5.2. On N9 a UPF receives the downlink. */
static __always_inline bool is_downlink(const struct gtpu_record *r)
{
	if (r->gtp.flags & RECORD_GTP_QFI && r->gtp.pdu_type <= 1)
		return !r->gtp.pdu_type;
	return r->direction == GTPU_DOWNLINK;
}

static __always_inline void session_tunnel(struct gtpu_session_key *k, const struct gtpu_record *r)
{
	bool sent = r->direction == GTPU_DOWNLINK, down = is_downlink(r);

	__u8 is = down ? GTPU_IS_DOWNLINK : 0;

	if (r->gtp.flags & RECORD_GTP)
		is |= GTPU_IS_TUNNEL;
	if (r->gtp.flags & RECORD_GTP_QFI)
		is |= GTPU_IS_QFI;
	if (r->outer.family)
		is |= GTPU_IS_PEER;
	if (r->inner.family)
		is |= GTPU_IS_UE;
	k->is = is;
	k->teid = r->gtp.teid;
	k->qfi = r->gtp.qfi;
	if (sent)
		__builtin_memcpy(k->peer, r->outer.dst, sizeof(k->peer));
	if (down)
		__builtin_memcpy(k->ue, r->inner.dst, sizeof(k->ue));
	else
		__builtin_memcpy(k->ue, r->inner.src, sizeof(k->ue));
}

/* A rule took it. Else any sender can have made up its TEID and addresses. */
static __always_inline bool is_of_session(const struct seen *s)
{
	return s->what & (SEEN_PDR | SEEN_PUSHED) || (s->what & SEEN_RX && !s->gtp);
}

static __noinline int count_session(struct open_packet *p)
{
	struct gtpu_session_key key = {.path = p->path, .cpu = bpf_get_smp_processor_id()};
	struct gtpu_session none = {}, *c;

	session_rules(&key, &p->record);
	session_tunnel(&key, &p->record);
	c = is_of_session(&p->seen) ? generation_slot_chosen(&gtpu_sessions, &gtpu_generation, &key, &none)
				    : generation_slot_chosen(&gtpu_strays, &gtpu_generation, &key, &none);
	if (!c) {
		NOTE(p->record.func_id, sessions_full);
		return 0;
	}
	if (!c->packets && p->record.direction == GTPU_UPLINK)
		__builtin_memcpy(c->peer, p->record.outer.src, sizeof(c->peer));
	COUNT(c->packets, 1);
	COUNT(c->bytes, p->record.len);
	return 0;
}

static __always_inline struct gtpu_latency *latency_of(struct gtpu_latency_key key)
{
	struct gtpu_latency *l = bpf_map_lookup_elem(&gtpu_latencies, &key), *none;
	__u32 zero = 0;

	if (l)
		return l;
	none = bpf_map_lookup_elem(&gtpu_no_latency, &zero);
	if (none)
		bpf_map_update_elem(&gtpu_latencies, &key, none, BPF_NOEXIST);
	l = bpf_map_lookup_elem(&gtpu_latencies, &key);
	if (l)
		return l;
	key.qfi = GTPU_ANY_QFI; /* user space has made that one */
	return bpf_map_lookup_elem(&gtpu_latencies, &key);
}

static __noinline int count_latencies(struct open_packet *p)
{
	const struct record_gtp *g = &p->record.gtp;
	struct gtpu_latency *l = latency_of(
		(struct gtpu_latency_key){.path = p->path, .qfi = g->flags & RECORD_GTP_QFI ? g->qfi : GTPU_NO_QFI});
	int i;

	if (!l)
		return 0;
	for (i = 0; i < GTPU_SPANS; i++) {
		__u64 bucket = log2_u32(p->took[i]);

		if (!p->took[i])
			continue;
		/* The verifier of 6.1 forgets the range, and the compiler would drop the mask that gives it. */
		asm volatile("" : "+r"(bucket));
		COUNT(l->calls[i][bucket & (GTPU_LATENCY_BUCKETS - 1)], 1);
	}
	return 0;
}

/* What each FAR kept or dropped so far, for the record of its next change: that is exact also where changes come
 * faster than counts are collected. */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GTPU_FARS_MAX);
	__type(key, struct gtpu_far_key);
	__type(value, struct gtpu_far_counts);
} gtpu_fars SEC(".maps");

static __always_inline struct gtpu_far_counts *far_counts(const struct gtpu_far_key *key)
{
	struct gtpu_far_counts *c = bpf_map_lookup_elem(&gtpu_fars, key);

	if (!c) {
		struct gtpu_far_counts none = {};

		bpf_map_update_elem(&gtpu_fars, key, &none, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&gtpu_fars, key);
	}
	return c;
}

static __noinline int count_far(const struct gtpu_record *r)
{
	struct gtpu_far_key key = {.seid = r->seid, .far_id = r->far_id, .netns = (__u32)r->netns};
	struct gtpu_far_counts *c = far_counts(&key);

	if (!c)
		return 0;
	__sync_fetch_and_add(r->verdict == GTPU_DROPPED ? &c->dropped_packets : &c->buffered_packets, 1);
	__sync_fetch_and_add(r->verdict == GTPU_DROPPED ? &c->dropped_bytes : &c->buffered_bytes, r->len);
	return 0;
}

/* At a packet's end. A packet that was forwarded costs this comparison alone. */
static __always_inline void far_note(const struct gtpu_record *r)
{
	if (!events_wanted || !(r->has & GTPU_HAS_FAR) || (r->verdict != GTPU_DROPPED && r->verdict != GTPU_BUFFERED))
		return;
	count_far(r);
}
