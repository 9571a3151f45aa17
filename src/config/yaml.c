/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "cleanup.h"
#include "config.h"
#include "file.h"
#include "suggest.h"
#include "value.h"

#define DEPTH_MAX 4
#define PATH_MAX_TEXT 128
#define FILE_MAX (1 << 20)

/* A walk over libyaml's events: mappings nest into section names, scalars and sequences of scalars
 * are values. What YAML has beyond that is refused: anchors, aliases, merge keys, tags, a second
 * document, a key that stands twice, null as a value. Readers of YAML disagree about some of these,
 * and each of them can make a file say something else than what its reader sees. */
struct walk {
	struct config *c;
	const char *file;
	yaml_parser_t parser;
	char keys[DEPTH_MAX][PATH_MAX_TEXT];
	int depth;     /* open mappings */
	int documents; /* that have begun */
	bool has_key;  /* keys[depth - 1] awaits its value */
	bool in_list;
	size_t section, option;	 /* of the open list */
	struct string_list seen; /* paths of the keys so far: few, since an unknown key ends the walk */
};

__attribute__((format(printf, 4, 5))) static int refuse(const struct walk *w, const yaml_event_t *e, struct err *err,
							const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return err_set(err, -EINVAL, "%s:%zu: %s", w->file, e->start_mark.line + 1, text);
}

static void section_name(const struct walk *w, int levels, char name[static PATH_MAX_TEXT])
{
	size_t at = 0;

	name[0] = '\0';
	for (int i = 0; i < levels && at < PATH_MAX_TEXT; i++)
		at += (size_t)snprintf(name + at, PATH_MAX_TEXT - at, "%s%s", i ? "." : "", w->keys[i]);
}

static bool is_section_or_part(const struct config *c, const char *name)
{
	size_t len = strlen(name);

	for (size_t s = 0; s < c->n; s++)
		if (!c->sections[s]->absent && !strncmp(c->sections[s]->name, name, len) &&
		    (c->sections[s]->name[len] == '\0' || c->sections[s]->name[len] == '.'))
			return true;
	return false;
}

/* What may stand where the unknown key stood. */
static int list_keys(const struct config *c, const char *section, struct string_list *ret)
{
	size_t len = strlen(section);
	int r = 0;

	for (size_t s = 0; s < c->n; s++) {
		const char *name = c->sections[s]->name;

		if (c->sections[s]->absent)
			continue;
		if (!strcmp(name, section))
			for (const struct config_option *o = c->sections[s]->options; o->key && r == 0; o++)
				r = string_list_add(ret, o->key);
		else if (r == 0 && (!len || (!strncmp(name, section, len) && name[len] == '.')))
			r = string_list_add(ret, name + (len ? len + 1 : 0));
	}
	return r;
}

static int unknown_key(struct walk *w, const yaml_event_t *e, struct err *err)
{
	_cleanup_(string_list_free) struct string_list known = {0};
	_cleanup_(buf_free) struct buf names = {0};
	const char *key = w->keys[w->depth - 1], *absent;
	char section[PATH_MAX_TEXT], hint[SUGGEST_TEXT_MAX];

	section_name(w, w->depth, section);
	absent = config_absent(w->c->sections, w->c->n, section);
	if (absent)
		return refuse(w, e, err, "%s: %s; remove the section", section, absent);
	section_name(w, w->depth - 1, section);
	if (list_keys(w->c, section, &known) < 0)
		return err_oom(err);
	for (size_t i = 0; i < known.len; i++) {
		buf_printf(&names, "%s%s", i ? ", " : "", known.items[i]);
		*strchrnul(known.items[i], '.') = '\0'; /* "probes" stands here, "probes.flow" does not */
	}
	suggest_hint(key, (const char *const *)known.items, known.len, hint);
	return refuse(w, e, err, "unknown key '%s%s%s';%s known here: %s", section, section[0] ? "." : "", key, hint,
		      names.data ? names.data : "nothing");
}

static const struct config_option *current_option(struct walk *w)
{
	char section[PATH_MAX_TEXT];

	section_name(w, w->depth - 1, section);
	return config_find(w->c, section, w->keys[w->depth - 1], &w->section, &w->option);
}

