/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of a verb: argp, and what all verbs share. */
#pragma once

#include <argp.h>
#include <stdbool.h>

#include "err.h"
#include "settings.h"

/* As argp_parse(), with -h beside --help. A mistake is told in one line, with the option that was meant,
 * and ends the program with EXIT_USAGE. */
void args_parse(const struct argp *argp, int argc, char **argv, void *input);

/* As argp_error(), in the form of every other error: one line "teide: error: ...". */
void args_error(const struct argp_state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the error, if r is one, and gives the exit code. */
int args_exit(int r, const struct err *err);

/* " did you mean 'flows'?", or "" where no known word is near. Returns text. */
#define ARGS_HINT_MAX 160
const char *args_hint(const char *word, const char *const *known, size_t n, char text[static ARGS_HINT_MAX]);

/* -o text|json: whether it is json. */
bool args_json(const struct argp_state *state, const char *arg);

/* --ready-fd N: a descriptor that is open for writing. */
int args_ready_fd(const struct argp_state *state, const char *arg);

/* -c FILE and --set KEY=VALUE. A verb has settings_argp as a child, whose input is a struct
 * settings_flags. */
struct settings_flags {
	const char *path; /* NULL: no file */
	struct string_list keys;
};
extern const struct argp settings_argp;

/* The file, the environment, then the keys. */
int settings_flags_load(const struct settings_flags *flags, struct settings *settings, struct err *err);
void settings_flags_free(struct settings_flags *flags); /* usable with _cleanup_ */
