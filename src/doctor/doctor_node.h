/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel, rights and scheduler: what is found out, and what follows from it. */
#pragma once

#include <stdint.h>

#include "attach_plan.h"
#include "doctor_report.h"

struct node_facts {
	unsigned major, minor;	   /* of the kernel's release; 0: not to be told */
	char release[96];	   /* "6.1.0-56-amd64 x86_64" */
	uint64_t capabilities;	   /* effective, by number (linux/capability.h) */
	struct features features;  /* tried for real */
	const char *context_means; /* as cpu_context_means() says */
	char lockdown[24];	   /* "none", "integrity", "confidentiality"; "": no such file */
	bool jit;		   /* false: off, or not to be told */
	bool jit_known;
	bool sched_ext;	    /* the kernel has it */
	char scheduler[64]; /* the sched_ext scheduler that runs; "" none */
	bool slices;	    /* sched_setattr takes a slice for SCHED_OTHER */
	bool autogroup;	    /* each session is scheduled as a group */
};

/* Reads below root ("" for the real one) and tries the features of the running kernel. */
void doctor_read_node(const char *root, struct node_facts *ret);
/* The files alone; features and context are left as they are. */
void doctor_read_files(const char *root, struct node_facts *ret);

void doctor_judge_kernel(const struct node_facts *f, struct report *r);
void doctor_judge_rights(const struct node_facts *f, struct report *r);
void doctor_judge_scheduler(const struct node_facts *f, struct report *r);
