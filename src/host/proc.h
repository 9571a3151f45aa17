/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes and threads as /proc tells them. root is a directory that holds proc/ ("" for the real
 * one). A process may end between any two reads: -ESRCH says so and is no failure. Every other error
 * (no descriptor left, no memory) says nothing about the process: it may well live. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define PROC_COMM_MAX 16  /* TASK_COMM_LEN, with NUL */
#define PROC_PATH_MAX 512 /* longest path below root that is read here */
#define PROC_PIDS_MAX 65536

/* What a stat file says about one process or thread (proc(5)). */
struct proc_stat {
	int32_t pid;
	char comm[PROC_COMM_MAX];
	char state;	     /* 'Z': a zombie */
	bool kernel;	     /* a kernel thread */
	uint64_t start_time; /* clock ticks since boot: with the pid, the identity */
};

struct proc {
	int32_t pid; /* the thread group's */
	uint64_t start_time;
	char comm[PROC_COMM_MAX]; /* the leader's: a thread's own can differ */
	bool kernel;
	uint64_t netns; /* inode; 0: not to be read */
};

struct proc_thread {
	int32_t tid;
	uint64_t start_time;
	char comm[PROC_COMM_MAX];
};

/* Parses a stat line; comm may hold spaces, parentheses and newlines. 0 or -EINVAL. */
int proc_parse_stat(const char *text, size_t len, struct proc_stat *ret);

/* 0, -ESRCH when there is no such process, or -errno. A zombie counts as ended. */
int proc_read(const char *root, int32_t pid, struct proc *ret);

/* Whether pid still is the process that began at start_time: ask just before acting on it. 1: it is;
 * 0: that process has ended; -errno: it cannot be told. */
int proc_same(const char *root, int32_t pid, uint64_t start_time);

/* The process that a thread is of, its leader included; tid > 0. -ESRCH when it has ended. */
int proc_leader(const char *root, int32_t tid, int32_t *ret_pid);

struct proc_list {
	struct proc *items; /* owned; by pid */
	size_t len;
	size_t left_out; /* beyond PROC_PIDS_MAX, or not to be read */
};

void proc_list_free(struct proc_list *list); /* usable with _cleanup_ */

/* Every process but kernel threads and zombies. */
int proc_list(const char *root, struct proc_list *ret, struct err *err);

struct proc_thread_list {
	struct proc_thread *items; /* owned; the leader first, then by tid */
	size_t len;
	size_t left_out; /* beyond max */
};

void proc_thread_list_free(struct proc_thread_list *list); /* usable with _cleanup_ */

/* At most max threads of a process. -ESRCH when the process has ended; -errno when a living thread
 * cannot be read. */
int proc_threads(const char *root, int32_t pid, size_t max, struct proc_thread_list *ret);

/* The path of the cgroup as in /proc/PID/cgroup: of the hierarchies the first that is not at /. 0, -ESRCH, -ENOENT when
 * there is none, -ENAMETOOLONG. */
int proc_cgroup(const char *root, int32_t pid, char *ret, size_t size);

#define PROC_EXE_MAX 256

/* The user and the program of a process. */
struct proc_owner {
	uint32_t uid[3];	/* real, effective, saved: all three, since a set-user-ID program mixes users */
	char exe[PROC_EXE_MAX]; /* path of the program in its mount namespace; "" when it cannot be read */
};

/* 0, -ESRCH, or -errno. */
int proc_owner(const char *root, int32_t pid, struct proc_owner *ret);

/* Whether no process is in the PID namespace of that inode; false where a process cannot be asked. Only a
 * process of the initial namespace sees them all. */
bool proc_pidns_is_gone(const char *root, uint64_t inode);

/* Boot clock of a start time, rounded down to the clock tick (sysconf(_SC_CLK_TCK)). */
uint64_t proc_start_ns(uint64_t start_time);
