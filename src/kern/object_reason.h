/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why an object did not load, in words for a person, from what libbpf and the verifier wrote. A pure
 * function: no system call. */
#pragma once

#include <stdbool.h>

struct object_facts {
	const char *text;	   /* of libbpf, the verifier's log in it; "" when there is none */
	int error;		   /* -errno */
	char lockdown[24];	   /* as features_lockdown() says */
	const char *missing_right; /* as features_missing_right() says */
};

#define OBJECT_SUBJECT_MAX 80

struct object_reason {
	char subject[OBJECT_SUBJECT_MAX]; /* "program kprobe_gtp_rx", "map flows"; "" when libbpf names neither */
	char words[512];		  /* one line, with the way out */
	bool has_log;			  /* the verifier has more to say */
	bool unsupported;		  /* the kernel lacks or forbids something that the program needs */
};

void object_find_reason(const struct object_facts *f, struct object_reason *ret);

/* err_name(), with the way out of those that a limit causes. Static. */
const char *object_error_words(int error);