static int note_origin(struct walk *w, const yaml_event_t *e)
{
	char origin[512];

	config_note_old_key(w->c, w->section, w->option, w->keys[w->depth - 1]);
	snprintf(origin, sizeof(origin), "%s:%zu", w->file, e->start_mark.line + 1);
	return config_note_origin(w->c, w->section, w->option, origin);
}

/* Plain: "null" within quotes is a text. */
static bool is_plain(const yaml_event_t *e, const char *text)
{
	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !strcmp((const char *)e->data.scalar.value, text);
}

static bool is_null(const yaml_event_t *e)
{
	return is_plain(e, "") || is_plain(e, "~") || is_plain(e, "null") || is_plain(e, "Null") || is_plain(e, "NULL");
}

static int on_value(struct walk *w, const yaml_event_t *e, struct err *err)
{
	const struct config_option *o = current_option(w);
	int r;

	if (!o) {
		char name[PATH_MAX_TEXT];

		/* "api:" with nothing under it is an empty section, not a value. */
		section_name(w, w->depth, name);
		return is_null(e) && is_section_or_part(w->c, name) ? 0 : unknown_key(w, e, err);
	}
	if (is_null(e))
		return refuse(w, e, err,
			      "%s has no value; remove the line for the default, or write %s for an empty %s", o->key,
			      o->type == OPTION_LIST ? "[]" : "\"\"", o->type == OPTION_LIST ? "list" : "text");
	r = config_set_value(w->c, w->section, w->option, (const char *)e->data.scalar.value, err);
	if (r < 0)
		return err_prefix(err, r, "%s:%zu: %s", w->file, e->start_mark.line + 1, o->key);
	return note_origin(w, e);
}

static int on_item(struct walk *w, const yaml_event_t *e, struct err *err)
{
	const struct config_option *o = &w->c->sections[w->section]->options[w->option];

	if (is_null(e))
		return refuse(w, e, err, "null stands in the list %s; remove it, or write a text within quotes",
			      o->key);
	return value_list_add(o, w->c->values[w->section], (const char *)e->data.scalar.value, err);
}

static int on_key(struct walk *w, const yaml_event_t *e, struct err *err)
{
	char path[PATH_MAX_TEXT];

	if (is_plain(e, "<<"))
		return refuse(w, e, err, "merge keys (<<) are not supported; write the keys out");
	snprintf(w->keys[w->depth - 1], PATH_MAX_TEXT, "%s", (const char *)e->data.scalar.value);
	w->has_key = true;
	section_name(w, w->depth, path);
	for (size_t i = 0; i < w->seen.len; i++)
		if (!strcmp(w->seen.items[i], path))
			return refuse(w, e, err, "key '%s' stands here a second time; keep one of the two",
				      w->keys[w->depth - 1]);
	return string_list_add(&w->seen, path);
}

static int on_scalar(struct walk *w, const yaml_event_t *e, struct err *err)
{
	if (strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
		return refuse(w, e, err, "a text holds the character NUL (\\0), which no value can; remove it");
	if (w->in_list)
		return on_item(w, e, err);
	if (w->depth == 0 && is_null(e))
		return 0;
	if (w->depth == 0)
		return refuse(w, e, err, "the file must hold a mapping: 'section:' and keys under it");
	if (!w->has_key)
		return on_key(w, e, err);
	w->has_key = false;
	return on_value(w, e, err);
}

/* A mapping or list stands where it has no place: inside a list, or as a key. */
static int check_place(const struct walk *w, const yaml_event_t *e, struct err *err)
{
	if (w->in_list)
		return refuse(w, e, err, "a list or mapping stands in the list %s; write plain words",
			      w->c->sections[w->section]->options[w->option].key);
	if (w->depth && !w->has_key)
		return refuse(w, e, err, "a list or mapping stands where a key is expected; write KEY: VALUE");
	return 0;
}

static int on_mapping(struct walk *w, const yaml_event_t *e, struct err *err)
{
	char name[PATH_MAX_TEXT];
	int r = check_place(w, e, err);

	if (r < 0)
		return r;
	section_name(w, w->depth, name);
	if (w->depth && current_option(w))
		return refuse(w, e, err, "keys stand under '%s', which takes a value", name);
	if (w->depth && !is_section_or_part(w->c, name))
		return unknown_key(w, e, err);
	if (w->depth == DEPTH_MAX)
		return refuse(w, e, err, "nested too deeply");
	w->depth++;
	w->has_key = false;
	return 0;
}

static int on_sequence(struct walk *w, const yaml_event_t *e, struct err *err)
{
	const struct config_option *o;
	int r = check_place(w, e, err);

	if (r < 0)
		return r;
	o = w->depth ? current_option(w) : NULL;
	if (!o && w->depth)
		return unknown_key(w, e, err);
	if (!o || o->type != OPTION_LIST)
		return refuse(w, e, err, "a list stands where %s is expected", o ? "one value" : "'section:'");
	value_clear(o, w->c->values[w->section]);
	w->in_list = true;
	w->has_key = false;
	return note_origin(w, e);
}

static int check_document(struct walk *w, const yaml_event_t *e, struct err *err)
{
	return w->documents++ ? refuse(w, e, err, "a second document begins (---); write one document") : 0;
}

/* Each kind of event has its anchor and tag in a place of its own. */
static int check_properties(const struct walk *w, const yaml_event_t *e, struct err *err)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	}
	if (anchor)
		return refuse(w, e, err, "anchors (&%s) are not supported; write the value where it is meant", anchor);
	if (tag)
		return refuse(w, e, err, "tags (%s) are not supported; remove it, or quote a text that begins with '!'",
			      tag);
	return 0;
}

