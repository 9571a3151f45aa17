/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_key.h"

#define MEMBER(payload_, member)                                                                                       \
	.payload = PAYLOAD_##payload_, .offset = offsetof(struct event, member),                                       \
	.size = sizeof(((struct event *)0)->member)
#define HEAD(member) MEMBER(NONE, member)
#define FLOW(member) MEMBER(FLOW, flow.member)
#define CALL(member) MEMBER(CALL, call.member)
#define RULE(member) MEMBER(RULE, rule.member)
#define TEXT(where, word_) .place = TEXT_##where, .word = word_
#define NO_TEXT .place = TEXT_NOWHERE
#define KEY(bit, object_, key_, form_, member, unit_, text, help_)                                                     \
	[bit] = {.object = OBJECT_##object_,                                                                           \
		 .key = key_,                                                                                          \
		 .form = FORM_##form_,                                                                                 \
		 member,                                                                                               \
		 .unit = unit_,                                                                                        \
		 text,                                                                                                 \
		 .help = help_},

const struct event_key event_keys[F_MAX] = {
#include "event_key_table.h"
};

_Static_assert(F_MAX <= 128, "event.has is 128 bits");

const char *event_object_name(enum event_object object)
{
	static const char *const names[OBJECT_MAX] = {
		[OBJECT_GTP] = "gtp",	    [OBJECT_OUTER] = "outer",	    [OBJECT_INNER] = "inner",
		[OBJECT_STAGES] = "stages", [OBJECT_BUFFERED] = "buffered", [OBJECT_DROPPED] = "dropped",
	};

	return names[object];
}

const char *event_key_type(const struct event_key *k)
{
	return k->form <= FORM_SIGNED ? "number" : "string";
}

static const char *dir_name(uint8_t dir)
{
	return dir == DIR_EGRESS ? "egress" : "ingress";
}

static const char *direction_name(uint8_t direction)
{
	return direction == DIRECTION_DOWNLINK ? "downlink" : "uplink";
}

static const char *rule_kind_name(uint8_t kind)
{
	static const char *const names[RULE_KINDS] = {"PDR", "FAR", "QER", "URR", "BAR"};

	return names[kind < RULE_KINDS ? kind : RULE_PDR];
}

static const char *change_name(uint8_t change)
{
	static const char *const names[] = {"created", "replaced", "removed", "refused"};

	return names[change <= CHANGE_REFUSED ? change : CHANGE_REFUSED];
}

bool event_key_fits(const struct event_key *k, enum event_kind kind)
{
	return k->payload == PAYLOAD_NONE || k->payload == event_kind_payload(kind);
}

static const void *value_of(const struct event_key *k, const struct event *e)
{
	return (const char *)e + k->offset;
}

const char *event_key_string(const struct event_key *k, const struct event *e, char text[static ADDR_TEXT_MAX])
{
	const void *value = value_of(k, e);

	switch (k->form) {
	case FORM_STRING:
		return *(const char *const *)value;
	case FORM_ARRAY:
		return value;
	case FORM_ADDRESS:
		return addr_format(value, text);
	case FORM_CONTEXT:
		return event_context_name(*(const uint8_t *)value);
	case FORM_DIR:
		return dir_name(*(const uint8_t *)value);
	case FORM_DIRECTION:
		return direction_name(*(const uint8_t *)value);
	case FORM_RULE_KIND:
		return rule_kind_name(*(const uint8_t *)value);
	case FORM_CHANGE:
		return change_name(*(const uint8_t *)value);
	case FORM_NUMBER:
	case FORM_TEID:
	case FORM_SIGNED:
	case FORM_ID:
		break;
	}
	return NULL;
}

uint64_t event_key_number(const struct event_key *k, const struct event *e)
{
	const void *value = value_of(k, e);

	switch (k->size) {
	case 1:
		return *(const uint8_t *)value;
	case 2:
		return *(const uint16_t *)value;
	case 4:
		return *(const uint32_t *)value;
	case 8:
		return *(const uint64_t *)value;
	default:
		return 0;
	}
}
