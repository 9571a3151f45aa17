/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as a configuration file of the project's own tables and of one that has each type of option: nothing is read
 * beyond it, and what was taken is shown as a file that is taken again and shown as the same. */
#include "adaptive.h"
#include "buf.h"
#include "config.h"
#include "decide.h"
#include "fuzz.h"
#include "gtpu/gtpu_run.h"
#include "local.h"
#include "process_watch.h"
#include "value.h"

struct options {
	struct string_list words;
	const char *text, *url;
	uint64_t number, size, time;
	int64_t level;
	bool truth;
	unsigned choice;
};

#define PLACE(name) offsetof(struct options, name)

static const char *const choices[] = {"one", "two", NULL};
static const struct config_option table[] = {
	{"words", OPTION_LIST, PLACE(words), "a, b", .help = ""},
	{"text", OPTION_STRING, PLACE(text), "", .help = ""},
	{"url", OPTION_STRING, PLACE(url), "", .is_url = true, .help = ""},
	{"number", OPTION_U64, PLACE(number), "1", .help = ""},
	{"size", OPTION_SIZE, PLACE(size), "4k", .power_of_two = true, .help = ""},
	{"time", OPTION_DURATION, PLACE(time), "1s", .help = ""},
	{"level", OPTION_INT, PLACE(level), "-1", (uint64_t)INT64_MIN, INT64_MAX, .help = ""},
	{"truth", OPTION_BOOL, PLACE(truth), "no", .help = ""},
	{"choice", OPTION_CHOICE, PLACE(choice), "one", .choices = choices, .help = ""},
	{0},
};
static const struct option_section top = {"a", "", table, sizeof(struct options)};
static const struct option_section nested = {"b.c", "", table, sizeof(struct options)};
static const struct option_section gtpu = {"probes.gtpu", "", gtpu_option_table, sizeof(struct gtpu_options)};
static const struct option_section *const sections[] = {
	&top, &nested, &gtpu, &processes_section, &sched_section, &adaptive_section, &local_section};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* NULL: refused, with a message. */
static struct config *parse(const struct buf *text)
{
	struct config *c;
	struct err err = {0};

	CHECK(config_load(&c, sections, SECTIONS, NULL, NULL) == 0);
	if (config_parse_yaml(c, "f", text, &err) == 0)
		return c;
	CHECK(err.text[0]);
	config_free(c);
	return NULL;
}

/* The remarks differ: they tell where a value came from. */
static void show(const struct config *c, struct buf *out)
{
	for (size_t s = 0; s < SECTIONS; s++)
		for (const struct config_option *o = sections[s]->options; o->key; o++)
			value_show(o, c->values[s], out);
}

/* What the sections say of the values together: refused or not. */
static void check_values(const struct config *c)
{
	struct err err = {0};

	for (size_t s = 0; s < SECTIONS; s++)
		CHECK(!sections[s]->check || sections[s]->check(c, &err) == 0 || err.text[0]);
	CHECK(gtpu_check_options(config_get(c, "probes.gtpu"), &err) == 0 || err.text[0]);
}

static void check_shown(const struct config *c)
{
	struct buf file = {0}, first = {0}, second = {0};
	struct config *again;

	config_show(c, &file);
	show(c, &first);
	if (!strstr(first.data, "***")) { /* a masked URL is refused */
		again = parse(&file);
		CHECK(again);
		show(again, &second);
		CHECK(!strcmp(first.data, second.data));
		config_free(again);
	}
	buf_free(&file);
	buf_free(&first);
	buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0};
	struct config *c;

	buf_add(&text, data, size);
	c = parse(&text);
	if (c) {
		check_values(c);
		check_shown(c);
	}
	config_free(c);
	buf_free(&text);
	return 0;
}
