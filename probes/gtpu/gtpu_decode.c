/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the records of the ring to events. */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "gtpu_run.h"
#include "record_event.h"

#define RULES_FIRST GTP5G_GENL_ADD_PDR
#define GTPU_TYPE_END_MARKER 254

static void decode_device(const struct gtpu_record *r, struct event *e, char netns[static GTPU_NETNS_MAX])
{
	if (r->has & GTPU_HAS_INTERFACE) {
		event_take_name(e->interface, r->interface);
		e->ifindex = r->ifindex;
		event_set(e, F_INTERFACE);
		event_set(e, F_IFINDEX);
	}
	if (!r->netns)
		return;
	snprintf(netns, GTPU_NETNS_MAX, "%" PRIu64, (uint64_t)r->netns);
	e->netns = netns;
	event_set(e, F_NETNS);
}

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
	e->call.function = gtpu_function_name(r->func_id);
	e->call.func_id = r->func_id;
	event_set(e, F_FUNCTION);
	event_set(e, F_FUNC_ID);
	if (r->has & GTPU_HAS_LEN) {
		e->len = r->len;
		event_set(e, F_LEN);
	}
	if (r->has & GTPU_HAS_RETURN) {
		e->call.return_value = r->ret;
		event_set(e, F_RETURN);
	}
	if (r->has & GTPU_HAS_DURATION) {
		e->call.duration_ns = r->duration_ns;
		event_set(e, F_DURATION_NS);
	}
}

static void decode_rules(const struct gtpu_record *r, struct event *e)
{
	if (r->has & GTPU_HAS_PDR) {
		e->seid = r->seid;
		e->pdr_id = r->pdr_id;
		event_set(e, F_SEID);
		event_set(e, F_PDR_ID);
	}
	if (r->has & GTPU_HAS_FAR) {
		e->far_id = r->far_id;
		e->call.far_action = (uint8_t)r->far_action;
		event_set(e, F_FAR_ID);
		if (r->far_action != GTPU_ACTION_UNKNOWN)
			event_set(e, F_FAR_ACTION);
	}
	if (r->has & GTPU_HAS_QER) {
		e->qer_id = r->qer_id;
		event_set(e, F_QER_ID);
	}
	if (r->has & GTPU_HAS_RULE_QFI) {
		e->call.rule_qfi = r->rule_qfi;
		event_set(e, F_RULE_QFI);
	}
}

static void set_stage(struct event *e, enum event_field f, uint32_t *to, uint32_t ns)
{
	*to = ns;
	if (ns)
		event_set(e, f);
}

static void decode_stages(const struct gtpu_record *r, struct event *e)
{
	set_stage(e, F_STAGE_PARSE_NS, &e->call.stages.parse_ns, r->stage_ns[GTPU_PARSE]);
	set_stage(e, F_STAGE_LOOKUP_NS, &e->call.stages.lookup_ns, r->stage_ns[GTPU_LOOKUP]);
	set_stage(e, F_STAGE_APPLY_NS, &e->call.stages.apply_ns, r->stage_ns[GTPU_APPLY]);
	set_stage(e, F_STAGE_SEND_NS, &e->call.stages.send_ns, r->stage_ns[GTPU_SEND]);
}

static void decode_outcome(const struct gtpu_record *r, struct event *e)
{
	e->call.verdict = gtpu_verdict_name(r->verdict);
	e->reason = gtpu_reason_name(r->reason);
	if (e->call.verdict)
		event_set(e, F_VERDICT);
	if (e->reason)
		event_set(e, F_REASON);
	e->call.color = gtpu_color_name(r->color);
	if (e->call.color)
		event_set(e, F_COLOR);
}

