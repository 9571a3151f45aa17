/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options, the names of what they choose by, and the filter that they become. */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "gtpu_run.h"

static const char *const module_choices[] = {"auto", "gtp", "gtp5g", NULL};

/* The choices of the options are the names in rows: 0 is any as a choice, and has no name in a row. */
static const char *const verdict_names[GTPU_VERDICTS + 1] = {
	[GTPU_VERDICT_NONE] = "any",	      [GTPU_VERDICT_UNKNOWN] = "unknown",     [GTPU_FORWARDED] = "forwarded",
	[GTPU_FORWARDED_N6] = "forwarded_n6", [GTPU_FORWARDED_N9] = "forwarded_n9",   [GTPU_BUFFERED] = "buffered",
	[GTPU_TO_USER] = "to_user",	      [GTPU_ECHO_ANSWERED] = "echo_answered", [GTPU_DROPPED] = "dropped",
};

static const char *const reason_names[GTPU_REASONS + 1] = {
	[GTPU_REASON_NONE] = "any",
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
	[GTPU_MALFORMED_INNER] = "malformed_inner",
	[GTPU_NOT_IPV4] = "not_ipv4",
	[GTPU_QUOTA] = "quota",
};

static const char *const color_names[GTPU_COLORS] = {
	[GTPU_GREEN] = "green",
	[GTPU_YELLOW] = "yellow",
	[GTPU_RED] = "red",
};

static const char *const stage_names[GTPU_STAGES] = {
	[GTPU_PARSE] = "parse",
	[GTPU_LOOKUP] = "lookup",
	[GTPU_APPLY] = "apply",
	[GTPU_SEND] = "send",
};

static const char *const context_choices[] = {"off", "packets", "functions", NULL};

const struct config_option gtpu_option_table[] = {
	{.key = "ring_size",
	 .type = OPTION_SIZE,
	 .offset = offsetof(struct gtpu_options, ring_size),
	 .default_text = "256KiB",
	 .min = 4096,
	 .max = 1ULL << 30,
	 .power_of_two = true,
	 .help = "size of the event ring; a larger one loses fewer events in a burst"},
	{.key = "exit",
	 .type = OPTION_BOOL,
	 .offset = offsetof(struct gtpu_options, exit),
	 .default_text = "true",
	 .help = "hook the functions' returns too: durations, return values, and the TEID and "
		 "outer addresses of the downlink, which are not known at entry"},
	{.key = "each_function",
	 .type = OPTION_BOOL,
	 .offset = offsetof(struct gtpu_options, each_function),
	 .default_text = "false",
	 .help = "events for the functions inside the receive and transmit path as well"},
	{.key = "module",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct gtpu_options, module),
	 .default_text = "auto",
	 .choices = module_choices,
	 .help = "which kernel module to watch; auto: whichever is loaded"},
	{.key = "teid",
	 .type = OPTION_U64,
	 .offset = offsetof(struct gtpu_options, teid),
	 .default_text = "0",
	 .max = UINT32_MAX,
	 .help = "events only for exits of packets with this TEID; 0: any"},
	{.key = "seid",
	 .type = OPTION_U64,
	 .offset = offsetof(struct gtpu_options, seid),
	 .default_text = "0",
	 .help = "events only for packets of this PFCP session; 0: any"},
	{.key = "ue",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct gtpu_options, ue),
	 .default_text = "",
	 .help = "events only for packets from or to this UE address"},
	{.key = "verdict",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct gtpu_options, verdict),
	 .default_text = "any",
	 .choices = verdict_names,
	 .help = "events only for packets of which this became"},
	{.key = "reason",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct gtpu_options, reason),
	 .default_text = "any",
	 .choices = reason_names,
	 .help = "events only for packets that were dropped for this"},
	{.key = "slower_than",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct gtpu_options, slower_than),
	 .default_text = "0s",
	 .help = "events only for packets that the module took at least this long for"},
	{.key = "sessions",
	 .type = OPTION_U64,
	 .offset = offsetof(struct gtpu_options, sessions),
	 .default_text = "16384",
	 .min = 16,
	 .max = 1 << 20,
	 .help = "how many different session rows are counted between two collections; the packets "
		 "of others are counted together"},
	{.key = "contexts",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct gtpu_options, contexts),
	 .default_text = "packets",
	 .choices = context_choices,
	 .help = "count which tasks were on the CPU, and whether as themselves or interrupted: at the receive and "
		 "transmit function of each packet, or at each hooked function"},
	{.key = "outlier",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct gtpu_options, outlier),
	 .default_text = "1ms",
	 .help = "in the service, events of packets that the module took at least this long for, "
		 "beside those of dropped ones; 0s: of dropped ones alone"},
	{.key = "events_per_second",
	 .type = OPTION_U64,
	 .offset = offsetof(struct gtpu_options, events_per_second),
	 .default_text = "100",
	 .max = UINT32_MAX,
	 .help = "in the service, at most so many of these events a second and CPU; the others are "
		 "counted as lost"},
	{.key = "module_btf",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct gtpu_options, module_btf),
	 .default_text = "",
	 .help = "a file with the BTF of the loaded gtp5g, to find its rules by: BTF, or the .ko as it "
		 "was built, with its .BTF section; empty: the module's own, else its version"},
	{0},
};

int gtpu_filter_make(const struct gtpu_options *o, struct gtpu_filter *ret, struct err *err)
{
	struct addr ue;

	*ret = (struct gtpu_filter){
		.seid = o->seid,
		.slower_than_ns = o->slower_than,
		.teid = (uint32_t)o->teid,
		.verdict = (uint8_t)o->verdict,
		.reason = (uint8_t)o->reason,
		.by_ue = o->ue[0] != '\0',
	};
	if (ret->by_ue) {
		if (addr_parse(o->ue, &ue))
			return err_set(err, -EINVAL, "probes.gtpu.ue: '%s' is not an IP address, such as 10.60.0.1",
				       o->ue);
		memcpy(ret->ue, ue.b, sizeof(ret->ue));
	}
	ret->on = ret->seid || ret->slower_than_ns || ret->teid || ret->verdict || ret->reason || ret->by_ue;
	if (ret->on && !o->exit)
		return err_set(err, -EINVAL,
			       "probes.gtpu: what a packet is chosen by is known at its "
			       "exit only: set probes.gtpu.exit to true");
	return 0;
}

int gtpu_check_options(const void *options, struct err *err)
{
	struct gtpu_filter filter;

	return gtpu_filter_make(options, &filter, err);
}

const char *gtpu_verdict_name(unsigned verdict)
{
	return verdict > GTPU_VERDICT_NONE && verdict < GTPU_VERDICTS ? verdict_names[verdict] : NULL;
}

const char *gtpu_reason_name(unsigned reason)
{
	return reason > GTPU_REASON_NONE && reason < GTPU_REASONS ? reason_names[reason] : NULL;
}

const char *gtpu_color_name(unsigned color)
{
	return color < GTPU_COLORS ? color_names[color] : NULL;
}

const char *gtpu_stage_name(unsigned stage)
{
	return stage < GTPU_STAGES ? stage_names[stage] : NULL;
}
