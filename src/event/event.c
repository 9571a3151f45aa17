/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "json_head.h"
#include "record.h"


const struct event_field_info event_fields[F_MAX] = {
	[F_CPU] = {NULL, "cpu", "number", "CPU the program ran on"},
	[F_PID] = {NULL, "pid", "number", "thread id, initial pid namespace"},
	[F_TGID] = {NULL, "tgid", "number", "process id, initial pid namespace"},
	[F_COMM] = {NULL, "comm", "string", "name of the thread"},
	[F_CONTEXT] = {NULL, "context", "string",
		       "process, softirq, hardirq, idle: outside process the task was merely there"},
	[F_CGROUP] = {NULL, "cgroup", "string", "cgroup v2 id of the task, decimal: it can exceed 2^53"},
	[F_POD] = {NULL, "pod", "string",
		   "pod of the task, else of the network namespace: NAMESPACE/NAME, else its UID"},
	[F_POD_UID] = {NULL, "pod_uid", "string", "its UID"},
	[F_CONTAINER] = {NULL, "container", "string",
			 "container of the task, else the only one of the network namespace: name, else id"},
	[F_CONTAINER_ID] = {NULL, "container_id", "string", "its id"},
	[F_NETNS] = {NULL, "netns", "string", "network namespace: its name, else its inode"},
	[F_INTERFACE] = {NULL, "interface", "string", "interface name"},
	[F_IFINDEX] = {NULL, "ifindex", "number", "interface index inside netns"},
	[F_PEER] = {NULL, "peer", "string",
		    "the other end of the interface, a VLAN's lower device: [NETNS/]INTERFACE"},
	[F_TWIN] = {NULL, "twin", "string",
		    "the same, where it is watched too and has the same packets: not to be added up"},
	[F_DIR] = {NULL, "dir", "string", "ingress or egress, as TC sees the interface"},
	[F_DIRECTION] = {NULL, "direction", "string", "uplink or downlink, only where GTP tells"},
	[F_VLAN] = {NULL, "vlan", "number", "outermost VLAN id"},
	[F_INNER_VLAN] = {NULL, "inner_vlan", "number", "the VLAN id inside it, where there are two"},
	[F_OVERLAY] = {NULL, "overlay", "string", "vxlan or geneve, through which the packet came"},
	[F_VNI] = {NULL, "vni", "number", "its network identifier"},
	[F_LEN] = {NULL, "len", "number", "length in bytes, taken at entry"},
	[F_GTP_TEID] = {"gtp", "teid", "number", "tunnel endpoint identifier"},
	[F_GTP_TYPE] = {"gtp", "type", "number", "GTP-U message type (TS 29.281 6.1)"},
	[F_GTP_QFI] = {"gtp", "qfi", "number", "QoS flow identifier of the packet"},
	[F_GTP_SEQ] = {"gtp", "seq", "number", "sequence number, where the S flag is set"},
	[F_GTP_RQI] = {"gtp", "rqi", "number", "reflective QoS indicator, downlink (TS 38.415 5.5.3.4)"},
	[F_GTP_PPI] = {"gtp", "ppi", "number", "paging policy indicator, where there is one"},
	[F_OUTER_SRC] = {"outer", "src", "string", "source address; of a packet without GTP too"},
	[F_OUTER_DST] = {"outer", "dst", "string", "destination address"},
	[F_OUTER_SPORT] = {"outer", "sport", "number", "source port; ICMP: type"},
	[F_OUTER_DPORT] = {"outer", "dport", "number", "destination port; ICMP: code"},
	[F_OUTER_PROTO] = {"outer", "proto", "number", "IP protocol number"},
	[F_INNER_SRC] = {"inner", "src", "string", "source address inside the tunnel"},
	[F_INNER_DST] = {"inner", "dst", "string", "destination address inside the tunnel"},
	[F_INNER_SPORT] = {"inner", "sport", "number", "source port inside; ICMP: type"},
	[F_INNER_DPORT] = {"inner", "dport", "number", "destination port inside; ICMP: code"},
	[F_INNER_PROTO] = {"inner", "proto", "number", "IP protocol number inside"},
	[F_TCP_FLAGS] = {NULL, "tcp_flags", "string",
			 "TCP flags, in a row all that were seen: letters of FSRPAUEC, or none"},
	[F_SEID] = {NULL, "seid", "string", "PFCP session, decimal: it can exceed 2^53"},
	[F_PDR_ID] = {NULL, "pdr_id", "number", "packet detection rule"},
	[F_FAR_ID] = {NULL, "far_id", "number", "forwarding action rule"},
	[F_FAR_ACTION] = {NULL, "far_action", "number", "its action bits"},
	[F_QER_ID] = {NULL, "qer_id", "number", "QoS enforcement rule"},
	[F_RULE_QFI] = {NULL, "rule_qfi", "number", "QFI of the rule, which may differ"},
	[F_VERDICT] = {NULL, "verdict", "string", "what became of the packet"},
	[F_REASON] = {NULL, "reason", "string", "why"},
	[F_COLOR] = {NULL, "color", "string", "what policing said: green, yellow, red"},
	[F_FUNCTION] = {NULL, "function", "string", "function of the kernel module"},
	[F_FUNC_ID] = {NULL, "func_id", "number", "its stable number"},
	[F_RETURN] = {NULL, "return", "number", "its return value"},
	[F_STAGE] = {NULL, "stage", "string",
		     "a part of the packet's way: parse, lookup, apply, send"},
	[F_STAGE_PARSE_NS] = {"stages", "parse_ns", "number", "from entry to the rule's lookup"},
	[F_STAGE_LOOKUP_NS] = {"stages", "lookup_ns", "number", "the lookup"},
	[F_STAGE_APPLY_NS] = {"stages", "apply_ns", "number",
			      "gate, policing, headers; uplink: and handing it on"},
	[F_STAGE_SEND_NS] = {"stages", "send_ns", "number", "downlink: route, queue, send"},
	[F_DURATION_NS] = {NULL, "duration_ns", "number", "from its entry to its exit"},
	[F_PACKETS] = {NULL, "packets", "number", "packets counted since the last row"},
	[F_BYTES] = {NULL, "bytes", "number", "bytes counted since the last row"},
	[F_SEGMENTS] = {NULL, "segments", "number", "wire segments in those packets (GSO)"},
	[F_FIRST_NS] = {NULL, "first_ns", "number", "first seen, boot clock"},
	[F_LAST_NS] = {NULL, "last_ns", "number", "last seen, boot clock"},
	[F_INTERVAL_NS] = {NULL, "interval_ns", "number",
			   "how long the row counted: packets by it are the rate"},
	[F_RULE] = {NULL, "rule", "string", "kind of a rule that is changed: PDR, FAR, QER, URR, BAR"},
	[F_CHANGE] = {NULL, "change", "string", "created, replaced, removed, refused"},
	[F_URR_ID] = {NULL, "urr_id", "number", "usage reporting rule"},
	[F_BAR_ID] = {NULL, "bar_id", "number", "buffering action rule"},
	[F_BUFFERED_PACKETS] = {"buffered", "packets", "number", "packets that a FAR kept"},
	[F_BUFFERED_BYTES] = {"buffered", "bytes", "number", "their bytes"},
	[F_DROPPED_PACKETS] = {"dropped", "packets", "number", "packets dropped on a FAR's way"},
	[F_DROPPED_BYTES] = {"dropped", "bytes", "number", "their bytes"},
};

