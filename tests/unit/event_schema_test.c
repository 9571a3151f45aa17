/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* docs/events.md promises keys and their types. The JSON lines of all kinds have these keys and no other. */
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

struct promise {
	char key[48], type[8];
	bool kept;
};

struct page {
	struct buf text;
	struct promise promises[F_MAX + 16];
	size_t n;
};

static void take_promises(struct page *p, const char *end)
{
	for (const char *at = strstr(p->text.data, "\n| `"); at && at < end; at = strstr(at + 1, "\n| `")) {
		struct promise *one = &p->promises[p->n];

		assert_true(p->n < ARRAY_SIZE(p->promises));
		if (sscanf(at, "\n| `%47[^`]` | %7s |", one->key, one->type) == 2)
			p->n++;
	}
}

static void read_page(struct page *p)
{
	const char *path = getenv("EVENTS_PAGE"), *end;

	assert_non_null(path);
	assert_int_equal(buf_read_file(&p->text, path, 1 << 20), 0);
	end = strstr(p->text.data, "## What there is");
	assert_non_null(end);
	take_promises(p, end);
}

static json_t *json_of(const struct event *e)
{
	_cleanup_(buf_free) struct buf out = {0};
	json_t *json;

	event_to_json(e, "node", 0, &out);
	json = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_object(json));
	return json;
}

static void keep_promise(struct page *p, const char *key, const json_t *value)
{
	const char *type = json_is_string(value) ? "string" : json_is_integer(value) ? "number" : "other";

	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->promises[i].key, key))
			continue;
		if (strcmp(p->promises[i].type, type))
			fail_msg("%s is a %s, docs/events.md says %s", key, type, p->promises[i].type);
		p->promises[i].kept = true;
		return;
	}
	fail_msg("docs/events.md does not tell of %s", key);
}

static void keep_promises(struct page *p, const char *object, json_t *json)
{
	const char *key;
	json_t *value;
	char path[64];

	json_object_foreach(json, key, value) {
		snprintf(path, sizeof(path), "%s%s%s", object ?: "", object ? "." : "", key);
		if (json_is_object(value))
			keep_promises(p, path, value);
		else
			keep_promise(p, path, value);
	}
}

/* Every bit is set, also of keys that the kind cannot have. */
static void fill(struct event *e, enum event_kind kind)
{
	memset(e, 0, sizeof(*e));
	for (const struct event_key *k = event_keys; k < event_keys + F_MAX; k++)
		if (event_key_fits(k, kind) && k->form == FORM_STRING)
			*(const char **)(void *)((char *)e + k->offset) = "x";
	e->probe = "probe";
	e->kind = kind;
	e->has = EVENT_BIT(F_MAX) - 1;
}

static void every_key(void **state)
{
	struct page page = {0};
	struct event e;

	read_page(&page);
	for (enum event_kind kind = KIND_NONE + 1; kind < KIND_MAX; kind++) {
		json_t *json;

		fill(&e, kind);
		json = json_of(&e);
		keep_promises(&page, NULL, json);
		json_decref(json);
	}
	for (size_t i = 0; i < page.n; i++)
		if (!page.promises[i].kept)
			fail_msg("no kind has the key %s of docs/events.md", page.promises[i].key);
	assert_int_equal(page.n, F_MAX + 6); /* schema, node, ts, event, ts_ns, probe */
	buf_free(&page.text);
}

/* The union holds something else where a key of another kind would be. */
static void no_key_of_another_kind(void **state)
{
	struct event e = {.probe = "flow", .kind = KIND_PACKET, .flow = {.vlan = 7}};
	json_t *json;

	event_set(&e, F_VLAN);
	event_set(&e, F_FUNCTION);
	event_set(&e, F_RULE);
	json = json_of(&e);
	assert_int_equal(json_integer_value(json_object_get(json, "vlan")), 7);
	assert_null(json_object_get(json, "function"));
	assert_null(json_object_get(json, "rule"));
	json_decref(json);
}

/* What the program writes, and not a list of its own. */
static void check_object(const char *text, const struct event *e, const char *name)
{
	json_t *json = json_of(e), *object = json_object_get(json, name), *value;
	const char *key;
	char word[64];

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
	struct page page = {0};
	struct event_wait wait = {.count = 1, .buckets = {1}};
	struct event e = {.probe = "p", .kind = KIND_WAIT, .wait = &wait};
	const char *text;

	read_page(&page);
	text = page.text.data;
	check_object(text, &e, "wait");
	for (uint8_t kind = 0; kind < QUALITY_OF_MAX; kind++) {
		struct event_quality q = {.kind = kind, .timed = 1};
		struct event row = {.probe = "flow", .kind = event_quality_row(kind), .flow = {.quality = &q}};
		char of[32];

		check_object(text, &row, event_kind_name(row.kind));
		snprintf(of, sizeof(of), "`%s`", event_quality_of(kind) ?: "echo");
		assert_non_null(strstr(strstr(text, "## Objects"), of));
	}
	buf_free(&page.text);
}

static void every_kind(void **state)
{
	struct page page = {0};
	const char *kinds;
	char word[64];

	read_page(&page);
	kinds = strstr(page.text.data, "## What there is");
	for (enum event_kind kind = KIND_NONE + 1; kind < KIND_MAX; kind++) {
		snprintf(word, sizeof(word), "`%s`", event_kind_name(kind));
		if (!strstr(kinds, word))
			fail_msg("docs/events.md does not tell of the event %s", event_kind_name(kind));
	}
	buf_free(&page.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_key), cmocka_unit_test(no_key_of_another_kind),
					   cmocka_unit_test(every_object), cmocka_unit_test(every_kind)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
