/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole configuration: the service's own section and those that the rooms and probes describe. */
#pragma once

#include "json_head.h"
#include "option.h"

struct run_options { /* section "run" */
	struct string_list probes;
	uint64_t collect_interval_ns;
	const char *node;   /* "" means the host's name */
	unsigned log_level; /* enum log_level */
	unsigned output;    /* enum run_output */
	unsigned events;    /* enum run_events */
	bool strategies;
};

enum run_events { RUN_EVENTS_NONE, RUN_EVENTS_NOTABLE, RUN_EVENTS_ALL };
enum run_output { RUN_OUTPUT_NONE, RUN_OUTPUT_TEXT, RUN_OUTPUT_JSON };

/* "run", struct run_options. */
extern const struct option_section run_section;

/* Every section except those of the probes; NULL at the end. The program that is linked defines it. */
extern const struct option_section *const settings_sections[];

struct settings {
	struct config *config;
	const struct option_section **sections;
	struct option_section *probe_sections;
	size_t n;
};

/* path may be NULL: defaults and environment alone. */
int settings_load(struct settings *s, const char *path, struct err *err);
void settings_free(struct settings *s); /* usable with _cleanup_ */

/* What is wrong on any node with values that are each well formed, by the check of each section and probe. 0 or -errno.
 */
int settings_check(const struct settings *s, struct err *err);

const struct run_options *settings_run(const struct settings *s);

/* run.probes; and, if by_process, all probes that watch processes. The caller frees the list. 0 or -ENOMEM. */
int settings_probes(const struct settings *s, bool by_process, struct string_list *ret);

/* run.node, or else the host's name. */
const char *settings_node(const struct settings *s, char name[static NODE_NAME_MAX]);
