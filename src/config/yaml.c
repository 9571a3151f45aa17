/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "cleanup.h"
#include "config.h"
#include "value.h"

#define DEPTH_MAX 4
#define PATH_MAX_TEXT 128

/* A walk over libyaml's events: mappings nest into section names, scalars and sequences of scalars
 * are values. Anchors, aliases and tags have no place in a configuration and are refused. */
struct walk {
	struct config *c;
	const char *file;
	yaml_parser_t parser;
	char keys[DEPTH_MAX][PATH_MAX_TEXT];
	int depth;     /* open mappings */
	bool has_key;  /* keys[depth - 1] awaits its value */
	bool in_list;
	size_t section, option; /* of the open list */
};

static int complain(struct walk *w, const yaml_event_t *e, int r, struct err *err)
{
	return err_prefix(err, r, "%s:%zu", w->file, e->start_mark.line + 1);
}

static void section_name(const struct walk *w, int levels, char name[static PATH_MAX_TEXT])
{
	size_t at = 0;

	name[0] = '\0';
	for (int i = 0; i < levels && at < PATH_MAX_TEXT; i++)
		at += (size_t)snprintf(name + at, PATH_MAX_TEXT - at, "%s%s", i ? "." : "",
				       w->keys[i]);
}

static bool is_section_or_part(const struct config *c, const char *name)
{
	size_t len = strlen(name);

	for (size_t s = 0; s < c->n; s++)
		if (!strncmp(c->sections[s]->name, name, len) &&
		    (c->sections[s]->name[len] == '\0' || c->sections[s]->name[len] == '.'))
			return true;
	return false;
}

/* What may stand where the unknown key stood. */
static void list_keys(const struct config *c, const char *section, struct buf *out)
{
	size_t len = strlen(section);

	for (size_t s = 0; s < c->n; s++) {
		const char *name = c->sections[s]->name;

		if (!strcmp(name, section))
			for (const struct config_option *o = c->sections[s]->options; o->key; o++)
				buf_printf(out, "%s%s", out->len ? ", " : "", o->key);
		else if (!len || (!strncmp(name, section, len) && name[len] == '.'))
			buf_printf(out, "%s%s", out->len ? ", " : "", name + (len ? len + 1 : 0));
	}
}

static int unknown_key(struct walk *w, const yaml_event_t *e, struct err *err)
{
	_cleanup_(buf_free) struct buf known = {0};
	char section[PATH_MAX_TEXT];

	section_name(w, w->depth - 1, section);
	list_keys(w->c, section, &known);
	err_set(err, -EINVAL, "unknown key '%s%s%s'; known here: %s", section,
		section[0] ? "." : "", w->keys[w->depth - 1], known.data ? known.data : "nothing");
	return complain(w, e, -EINVAL, err);
}

static const struct config_option *current_option(struct walk *w)
{
	char section[PATH_MAX_TEXT];

	section_name(w, w->depth - 1, section);
	return config_find(w->c, section, w->keys[w->depth - 1], &w->section, &w->option);
}

static int note_origin(struct walk *w, const yaml_event_t *e, struct err *err)
{
	char origin[512];

	if (w->c->origins[w->section][w->option]) {
		err_set(err, -EINVAL, "key '%s' stands here a second time", w->keys[w->depth - 1]);
		return complain(w, e, -EINVAL, err);
	}
	snprintf(origin, sizeof(origin), "%s:%zu", w->file, e->start_mark.line + 1);
	return config_note_origin(w->c, w->section, w->option, origin);
}

static int on_value(struct walk *w, const yaml_event_t *e, struct err *err)
{
	const struct config_option *o = current_option(w);
	const char *text = (const char *)e->data.scalar.value;
	int r;

	if (!o) {
		char name[PATH_MAX_TEXT];

		/* "api:" with nothing under it is an empty section, not a value. */
		section_name(w, w->depth, name);
		return !text[0] && is_section_or_part(w->c, name) ? 0 : unknown_key(w, e, err);
	}
	r = value_set(o, w->c->values[w->section], text, err);
	if (r < 0) {
		err_prefix(err, r, "%s", o->key);
		return complain(w, e, r, err);
	}
	return note_origin(w, e, err);
}