static int on_event(struct walk *w, const yaml_event_t *e, struct err *err)
{
	int r = check_properties(w, e, err);

	if (r < 0)
		return r;
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
	case YAML_DOCUMENT_START_EVENT:
		return check_document(w, e, err);
	case YAML_ALIAS_EVENT:
		return refuse(w, e, err,
			      "aliases (*%s) are not supported; write the value, or quote a text that begins "
			      "with '*'",
			      e->data.alias.anchor);
	default:
		return 0;
	}
}

/* The reader below the parser tells an offset and no line. */
static size_t problem_line(const yaml_parser_t *p, const struct buf *text)
{
	size_t lines = 1;

	if (p->error != YAML_READER_ERROR)
		return p->problem_mark.line + 1;
	for (size_t i = 0; i < text->len && i < p->problem_offset; i++)
		lines += text->data[i] == '\n';
	return lines;
}

static int not_yaml(const struct walk *w, const struct buf *text, struct err *err)
{
	const yaml_parser_t *p = &w->parser;
	bool alias = p->context && strstr(p->context, "alias");

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	return err_set(err, -EINVAL, "%s:%zu: not YAML: %s%s", w->file, problem_line(p, text), p->problem,
		       alias ? "; quote a text that begins with '*'" : "");
}

static int walk_events(struct walk *w, const struct buf *text, struct err *err)
{
	bool done = false;
	yaml_event_t e;
	int r = 0;

	while (!done && r >= 0) {
		if (!yaml_parser_parse(&w->parser, &e))
			return not_yaml(w, text, err);
		done = e.type == YAML_STREAM_END_EVENT;
		r = on_event(w, &e, err);
		yaml_event_delete(&e);
	}
	return r;
}

int config_parse_yaml(struct config *c, const char *name, const struct buf *text, struct err *err)
{
	struct walk w = {.c = c, .file = name};
	int r;

	if (!yaml_parser_initialize(&w.parser))
		return err_oom(err);
	yaml_parser_set_input_string(&w.parser, (const unsigned char *)(text->data ? text->data : ""), text->len);
	r = walk_events(&w, text, err);
	yaml_parser_delete(&w.parser);
	string_list_free(&w.seen);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}

int config_read_yaml(struct config *c, const char *path, struct err *err)
{
	/* The user names it, and may name a pipe: -c /dev/stdin, -c <(...). */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	_cleanup_(buf_free) struct buf text = {0};
	int r = fd < 0 ? -errno : file_read(fd, &text, FILE_MAX);

	if (r == -EFBIG)
		return err_set(err, -EINVAL, "configuration file %s: larger than 1 MiB", path);
	if (r == -EISDIR)
		return err_set(err, -EINVAL, "configuration file %s: is a directory; name a file in it", path);
	if (r < 0)
		return err_set(err, r, "configuration file %s: %s", path, err_name(r));
	return config_parse_yaml(c, path, &text, err);
}
