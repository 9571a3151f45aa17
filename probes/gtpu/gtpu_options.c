/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtpu_run.h"

static const char *const module_choices[] = {"auto", "gtp", "gtp5g", NULL};

static const char *const verdict_choices[] = {
	"any", "unknown", "forwarded", "forwarded_n6", "forwarded_n9", "buffered", "to_user",
	"echo_answered", "dropped", NULL,
};

static const char *const reason_choices[] = {
	"any", "unknown", "no_pdr", "no_far", "far_drop", "no_outer_header_removal", "gate_closed",
	"qer_red", "no_ran_address", "no_route", "backlog_full", "malformed_short",
	"malformed_length", "malformed_extension", "not_ipv4", "quota", NULL,
};

static const char *const context_choices[] = {"off", "packets", "functions", NULL};

_Static_assert(ARRAY_SIZE(verdict_choices) == GTPU_VERDICTS + 1, "enum gtpu_verdict");
_Static_assert(ARRAY_SIZE(reason_choices) == GTPU_REASONS + 1, "enum gtpu_reason");

const struct config_option gtpu_option_table[] = {
	{.key = "ring_size", .type = OPTION_SIZE,
	 .offset = offsetof(struct gtpu_options, ring_size),
	 .default_text = "256KiB", .min = 4096, .max = 1ULL << 30, .power_of_two = true,
	 .help = "size of the event ring; a larger one loses fewer events in a burst"},
	{.key = "exit", .type = OPTION_BOOL, .offset = offsetof(struct gtpu_options, exit),
	 .default_text = "true",
	 .help = "hook the functions' returns too: durations, return values, and the TEID and "
		 "outer addresses of the downlink, which are not known at entry"},
	{.key = "each_function", .type = OPTION_BOOL,
	 .offset = offsetof(struct gtpu_options, each_function), .default_text = "false",
	 .help = "events for the functions inside the receive and transmit path as well"},
	{.key = "module", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, module),
	 .default_text = "auto", .choices = module_choices,
	 .help = "which kernel module to watch; auto: whichever is loaded"},
	{.key = "teid", .type = OPTION_U64, .offset = offsetof(struct gtpu_options, teid),
	 .default_text = "0", .max = UINT32_MAX,
	 .help = "events only for exits of packets with this TEID; 0: any"},
	{.key = "seid", .type = OPTION_U64, .offset = offsetof(struct gtpu_options, seid),
	 .default_text = "0", .help = "events only for packets of this PFCP session; 0: any"},
	{.key = "ue", .type = OPTION_STRING, .offset = offsetof(struct gtpu_options, ue),
	 .default_text = "", .help = "events only for packets from or to this UE address"},
	{.key = "verdict", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, verdict),
	 .default_text = "any", .choices = verdict_choices,
	 .help = "events only for packets of which this became"},
	{.key = "reason", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, reason),
	 .default_text = "any", .choices = reason_choices,
	 .help = "events only for packets that were dropped for this"},
	{.key = "slower_than", .type = OPTION_DURATION,
	 .offset = offsetof(struct gtpu_options, slower_than), .default_text = "0s",
	 .help = "events only for packets that the module took at least this long for"},
	{.key = "sessions", .type = OPTION_U64, .offset = offsetof(struct gtpu_options, sessions),
	 .default_text = "16384", .min = 16, .max = 1 << 20,
	 .help = "how many different session rows are counted between two collections; the packets "
		 "of others are counted together"},
	{.key = "contexts", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, contexts),
	 .default_text = "packets", .choices = context_choices,
	 .help = "count who was on the CPU, and whether as itself or interrupted: at the receive and "
		 "transmit function of each packet, or at each hooked function"},
	{.key = "outlier", .type = OPTION_DURATION, .offset = offsetof(struct gtpu_options, outlier),
	 .default_text = "1ms",
	 .help = "in the service, events of packets that the module took at least this long for, "
		 "beside those of dropped ones; 0s: of dropped ones alone"},
	{.key = "events_per_second", .type = OPTION_U64,
	 .offset = offsetof(struct gtpu_options, events_per_second), .default_text = "100",
	 .max = UINT32_MAX,
	 .help = "in the service, at most so many of these events a second and CPU; the others are "
		 "counted as lost"},
	{.key = "module_btf", .type = OPTION_STRING,
	 .offset = offsetof(struct gtpu_options, module_btf), .default_text = "",
	 .help = "a file with the BTF of the loaded gtp5g, to find its rules by: BTF, or the .ko as it "
		 "was built, with its .BTF section; empty: the module's own, else its version"},
	{0},
};
