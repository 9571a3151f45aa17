/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The back end that needs no server: this kernel's own scheduler. A strategy's thread gets a better
 * nice level or SCHED_RR, and a slice where the kernel takes one (EEVDF, Linux 6.12); with
 * SCHED_FLAG_RESET_ON_FORK, so that no child inherits it. What each thread had before is in a file
 * before anything changes, and is put back when its strategy ends, on withdrawal, or after a kill by
 * the next start or local_put_back(). A thread that another program has set meanwhile is left alone. A child
 * that is forked while its parent has a boost gets nice 0, also where the parent had a worse level before.
 *
 * One teide boosts at a time and keeps the folder locked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "err.h"
#include "local_thread.h"
#include "option.h"

#define LOCAL_DIR "/run/teide/local"
#define LOCAL_FILE_MAX 32

/* The record's name in the folder. A thread's number means something in one PID namespace alone, so each
 * namespace has a record of its own. */
const char *local_file(char text[static LOCAL_FILE_MAX]);

/* Visits the records of other PID namespaces, which only a teide in those can put back. -errno. */
int local_foreign(const char *dir, void (*visit)(void *data, const char *path), void *data);

enum local_policy { LOCAL_NICE, LOCAL_RR };

struct local_options {	 /* section "local" */
	bool enabled;	 /* sched.backend "auto" may use it */
	unsigned policy; /* enum local_policy */
	int64_t nice;
	uint64_t rt_priority;
	uint64_t slice_ns;  /* 0: the kernel's own */
	bool literal_slice; /* execution_time is the slice */
	uint64_t max_threads;
	bool force; /* also beside a sched_ext scheduler */
};

extern const struct option_section local_section;

/* What one call did. */
struct local_report {
	size_t boosted, put_back;
	size_t ended;	     /* boosted ones that have ended: nothing to put back */
	size_t foreign;	     /* set by another program since: left alone */
	size_t enough;	     /* of the list, that run as well without: real-time, or a better nice level */
	size_t failed;	     /* system calls */
	size_t left_out;     /* of the list, beyond max_threads */
	int32_t foreign_tid; /* one of the foreign */
	bool ext;	     /* nothing is boosted: a sched_ext scheduler runs */
	bool other_boot;     /* the record was of another boot, whose threads are gone: it is discarded */
	char error[256];     /* the last failure, or "" */
};

/* Called from within set and withdraw when something was changed, and when foreign, enough, failed,
 * left_out or ext are not what they were; before: of the call before. */
typedef void (*local_changed_fn)(void *data, const struct local_report *report, const struct local_report *before);

/* Borrowed during local_start(), but for data. */
struct local_setup {
	const struct local_options *options;
	const char *dir;
	const struct local_ops *ops;
	local_changed_fn changed; /* NULL: none */
	void *data;
};

/* Locks the folder, which exists only while a teide boosts or a record is in it, and puts back what a killed
 * teide left; *ret_recovered says what that was. -EBUSY when another teide boosts. */
int local_start(struct backend **ret, const struct local_setup *setup, struct local_report *ret_recovered,
		struct err *err);

/* Puts back what a killed one left, or what was applied to stay. -EBUSY when another teide, which
 * lives, keeps it; else 0, or -errno when a thread could not be put back: its record stays. */
int local_put_back(const char *dir, const struct local_ops *ops, struct local_report *ret, struct err *err);

/* Whether a teide that lives boosts, or may. */
bool local_in_use(const char *dir);

enum local_state { LOCAL_BOOSTED, LOCAL_CHANGED, LOCAL_NOT_YET, LOCAL_ENDED };

struct local_boost {
	int32_t tid, tgid;
	uint64_t start_time; /* clock ticks since boot */
	uint64_t since_ns;   /* boot clock */
	struct thread_sched before, ours;
};

/* Visits each boost on record. 0, also when there is none; or -errno. */
int local_list(const char *dir, const struct local_ops *ops,
	       void (*visit)(void *data, const struct local_boost *b, enum local_state state), void *data,
	       struct err *err);

/* What on this machine keeps a boost from doing what one would think, or lets it do more; or NULL:
 * static text. */
const char *local_caveat(const struct local_options *options);
