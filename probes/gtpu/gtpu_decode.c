/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gtpu_run.h"
#include "record_event.h"

static void decode_device(const struct gtpu_record *r, struct event *e,
			  char netns[static GTPU_NETNS_MAX])
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
		e->far_action = (uint8_t)r->far_action;
		event_set(e, F_FAR_ID);
		event_set(e, F_FAR_ACTION);
	}
	if (r->has & GTPU_HAS_QER) {
		e->qer_id = r->qer_id;
		event_set(e, F_QER_ID);
	}
	if (r->has & GTPU_HAS_RULE_QFI) {
		e->rule_qfi = r->rule_qfi;
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
	set_stage(e, F_STAGE_PARSE_NS, &e->stages.parse_ns, r->stage_ns[GTPU_PARSE]);
	set_stage(e, F_STAGE_LOOKUP_NS, &e->stages.lookup_ns, r->stage_ns[GTPU_LOOKUP]);
	set_stage(e, F_STAGE_APPLY_NS, &e->stages.apply_ns, r->stage_ns[GTPU_APPLY]);
	set_stage(e, F_STAGE_SEND_NS, &e->stages.send_ns, r->stage_ns[GTPU_SEND]);
}

static void decode_outcome(const struct gtpu_record *r, struct event *e)
{
	e->verdict = gtpu_verdict_name(r->verdict);
	e->reason = gtpu_reason_name(r->reason);
	if (e->verdict)
		event_set(e, F_VERDICT);
	if (e->reason)
		event_set(e, F_REASON);
	e->color = gtpu_color_name(r->color);
	if (e->color)
		event_set(e, F_COLOR);
}

int gtpu_record_decode(const void *data, size_t size, struct event *ret,
		       char netns[static GTPU_NETNS_MAX])
{
	struct gtpu_record r;

	struct record_hdr hdr;

	if (size < sizeof(hdr))
		return -EBADMSG;
	memcpy(&hdr, data, sizeof(hdr));
	if (hdr.kind == GTPU_RULE || hdr.kind == GTPU_END_MARKER)
		return gtpu_rule_decode(data, size, ret, netns);
	if (size < sizeof(r))
		return -EBADMSG;
	memcpy(&r, data, sizeof(r));
	if (r.hdr.version != RECORD_VERSION || r.hdr.size != sizeof(r) ||
	    (r.hdr.kind != GTPU_ENTRY && r.hdr.kind != GTPU_EXIT) ||
	    r.direction >= GTPU_DIRECTIONS || r.verdict >= GTPU_VERDICTS ||
	    r.reason >= GTPU_REASONS || r.color >= GTPU_COLORS || !gtpu_function_name(r.func_id))
		return -EBADMSG;
	*ret = (struct event){
		.probe = "gtpu",
		.event = r.hdr.kind == GTPU_ENTRY ? "entry" : "exit",
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
