/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A run of the probe: between the files of its user side that know the skeleton's object. */
#pragma once

#include <bpf/libbpf.h>

#include "devices.h"
#include "gen.h"
#include "gtpu_check.h"
#include "gtpu_run.h"
#include "ring_reader.h"

/* What is counted by keys that come and go. */
struct gtpu_tables {
	struct gen *sessions, *strays, *contexts;
};

/* A function that was hooked at some time of the run, and the calls that its programs were not run
 * for while they were attached before. */
struct gtpu_told {
	struct gtpu_hook hook;
	uint64_t missed[2]; /* by enum attach_side */
	bool unknown[2];
};

/* What comes and goes while the run lasts. */
struct gtpu_life {
	uint64_t hooked[GTPU_MODULES];	 /* the number of the module's load; 0: not hooked */
	uint64_t released[GTPU_MODULES]; /* the same, when it was let go on demand; 0: it was not */
	struct device_list devices; /* as last looked for */
	struct device_list shunned; /* those that were there when the modules were let go on demand */
	uint64_t next_scan_ns;
	uint64_t next_try_ns, patience_ns; /* after attaching has failed */
	char trouble[128]; /* what has been said of that */
	bool waiting;	   /* has been said */
	bool plan_changed; /* and has not been said */
	unsigned left;	   /* the modules that programs are on their way off from, and why */
	const char *left_why;
};

struct probe_run {
	struct gtpu_bpf *maps; /* without programs: its maps are the run's */
	struct gtpu_bpf *skel; /* the programs at those maps; NULL: nothing is hooked */
	struct attach *attach; /* NULL: the same */
	struct ring *ring;
	struct bpf_link *context_links[2];
	struct closer *leaving; /* programs on their way off; NULL: none */
	struct gtpu_hook hooks[GTPU_HOOKS_MAX];
	struct plan_hook plan_hooks[GTPU_HOOKS_MAX];
	struct plan_choice choices[GTPU_HOOKS_MAX];
	size_t n;
	struct gtpu_told told[GTPU_FUNCS];
	size_t n_told;
	struct probe_env env;
	struct gtpu_options options;
	const char *context_means;
	struct gtpu_counts counts;
	struct gtpu_outcomes outcomes;
	struct gtpu_latencies latencies;
	struct gtpu_tables tables;
	struct gtpu_filter filter;
	const char *layout; /* NULL: gtp5g is not watched */
	char layout_reason[PLAN_REASON_MAX];
	bool layout_own; /* of the module's own BTF, or nothing: there is nothing to check */
	struct gtpu_check check;
	struct gtpu_netns netns;
	struct gtpu_life life;
	bool detached; /* for good */
	uint64_t bad_records;
};

/* The descriptor of one of the run's maps, by its name. */
int gtpu_map(const struct probe_run *run, const char *name);

/* gtpu_plan.c: finds the hooks in the modules of the mask, tries them, and chooses a method for each. */
int gtpu_plan_make(struct probe_run *run, enum attach_force force, unsigned mask, struct err *err);
/* The same for the modules that are loaded; nothing comes of it but the error. wait: none loaded is
 * none, as long as this kernel could hook functions. */
int gtpu_plan_try(struct probe_run *run, enum attach_force force, bool wait, struct err *err);
bool gtpu_module_wanted(const struct gtpu_options *o, unsigned module);
unsigned gtpu_loaded_modules(const struct gtpu_options *o); /* the mask of those that are wanted */
void gtpu_plan_rows(struct probe_run *run, plan_fn fn, void *data);

/* gtpu_describe.c */
int gtpu_describe(const void *options, enum attach_force attach, plan_fn fn, void *data,
		  struct err *err);

/* gtpu_programs.c: the maps, for the whole run; the programs on the modules of the mask; and their
 * end, after which nothing of theirs keeps a module loaded (the kernel frees them within moments).
 * What was counted stays. On failure nothing is attached. */
int gtpu_maps_load(struct probe_run *run, struct err *err);
int gtpu_programs_attach(struct probe_run *run, unsigned mask, struct err *err);
/* Loads what the plan has chosen, of one hook alone or (NULL) of all, and keeps nothing. */
int gtpu_programs_try(struct probe_run *run, unsigned mask, const struct gtpu_hook *only, struct err *err);
void gtpu_programs_detach(struct probe_run *run);
void gtpu_programs_free(struct probe_run *run);
/* The same without waiting for the kernel: run->leaving is done when they are off. */
void gtpu_programs_leave(struct probe_run *run);

void gtpu_run_free(struct probe_run *run); /* NULL is fine */

/* gtpu_life.c: makes the maps, and puts the hooks on what is there. */
int gtpu_life_begin(struct probe_run *run, struct err *err);
int gtpu_tick(struct probe_run *run, uint64_t now_ns, struct err *says);
int gtpu_release(struct probe_run *run, char held[static PROBE_HELD_MAX], struct err *err);
void gtpu_life_free(struct gtpu_life *l);

/* gtpu_ledger.c */
void gtpu_ledger_rows(struct probe_run *run, ledger_fn fn, void *data);

/* gtpu_tables.c: prepare before load, start after it. */
int gtpu_tables_prepare(struct gtpu_tables *t, struct bpf_object *object,
			const struct gtpu_options *o, struct err *err);
int gtpu_tables_start(const struct gtpu_tables *t, struct err *err);
int gtpu_tables_collect(const struct gtpu_tables *t, struct gtpu_netns *netns,
			struct gtpu_check *check, event_fn emit, void *data);
void gtpu_tables_free(struct gtpu_tables *t);
