/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "gtpu_run.h"
#include "percpu.h"

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
	[GTPU_QUOTA] = "quota",
};

static const char *const colors[GTPU_COLORS] = {
	[GTPU_GREEN] = "green",
	[GTPU_YELLOW] = "yellow",
	[GTPU_RED] = "red",
};

static const char *const stages[GTPU_STAGES] = {
	[GTPU_PARSE] = "parse",
	[GTPU_LOOKUP] = "lookup",
	[GTPU_APPLY] = "apply",
	[GTPU_SEND] = "send",
};

const char *gtpu_verdict_name(unsigned verdict)
{
	return verdict < GTPU_VERDICTS ? verdicts[verdict] : NULL;
}

const char *gtpu_reason_name(unsigned reason)
{
	return reason < GTPU_REASONS ? reasons[reason] : NULL;
}

const char *gtpu_color_name(unsigned color)
{
	return color < GTPU_COLORS ? colors[color] : NULL;
}

const char *gtpu_stage_name(unsigned stage)
{
	return stage < GTPU_STAGES ? stages[stage] : NULL;
}

struct event gtpu_function_row(const char *event, uint32_t func_id)
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

uint32_t gtpu_path_function(size_t path)
{
	return gtpu_span_func((uint32_t)path, GTPU_SPAN_WHOLE);
}

static void emit_outcome(size_t path, size_t verdict, size_t reason, const struct gtpu_count *diff,
			 event_fn emit, void *data)
{
	struct event e = gtpu_function_row("count", gtpu_path_function(path));

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
	int r = percpu_sum(map_fd, &zero, (uint64_t *)&now, sizeof(now) / sizeof(uint64_t));

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
