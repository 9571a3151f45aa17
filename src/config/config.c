/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "quote.h"
#include "suggest.h"
#include "value.h"

#define KEY_MAX 128
#define KEYS_MAX 64 /* of a section, to suggest from */

static size_t option_count(const struct option_section *s)
{
	size_t n = 0;

	while (s->options[n].key)
		n++;
	return n;
}

static bool is_called(const struct config_option *o, const char *key)
{
	return !strcmp(o->key, key) || (o->old_key && !strcmp(o->old_key, key));
}

const struct config_option *config_find(const struct config *c, const char *section, const char *key,
					size_t *ret_section, size_t *ret_option)
{
	for (size_t s = 0; s < c->n; s++) {
		if (strcmp(c->sections[s]->name, section))
			continue;
		for (size_t i = 0; c->sections[s]->options[i].key; i++) {
			if (!is_called(&c->sections[s]->options[i], key))
				continue;
			*ret_section = s;
			*ret_option = i;
			return &c->sections[s]->options[i];
		}
	}
	return NULL;
}

const char *config_absent(const struct option_section *const *sections, size_t n, const char *section)
{
	for (size_t s = 0; s < n; s++)
		if (!strcmp(sections[s]->name, section))
			return sections[s]->absent;
	return NULL;
}

int config_note_origin(struct config *c, size_t section, size_t option, const char *origin)
{
	char *copy = strdup(origin);

	if (!copy)
		return -ENOMEM;
	free(c->origins[section][option]);
	c->origins[section][option] = copy;
	return 0;
}

static void add_note(struct config *c, const char *note)
{
	if (!strstr(config_notes(c), note))
		buf_str(&c->notes, note);
}

void config_note_old_key(struct config *c, size_t section, size_t option, const char *key)
{
	const struct option_section *s = c->sections[section];
	char note[2 * KEY_MAX + 32];

	if (!strcmp(s->options[option].key, key))
		return;
	snprintf(note, sizeof(note), "%s.%s is an old name of %s.%s\n", s->name, key, s->name, s->options[option].key);
	add_note(c, note);
}

int config_set_value(struct config *c, size_t section, size_t option, const char *text, struct err *err)
{
	const struct option_section *s = c->sections[section];
	const struct config_option *o = &s->options[option];
	char note[2 * KEY_MAX + 32];

	for (const struct old_choice *old = o->old_choices; old && old->old; old++) {
		if (strcmp(old->old, text))
			continue;
		snprintf(note, sizeof(note), "%s.%s: %s is an old name of %s\n", s->name, o->key, text, old->choice);
		add_note(c, note);
		text = old->choice;
	}
	return value_set(o, c->values[section], text, err);
}

static int set_defaults(struct config *c, size_t s, struct err *err)
{
	const struct option_section *section = c->sections[s];
	int r;

	c->values[s] = calloc(1, section->size ? section->size : 1);
	c->origins[s] = calloc(option_count(section) + 1, sizeof(*c->origins[s]));
	if (!c->values[s] || !c->origins[s])
		return err_oom(err);
	for (const struct config_option *o = section->options; o->key; o++) {
		r = value_set(o, c->values[s], o->default_text ? o->default_text : "", err);
		if (r < 0)
			return err_prefix(err, r, "default of %s.%s", section->name, o->key);
	}
	return 0;
}

