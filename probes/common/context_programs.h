/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The user side of bpf/context.h: what an object that includes it needs before its load and after it. */
#pragma once

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "err.h"

#define CONTEXT_PROGRAMS 2 /* softirq entry, softirq exit */

/* Between open and load: by what means (struct cpu_context) the programs of an opened skeleton tell process from
 * softirq. */
#define CONTEXT_PREPARE(skeleton, by)                                                                                  \
	({                                                                                                             \
		(skeleton)->rodata->context_count_address = (by)->context_count_address;                               \
		(skeleton)->rodata->context_cpu_offsets = (by)->context_cpu_offsets;                                   \
		(skeleton)->rodata->context_by_tracepoint = (by)->context_by_tracepoint;                               \
		context_programs_load((skeleton)->obj, (by)->context_by_tracepoint);                                   \
	})

/* Whether the object's load takes the two tracepoint programs. */
void context_programs_load(struct bpf_object *object, bool wanted);

/* After the load: attaches those that were loaded. On failure some links may be set. */
int context_programs_attach(struct bpf_object *object, struct bpf_link *links[static CONTEXT_PROGRAMS],
			    struct err *err);
void context_programs_detach(struct bpf_link *links[static CONTEXT_PROGRAMS]);
