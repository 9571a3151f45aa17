/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "record_event.h"

#include <string.h>

_Static_assert(EVENT_NAME_MAX == RECORD_COMM_LEN, "names");

void event_take_name(char to[static EVENT_NAME_MAX], const char from[static EVENT_NAME_MAX])
{
	memcpy(to, from, EVENT_NAME_MAX);
	to[EVENT_NAME_MAX - 1] = '\0';
}

void event_take_task(struct event *e, uint32_t tgid, uint32_t tid, uint8_t context)
{
	if (context != CONTEXT_UNKNOWN) {
		e->context = context;
		event_set(e, F_CONTEXT);
	}
	if (tid == RECORD_NO_NUMBER || tgid == RECORD_NO_NUMBER)
		return;
	e->pid = tid;
	e->tgid = tgid;
	event_set(e, F_PID);
	event_set(e, F_TGID);
}

void event_take_header(struct event *e, const struct record_hdr *h)
{
	e->ts_ns = h->ts_ns;
	e->cpu = h->cpu;
	event_set(e, F_CPU);
	if (h->flags & RECORD_TASK) {
		event_take_name(e->comm, h->comm);
		event_set(e, F_COMM);
		event_take_task(e, h->tgid, h->tid, h->context);
	}
	if (h->flags & RECORD_CGROUP) {
		e->cgroup = h->cgroup_id;
		event_set(e, F_CGROUP);
	}
}

void event_take_gtp(struct event *e, const struct record_gtp *g)
{
	if (!(g->flags & RECORD_GTP))
		return;
	e->gtp.teid = g->teid;
	e->gtp.type = g->type;
	event_set(e, F_GTP_TEID);
	event_set(e, F_GTP_TYPE);
	if (g->flags & RECORD_GTP_SEQ) {
		e->gtp.seq = g->seq;
		event_set(e, F_GTP_SEQ);
	}
	if (g->flags & RECORD_GTP_QFI) {
		e->gtp.qfi = g->qfi;
		event_set(e, F_GTP_QFI);
	}
	if (g->flags & RECORD_GTP_QFI && g->pdu_type == 0) {
		e->gtp.rqi = g->rqi;
		event_set(e, F_GTP_RQI);
	}
	if (g->flags & RECORD_GTP_PPI) {
		e->gtp.ppi = g->ppi;
		event_set(e, F_GTP_PPI);
	}
}

/* The order and the letters of tcpdump, no flag at all "none". */
void event_take_tcp(struct event *e, uint8_t flags)
{
	static const char letters[] = "FSRPAUEC";
	size_t n = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		if (flags >> bit & 1)
			e->flow.tcp_flags[n++] = letters[bit];
	}
	if (n)
		e->flow.tcp_flags[n] = '\0';
	else
		memcpy(e->flow.tcp_flags, "none", sizeof("none"));
	e->flow.tcp_bits = flags;
	event_set(e, F_TCP_FLAGS);
}

_Static_assert(F_OUTER_PROTO == F_OUTER_SRC + 4 && F_INNER_PROTO == F_INNER_SRC + 4, "tuple");

/* first is the field of src; dst, sport, dport and proto follow it. */
static void take_tuple(struct event *e, enum event_field first, struct event_tuple *to, const struct record_tuple *t)
{
	if (!t->family)
		return;
	memcpy(to->src.b, t->src, sizeof(to->src.b));
	memcpy(to->dst.b, t->dst, sizeof(to->dst.b));
	to->proto = t->proto;
	event_set(e, first);
	event_set(e, first + 1);
	event_set(e, first + 4);
	if (!t->ports)
		return;
	to->sport = t->sport;
	to->dport = t->dport;
	event_set(e, first + 2);
	event_set(e, first + 3);
}

void event_take_outer(struct event *e, const struct record_tuple *t)
{
	take_tuple(e, F_OUTER_SRC, &e->outer, t);
}

void event_take_inner(struct event *e, const struct record_tuple *t)
{
	take_tuple(e, F_INNER_SRC, &e->inner, t);
}
