/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "gtpu_run.h"

static const char *const verdicts[GTPU_VERDICTS] = {
	[GTPU_VERDICT_UNKNOWN] = "unknown",
	[GTPU_FORWARDED] = "forwarded",
	[GTPU_FORWARDED_N6] = "forwarded_n6",
	[GTPU_FORWARDED_N9] = "forwarded_n9",
	[GTPU_BUFFERED] = "buffered",
	[GTPU_TO_USER] = "to_user",
	[GTPU_ECHO_ANSWERED] = "echo_answered",
	[GTPU_DROPPED] = "dropped",
};

static const char *const reasons[GTPU_REASONS] = {
	[GTPU_REASON_UNKNOWN] = "unknown",
	[GTPU_NO_PDR] = "no_pdr",
	[GTPU_NO_FAR] = "no_far",
	[GTPU_FAR_DROP] = "far_drop",
	[GTPU_NO_OUTER_HEADER_REMOVAL] = "no_outer_header_removal",
	[GTPU_GATE_CLOSED] = "gate_closed",
	[GTPU_QER_RED] = "qer_red",
	[GTPU_NO_RAN_ADDRESS] = "no_ran_address",
	[GTPU_NO_ROUTE] = "no_route",
	[GTPU_BACKLOG_FULL] = "backlog_full",
	[GTPU_MALFORMED_SHORT] = "malformed_short",
	[GTPU_MALFORMED_LENGTH] = "malformed_length",
	[GTPU_MALFORMED_EXTENSION] = "malformed_extension",
	[GTPU_NOT_IPV4] = "not_ipv4",
};

const char *gtpu_verdict_name(unsigned verdict)
{
	return verdict < GTPU_VERDICTS ? verdicts[verdict] : NULL;
}

const char *gtpu_reason_name(unsigned reason)
{
	return reason < GTPU_REASONS ? reasons[reason] : NULL;
}

static struct event function_row(const char *event, uint32_t func_id)
{
	struct event e = {.probe = "gtpu", .event = event, .ts_ns = clock_boot_ns()};

	e.function = gtpu_function_name(func_id);
	e.func_id = func_id;
	e.direction = gtpu_function_direction(func_id) == GTPU_DOWNLINK ? DIRECTION_DOWNLINK :
									  DIRECTION_UPLINK;
	event_set(&e, F_DIRECTION);
	event_set(&e, F_FUNCTION);
	event_set(&e, F_FUNC_ID);
	return e;
}

static void emit_outcome(size_t path, size_t verdict, size_t reason, const struct gtpu_count *diff,
			 event_fn emit, void *data)
{
	static const uint32_t functions[GTPU_PATHS] = {
		[GTPU_PATH_GTP_UPLINK] = GTP_ENCAP_RECV,
		[GTPU_PATH_GTP_DOWNLINK] = GTP_DEV_XMIT,
		[GTPU_PATH_GTP5G_UPLINK] = GTP5G_ENCAP_RECV,
		[GTPU_PATH_GTP5G_DOWNLINK] = GTP5G_DEV_XMIT,
	};
	struct event e = function_row("count", functions[path]);

	e.verdict = verdicts[verdict];
	e.reason = reasons[reason];
	e.packets = diff->packets;
	e.bytes = diff->bytes;
	if (e.verdict)
		event_set(&e, F_VERDICT);
	if (e.reason)
		event_set(&e, F_REASON);
	event_set(&e, F_PACKETS);
	event_set(&e, F_BYTES);
	emit(data, &e);
}

int gtpu_outcomes_collect(struct gtpu_outcomes *seen, int map_fd, event_fn emit, void *data)
{
	const size_t each = GTPU_VERDICTS * GTPU_REASONS, n = GTPU_PATHS * each;
	struct gtpu_outcomes now;
	const struct gtpu_count *to = &now.count[0][0][0];
	const struct gtpu_count *from = &seen->count[0][0][0];
	uint32_t zero = 0;
	int r = gtpu_percpu_sum(map_fd, &zero, (uint64_t *)&now, sizeof(now) / sizeof(uint64_t));

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct gtpu_count diff = {to[i].packets - from[i].packets,
					  to[i].bytes - from[i].bytes};

		if (diff.packets)
			emit_outcome(i / each, i % each / GTPU_REASONS, i % GTPU_REASONS, &diff,
				     emit, data);
	}
	*seen = now;
	return 0;
}

static void emit_latencies(uint32_t func_id, const struct gtpu_latency *now,
			   const struct gtpu_latency *seen, event_fn emit, void *data)
{
	for (size_t i = 0; i < GTPU_LATENCY_BUCKETS; i++) {
		struct event e;

		if (now->calls[i] == seen->calls[i])
			continue;
		e = function_row("latency", func_id);
		e.duration_ns = UINT64_C(1) << i;
		e.packets = now->calls[i] - seen->calls[i];
		event_set(&e, F_DURATION_NS);
		event_set(&e, F_PACKETS);
		emit(data, &e);
	}
}

int gtpu_latencies_collect(struct gtpu_latency seen[static GTPU_FUNCS], int map_fd, event_fn emit,
			   void *data)
{
	for (uint32_t func_id = 0; func_id < GTPU_FUNCS; func_id++) {
		struct gtpu_latency now;
		int r;

		if (!gtpu_function_name(func_id))
			continue;
		r = gtpu_percpu_sum(map_fd, &func_id, (uint64_t *)now.calls, GTPU_LATENCY_BUCKETS);
		if (r)
			return r;
		emit_latencies(func_id, &now, &seen[func_id], emit, data);
		seen[func_id] = now;
	}
	return 0;
}
