/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow program's part that judges a tunnel's packets: their order, their time stamps, Echo. Only for packets that
 * have a number or a stamp, or are a message. One order serves all CPUs, under a lock: with one a CPU, a sender that
 * changes CPUs would seem to leave gaps. */
#pragma once

#include "flow_quality.h"
#include "generations.h"
#include "packet_session.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the option's */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct quality_key);
	__type(value, struct quality_order);
} orders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct echo_key);
	__type(value, __u64); /* when it was sent, boot clock */
} echoes SEC(".maps");

GENERATIONS_AS_NEEDED(qualities, struct quality_key, struct quality_value);

/* Real time minus boot time, in ns. */
__s64 boot_to_real = 0;

#define QUALITY_ZEROS 42

struct quality_scratch {
	struct quality_key key;
	__u32 place; /* of the generation that counts */
	__u32 print;
	__u32 words[7]; /* that it is made of */
	struct echo_key echo;
	struct packet_stamps stamps;
	__u64 zeros[QUALITY_ZEROS]; /* what each new value of a map begins with: on the stack it would be too much of
				       that */
};

_Static_assert(sizeof(struct quality_value) <= 8 * QUALITY_ZEROS && sizeof(struct quality_order) <= 8 * QUALITY_ZEROS,
	       "zeros of a value");

static __always_inline bool quality_wanted(const struct packet_work *w)
{
	__u8 type = w->packet.gtp.type;

	if (w->packet.head == HEAD_GTPU)
		return w->packet.gtp.flags & RECORD_GTP_SEQ || w->session.flags[0] & 0xf;
	return w->packet.head == HEAD_GTPU_MESSAGE &&
	       (type == GTPU_TYPE_ECHO_REQUEST || type == GTPU_TYPE_ECHO_RESPONSE ||
		type == GTPU_TYPE_ERROR_INDICATION);
}

static __always_inline void quality_key_of(struct quality_key *k, const struct packet *p, __u32 attachment)
{
	__builtin_memset(k, 0, sizeof(*k));
	k->attachment = attachment;
	k->overlay = p->overlay;
	k->teid = p->gtp.teid;
	k->gtp = RECORD_GTP;
	__builtin_memcpy(k->src, p->outer.src, sizeof(k->src));
	__builtin_memcpy(k->dst, p->outer.dst, sizeof(k->dst));
}

static __always_inline void quality_key_qfi(struct quality_key *k, const struct packet *p, __u8 kind)
{
	k->kind = kind;
	k->qfi = p->gtp.qfi;
	k->pdu_type = p->gtp.pdu_type;
	k->gtp = RECORD_GTP | RECORD_GTP_QFI;
}

static __always_inline struct quality_value *quality_slot(struct quality_scratch *q)
{
	struct quality_value *v;

	q->key.cpu = bpf_get_smp_processor_id();
	v = generation_slot_at(&qualities, q->place, &q->key, q->zeros);
	q->key.cpu = 0;
	return v;
}

/* 0, or -1 where there is no room. */
static __always_inline int quality_order(struct quality_scratch *q, __u32 seq, __u32 mask, __u64 now_ns)
{
	struct quality_value *v = quality_slot(q);
	struct quality_order *o;
	struct sequence_news news;

	o = bpf_map_lookup_elem(&orders, &q->key);
	if (!o) {
		bpf_map_update_elem(&orders, &q->key, q->zeros, BPF_NOEXIST);
		o = bpf_map_lookup_elem(&orders, &q->key);
	}
	if (!o || !v)
		return -1;
	bpf_spin_lock(&o->lock);
	news = sequence_judge(&o->sequence, seq, mask, q->print);
	o->last_ns = now_ns;
	bpf_spin_unlock(&o->lock);
	v->packets++;
	v->missing += news.missing;
	v->filled += news.filled;
	v->reordered += news.what == SEQUENCE_REORDERED;
	v->duplicates += news.what == SEQUENCE_DUPLICATE;
	v->stray += news.what == SEQUENCE_STRAY;
	v->restarts += news.what == SEQUENCE_RESTART;
	v->uncounted += news.uncounted;
	return 0;
}

static __always_inline void quality_time(struct quality_value *v, __s64 ns)
{
	if (!v->timed || ns < v->min_ns)
		v->min_ns = ns;
	if (!v->timed || ns > v->max_ns)
		v->max_ns = ns;
	v->sum_ns += ns;
	v->timed++;
}

/* Of two stamps, 32 bits of seconds and 32 of their parts. */
static __always_inline __s64 quality_ns(__s64 stamps)
{
	return (stamps >> 32) * 1000000000LL + (__s64)((__u64)(__u32)stamps * 1000000000ULL >> 32);
}

#define QUALITY_DAY ((__s64)86400 << 32)

static __always_inline int quality_delay(struct quality_scratch *q, const struct packet *p, __u8 kind, __s64 stamps)
{
	struct quality_value *v;

	quality_key_qfi(&q->key, p, kind);
	v = quality_slot(q);
	if (!v)
		return -1;
	v->packets++;
	if (stamps > QUALITY_DAY || stamps < -QUALITY_DAY)
		v->stray++;
	else
		quality_time(v, quality_ns(stamps));
	return 0;
}

/* Now, as NTP has it: since 1900. */
static __always_inline __u64 quality_now(void)
{
	__u64 ns = bpf_ktime_get_boot_ns() + boot_to_real;
	__u64 seconds = ns / 1000000000ULL;

	return (seconds + 2208988800ULL) << 32 | ((ns - seconds * 1000000000ULL) << 32) / 1000000000ULL;
}

