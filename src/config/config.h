/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loaded configuration, inside config/ alone; users of the room include option.h. */
#pragma once

#include "buf.h"
#include "option.h"

/* Where each value came from, kept as text ("default", "teide.yaml:3", "TEIDE_API_URL"). */
struct config {
	const struct option_section *const *sections; /* borrowed */
	size_t n;
	void **values;	 /* one struct a section */
	char ***origins; /* one text an option; NULL: default */
	struct buf notes;
};

/* The option called by its last word inside a section, or earlier called so; or NULL. */
const struct config_option *config_find(const struct config *c, const char *section, const char *key,
					size_t *ret_section, size_t *ret_option);
/* Why this build does not have the section; NULL: it has it, or there is no such section. */
const char *config_absent(const struct option_section *const *sections, size_t n, const char *section);
int config_note_origin(struct config *c, size_t section, size_t option, const char *origin);

/* Sets the value from text; an old word of a choice is taken with a note. */
int config_set_value(struct config *c, size_t section, size_t option, const char *text, struct err *err);

/* Adds a note, once, if the key is the option's old name. */
void config_note_old_key(struct config *c, size_t section, size_t option, const char *key);

/* The key of the section that is near to the word, or NULL. */
const char *config_nearest_key(const struct option_section *section, const char *word);

int config_read_environment(struct config *c, struct err *err);

/* Reads the YAML file into c. */
int config_read_yaml(struct config *c, const char *path, struct err *err);

/* The same with a text that is here already; name stands before the line in messages. */
int config_parse_yaml(struct config *c, const char *name, const struct buf *text, struct err *err);
