/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "local.h"

#define FIELD(name) offsetof(struct local_options, name)

static const char *const policies[] = {[LOCAL_NICE] = "nice", [LOCAL_RR] = "rr", NULL};

static const struct config_option table[] = {
	{"enabled", OPTION_BOOL, FIELD(enabled), "false",
	 .help = "with sched.backend auto: boost threads here while no API server answers"},
	{"policy", OPTION_CHOICE, FIELD(policy), "nice", .choices = policies,
	 .help = "what priority becomes: a nice level, which counts among the threads of one cgroup "
		 "(and session, with sched_autogroup_enabled); or rr, SCHED_RR, which goes before "
		 "all others of the machine"},
	{"nice", OPTION_INT, FIELD(nice), "-10", .min = (uint64_t)-20, .max = 0,
	 .help = "the nice level; a thread that has a better one keeps it"},
	{"rt_priority", OPTION_U64, FIELD(rt_priority), "1", .min = 1, .max = 50,
	 .help = "with rr: the real-time priority"},
	{"slice", OPTION_DURATION, FIELD(slice_ns), "100us", .max = LOCAL_SLICE_MAX_NS,
	 .help = "with nice: the EEVDF slice to ask for (Linux 6.12), at least 100us: a short one is "
		 "served sooner, and may interrupt others in theirs; 0: the kernel's own"},
	{"literal_slice", OPTION_BOOL, FIELD(literal_slice), "false",
	 .help = "take a strategy's execution_time as the slice; to compare: as long as the usual "
		 "20 ms, it makes threads wait longer"},
	{"max_threads", OPTION_U64, FIELD(max_threads), "256", .min = 1, .max = STRATEGY_MAX,
	 .help = "most threads that are boosted here at a time"},
	{"force", OPTION_BOOL, FIELD(force), "false",
	 .help = "also while a sched_ext scheduler runs, which otherwise decides alone"},
	{0},
};

const struct option_section local_section = {
	.name = "local",
	.help = "strategies by this kernel's own scheduler (sched.backend local, or auto)",
	.options = table,
	.size = sizeof(struct local_options),
};
