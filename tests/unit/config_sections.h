/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two sections with an option of each type, and how a text is loaded. After cmocka.h. */
#pragma once

#include "buf.h"
#include "option.h"

struct flow_options {
	struct string_list interfaces;
	uint64_t ring_size;
	bool events;
};

struct api_options {
	const char *url;
	uint64_t interval;
	unsigned mode;
	int64_t level;
	const char *server;
};

static const char *const modes[] = {"own", "merge", NULL};
static const struct old_choice old_modes[] = {{"mix", "merge"}, {0}};

static const struct config_option flow_table[] = {
	{"interfaces", OPTION_LIST, offsetof(struct flow_options, interfaces), "", .help = "where"},
	{"ring_size", OPTION_SIZE, offsetof(struct flow_options, ring_size), "16MiB", 4096, 1 << 30,
	 .power_of_two = true, .help = "bytes"},
	{"events", OPTION_BOOL, offsetof(struct flow_options, events), "false", .help = "ring"},
	{0},
};

static const struct config_option api_table[] = {
	{"url", OPTION_STRING, offsetof(struct api_options, url), "http://x:80", .help = "server",
	 .old_env = "API_ENDPOINT"},
	{"interval", OPTION_DURATION, offsetof(struct api_options, interval), "10s", 1000000, 0, .help = "period"},
	{"mode", OPTION_CHOICE, offsetof(struct api_options, mode), "own", .choices = modes, .help = "list",
	 .old_key = "fashion", .old_choices = old_modes},
	{"level", OPTION_INT, offsetof(struct api_options, level), "-10", (uint64_t)-20, 5, .help = "signed"},
	{"server", OPTION_STRING, offsetof(struct api_options, server), "", .is_url = true, .help = "a URL"},
	{0},
};

static const struct option_section flow_section = {"probes.flow", "", flow_table, sizeof(struct flow_options)};
static const struct option_section api_section = {"api", "", api_table, sizeof(struct api_options)};
static const struct option_section *const sections[] = {&api_section, &flow_section};

static int load_sections(struct config **c, const struct option_section *const *of, size_t n, const char *yaml,
			 struct err *err)
{
	char path[] = "/tmp/teide-config-XXXXXX";
	int fd = mkstemp(path), r;

	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	close(fd);
	r = config_load(c, of, n, path, err);
	unlink(path);
	return r;
}

static int load(struct config **c, const char *yaml, struct err *err)
{
	return load_sections(c, sections, 2, yaml, err);
}
