/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "event_key.h"
#include "json_head.h"
#include "record.h"

#define GTPU_PORT 2152 /* TS 29.281 4.4.2 */
#define GTPU_GPDU 255  /* the message type of a packet in a tunnel */

const char *event_context_name(uint8_t context)
{
	static const char *const names[] = {"unknown", "process", "softirq", "hardirq", "idle"};

	return context < sizeof(names) / sizeof(names[0]) ? names[context] : "unknown";
}

const char *event_proto_name(uint8_t proto, char text[static 8])
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	case IPPROTO_SCTP:
		return "sctp";
	}
	snprintf(text, 8, "%u", proto);
	return text;
}

/* Takes the first key of the set out of it. */
static enum event_field take_first(event_bits *set)
{
	uint64_t low = (uint64_t)*set;
	int first = low ? __builtin_ctzll(low) : 64 + __builtin_ctzll((uint64_t)(*set >> 64));

	*set &= *set - 1;
	return (enum event_field)first;
}

static void json_value(struct jw *j, const struct event *e, const struct event_key *k)
{
	char text[ADDR_TEXT_MAX];
	const char *string = event_key_string(k, e, text);

	if (string)
		jw_string(j, k->key, string);
	else if (k->form == FORM_ID)
		jw_id(j, k->key, event_key_number(k, e));
	else if (k->form == FORM_SIGNED)
		jw_i64(j, k->key, (int32_t)event_key_number(k, e));
	else
		jw_u64(j, k->key, event_key_number(k, e));
}

/* Keys of one object follow each other, so an object is opened and closed once. */
static void json_keys(struct jw *j, const struct event *e)
{
	enum event_object open = OBJECT_NONE;
	event_bits left = e->has;

	while (left) {
		const struct event_key *k = &event_keys[take_first(&left)];

		if (!event_key_fits(k, e->kind))
			continue;
		if (open && open != k->object)
			jw_object_end(j);
		if (k->object && open != k->object)
			jw_object(j, event_object_name(k->object));
		open = k->object;
		json_value(j, e, k);
	}
	if (open)
		jw_object_end(j);
}

/* What a payload has beside its keys. */
static void json_objects(struct jw *j, const struct event *e)
{
	switch (event_kind_payload(e->kind)) {
	case PAYLOAD_FLOW:
		if (e->flow.quality)
			event_quality_json(e->flow.quality, j);
		break;
	case PAYLOAD_RULE:
		if (e->rule.more)
			e->rule.more->json(j, e->rule.more->data);
		break;
	case PAYLOAD_WAIT:
		if (e->wait)
			event_wait_json(e->wait, j);
		break;
	default:
		break;
	}
}

void event_to_json(const struct event *e, const char *node, int64_t boot_to_real_ns, struct buf *out)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	json_head(&j, node, e->ts_ns + (uint64_t)boot_to_real_ns);
	jw_u64(&j, "ts_ns", e->ts_ns);
	jw_string(&j, "probe", e->probe);
	jw_string(&j, "event", event_kind_name(e->kind));
	json_keys(&j, e);
	json_objects(&j, e);
	jw_object_end(&j);
}

static void text_tuple(struct buf *out, const char *which, const struct event_tuple *t)
{
	char text[8];
	const char *proto = event_proto_name(t->proto, text);

	if (t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6)
		buf_printf(out, " %s_%s=%u/%u", which, proto, t->sport, t->dport);
	else
		buf_printf(out, " %s_ports=%u->%u %s_proto=%s", which, t->sport, t->dport, which, proto);
}

/* One word, for a reader that splits the line at blanks. */
static void text_word(struct buf *out, const char *string)
{
	_cleanup_(buf_free) struct buf shown = {0};

	if (!strchr(string, ' ')) {
		escape_text(out, string);
		return;
	}
	escape_text(&shown, string);
	for (size_t i = 0; i < shown.len; i++)
		if (shown.data[i] == ' ')
			buf_str(out, "\\x20");
		else
			buf_char(out, shown.data[i]);
}

static void text_value(struct buf *out, const struct event *e, const struct event_key *k)
{
	char text[ADDR_TEXT_MAX];
	const char *string = event_key_string(k, e, text);

	buf_printf(out, " %s=", k->word);
	if (string)
		text_word(out, string);
	else if (k->form == FORM_TEID)
		buf_printf(out, "0x%08" PRIx64, event_key_number(k, e));
	else if (k->form == FORM_SIGNED)
		buf_printf(out, "%d", (int32_t)event_key_number(k, e));
	else
		buf_printf(out, "%" PRIu64, event_key_number(k, e));
}

static void text_keys(struct buf *out, const struct event *e, enum event_text_place place, event_bits keys)
{
	while (keys) {
		const struct event_key *k = &event_keys[take_first(&keys)];

		if (place == TEXT_INNER_PORTS)
			text_tuple(out, k->word, &e->inner);
		else if (place == TEXT_OUTER_PORTS)
			text_tuple(out, k->word, &e->outer);
		else
			text_value(out, e, k);
	}
}

static void text_objects(struct buf *out, const struct event *e)
{
	switch (event_kind_payload(e->kind)) {
	case PAYLOAD_FLOW:
		if (e->flow.quality)
			event_quality_text(e->flow.quality, out);
		break;
	case PAYLOAD_RULE:
		if (e->rule.more)
			e->rule.more->text(out, e->rule.more->data);
		break;
	case PAYLOAD_WAIT:
		if (e->wait)
			event_wait_text(e->wait, out);
		break;
	default:
		break;
	}
}

/* What goes without saying of a packet in a tunnel, to keep its line short: that it is a G-PDU, from and to GTP-U's
 * port, and a flag that is not set. JSON has all of it. */
static event_bits left_out_of_text(const struct event *e)
{
	event_bits out = 0;

	if (!event_has(e, F_GTP_TEID) || !event_has(e, F_GTP_TYPE) || e->gtp.type != GTPU_GPDU)
		return 0;
	out |= EVENT_BIT(F_GTP_TYPE);
	if (!e->gtp.rqi)
		out |= EVENT_BIT(F_GTP_RQI);
	if (e->outer.proto == IPPROTO_UDP && e->outer.sport == GTPU_PORT && e->outer.dport == GTPU_PORT)
		out |= EVENT_BIT(F_OUTER_SPORT);
	return out;
}

void event_to_text(const struct event *e, struct buf *out)
{
	event_bits left = e->has & ~left_out_of_text(e), in[TEXT_PLACES] = {0};

	while (left) {
		enum event_field f = take_first(&left);

		if (event_key_fits(&event_keys[f], e->kind))
			in[event_keys[f].place] |= EVENT_BIT(f);
	}
	buf_printf(out, "%s: ts=%" PRIu64, event_kind_name(e->kind), e->ts_ns);
	for (enum event_text_place place = TEXT_NOWHERE + 1; place < TEXT_PLACES; place++)
		text_keys(out, e, place, in[place]);
	text_objects(out, e);
}
