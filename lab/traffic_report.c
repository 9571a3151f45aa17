/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "json_head.h"
#include "plural.h"
#include "traffic_internal.h"

#define FLOW_NAME_MAX (ADDR_TEXT_MAX + 8)

static const char *const kind_names[TRAFFIC_KINDS] = {
	[TRAFFIC_ICMP4] = "icmp",
	[TRAFFIC_ICMP6] = "icmp6",
	[TRAFFIC_UDP4] = "udp",
	[TRAFFIC_UDP6] = "udp6",
};

static void json_count(struct jw *j, const struct traffic_count *c)
{
	jw_u64(j, "sent", c->sent);
	jw_u64(j, "received", c->received);
	jw_u64(j, "bad", c->bad);
	jw_u64(j, "bytes_sent", c->bytes_sent);
	jw_u64(j, "bytes_received", c->bytes_received);
}

static void json_kinds(struct jw *j, const struct traffic_result *t)
{
	for (unsigned k = 0; k < TRAFFIC_KINDS; k++) {
		if (!t->kinds[k].sent)
			continue;
		jw_object(j, kind_names[k]);
		json_count(j, &t->kinds[k]);
		jw_object_end(j);
	}
}

static void json_address(struct jw *j, const struct lab_plan *plan, unsigned flow)
{
	struct addr to = lab_flow_address(plan, flow);
	char text[ADDR_TEXT_MAX];

	jw_string(j, "address", addr_format(&to, text));
}

static const char *flow_name(const struct lab_plan *plan, unsigned flow, char name[static FLOW_NAME_MAX])
{
	struct addr to = lab_flow_address(plan, flow);
	char text[ADDR_TEXT_MAX];

	if (plan->core->flow_rules)
		snprintf(name, FLOW_NAME_MAX, "udp %s", addr_format(&to, text));
	else
		snprintf(name, FLOW_NAME_MAX, "udp qfi %u", lab_flow_qfi(plan, flow));
	return name;
}

static void json_flows(struct jw *j, const struct lab_plan *plan, const struct traffic_result *t)
{
	jw_array(j, "flows");
	for (unsigned f = 1; f <= LAB_FLOWS_MAX; f++) {
		if (!t->flows[f].sent)
			continue;
		jw_object(j, NULL);
		jw_u64(j, "qfi", lab_flow_qfi(plan, f));
		jw_u64(j, "dscp", lab_flow_dscp(plan, f));
		if (plan->core->flow_rules)
			json_address(j, plan, f);
		json_count(j, &t->flows[f]);
		jw_object_end(j);
	}
	jw_array_end(j);
}

static void json_signalling(struct jw *j, const struct traffic_signalling *s)
{
	jw_object(j, "signalling");
	jw_u64(j, "echo_requests", s->echo_requests);
	jw_u64(j, "echo_responses", s->echo_responses);
	jw_u64(j, "end_markers", s->end_markers);
	jw_u64(j, "unknown_teids", s->unknown_teids);
	jw_object_end(j);
}

static void json_rest(struct jw *j, const struct lab_traffic_options *o, const struct traffic_result *t)
{
	if (t->tcp.begun) {
		jw_object(j, "tcp");
		jw_u64(j, "begun", t->tcp.begun);
		jw_u64(j, "done", t->tcp.done);
		jw_u64(j, "failed", t->tcp.failed);
		jw_u64(j, "bytes", t->tcp.bytes);
		jw_object_end(j);
	}
	if (o->signalling)
		json_signalling(j, &t->signalling);
	if (!o->malformed)
		return;
	jw_object(j, "malformed");
	for (unsigned k = 0; k < LAB_MALFORMED_KINDS; k++)
		if (o->malformed & 1U << k)
			jw_u64(j, traffic_malformed_name(k), t->malformed[k]);
	jw_object_end(j);
}

static void report_json(const struct lab_plan *plan, const struct lab_traffic_options *o,
			const struct traffic_result *t, double seconds)
{
	_cleanup_(buf_free) struct buf out = {};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	json_head_now(&j, NULL, "traffic");
	jw_string(&j, "lab", plan->options.name);
	jw_double(&j, "seconds", seconds);
	json_kinds(&j, t);
	json_flows(&j, plan, t);
	json_rest(&j, o, t);
	jw_object_end(&j);
	puts(out.failed ? "{}" : out.data);
}

static void text_count(const char *name, const struct traffic_count *c)
{
	if (c->sent)
		printf("%-12s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %12" PRIu64 "\n", name, c->sent, c->received,
		       c->sent - c->received, c->bytes_received);
	if (c->bad)
		printf("%-12s %" PRIu64 " replies that answered nothing\n", "", c->bad);
}

static void report_text(const struct lab_plan *plan, const struct lab_traffic_options *o,
			const struct traffic_result *t, double seconds)
{
	char name[FLOW_NAME_MAX];

	if (!o->malformed && !o->signalling && !o->downloads)
		printf("%-12s %10s %10s %10s %12s\n", "", "sent", "received", "lost", "bytes back");
	for (unsigned k = 0; k < TRAFFIC_KINDS; k++)
		text_count(kind_names[k], &t->kinds[k]);
	for (unsigned f = 1; f <= LAB_FLOWS_MAX; f++)
		text_count(flow_name(plan, f, name), &t->flows[f]);
	if (t->tcp.begun)
		printf("%-12s %" PRIu64 " download%s, %" PRIu64 " complete, %" PRIu64 " failed, %" PRIu64
		       " bytes, %.1f Mbit/s\n",
		       "tcp", t->tcp.begun, plural(t->tcp.begun), t->tcp.done, t->tcp.failed, t->tcp.bytes,
		       seconds > 0 ? (double)t->tcp.bytes * 8e-6 / seconds : 0.0);
	if (o->signalling)
		printf("%" PRIu64 " Echo Requests, %" PRIu64 " answered; %" PRIu64 " End Markers; %" PRIu64
		       " G-PDUs of unknown tunnels\n",
		       t->signalling.echo_requests, t->signalling.echo_responses, t->signalling.end_markers,
		       t->signalling.unknown_teids);
	for (unsigned k = 0; k < LAB_MALFORMED_KINDS; k++)
		if (o->malformed & 1U << k)
			printf("%-12s %10" PRIu64 "\n", traffic_malformed_name(k), t->malformed[k]);
	printf("%.1f s\n", seconds);
}

void traffic_report(const struct lab_plan *plan, const struct lab_traffic_options *o,
		    const struct traffic_result *total, uint64_t elapsed_ns)
{
	double seconds = (double)elapsed_ns / (double)NSEC_PER_SEC;

	if (o->json)
		report_json(plan, o, total, seconds);
	else
		report_text(plan, o, total, seconds);
	fflush(stdout);
}