static __always_inline int quality_stamps(struct quality_scratch *q, const struct packet *p, __u64 now_ns)
{
	const struct packet_stamps *t = &q->stamps;
	__u64 now = 0;
	int r = 0;

	if (t->has & (PACKET_DL_SENT | PACKET_UL_SENT))
		now = quality_now();
	if (t->has & PACKET_UL_SENT) {
		r |= quality_delay(q, p, QUALITY_DELAY_HERE, now - t->ul_sent);
		r |= quality_delay(q, p, QUALITY_DELAY_DOWNLINK, t->dl_received - t->dl_sent);
		r |= quality_delay(q, p, QUALITY_DELAY_ROUND, now - t->dl_sent - (t->ul_sent - t->dl_received));
	} else if (t->has & PACKET_DL_SENT) {
		r |= quality_delay(q, p, QUALITY_DELAY_HERE, now - t->dl_sent);
	}
	if (t->has & PACKET_QFI_SEQ) {
		quality_key_qfi(&q->key, p, QUALITY_QOS_FLOW);
		r |= quality_order(q, t->seq, 0xffffff, now_ns);
	}
	return r;
}

static __always_inline void quality_turn(__u8 to[32], const struct record_tuple *t, bool response)
{
	__builtin_memcpy(to, response ? t->dst : t->src, 16);
	__builtin_memcpy(to + 16, response ? t->src : t->dst, 16);
}

/* Requests and responses pass an interface in opposite directions; the figures stand at the direction of the requests.
 * A request that is repeated before its answer is measured from the last time. */
static __always_inline int quality_echo(struct quality_scratch *q, const struct packet *p, __u32 attachment)
{
	bool response = p->gtp.type == GTPU_TYPE_ECHO_RESPONSE;
	__u64 now = bpf_ktime_get_boot_ns(), *sent;
	struct echo_key *e = &q->echo;
	struct quality_value *v;

	__builtin_memset(e, 0, sizeof(*e));
	e->attachment = attachment ^ response;
	e->overlay = p->overlay;
	e->seq = p->gtp.seq;
	quality_turn(e->asker, &p->outer, response);
	q->key.attachment = e->attachment;
	q->key.kind = QUALITY_ECHO;
	q->key.gtp = 0;
	q->key.teid = 0;
	quality_turn(q->key.src, &p->outer, response);
	v = quality_slot(q);
	if (!v)
		return -1;
	if (!response) {
		/* Without room the packet is counted as such, and nowhere else. */
		if (bpf_map_update_elem(&echoes, e, &now, BPF_ANY))
			return -1;
		v->packets++;
		return 0;
	}
	sent = bpf_map_lookup_elem(&echoes, e);
	if (!sent) {
		v->stray++;
		return 0;
	}
	quality_time(v, now - *sent);
	bpf_map_delete_elem(&echoes, e);
	return 0;
}

/* TS 29.281 7.3.1: Tunnel Endpoint Identifier Data I comes first. */
static __always_inline int quality_error(struct __sk_buff *skb, struct quality_scratch *q, struct packet_at *at)
{
	struct quality_key *k = &q->key;
	struct quality_value *v;
	__u8 type PACKET_HEADER;
	__u32 teid PACKET_HEADER;

	k->kind = QUALITY_ERROR;
	k->gtp = 0;
	k->teid = 0;
	if (packet_has(at, 5) && !packet_load_skb(skb, at->off, &type, 1) && type == 16 &&
	    !packet_load_skb(skb, at->off + 1, &teid, 4)) {
		k->teid = PACKET_NTOHL(teid);
		k->gtp = RECORD_GTP;
	}
	v = quality_slot(q);
	if (v)
		v->packets++;
	return v ? 0 : -1;
}

/* The UE's packet in a number: the cursor stands behind its IP header, of which 20 bytes and 8 more have the
 * identifier, checksums, ports and TCP's sequence number. */
static __always_inline void quality_print(struct __sk_buff *skb, struct quality_scratch *q, const struct packet_at *at)
{
	int i;

	q->print = at->end - at->off;
	if (at->off < 20 || !packet_has(at, 8) || packet_load_skb(skb, at->off - 20, q->words, sizeof(q->words)))
		return;
	for (i = 0; i < 7; i++)
		q->print = q->print * 0x01000193 + q->words[i];
}

/* -1 where something of it found no room. */
static __always_inline int quality_count(struct __sk_buff *skb, struct packet_work *w, struct quality_scratch *q,
					 __u32 attachment, __u64 now_ns)
{
	const struct packet *p = &w->packet;
	int r = 0;

	quality_key_of(&q->key, p, attachment);
	if (p->head == HEAD_GTPU_MESSAGE)
		return p->gtp.type == GTPU_TYPE_ERROR_INDICATION ? quality_error(skb, q, &w->at)
								 : quality_echo(q, p, attachment);
	quality_print(skb, q, &w->at);
	q->print += p->gtp.qfi * 0x9e3779b1; /* one packet does not come in two QoS flows */
	if (p->gtp.flags & RECORD_GTP_SEQ)
		r = quality_order(q, p->gtp.seq, 0xffff, now_ns);
	if (!(w->session.flags[0] & 0xf))
		return r;
	packet_session_read(skb, &w->session, &q->stamps);
	return r | quality_stamps(q, p, now_ns);
}
