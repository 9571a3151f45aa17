/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A run of the probe: between the files of its user side that know the skeleton's object. */
#pragma once

#include <bpf/libbpf.h>

#include "gen.h"
#include "gtpu_run.h"
#include "ring_reader.h"

/* What is counted by keys that come and go. */
struct gtpu_tables {
	struct gen *sessions, *strays, *contexts;
};

struct probe_run {
	struct gtpu_bpf *skel;
	struct attach *attach;
	struct ring *ring;
	struct bpf_link *context_links[2];
	struct gtpu_hook hooks[GTPU_HOOKS_MAX];
	struct plan_hook plan_hooks[GTPU_HOOKS_MAX];
	struct plan_choice choices[GTPU_HOOKS_MAX];
	size_t n;
	struct gtpu_options options;
	bool events; /* somebody wants them */
	const char *context_means;
	struct gtpu_counts counts;
	struct gtpu_outcomes outcomes;
	struct gtpu_latencies latencies;
	struct gtpu_tables tables;
	struct gtpu_filter filter;
	const char *layout; /* NULL: gtp5g is not watched */
	char layout_reason[PLAN_REASON_MAX];
	struct gtpu_netns netns;
	uint64_t bad_records;
};

/* The descriptor of a map of the programs, by its name. */
int gtpu_map(const struct probe_run *run, const char *name);

/* gtpu_plan.c: finds the hooks, tries them, and chooses a method for each. */
int gtpu_plan_make(struct probe_run *run, enum attach_force force, struct err *err);
bool gtpu_module_wanted(const struct gtpu_options *o, enum gtpu_module module);
void gtpu_plan_rows(struct probe_run *run, plan_fn fn, void *data);
int gtpu_describe(const void *options, enum attach_force attach, plan_fn fn, void *data,
		  struct err *err);

/* gtpu_ledger.c */
void gtpu_ledger_rows(struct probe_run *run, ledger_fn fn, void *data);

/* gtpu_tables.c: prepare before load, start after it. */
int gtpu_tables_prepare(struct gtpu_tables *t, struct bpf_object *object,
			const struct gtpu_options *o, struct err *err);
int gtpu_tables_start(const struct gtpu_tables *t, struct err *err);
int gtpu_tables_collect(const struct gtpu_tables *t, struct gtpu_netns *netns, event_fn emit,
			void *data);
void gtpu_tables_free(struct gtpu_tables *t);
