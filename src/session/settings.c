/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "host_options.h"
#include "probe.h"
#include "suggest.h"

#define PROBES_MAX 64 /* to suggest from */

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const outputs[] = {"none", "text", "json", NULL};
static const char *const event_choices[] = {"none", "notable", "all", NULL};

#define FIELD(name) offsetof(struct run_options, name)

static const struct config_option run_table[] = {
	{"probes", OPTION_LIST, FIELD(probes), "flow, gtpu",
	 .help = "probes to run; one that this node cannot run is left out"},
	{"collect_interval", OPTION_DURATION, FIELD(collect_interval_ns), "1s", 100 * NSEC_PER_MSEC, 60 * NSEC_PER_SEC,
	 .help = "how often counts are collected"},
	{"node", OPTION_STRING, FIELD(node), "", .help = "name of this node; empty: the host's"},
	{"log_level", OPTION_CHOICE, FIELD(log_level), "info", .choices = log_levels,
	 .help = "least severe lines that are logged"},
	{"output", OPTION_CHOICE, FIELD(output), "none", .choices = outputs,
	 .help = "counts and events to standard output"},
	{"events", OPTION_CHOICE, FIELD(events), "notable", .choices = event_choices,
	 .help = "with output, events too: of all packets, or of those dropped or slow in the module"},
	{"strategies", OPTION_BOOL, FIELD(strategies), "true",
	 .help = "decide on scheduling strategies, for sched.backend to act on"},
	{0},
};

const struct option_section run_section = {"run", "the service", run_table, sizeof(struct run_options)};

static const struct config_option no_options[] = {{0}};

static size_t probe_count(void)
{
	size_t n = 0;

	while (probes[n])
		n++;
	return n;
}

static size_t room_count(void)
{
	size_t n = 0;

	while (settings_sections[n])
		n++;
	return n;
}

static int list_sections(struct settings *s, struct err *err)
{
	size_t rooms = room_count(), n = probe_count();

	s->sections = calloc(rooms + n, sizeof(*s->sections));
	s->probe_sections = calloc(n + 1, sizeof(*s->probe_sections));
	if (!s->sections || !s->probe_sections)
		return err_oom(err);
	memcpy(s->sections, settings_sections, rooms * sizeof(*s->sections));
	for (size_t i = 0; i < n; i++) {
		struct option_section *section = &s->probe_sections[i];
		char *name;

		if (asprintf(&name, "probes.%s", probes[i]->name) < 0)
			return err_oom(err);
		*section = (struct option_section){name, probes[i]->help,
						   probes[i]->options ? probes[i]->options : no_options,
						   probes[i]->options_size};
		s->sections[rooms + i] = section;
	}
	s->n = rooms + n;
	return 0;
}

int settings_load(struct settings *s, const char *path, struct err *err)
{
	int r;

	*s = (struct settings){0};
	r = list_sections(s, err);
	if (r >= 0)
		r = config_check_environment(s->sections, s->n, err);
	if (r >= 0)
		r = config_load(&s->config, s->sections, s->n, path, err);
	if (r >= 0)
		r = host_options_apply(s->config, err);
	if (r < 0)
		settings_free(s);
	return r;
}

void settings_free(struct settings *s)
{
	config_free(s->config);
	for (size_t i = 0; s->probe_sections && s->probe_sections[i].name; i++)
		free((void *)s->probe_sections[i].name);
	free(s->probe_sections);
	free(s->sections);
	*s = (struct settings){0};
}

static int check_probe(const char *name, struct err *err)
{
	_cleanup_(buf_free) struct buf names = {0};
	char hint[SUGGEST_TEXT_MAX];
	const char *known[PROBES_MAX];
	size_t n = 0;

	for (; probes[n] && n < PROBES_MAX; n++) {
		if (!strcmp(probes[n]->name, name))
			return 0;
		known[n] = probes[n]->name;
		buf_printf(&names, "%s%s", n ? ", " : "", known[n]);
	}
	return err_set(err, -EINVAL, "run.probes: no probe '%s';%s there are: %s", name,
		       suggest_hint(name, known, n, hint), names.data ? names.data : "none");
}

static int check_probes(const struct settings *s, struct err *err)
{
	const struct string_list *run = &settings_run(s)->probes;
	int r = 0;

	for (size_t i = 0; i < run->len && r == 0; i++)
		r = check_probe(run->items[i], err);
	for (size_t i = 0; probes[i] && r == 0; i++)
		if (probes[i]->check)
			r = probes[i]->check(config_get(s->config, s->probe_sections[i].name), err);
	return r;
}

int settings_check(const struct settings *s, struct err *err)
{
	int r = check_probes(s, err);

	for (size_t i = 0; i < s->n && r == 0; i++)
		if (s->sections[i]->check)
			r = s->sections[i]->check(s->config, err);
	return r;
}

const struct run_options *settings_run(const struct settings *s)
{
	return config_get(s->config, "run");
}

static bool is_in(const struct string_list *list, const char *item)
{
	for (size_t i = 0; i < list->len; i++)
		if (!strcmp(list->items[i], item))
			return true;
	return false;
}

int settings_probes(const struct settings *s, bool by_process, struct string_list *ret)
{
	const struct string_list *run = &settings_run(s)->probes;
	struct string_list list = {0};
	int r = 0;

	for (size_t i = 0; i < run->len && r == 0; i++)
		r = string_list_add(&list, run->items[i]);
	for (size_t i = 0; by_process && probes[i] && r == 0; i++)
		if (probes[i]->watch && !is_in(run, probes[i]->name))
			r = string_list_add(&list, probes[i]->name);
	if (r < 0)
		string_list_free(&list);
	else
		*ret = list;
	return r;
}

const char *settings_node(const struct settings *s, char name[static NODE_NAME_MAX])
{
	const char *configured = settings_run(s)->node;

	if (!configured[0])
		return host_node(name);
	snprintf(name, NODE_NAME_MAX, "%s", configured);
	return name;
}