_Static_assert(F_MAX <= 128, "event.has is 128 bits");

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

static const char *dir_name(uint8_t dir)
{
	return dir == DIR_EGRESS ? "egress" : "ingress";
}

static const char *direction_name(uint8_t direction)
{
	return direction == DIRECTION_DOWNLINK ? "downlink" : "uplink";
}

/* The value of a string field, or NULL when the field is a number. */
static const char *string_value(const struct event *e, enum event_field f,
				char text[static ADDR_TEXT_MAX])
{
	switch (f) {
	case F_COMM:
		return e->comm;
	case F_CONTEXT:
		return event_context_name(e->context);
	case F_POD:
		return e->pod;
	case F_POD_UID:
		return e->pod_uid;
	case F_CONTAINER:
		return e->container;
	case F_CONTAINER_ID:
		return e->container_id;
	case F_NETNS:
		return e->netns;
	case F_INTERFACE:
		return e->interface;
	case F_PEER:
	case F_TWIN:
		return e->peer;
	case F_DIR:
		return dir_name(e->dir);
	case F_DIRECTION:
		return direction_name(e->direction);
	case F_OVERLAY:
		return e->overlay;
	case F_TCP_FLAGS:
		return e->tcp_flags;
	case F_OUTER_SRC:
		return addr_format(&e->outer.src, text);
	case F_OUTER_DST:
		return addr_format(&e->outer.dst, text);
	case F_INNER_SRC:
		return addr_format(&e->inner.src, text);
	case F_INNER_DST:
		return addr_format(&e->inner.dst, text);
	case F_VERDICT:
		return e->verdict;
	case F_REASON:
		return e->reason;
	case F_COLOR:
		return e->color;
	case F_FUNCTION:
		return e->function;
	case F_STAGE:
		return e->stage;
	case F_RULE:
		return e->rule;
	case F_CHANGE:
		return e->change;
	default:
		return NULL;
	}
}