static int on_key(struct walk *w, const yaml_event_t *e, struct err *err)
{
	snprintf(w->keys[w->depth - 1], PATH_MAX_TEXT, "%s", (const char *)e->data.scalar.value);
	w->has_key = true;
	return 0;
}

static int on_scalar(struct walk *w, const yaml_event_t *e, struct err *err)
{
	const struct config_option *o;

	if (w->in_list) {
		o = &w->c->sections[w->section]->options[w->option];
		return value_list_add(o, w->c->values[w->section],
				      (const char *)e->data.scalar.value, err);
	}
	if (w->depth == 0) {
		if (!e->data.scalar.value[0])
			return 0;
		err_set(err, -EINVAL, "the file must hold a mapping: 'section:' and keys under it");
		return complain(w, e, -EINVAL, err);
	}
	if (!w->has_key)
		return on_key(w, e, err);
	w->has_key = false;
	return on_value(w, e, err);
}

static int on_mapping(struct walk *w, const yaml_event_t *e, struct err *err)
{
	char name[PATH_MAX_TEXT];

	section_name(w, w->depth, name);
	if (w->depth && (w->in_list || !is_section_or_part(w->c, name)))
		return unknown_key(w, e, err);
	if (w->depth == DEPTH_MAX) {
		err_set(err, -EINVAL, "nested too deeply");
		return complain(w, e, -EINVAL, err);
	}
	w->depth++;
	w->has_key = false;
	return 0;
}

static int on_sequence(struct walk *w, const yaml_event_t *e, struct err *err)
{
	const struct config_option *o = w->depth && w->has_key && !w->in_list ? current_option(w) : NULL;

	if (!o && w->depth)
		return unknown_key(w, e, err);
	if (!o || o->type != OPTION_LIST) {
		err_set(err, -EINVAL, "a list stands where one value is expected");
		return complain(w, e, -EINVAL, err);
	}
	value_clear(o, w->c->values[w->section]);
	w->in_list = true;
	w->has_key = false;
	return note_origin(w, e, err);
}

static int on_event(struct walk *w, const yaml_event_t *e, struct err *err)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(w, e, err);
	case YAML_MAPPING_START_EVENT:
		return on_mapping(w, e, err);
	case YAML_MAPPING_END_EVENT:
		w->depth--;
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		return on_sequence(w, e, err);
	case YAML_SEQUENCE_END_EVENT:
		w->in_list = false;
		return 0;
	case YAML_ALIAS_EVENT:
		err_set(err, -EINVAL, "aliases (*name) are not supported");
		return complain(w, e, -EINVAL, err);
	default:
		return 0;
	}
}

static int walk_events(struct walk *w, struct err *err)
{
	bool done = false;
	yaml_event_t e;
	int r = 0;

	while (!done && r >= 0) {
		if (!yaml_parser_parse(&w->parser, &e))
			return err_set(err, -EINVAL, "%s:%zu: not YAML: %s", w->file,
				       w->parser.problem_mark.line + 1, w->parser.problem);
		done = e.type == YAML_STREAM_END_EVENT;
		r = on_event(w, &e, err);
		yaml_event_delete(&e);
	}
	return r;
}

int config_read_yaml(struct config *c, const char *path, struct err *err)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct walk w = {.c = c, .file = path};
	int r;

	if (!f)
		return err_set(err, -errno, "configuration file %s: %s", path, strerror(errno));
	if (!yaml_parser_initialize(&w.parser))
		return err_set(err, -ENOMEM, "out of memory");
	yaml_parser_set_input_file(&w.parser, f);
	r = walk_events(&w, err);
	yaml_parser_delete(&w.parser);
	return r;
}
