/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* docs/events.md tells every key as the table of keys has it, and no other; and every key of the objects beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "event_key.h"

static char *read_page(struct buf *page)
{
	const char *path = getenv("EVENTS_PAGE");

	assert_non_null(path);
	assert_int_equal(buf_read_file(page, path, 1 << 20), 0);
	return page->data;
}

static size_t lines_like(const char *text, const char *begin, const char *end)
{
	size_t n = 0;

	for (const char *at = strstr(text, begin); at && at < end; at = strstr(at + 1, begin))
		n++;
	return n;
}

static void every_field(void **state)
{
	_cleanup_(buf_free) struct buf page = {0};
	char *text = read_page(&page), *table = strstr(text, "of these, what is known of it");
	char line[512];

	assert_non_null(table);
	for (int f = 0; f < F_MAX; f++) {
		const struct event_key *k = &event_keys[f];
		const char *object = event_object_name(k->object);

		snprintf(line, sizeof(line), "\n| `%s%s%s` | %s | %s |\n", object ?: "", object ? "." : "", k->key,
			 event_key_type(k), k->help);
		if (!strstr(table, line))
			fail_msg("docs/events.md has no line%s", line);
	}
	assert_int_equal(lines_like(table, "\n| `", strstr(table, "## What there is")), F_MAX);
}

/* What the program writes, and not a list of its own. */
static void check_object(const char *text, const struct event *e, const char *name)
{
	_cleanup_(buf_free) struct buf out = {0};
	json_t *json, *object, *value;
	const char *key;
	char word[64];

	event_to_json(e, "node", 0, &out);
	json = json_loads(out.data, 0, NULL);
	object = json_object_get(json, name);
	assert_true(json_is_object(object));
	snprintf(word, sizeof(word), "\n`%s`:", name);
	if (!strstr(text, word))
		snprintf(word, sizeof(word), " `%s`:", name);
	if (!strstr(text, word))
		fail_msg("docs/events.md does not tell of the object %s", name);
	json_object_foreach(object, key, value) {
		snprintf(word, sizeof(word), "`%s`", key);
		if (!strstr(strstr(text, "## Objects"), word))
			fail_msg("docs/events.md does not tell of %s.%s", name, key);
	}
	json_decref(json);
}

static void every_object(void **state)
{
	_cleanup_(buf_free) struct buf page = {0};
	const char *text = read_page(&page);
	struct event_wait wait = {.count = 1, .buckets = {1}};
	struct event e = {.probe = "p", .kind = KIND_WAIT, .wait = &wait};

	check_object(text, &e, "wait");
	for (uint8_t kind = 0; kind < QUALITY_OF_MAX; kind++) {
		struct event_quality q = {.kind = kind, .timed = 1};
		struct event row = {.probe = "flow", .kind = event_quality_row(kind), .flow.quality = &q};
		char of[32];

		check_object(text, &row, event_kind_name(row.kind));
		snprintf(of, sizeof(of), "`%s`", event_quality_of(kind) ?: "echo");
		assert_non_null(strstr(strstr(text, "## Objects"), of));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_field), cmocka_unit_test(every_object)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
