/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "gthulhu.h"
#include "json_line.h"
#include "log.h"

static const char *comm_of(int32_t pid, char comm[static 64])
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, 64, f))
		return NULL;
	comm[strcspn(comm, "\n")] = '\0';
	return comm;
}

static void print_text(const struct strategy_list *list, bool here)
{
	char comm[64], shown[ESCAPED_MAX(sizeof(comm))];

	printf("%10s  %-15s  %-8s  %14s\n", "PID", "COMM", "PRIORITY", "EXECUTION TIME");
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];
		const char *name = s->pid == GTHULHU_NO_PROCESS ? "(none)" : here ? comm_of(s->pid, comm) : NULL;

		printf("%10d  %-15s  %-8s  %11.3f ms\n", s->pid, escape_text_to(shown, sizeof(shown), name ?: "-"),
		       s->priority ? "yes" : "no", (double)s->execution_time_ns / (double)NSEC_PER_MSEC);
	}
}

static void print_json(const struct strategy_list *list, bool here, const char *node)
{
	char comm[64];

	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];
		const char *name = here ? comm_of(s->pid, comm) : NULL;
		struct json_line line;
		struct jw *j = json_line_begin(&line, node, "strategy");

		jw_i64(j, "pid", s->pid);
		if (name)
			jw_string(j, "comm", name);
		jw_bool(j, "priority", s->priority);
		jw_u64(j, "execution_time", s->execution_time_ns);
		json_line_end(&line);
	}
}

static void print_rule(const struct gthulhu_rule *rule)
{
	_cleanup_(buf_free) struct buf id = {0}, scope = {0}, command = {0};

	escape_text(&id, rule->id);
	escape_text(&scope, rule->scope);
	escape_text(&command, rule->command);
	printf("%-8s  %-24s  %-20s  %8" PRId64 "  %11.3f ms  %s\n", rule->node ? "policy" : "strategy", id.data ?: "",
	       scope.data ?: "", rule->priority, (double)rule->execution_time_ns / (double)NSEC_PER_MSEC,
	       command.data ?: "");
}

static void print_rules_text(const struct gthulhu_view *view)
{
	printf("%-8s  %-24s  %-20s  %8s  %14s  %s\n", "KIND", "ID", "FOR", "PRIORITY", "EXECUTION TIME", "COMMAND");
	for (size_t i = 0; i < view->n_rules; i++)
		print_rule(&view->rules[i]);
}

static void print_rules_json(const struct gthulhu_view *view, const char *node)
{
	for (size_t i = 0; i < view->n_rules; i++) {
		const struct gthulhu_rule *rule = &view->rules[i];
		struct json_line line;
		struct jw *j = json_line_begin(&line, node, "manager_rule");

		jw_string(j, "kind", rule->node ? "policy" : "strategy");
		jw_string(j, "id", rule->id);
		jw_string(j, rule->node ? "nodes" : "name", rule->scope);
		jw_string(j, "command_regex", rule->command);
		jw_i64(j, "priority", rule->priority);
		jw_u64(j, "execution_time", rule->execution_time_ns);
		json_line_end(&line);
	}
}

static void print_coverage(const struct strategy_list *list)
{
	size_t listed, all;

	gthulhu_count_threads(list, &listed, &all);
	if (listed < all)
		printf("the server lists %zu of the %zu threads of these processes; in kernel mode the others are not "
		       "boosted\n",
		       listed, all);
}

static void print(const struct gthulhu_view *view, const struct settings *settings, bool json)
{
	const struct gthulhu_options *api = config_get(settings->config, "api");
	bool manager = view->protocol == GTHULHU_MANAGER, here = gthulhu_is_here(api->url);
	char node[NODE_NAME_MAX];

	settings_node(settings, node);
	if (json && manager)
		print_rules_json(view, node);
	else if (json)
		print_json(&view->list, here, node);
	else if (manager)
		print_rules_text(view);
	else
		print_text(&view->list, here);
	if (!json && here && view->protocol == GTHULHU_DECISION_MAKER)
		print_coverage(&view->list);
}

int sched_show_api(const struct settings *settings, bool json, struct err *err)
{
	_cleanup_(gthulhu_view_free) struct gthulhu_view view = {0};
	int r = gthulhu_show(config_get(settings->config, "api"), &view, err);

	if (view.note)
		log_warning("%s", view.note);
	if (r < 0)
		return r;
	print(&view, settings, json);
	return 0;
}
