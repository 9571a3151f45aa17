/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gtpu_run.h"

static void copy_name(char to[static EVENT_NAME_MAX], const char from[static EVENT_NAME_MAX])
{
	memcpy(to, from, EVENT_NAME_MAX);
	to[EVENT_NAME_MAX - 1] = 0;
}

static void decode_task(const struct record_hdr *h, struct event *e)
{
	e->cpu = h->cpu;
	event_set(e, F_CPU);
	if (h->flags & RECORD_TASK) {
		e->pid = h->tid;
		e->tgid = h->tgid;
		copy_name(e->comm, h->comm);
		event_set(e, F_PID);
		event_set(e, F_TGID);
		event_set(e, F_COMM);
	}
	if (h->flags & RECORD_TASK && h->context != CONTEXT_UNKNOWN) {
		e->context = h->context;
		event_set(e, F_CONTEXT);
	}
	if (h->flags & RECORD_CGROUP) {
		e->cgroup = h->cgroup_id;
		event_set(e, F_CGROUP);
	}
}

static void decode_device(const struct gtpu_record *r, struct event *e,
			  char netns[static GTPU_NETNS_MAX])
{
	if (!(r->has & GTPU_HAS_INTERFACE))
		return;
	copy_name(e->interface, r->interface);
	e->ifindex = r->ifindex;
	event_set(e, F_INTERFACE);
	event_set(e, F_IFINDEX);
	if (!r->netns)
		return;
	snprintf(netns, GTPU_NETNS_MAX, "%" PRIu64, (uint64_t)r->netns);
	e->netns = netns;
	event_set(e, F_NETNS);
}

static void decode_gtp(const struct record_gtp *g, struct event *e)
{
	if (!(g->flags & RECORD_GTP))
		return;
	e->gtp.teid = g->teid;
	e->gtp.type = g->type;
	event_set(e, F_GTP_TEID);
	event_set(e, F_GTP_TYPE);
	if (g->flags & RECORD_GTP_QFI) {
		e->gtp.qfi = g->qfi;
		event_set(e, F_GTP_QFI);
	}
	if (g->flags & RECORD_GTP_SEQ) {
		e->gtp.seq = g->seq;
		event_set(e, F_GTP_SEQ);
	}
}

/* src is the first of a tuple's five fields: src, dst, sport, dport, proto. */
static void decode_tuple(const struct record_tuple *t, bool ports, struct event_tuple *to,
			 struct event *e, enum event_field src)
{
	if (!t->family)
		return;
	memcpy(to->src.b, t->src, sizeof(t->src));
	memcpy(to->dst.b, t->dst, sizeof(t->dst));
	to->proto = t->proto;
	event_set(e, src);
	event_set(e, src + 1);
	event_set(e, src + 4);
	if (!ports)
		return;
	to->sport = t->sport;
	to->dport = t->dport;
	event_set(e, src + 2);
	event_set(e, src + 3);
}

_Static_assert(F_OUTER_PROTO == F_OUTER_SRC + 4 && F_INNER_PROTO == F_INNER_SRC + 4, "tuple");

/* What the PDU Session Container says (TS 38.415 5.5.2); else by the side of the module, as a UPF or
 * GGSN has it. */
static uint8_t direction_of(const struct gtpu_record *r)
{
	if (r->gtp.flags & RECORD_GTP_QFI && r->gtp.pdu_type <= 1)
		return r->gtp.pdu_type ? DIRECTION_UPLINK : DIRECTION_DOWNLINK;
	return r->direction == GTPU_DOWNLINK ? DIRECTION_DOWNLINK : DIRECTION_UPLINK;
}

static void decode_call(const struct gtpu_record *r, struct event *e)
{
	e->direction = direction_of(r);
	event_set(e, F_DIRECTION);
	e->function = gtpu_function_name(r->func_id);
	e->func_id = r->func_id;
	event_set(e, F_FUNCTION);
	event_set(e, F_FUNC_ID);
	if (r->has & GTPU_HAS_LEN) {
		e->len = r->len;
		event_set(e, F_LEN);
	}
	if (r->has & GTPU_HAS_RETURN) {
		e->return_value = r->ret;
		event_set(e, F_RETURN);
	}
	if (r->has & GTPU_HAS_DURATION) {
		e->duration_ns = r->duration_ns;
		event_set(e, F_DURATION_NS);
	}
}

int gtpu_record_decode(const void *data, size_t size, struct event *ret,
		       char netns[static GTPU_NETNS_MAX])
{
	struct gtpu_record r;

	if (size < sizeof(r))
		return -EBADMSG;
	memcpy(&r, data, sizeof(r));
	if (r.hdr.version != RECORD_VERSION || r.hdr.size != sizeof(r) ||
	    (r.hdr.kind != GTPU_ENTRY && r.hdr.kind != GTPU_EXIT) ||
	    r.direction >= GTPU_DIRECTIONS || !gtpu_function_name(r.func_id))
		return -EBADMSG;
	*ret = (struct event){
		.probe = "gtpu",
		.event = r.hdr.kind == GTPU_ENTRY ? "entry" : "exit",
		.ts_ns = r.hdr.ts_ns,
	};
	decode_task(&r.hdr, ret);
	decode_device(&r, ret, netns);
	decode_call(&r, ret);
	decode_gtp(&r.gtp, ret);
	decode_tuple(&r.outer, r.has & GTPU_HAS_OUTER_PORTS, &ret->outer, ret, F_OUTER_SRC);
	decode_tuple(&r.inner, r.has & GTPU_HAS_INNER_PORTS, &ret->inner, ret, F_INNER_SRC);
	return 0;
}
