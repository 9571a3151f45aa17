/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* events_page TEMPLATE [PAGE]: writes docs/events.md from its template, whose lines @KEYS@ and @KINDS@ stand for the
 * tables of keys and of kinds. */
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "event_key.h"

#define TEMPLATE_MAX (1 << 20)

static void put_keys(struct buf *out)
{
	buf_str(out, "| key | type | unit | family | |\n|---|---|---|---|---|\n");
	for (const struct event_key *k = event_keys; k < event_keys + F_MAX; k++) {
		const char *object = event_object_name(k->object);

		buf_printf(out, "| `%s%s%s` | %s | %s | %s | %s |\n", object ?: "", object ? "." : "", k->key,
			   event_key_type(k), k->unit, event_payload_name(k->payload), k->help);
	}
}

static void put_kinds(struct buf *out)
{
	buf_str(out, "| probe | `event` | kind | family | of what |\n|---|---|---|---|---|\n");
	for (enum event_kind kind = KIND_NONE + 1; kind < KIND_MAX; kind++) {
		const struct event_kind_info *i = &event_kinds[kind];

		buf_printf(out, "| %s | `%s` | %s | %s | %s |\n", i->probe, i->name,
			   i->sort == SORT_ROW ? "row" : "event", event_payload_name(i->payload), i->help);
	}
}

static bool is_line(const char *line, size_t len, const char *want)
{
	return len == strlen(want) && !memcmp(line, want, len);
}

static void put_line(struct buf *out, const char *line, size_t len)
{
	if (is_line(line, len, "@KEYS@\n"))
		put_keys(out);
	else if (is_line(line, len, "@KINDS@\n"))
		put_kinds(out);
	else
		buf_add(out, line, len);
}

static void put_page(struct buf *out, const char *template)
{
	const char *end;

	for (const char *line = template; *line; line = end) {
		end = strchrnul(line, '\n');
		end += *end == '\n';
		put_line(out, line, (size_t)(end - line));
	}
}

static int write_page(const struct buf *page, const char *path)
{
	FILE *to = path ? fopen(path, "we") : stdout;
	int r;

	if (!to)
		return -1;
	r = fwrite(page->data, 1, page->len, to) == page->len ? 0 : -1;
	return path ? fclose(to) | r : fflush(to) | r;
}

int main(int argc, char **argv)
{
	_cleanup_(buf_free) struct buf template = {0}, page = {0};

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s TEMPLATE [PAGE]\n", argv[0]);
		return 2;
	}
	if (buf_read_file(&template, argv[1], TEMPLATE_MAX) < 0) {
		fprintf(stderr, "cannot read %s\n", argv[1]);
		return 1;
	}
	put_page(&page, template.data);
	if (page.failed || write_page(&page, argv[2]) < 0) {
		fprintf(stderr, "cannot write %s\n", argv[2] ?: "the page");
		return 1;
	}
	return 0;
}
