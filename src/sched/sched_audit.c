/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "escape.h"
#include "gthulhu.h"
#include "json_line.h"
#include "local.h"
#include "log.h"
#include "plural.h"
#include "preview.h"
#include "vec.h"

struct audit {
	struct preview preview;
	struct gthulhu_view view;
	bool asked;    /* the server listed its threads */
	int32_t *here; /* owned: threads that this kernel boosts */
	size_t n_here;
	size_t intended, listed, boosted, others; /* threads */
};

static void audit_free(struct audit *a)
{
	preview_free(&a->preview);
	gthulhu_view_free(&a->view);
	free(a->here);
}

static void add_boosted(void *data, const struct local_boost *b, enum local_state state)
{
	struct audit *a = data;

	if (state == LOCAL_BOOSTED && VEC_ROOM(a->here, a->n_here))
		a->here[a->n_here++] = b->tid;
}

static bool is_here(const struct audit *a, int32_t tid)
{
	for (size_t i = 0; i < a->n_here; i++)
		if (a->here[i] == tid)
			return true;
	return false;
}

static const struct strategy *find_thread(const struct strategy_list *list, int32_t pid)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].pid == pid)
			return &list->items[i];
	return NULL;
}

static bool is_listed(const struct audit *a, int32_t tid)
{
	const struct strategy *s = find_thread(&a->view.list, tid);

	return s && s->priority;
}

/* A manager lists rules, no threads. */
static void ask_server(struct audit *a, const struct settings *settings)
{
	const struct gthulhu_options *api = config_get(settings->config, "api");
	const struct sched_options *sched = config_get(settings->config, "sched");
	struct err err = {0};

	if (!api->enabled || (sched->backend != SCHED_AUTO && sched->backend != SCHED_GTHULHU))
		return;
	if (gthulhu_show(api, &a->view, &err) < 0)
		log_warning("api: %s", err.text);
	else if (a->view.protocol == GTHULHU_MANAGER)
		log_warning("api: a manager lists rules, not threads; give --url the node's decision maker");
	else
		a->asked = true;
}

static const char *yes_no(bool known, bool yes)
{
	return !known ? "-" : yes ? "yes" : "no";
}

static void show_thread(const struct audit *a, const struct strategy *s, bool intended, bool json)
{
	char comm[ESCAPED_MAX(sizeof(s->comm))];
	struct json_line line;
	struct jw *j;

	if (!json) {
		printf("%10d  %10d  %-15s  %-8s  %-6s  %-6s\n", s->pid, s->tgid,
		       escape_text_to(comm, sizeof(comm), *s->comm ? s->comm : "-"), yes_no(true, intended),
		       yes_no(a->asked, is_listed(a, s->pid)), yes_no(true, is_here(a, s->pid)));
		return;
	}
	j = json_line_begin(&line, a->preview.node, "audit");
	jw_i64(j, "pid", s->pid);
	if (s->tgid)
		jw_i64(j, "tgid", s->tgid);
	if (*s->comm)
		jw_string(j, "comm", s->comm);
	if (*s->pod)
		jw_string(j, "pod", s->pod);
	jw_bool(j, "intended", intended);
	if (a->asked)
		jw_bool(j, "listed", is_listed(a, s->pid));
	jw_bool(j, "boosted", is_here(a, s->pid));
	json_line_end(&line);
}

static void show_threads(struct audit *a, bool json)
{
	const struct strategy_list *intended = &a->preview.decision->list;

	if (!json)
		printf("%10s  %10s  %-15s  %-8s  %-6s  %-6s\n", "TID", "PID", "COMM", "INTENDED", "SERVER", "KERNEL");
	a->intended = intended->len;
	for (size_t i = 0; i < intended->len; i++) {
		a->listed += is_listed(a, intended->items[i].pid);
		a->boosted += is_here(a, intended->items[i].pid);
		show_thread(a, &intended->items[i], true, json);
	}
	for (size_t i = 0; i < a->view.list.len; i++) {
		const struct strategy *s = &a->view.list.items[i];

		if (!s->priority || find_thread(intended, s->pid))
			continue;
		a->others++;
		show_thread(a, s, false, json);
	}
}

static void show_summary(const struct audit *a, bool json)
{
	struct json_line line;
	struct jw *j;

	if (!json) {
		printf("%zu thread%s intended", a->intended, plural(a->intended));
		if (a->asked)
			printf(", %zu of them listed by the server, which boosts %zu other%s", a->listed, a->others,
			       plural(a->others));
		printf("; %zu boosted by this kernel\n", a->boosted);
		return;
	}
	j = json_line_begin(&line, a->preview.node, "summary");
	jw_u64(j, "intended", a->intended);
	if (a->asked) {
		jw_u64(j, "listed", a->listed);
		jw_u64(j, "others", a->others);
	}
	jw_u64(j, "boosted", a->boosted);
	json_line_end(&line);
}

int sched_audit(const struct settings *settings, uint64_t duration_ns, bool json, bool *ret_differs, struct err *err)
{
	_cleanup_(audit_free) struct audit a = {0};
	int r = preview_run(settings, duration_ns, &a.preview, err);

	if (r >= 0)
		r = local_list(LOCAL_DIR, &local_kernel_ops, add_boosted, &a, err);
	if (r < 0)
		return r;
	ask_server(&a, settings);
	show_threads(&a, json);
	show_summary(&a, json);
	*ret_differs = a.asked ? a.listed != a.intended || a.others : a.boosted != a.intended;
	return 0;
}
