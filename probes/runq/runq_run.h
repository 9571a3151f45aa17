/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A running runq probe. */
#pragma once

#include "gen.h"
#include "map.h"
#include "option.h"
#include "probe.h"
#include "runq.h"

#define RUNQ_PROGRAMS 3
#define RUNQ_PROCESSES 1024 /* that are watched at a time */

struct runq_bpf;

struct runq_options {
	struct string_list pids;
	uint64_t max_threads;
};

struct runq_pids {
	uint32_t *items; /* owned; ascending, none twice */
	size_t len;
};

struct probe_run {
	struct runq_bpf *bpf;
	struct bpf_link *links[RUNQ_PROGRAMS];
	struct gen *waits;
	uint32_t max_threads;
	struct runq_pids always;  /* of the options */
	struct runq_pids watched; /* as in the map */
	uint64_t refused;	  /* processes beyond RUNQ_PROCESSES */
	bool filter_is_old;	  /* it could not be set after the last change */
	struct map *told;	  /* struct runq_key -> what the rows have said, in runq_rows.c */
};

/* runq_watch.c. 0 or -errno. */
int runq_check(const void *options, struct err *err);
int runq_watch_start(struct probe_run *run, const struct string_list *pids, struct err *err);
int runq_watch(struct probe_run *run, const uint32_t *tgids, size_t n);
void runq_watch_free(struct probe_run *run);

/* runq_rows.c. */
int runq_rows_start(struct probe_run *run, struct err *err);
int runq_collect(struct probe_run *run, event_fn emit, void *data);

/* runq_account.c. */
void runq_ledger_tell(struct probe_run *run, ledger_fn fn, void *data);
