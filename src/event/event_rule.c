/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event.h"

/* By the kind of the rule. */
static const enum event_field id_fields[RULE_KINDS] = {F_PDR_ID, F_FAR_ID, F_QER_ID, F_URR_ID, F_BAR_ID};

static void set_id(struct event *e, uint32_t id)
{
	switch ((enum event_rule_kind)e->rule.kind) {
	case RULE_PDR:
		e->pdr_id = (uint16_t)id;
		break;
	case RULE_FAR:
		e->far_id = id;
		break;
	case RULE_QER:
		e->qer_id = id;
		break;
	case RULE_URR:
		e->rule.urr_id = id;
		break;
	case RULE_BAR:
	case RULE_KINDS:
		e->rule.bar_id = id;
		break;
	}
}

void event_set_rule(struct event *e, enum event_rule_kind kind, uint64_t seid, uint32_t id)
{
	e->rule.kind = kind;
	e->seid = seid;
	set_id(e, id);
	event_set(e, F_RULE);
	event_set(e, F_SEID);
	event_set(e, id_fields[kind]);
}

static uint32_t id_of(const struct event *e)
{
	switch ((enum event_rule_kind)e->rule.kind) {
	case RULE_PDR:
		return e->pdr_id;
	case RULE_FAR:
		return e->far_id;
	case RULE_QER:
		return e->qer_id;
	case RULE_URR:
		return e->rule.urr_id;
	case RULE_BAR:
	case RULE_KINDS:
		break;
	}
	return e->rule.bar_id;
}

bool event_rule_id(const struct event *e, uint32_t *ret)
{
	if (e->rule.kind >= RULE_KINDS || !event_has(e, id_fields[e->rule.kind]))
		return false;
	*ret = id_of(e);
	return true;
}