/* An entry or an exit. */
static int decode_call_record(const void *data, size_t size, struct event *ret, char netns[static GTPU_NETNS_MAX])
{
	struct gtpu_record r;

	if (size < sizeof(r))
		return -EBADMSG;
	memcpy(&r, data, sizeof(r));
	if (r.hdr.version != RECORD_VERSION || r.hdr.size != sizeof(r) ||
	    (r.hdr.kind != GTPU_ENTRY && r.hdr.kind != GTPU_EXIT) || r.direction >= GTPU_DIRECTIONS ||
	    r.verdict >= GTPU_VERDICTS || r.reason >= GTPU_REASONS || r.color >= GTPU_COLORS ||
	    !gtpu_function_name(r.func_id))
		return -EBADMSG;
	*ret = (struct event){
		.probe = "gtpu",
		.kind = r.hdr.kind == GTPU_ENTRY ? KIND_ENTRY : KIND_EXIT,
	};
	event_take_header(ret, &r.hdr);
	decode_device(&r, ret, netns);
	decode_call(&r, ret);
	decode_rules(&r, ret);
	decode_outcome(&r, ret);
	decode_stages(&r, ret);
	event_take_gtp(ret, &r.gtp);
	event_take_outer(ret, &r.outer);
	event_take_inner(ret, &r.inner);
	return 0;
}

static enum event_change change_of(const struct gtpu_rule_record *r)
{
	if (r->func_id >= GTP5G_GENL_DEL_PDR)
		return CHANGE_REMOVED;
	return r->nlmsg_flags & NLM_F_REPLACE ? CHANGE_REPLACED : CHANGE_CREATED;
}

static void decode_far_counts(const struct gtpu_far_counts *c, struct event *e)
{
	e->rule.buffered = (struct event_count){c->buffered_packets, c->buffered_bytes};
	e->rule.dropped = (struct event_count){c->dropped_packets, c->dropped_bytes};
	event_set(e, F_BUFFERED_PACKETS);
	event_set(e, F_BUFFERED_BYTES);
	event_set(e, F_DROPPED_PACKETS);
	event_set(e, F_DROPPED_BYTES);
}

static void decode_rule(const struct gtpu_rule_record *r, const void *data, struct event *e)
{
	enum event_rule_kind kind = (unsigned)(r->func_id - RULES_FIRST) % RULE_KINDS;

	e->rule.kind = kind;
	e->rule.change = change_of(r);
	event_set(e, F_RULE);
	event_set(e, F_CHANGE);
	if (r->has & GTPU_RULE_HAS_ID)
		event_set_rule(e, kind, r->seid, r->id);
	e->rule.sees_end_markers = r->has & GTPU_RULE_SEES_MARKERS;
	if (r->has & GTPU_RULE_HAS_COUNTS)
		decode_far_counts(&r->counts, e);
	if (r->attrs_len > GTPU_RULE_ATTRS_MAX)
		return;
	e->rule.attrs = (const char *)data + offsetof(struct gtpu_rule_record, attrs);
	e->rule.attrs_len = r->attrs_len;
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

static void decode_rule_device(const struct gtpu_rule_record *r, struct event *e, char netns[static GTPU_NETNS_MAX])
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

/* A change of a rule, or an End Marker. */
static int decode_rule_record(const void *data, size_t size, struct event *ret, char netns[static GTPU_NETNS_MAX])
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
	*ret = (struct event){.probe = "gtpu", .kind = marker ? KIND_END_MARKER : KIND_RULE};
	event_take_header(ret, &r.hdr);
	decode_rule_device(&r, ret, netns);
	if (marker)
		decode_end_marker(&r, ret);
	else
		decode_rule(&r, data, ret);
	return 0;
}

int gtpu_record_decode(const void *data, size_t size, struct event *ret, char netns[static GTPU_NETNS_MAX])
{
	struct record_hdr hdr;

	if (size < sizeof(hdr))
		return -EBADMSG;
	memcpy(&hdr, data, sizeof(hdr));
	if (hdr.kind == GTPU_RULE || hdr.kind == GTPU_END_MARKER)
		return decode_rule_record(data, size, ret, netns);
	return decode_call_record(data, size, ret, netns);
}

const char *gtpu_netns_name(struct gtpu_netns *n, const char *root, uint64_t inode)
{
	size_t i = 0;

	while (i < n->len && n->rows[i].inode != inode)
		i++;
	if (i < n->len)
		return n->rows[i].name;
	if (n->len == ARRAY_SIZE(n->rows))
		n->len = 0;
	i = n->len++;
	n->rows[i].inode = inode;
	return netns_name(root, inode, n->rows[i].name);
}

void gtpu_netns_forget(struct gtpu_netns *n)
{
	n->len = 0;
}
