/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of a lab that is up, or was being brought up: /run/teide/lab/<name>/state.json. It
 * is written before what it names is made, so that nothing made is ever unknown. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "pidref.h"
#include "plan.h"

struct jw;

#define LAB_RUN_DIR "/run/teide"
#define LAB_STATE_DIR LAB_RUN_DIR "/lab"
#define LAB_NETNS_MARKER LAB_STATE_DIR "/.netns-mount" /* see netns_mount.h */
#define LAB_STATE_PATH_MAX 128

#define LAB_BOOT_ID_MAX 37

#define LAB_PROCESSES_MAX (LAB_UES_MAX + LAB_GNBS_MAX + 2)

struct lab_process {
	enum lab_node_kind kind;
	unsigned index;
	struct pidref ref;
};

struct lab_state {
	struct lab_options options;    /* the plan is computed from them */
	bool up;		       /* false: being brought up, or left so */
	char boot_id[LAB_BOOT_ID_MAX]; /* without it a start time says nothing */
	unsigned n_processes;
	struct lab_process processes[LAB_PROCESSES_MAX];
};

/* Makes the lab's directory and locks it. Returns the descriptor that holds the lock, or -EBUSY
 * when another teide works on this lab. Without make, -ENOENT when there is no directory. */
int lab_state_lock(const char *name, bool make, struct err *err);

/* 1: read; 0: there is none; or -errno. A state of before the last boot has no processes and is not
 * up. */
int lab_state_read(const char *name, struct lab_state *ret, struct err *err);

/* Replaces the file at once, never in part. */
int lab_state_write(const struct lab_plan *plan, const struct lab_state *state, struct err *err);

/* Removes the lab's files and directory, and those above when they are empty. The lock must be
 * held; it is void afterwards. */
int lab_state_remove(const char *name, struct err *err);

/* This boot's identity (random(4)). */
int lab_state_boot_id(char ret[static LAB_BOOT_ID_MAX], struct err *err);

/* Whether there are labs beside this one. */
bool lab_state_has_others(const char *name);

/* The process of a node; NULL when it was not started. */
const struct lab_process *lab_state_process(const struct lab_state *state, enum lab_node_kind kind, unsigned index);

/* Writes what state.json and "status -o json" have in common into the object that is open. is_alive (may
 * be NULL) adds "alive" to each process. */
void lab_state_keys(struct jw *j, const struct lab_plan *plan, const struct lab_state *state,
		    bool (*is_alive)(const struct lab_process *process));

/* "/run/teide/lab/<name>/<file>"; returns path. */
const char *lab_state_path(const char *name, const char *file, char path[static LAB_STATE_PATH_MAX]);