int config_load(struct config **ret, const struct option_section *const *sections, size_t n, const char *path,
		struct err *err)
{
	struct config *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return err_oom(err);
	c->sections = sections;
	c->n = n;
	c->values = calloc(n, sizeof(*c->values));
	c->origins = calloc(n, sizeof(*c->origins));
	if (!c->values || !c->origins)
		r = err_oom(err);
	for (size_t s = 0; s < n && r >= 0; s++)
		r = set_defaults(c, s, err);
	if (r >= 0 && path)
		r = config_read_yaml(c, path, err);
	if (r >= 0)
		r = config_read_environment(c, err);
	if (r < 0) {
		config_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void free_section(struct config *c, size_t s)
{
	const struct config_option *options = c->sections[s]->options;

	for (size_t i = 0; options[i].key; i++) {
		if (c->values[s])
			value_clear(&options[i], c->values[s]);
		if (c->origins[s])
			free(c->origins[s][i]);
	}
	free(c->values[s]);
	free(c->origins[s]);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t s = 0; c->values && c->origins && s < c->n; s++)
		free_section(c, s);
	free(c->values);
	free(c->origins);
	buf_free(&c->notes);
	free(c);
}

const void *config_get(const struct config *c, const char *section)
{
	for (size_t s = 0; s < c->n; s++)
		if (!strcmp(c->sections[s]->name, section))
			return c->values[s];
	return NULL;
}

const char *config_nearest_key(const struct option_section *section, const char *word)
{
	const char *keys[KEYS_MAX];
	size_t n = 0;

	for (const struct config_option *o = section->options; o->key && n < KEYS_MAX; o++)
		keys[n++] = o->key;
	return suggest_nearest(word, keys, n);
}

static bool has_key(const struct option_section *section, const char *key)
{
	for (const struct config_option *o = section->options; o->key; o++)
		if (!strcmp(o->key, key))
			return true;
	return false;
}

/* A key that is near, where the section is known; else the section that has such a key. */
static bool find_meant(const struct config *c, const char *section, const char *key, char ret[static KEY_MAX])
{
	for (size_t s = 0; s < c->n; s++) {
		const char *near =
			strcmp(c->sections[s]->name, section) ? NULL : config_nearest_key(c->sections[s], key);

		if (near)
			return snprintf(ret, KEY_MAX, "%s.%s", section, near) > 0;
	}
	for (size_t s = 0; s < c->n; s++)
		if (has_key(c->sections[s], key))
			return snprintf(ret, KEY_MAX, "%s.%s", c->sections[s]->name, key) > 0;
	return false;
}

static int unknown_key(const struct config *c, const char *section, const char *key, struct err *err)
{
	const char *absent = config_absent(c->sections, c->n, section);
	char meant[KEY_MAX];
	bool found;

	if (absent)
		return err_set(err, -EINVAL, "no configuration key '%s.%s': %s", section, key, absent);
	found = find_meant(c, section, key, meant);
	return err_set(err, -EINVAL, "no configuration key '%s%s%s';%s%s%s 'teide config --show' lists them", section,
		       section[0] ? "." : "", key, found ? " did you mean '" : "", found ? meant : "",
		       found ? "'?" : "");
}

/* NULL: there is no such key, and err says so. */
static const struct config_option *find_key(struct config *c, const char *key, size_t *ret_section, size_t *ret_i,
					    struct err *err)
{
	const char *dot = strrchr(key, '.'), *last = dot ? dot + 1 : key;
	const struct config_option *o;
	char section[KEY_MAX];

	snprintf(section, sizeof(section), "%.*s", dot ? (int)(dot - key) : 0, key);
	o = config_find(c, section, last, ret_section, ret_i);
	if (o)
		config_note_old_key(c, *ret_section, *ret_i, last);
	else
		unknown_key(c, section, last, err);
	return o;
}

int config_set(struct config *c, const char *key, const char *value, struct err *err)
{
	size_t s, i;
	const struct config_option *o = find_key(c, key, &s, &i, err);
	int r = o ? config_set_value(c, s, i, value, err) : -EINVAL;

	if (o && r < 0)
		return err_prefix(err, r, "%s", key);
	return r < 0 ? r : config_note_origin(c, s, i, "command line");
}

int config_set_list(struct config *c, const char *key, const struct string_list *items, struct err *err)
{
	size_t s, i;
	const struct config_option *o = find_key(c, key, &s, &i, err);
	struct string_list *list;

	if (!o || o->type != OPTION_LIST)
		return o ? err_set(err, -EINVAL, "%s: it is no list", key) : -EINVAL;
	value_clear(o, c->values[s]);
	list = (struct string_list *)(void *)((char *)c->values[s] + o->offset);
	for (size_t n = 0; n < items->len; n++)
		if (string_list_add(list, items->items[n]) < 0)
			return err_oom(err);
	return config_note_origin(c, s, i, "command line");
}

const char *config_notes(const struct config *c)
{
	return c->notes.data ? c->notes.data : "";
}

/* Opens the nested mappings of "probes.flow" that the section before it did not open. */
static void show_section_head(const char *name, const char *before, struct buf *out, int *ret_depth)
{
	size_t at = 0;

	*ret_depth = 0;
	while (name[at]) {
		size_t len = strcspn(name + at, ".");

		if (strncmp(name, before, at + len) || (before[at + len] != '.' && before[at + len] != '\0'))
			buf_printf(out, "%*s%.*s:\n", *ret_depth * 2, "", (int)len, name + at);
		*ret_depth += 1;
		at += len + (name[at + len] == '.');
	}
}

/* In a comment: a file's name may hold a line break. */
static void show_origin(const char *origin, struct buf *out)
{
	_cleanup_(buf_free) struct buf quoted = {0};
	bool can = quote_yaml(origin, &quoted) == 0;

	if (can && !strncmp(quoted.data + 1, origin, strlen(origin)))
		buf_str(out, origin);
	else
		buf_str(out, can ? quoted.data : "a file whose name is not UTF-8");
}

void config_show(const struct config *c, struct buf *out)
{
	const char *before = "";
	int depth;

	for (size_t s = 0; s < c->n; s++) {
		const struct config_option *options = c->sections[s]->options;

		if (c->sections[s]->absent)
			continue;
		show_section_head(c->sections[s]->name, before, out, &depth);
		before = c->sections[s]->name;
		for (size_t i = 0; options[i].key; i++) {
			const char *origin = c->origins[s][i];

			buf_printf(out, "%*s%s: ", depth * 2, "", options[i].key);
			value_show(&options[i], c->values[s], out);
			buf_printf(out, "  # %s (", options[i].help);
			show_origin(origin ? origin : "default", out);
			buf_str(out, ")\n");
		}
	}
}