#define NUMBER(field, member)                                                                      \
	[field] = {offsetof(struct event, member), sizeof(((struct event *)0)->member)}

static const struct {
	size_t offset, size;
} numbers[F_MAX] = {
	NUMBER(F_CPU, cpu),
	NUMBER(F_PID, pid),
	NUMBER(F_TGID, tgid),
	NUMBER(F_CGROUP, cgroup),
	NUMBER(F_IFINDEX, ifindex),
	NUMBER(F_VLAN, vlan),
	NUMBER(F_INNER_VLAN, inner_vlan),
	NUMBER(F_VNI, vni),
	NUMBER(F_LEN, len),
	NUMBER(F_GTP_TEID, gtp.teid),
	NUMBER(F_GTP_TYPE, gtp.type),
	NUMBER(F_GTP_QFI, gtp.qfi),
	NUMBER(F_GTP_SEQ, gtp.seq),
	NUMBER(F_GTP_RQI, gtp.rqi),
	NUMBER(F_GTP_PPI, gtp.ppi),
	NUMBER(F_OUTER_SPORT, outer.sport),
	NUMBER(F_OUTER_DPORT, outer.dport),
	NUMBER(F_OUTER_PROTO, outer.proto),
	NUMBER(F_INNER_SPORT, inner.sport),
	NUMBER(F_INNER_DPORT, inner.dport),
	NUMBER(F_INNER_PROTO, inner.proto),
	NUMBER(F_SEID, seid),
	NUMBER(F_PDR_ID, pdr_id),
	NUMBER(F_FAR_ID, far_id),
	NUMBER(F_FAR_ACTION, far_action),
	NUMBER(F_QER_ID, qer_id),
	NUMBER(F_RULE_QFI, rule_qfi),
	NUMBER(F_FUNC_ID, func_id),
	NUMBER(F_STAGE_PARSE_NS, stages.parse_ns),
	NUMBER(F_STAGE_LOOKUP_NS, stages.lookup_ns),
	NUMBER(F_STAGE_APPLY_NS, stages.apply_ns),
	NUMBER(F_STAGE_SEND_NS, stages.send_ns),
	NUMBER(F_DURATION_NS, duration_ns),
	NUMBER(F_PACKETS, packets),
	NUMBER(F_BYTES, bytes),
	NUMBER(F_SEGMENTS, segments),
	NUMBER(F_FIRST_NS, first_ns),
	NUMBER(F_LAST_NS, last_ns),
	NUMBER(F_INTERVAL_NS, interval_ns),
	NUMBER(F_URR_ID, urr_id),
	NUMBER(F_BAR_ID, bar_id),
	NUMBER(F_BUFFERED_PACKETS, buffered.packets),
	NUMBER(F_BUFFERED_BYTES, buffered.bytes),
	NUMBER(F_DROPPED_PACKETS, dropped.packets),
	NUMBER(F_DROPPED_BYTES, dropped.bytes),
};

static uint64_t number_value(const struct event *e, enum event_field f)
{
	const char *p = (const char *)e + numbers[f].offset;

	switch (numbers[f].size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)(const void *)p;
	case 4:
		return *(const uint32_t *)(const void *)p;
	case 8:
		return *(const uint64_t *)(const void *)p;
	default:
		return 0;
	}
}

static void json_field(struct jw *j, const struct event *e, enum event_field f)
{
	char text[ADDR_TEXT_MAX];
	const char *string = string_value(e, f, text);

	if (string)
		jw_string(j, event_fields[f].key, string);
	else if (f == F_SEID || f == F_CGROUP)
		jw_id(j, event_fields[f].key, number_value(e, f));
	else if (f == F_RETURN)
		jw_i64(j, event_fields[f].key, e->return_value);
	else
		jw_u64(j, event_fields[f].key, number_value(e, f));
}

