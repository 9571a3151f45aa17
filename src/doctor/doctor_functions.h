/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gtp and gtp5g modules: loaded, BTF, switches, and what becomes of each of their functions. */
#pragma once

#include "attach_plan.h"
#include "doctor_report.h"
#include "kernel_features.h"
#include "option.h"

/* A function that an operator of the user plane knows by name. */
struct known_function {
	const char *module, *name;
	const char *shows; /* what is seen at it and nowhere else */
	const char *since; /* the module's version that has it first; NULL: all that are supported */
	bool needed;	   /* without it there is nothing to show of this direction */
	bool inlined;	   /* in every build that is known, or in some: nothing to mend */
};

extern const struct known_function doctor_functions[];
extern const size_t doctor_functions_len;

#define DOCTOR_MODULES 2 /* gtp and gtp5g */
#define DOCTOR_FUNCTIONS_MAX 64

#define LOAD_ERROR_MAX (2 * CHECK_TEXT_MAX) /* a reason and a way out */

struct function_facts {
	struct plan_choice choice;
	bool described;			 /* a probe hooks it, or would */
	char load_error[LOAD_ERROR_MAX]; /* why its programs do not load; "": they do, or there are none */
};

/* A hook of a probe at a function that the table does not have. */
struct other_hook {
	char name[CHECK_WHAT_MAX];
	char module[16];
	struct plan_choice choice;
	char load_error[LOAD_ERROR_MAX];
};

#define DOCTOR_OTHERS_MAX 32

struct modules_facts {
	bool can_load; /* the kernel has modules at all */
	struct module_facts modules[DOCTOR_MODULES];
	int qos, seq;					       /* gtp5g's switches; -1: not to be told */
	struct function_facts functions[DOCTOR_FUNCTIONS_MAX]; /* as doctor_functions */
	struct other_hook others[DOCTOR_OTHERS_MAX];
	size_t n_others;
	char error[CHECK_TEXT_MAX]; /* why functions could not be looked up; "" */
};

extern const char *const doctor_modules[DOCTOR_MODULES];

/* config gives the probes' options. */
void doctor_read_modules(const char *root, const struct features *f, const struct config *config,
			 struct modules_facts *ret);

void doctor_judge_modules(const struct modules_facts *m, const struct features *f, struct report *r);
void doctor_judge_functions(const struct modules_facts *m, struct report *r);
