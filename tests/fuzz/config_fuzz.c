/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as a configuration file: nothing is read beyond it, and what was taken is shown as a file that is taken again
 * and shown as the same. */
#include <stdlib.h>

#include "buf.h"
#include "config.h"
#include "value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
static const struct option_section *const sections[] = {&top, &nested};

/* NULL: refused, with a message. */
static struct config *parse(const struct buf *text)
{
	struct config *c;
	struct err err = {0};

	if (config_load(&c, sections, 2, NULL, NULL) < 0)
		abort();
	if (config_parse_yaml(c, "f", text, &err) == 0)
		return c;
	if (!err.text[0])
		abort();
	config_free(c);
	return NULL;
}

/* The remarks differ: they tell where a value came from. */
static void show(const struct config *c, struct buf *out)
{
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; table[i].key; i++)
			value_show(&table[i], c->values[s], out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0}, file = {0}, first = {0}, second = {0};
	struct config *c, *again;

	buf_add(&text, data, size);
	c = parse(&text);
	if (c) {
		config_show(c, &file);
		show(c, &first);
		if (!strstr(first.data, "***")) { /* a masked URL is refused */
			again = parse(&file);
			if (!again)
				abort();
			show(again, &second);
			if (strcmp(first.data, second.data))
				abort();
			config_free(again);
		}
	}
	config_free(c);
	buf_free(&text);
	buf_free(&file);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
