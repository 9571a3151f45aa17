/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "gtpu_rule.h"
#include "gtpu_run.h"
#include "record_event.h"

#define RULES_FIRST GTP5G_GENL_ADD_PDR
#define RULE_KINDS 5
#define GTPU_TYPE_END_MARKER 254

static const char *const rule_names[RULE_KINDS] = {"PDR", "FAR", "QER", "URR", "BAR"};

static void set_id(struct event *e, unsigned kind, uint32_t id)
{
	static const enum event_field fields[RULE_KINDS] = {F_PDR_ID, F_FAR_ID, F_QER_ID, F_URR_ID,
							    F_BAR_ID};

	e->pdr_id = kind == 0 ? (uint16_t)id : 0;
	e->far_id = e->qer_id = e->urr_id = e->bar_id = id;
	event_set(e, fields[kind]);
	event_set(e, F_SEID);
}

static const char *change_of(const struct gtpu_rule_record *r)
{
	if (r->func_id >= GTP5G_GENL_DEL_PDR)
		return "removed";
	return r->nlmsg_flags & NLM_F_REPLACE ? "replaced" : "created";
}

static void decode_counts(const struct gtpu_far_counts *c, struct event *e)
{
	e->buffered = (struct event_count){c->buffered_packets, c->buffered_bytes};
	e->dropped = (struct event_count){c->dropped_packets, c->dropped_bytes};
	event_set(e, F_BUFFERED_PACKETS);
	event_set(e, F_BUFFERED_BYTES);
	event_set(e, F_DROPPED_PACKETS);
	event_set(e, F_DROPPED_BYTES);
}

static void decode_rule(const struct gtpu_rule_record *r, const void *data, struct event *e)
{
	unsigned kind = (unsigned)(r->func_id - RULES_FIRST) % RULE_KINDS;

	e->rule = rule_names[kind];
	e->change = change_of(r);
	event_set(e, F_RULE);
	event_set(e, F_CHANGE);
	e->seid = r->seid;
	if (r->has & GTPU_RULE_HAS_ID)
		set_id(e, kind, r->id);
	e->sees_end_markers = r->has & GTPU_RULE_SEES_MARKERS;
	if (r->has & GTPU_RULE_HAS_COUNTS)
		decode_counts(&r->counts, e);
	if (r->attrs_len > GTPU_RULE_ATTRS_MAX)
		return;
	e->attrs = (const char *)data + offsetof(struct gtpu_rule_record, attrs);
	e->attrs_len = r->attrs_len;
}

static void decode_end_marker(const struct gtpu_rule_record *r, struct event *e)
{
	if (!(r->has & GTPU_RULE_HAS_TUNNEL))
		return;
	e->gtp.teid = r->teid;
	e->gtp.type = GTPU_TYPE_END_MARKER;
	memcpy(&e->outer.dst, r->peer, sizeof(r->peer));
	event_set(e, F_GTP_TEID);
	event_set(e, F_GTP_TYPE);
	event_set(e, F_OUTER_DST);
}

static void decode_device(const struct gtpu_rule_record *r, struct event *e,
			  char netns[static GTPU_NETNS_MAX])
{
	if (!(r->has & GTPU_RULE_HAS_DEVICE))
		return;
	snprintf(netns, GTPU_NETNS_MAX, "%" PRIu64, (uint64_t)r->netns);
	e->netns = netns;
	e->netns_inode = r->netns;
	e->ifindex = r->ifindex;
	event_set(e, F_NETNS);
	event_set(e, F_IFINDEX);
}

static bool is_rule(const struct gtpu_rule_record *r)
{
	return r->func_id >= GTP5G_GENL_ADD_PDR && r->func_id <= GTP5G_GENL_DEL_BAR;
}

int gtpu_rule_decode(const void *data, size_t size, struct event *ret,
		     char netns[static GTPU_NETNS_MAX])
{
	struct gtpu_rule_record r;
	bool marker;

	if (size < sizeof(r))
		return -EBADMSG;
	memcpy(&r, data, sizeof(r));
	marker = r.hdr.kind == GTPU_END_MARKER;
	if (r.hdr.version != RECORD_VERSION || r.hdr.size != sizeof(r) ||
	    (marker ? r.func_id != GTP5G_FWD_EMARK_SKB_IPV4 : !is_rule(&r)))
		return -EBADMSG;
	*ret = (struct event){.probe = "gtpu", .event = marker ? "end_marker" : "rule"};
	event_take_header(ret, &r.hdr);
	decode_device(&r, ret, netns);
	if (marker)
		decode_end_marker(&r, ret);
	else
		decode_rule(&r, data, ret);
	return 0;
}
