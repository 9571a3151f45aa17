/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tasks that one line of ftrace's text names. Pure. Such a line is
 *
 *	  nr-gnb-1150369 [005] ..s21 34202.967772: bpf_trace_printk: fentry/gtp5g_encap_recv: PID=1150369, TGID=1150348,
 *CPU=5
 *
 * the name and the tid of the task that was current, perhaps its tgid in parentheses, the CPU, flags, time, the
 * event, and the message. A name may hold anything, so no name is searched for: it counts where the form has it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TRACE_COMM_MAX 16 /* with NUL */

enum trace_verdict {
	TRACE_TASK,	 /* says something of one task or of two */
	TRACE_IDLE,	 /* of the idle task alone */
	TRACE_OTHER,	 /* another event's, or another tracer's message */
	TRACE_LOST,	 /* the kernel's note that lines were lost */
	TRACE_BLANK,	 /* empty, or a comment of ftrace's */
	TRACE_MALFORMED, /* not of ftrace's form */
	TRACE_VERDICTS,
};

struct trace_task {
	int32_t tgid;		   /* 0: not said */
	int32_t tid;		   /* 0: not said */
	char comm[TRACE_COMM_MAX]; /* "" when not said */
};

struct trace_line {
	struct trace_task tasks[2];
	size_t n;
	uint64_t lost; /* of TRACE_LOST; 0 where the kernel does not say how many */
};

/* A message that tells of the data path: any of the n patterns of fnmatch(3) matches it. */
struct trace_messages {
	char *const *patterns;
	size_t n;
};

/* text has no newline and ends with NUL. In order of precedence, as long as the number is not 0: TGID=N of
 * the message; else the task that the line begins with and one of "pid=N (NAME)" in the message; else
 * PID=N. */
enum trace_verdict trace_line_parse(const char *text, const struct trace_messages *messages, struct trace_line *ret);
