/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One typed table a section: it drives the YAML file, the environment (TEIDE_PROBES_FLOW_RING_SIZE),
 * `teide config --show` and the reference page. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum option_type {
	OPTION_BOOL,	 /* bool */
	OPTION_U64,	 /* uint64_t in [min, max] */
	OPTION_INT,	 /* int64_t in [min, max], both read as int64_t */
	OPTION_SIZE,	 /* uint64_t bytes: 65536, 64KiB, 16MiB; in [min, max] */
	OPTION_DURATION, /* uint64_t ns: 10s, 500ms, 2m, always with a unit; in [min, max] ns */
	OPTION_STRING,	 /* const char *, never NULL */
	OPTION_LIST,	 /* struct string_list; text form is comma-separated */
	OPTION_CHOICE,	 /* unsigned: index into choices */
};

struct string_list {
	char **items; /* NULL-terminated when not NULL */
	size_t len;
};

/* Appends a copy of the item: 0 or -ENOMEM, and then the list is unchanged. */
int string_list_add(struct string_list *list, const char *item);
int string_list_add_format(struct string_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void string_list_free(struct string_list *list); /* leaves it empty */

/* A word that was one of the choices earlier. */
struct old_choice {
	const char *old, *choice;
};

struct config_option {
	const char *key; /* NULL ends the table */
	enum option_type type;
	size_t offset;		  /* into the section's struct */
	const char *default_text; /* parsed like any other value */
	uint64_t min, max;	  /* max 0: no upper bound */
	bool power_of_two;
	bool is_url;		    /* of OPTION_STRING: user and password in it are never shown */
	const char *const *choices; /* NULL-terminated */
	const char *help;
	const char *old_env;		      /* a name of earlier tools that is accepted with a note, or NULL */
	const char *old_key;		      /* the key's name in earlier versions, the same */
	const struct old_choice *old_choices; /* the same of choices; {NULL} ends them */
};

struct config;

struct option_section {
	const char *name; /* "api", "probes.flow" */
	const char *help;
	const struct config_option *options;
	size_t size; /* of the struct that the offsets index */
	/* What is wrong on any node with values that are each well formed; NULL: nothing can be. 0 or -errno. */
	int (*check)(const struct config *config, struct err *err);
	/* Why this build does not have the section ("this build of teide has no server"): the section has no options,
	 * is not shown, and each key of it is refused with this text. NULL: the build has the section. */
	const char *absent;
};

/* Defaults, then the file (NULL: none), then the environment; every error names file, line and key.
 * The sections array and what it points at outlive the config. */
int config_load(struct config **ret, const struct option_section *const *sections, size_t n, const char *path,
		struct err *err);
void config_free(struct config *c);

/* -EINVAL for an environment variable TEIDE_... that is the name of no key of the sections, which are all that there
 * are: a reader of a part of the configuration would take the variables of the rest for errors. Variables by which
 * Kubernetes tells of services and those of the tests are left alone. */
int config_check_environment(const struct option_section *const *sections, size_t n, struct err *err);

/* The section's struct; NULL when no section has that name. */
const void *config_get(const struct config *c, const char *section);

/* The value of a key that is a number, where another room than the section's own needs it; 0 when there is no
 * such key. */
uint64_t config_number(const struct config *c, const char *section, const char *key);

/* Sets one key ("probes.flow.ring_size") from text, as a flag of the command line does. */
int config_set(struct config *c, const char *key, const char *value, struct err *err);

/* Sets a list to a copy of these items as they are: names of the kernel's, which may hold commas and need not be UTF-8.
 */
int config_set_list(struct config *c, const char *key, const struct string_list *items, struct err *err);

/* What the loader wants to say although nothing is wrong (an old name was used): lines, "" for none. */
const char *config_notes(const struct config *c);

/* The effective configuration as YAML, each value with where it came from. */
struct buf;
void config_show(const struct config *c, struct buf *out);

/* The same as the key "settings" of the object that is open: [{key, value, from}]. */
struct jw;
void config_show_json(const struct config *c, struct jw *j);