/* By the text: whether equal literals are one is the compiler's choice. NULL: no object. */
static bool same_object(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Fields of one object follow each other in the enum, so an object is opened and closed once. */
static void json_fields(struct jw *j, const struct event *e)
{
	const char *open = NULL;

	for (int f = 0; f < F_MAX; f++) {
		const char *object = event_fields[f].object;

		if (!event_has(e, f))
			continue;
		if (open && !same_object(open, object)) {
			jw_object_end(j);
			open = NULL;
		}
		if (object && !same_object(open, object)) {
			jw_object(j, object);
			open = object;
		}
		json_field(j, e, f);
	}
	if (open)
		jw_object_end(j);
}

void event_to_json(const struct event *e, const char *node, int64_t boot_to_real_ns,
		   struct buf *out)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	json_head(&j, node, e->ts_ns + (uint64_t)boot_to_real_ns);
	jw_u64(&j, "ts_ns", e->ts_ns);
	jw_string(&j, "probe", e->probe);
	jw_string(&j, "event", event_kind_name(e->kind));
	json_fields(&j, e);
	if (e->wait)
		event_wait_json(e->wait, &j);
	if (e->quality)
		event_quality_json(e->quality, &j);
	if (e->more)
		e->more->json(&j, e->more->data);
	jw_object_end(&j);
}

/* The words of the line that people grep for are not those of the JSON schema. */
static const char *text_key(enum event_field f)
{
	switch (f) {
	case F_LEN:
		return "pktlen";
	case F_GTP_TEID:
		return "teid";
	case F_GTP_TYPE:
		return "type";
	case F_GTP_QFI:
		return "qfi";
	case F_GTP_SEQ:
		return "seq";
	case F_INNER_SRC:
		return "inner_src";
	case F_INNER_DST:
		return "inner_dst";
	case F_OUTER_SRC:
		return "outer_src";
	case F_OUTER_DST:
		return "outer_dst";
	case F_FUNCTION:
		return "func";
	case F_BUFFERED_PACKETS:
		return "buffered";
	case F_BUFFERED_BYTES:
		return "buffered_bytes";
	case F_DROPPED_PACKETS:
		return "dropped";
	case F_DROPPED_BYTES:
		return "dropped_bytes";
	default:
		return event_fields[f].key;
	}
}

static void text_field(struct buf *out, const struct event *e, enum event_field f)
{
	char text[ADDR_TEXT_MAX];
	const char *string = string_value(e, f, text);

	if (!event_has(e, f))
		return;
	buf_printf(out, " %s=", text_key(f));
	if (string)
		escape_text(out, string);
	else if (f == F_GTP_TEID)
		buf_printf(out, "0x%08x", e->gtp.teid);
	else if (f == F_RETURN)
		buf_printf(out, "%d", e->return_value);
	else
		buf_printf(out, "%" PRIu64, number_value(e, f));
}

static void text_tuple(struct buf *out, const char *which, const struct event_tuple *t)
{
	char proto[8];

	buf_printf(out, " %s_ports=%u->%u %s_proto=%s", which, t->sport, t->dport, which,
		   event_proto_name(t->proto, proto));
}

void event_to_text(const struct event *e, struct buf *out)
{
	static const enum event_field head[] = {
		F_PID, F_TGID, F_COMM, F_CONTEXT, F_CPU, F_FUNCTION, F_NETNS, F_INTERFACE,
		F_PEER, F_DIR,
		F_DIRECTION, F_VLAN, F_INNER_VLAN, F_OVERLAY, F_VNI, F_LEN, F_GTP_TEID, F_GTP_TYPE, F_GTP_QFI,
		F_GTP_SEQ, F_GTP_RQI, F_GTP_PPI, F_INNER_SRC, F_INNER_DST, F_OUTER_SRC, F_OUTER_DST};
	static const enum event_field tail[] = {
		F_TCP_FLAGS, F_RULE, F_CHANGE, F_SEID, F_PDR_ID, F_FAR_ID, F_FAR_ACTION, F_QER_ID, F_URR_ID,
		F_BAR_ID, F_RULE_QFI, F_VERDICT, F_REASON, F_COLOR, F_RETURN, F_PACKETS, F_BYTES,
		F_SEGMENTS, F_BUFFERED_PACKETS, F_BUFFERED_BYTES, F_DROPPED_PACKETS, F_DROPPED_BYTES,
		F_POD, F_CONTAINER, F_STAGE, F_STAGE_PARSE_NS, F_STAGE_LOOKUP_NS, F_STAGE_APPLY_NS,
		F_STAGE_SEND_NS,
		F_DURATION_NS};

	buf_printf(out, "%s: ts=%" PRIu64, event_kind_name(e->kind), e->ts_ns);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		text_field(out, e, head[i]);
	if (event_has(e, F_INNER_SPORT))
		text_tuple(out, "inner", &e->inner);
	if (event_has(e, F_OUTER_SPORT))
		text_tuple(out, "outer", &e->outer);
	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
		text_field(out, e, tail[i]);
	if (e->wait)
		event_wait_text(e->wait, out);
	if (e->quality)
		event_quality_text(e->quality, out);
	if (e->more)
		e->more->text(out, e->more->data);
}
