/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_local.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend_choice.h"
#include "cleanup.h"
#include "clock.h"
#include "gthulhu.h"
#include "gthulhu_left.h"
#include "json_line.h"
#include "plural.h"
#include "preview.h"

static void keep_report(void *data, const struct local_report *now, const struct local_report *before)
{
	*(struct local_report *)data = *now;
}

struct applied {
	struct local_report now, recovered;
};

/* The boosts outlive the back end, which is freed without withdrawal. */
static int apply_list(const struct settings *settings, const struct strategy_list *list, struct applied *ret,
		      struct err *err)
{
	const struct local_setup setup = {.options = config_get(settings->config, "local"),
					  .dir = LOCAL_DIR,
					  .ops = &local_kernel_ops,
					  .changed = keep_report,
					  .data = &ret->now};
	struct backend *b;
	int r = local_start(&b, &setup, &ret->recovered, err);

	if (r < 0)
		return r;
	r = b->ops->set(b, list);
	b->ops->free(b);
	if (r >= 0 && ret->now.ext)
		return err_set(err, -EOPNOTSUPP, "nothing is boosted: a sched_ext scheduler decides here");
	if (r >= 0 && ret->now.failed)
		return err_set(err, -EIO, "%s (%zu failed)", ret->now.error, ret->now.failed);
	return r < 0 ? err_set(err, r, "%s", err_name(r)) : 0;
}

static void apply_text(const struct preview *p, const struct applied *a, const char *caveat)
{
	size_t left_out = p->decision->left_out + a->now.left_out;

	if (a->recovered.put_back)
		printf("%zu thread%s that had a boost before: put back first\n", a->recovered.put_back,
		       plural(a->recovered.put_back));
	printf("%zu thread%s of %zu process%s %s boosted until 'teide sched withdraw'\n", a->now.boosted,
	       plural(a->now.boosted), p->decision->processes, p->decision->processes == 1 ? "" : "es",
	       a->now.boosted == 1 ? "is" : "are");
	if (a->now.enough)
		printf("%zu thread%s need%s no boost\n", a->now.enough, plural(a->now.enough),
		       a->now.enough == 1 ? "s" : "");
	if (left_out)
		printf("%zu thread%s left out; raise sched.max_threads or local.max_threads\n", left_out,
		       plural(left_out));
	if (caveat)
		printf("note: %s\n", caveat);
	if (!p->decision->processes)
		printf("'teide sched preview' says which processes were looked at, and why not\n");
}

static void apply_json(const struct preview *p, const struct applied *a, const char *caveat)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, p->node, "apply");

	jw_u64(j, "put_back", a->recovered.put_back);
	jw_u64(j, "boosted", a->now.boosted);
	jw_u64(j, "processes", p->decision->processes);
	jw_u64(j, "enough", a->now.enough);
	jw_u64(j, "left_out", p->decision->left_out + a->now.left_out);
	if (caveat)
		jw_string(j, "note", caveat);
	json_line_end(&line);
}

int sched_apply(const struct settings *settings, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {0};
	struct applied applied = {0};
	int r = preview_run(settings, 0, &p, err);

	if (r >= 0)
		r = apply_list(settings, &p.decision->list, &applied, err);
	if (r < 0)
		return r;
	backend_log_other_boot(&applied.recovered);
	(json ? apply_json : apply_text)(&p, &applied, local_caveat(config_get(settings->config, "local")));
	return 0;
}

struct withdrawn {
	struct local_report local;
	size_t threads; /* at servers, by the records of killed teides */
	size_t entries; /* that the server of the settings held */
};

static void withdraw_json(const struct withdrawn *w, const char *node)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, node, "withdraw");

	jw_u64(j, "put_back", w->local.put_back);
	jw_u64(j, "ended", w->local.ended);
	jw_u64(j, "foreign", w->local.foreign);
	jw_u64(j, "failed", w->local.failed);
	jw_u64(j, "strategies", w->threads + w->entries);
	json_line_end(&line);
}

static void withdraw_text(const struct withdrawn *w)
{
	printf("%zu thread%s put back, %zu had ended, %zu left alone as another program has set them "
	       "meanwhile\n",
	       w->local.put_back, plural(w->local.put_back), w->local.ended, w->local.foreign);
	if (w->threads + w->entries)
		printf("%zu strateg%s taken back at the API server\n", w->threads + w->entries,
		       w->threads + w->entries == 1 ? "y" : "ies");
}

static bool has_server(const struct settings *settings)
{
	const struct sched_options *sched = config_get(settings->config, "sched");
	const struct gthulhu_options *api = config_get(settings->config, "api");

	return api->enabled && (sched->backend == SCHED_AUTO || sched->backend == SCHED_GTHULHU);
}

static int withdraw_at_servers(const struct settings *settings, bool by_settings, struct withdrawn *w, struct err *err)
{
	int r = gthulhu_left_withdraw(GTHULHU_DIR, &w->threads, err);

	if (r == 0 && by_settings && has_server(settings))
		r = gthulhu_withdraw_at(config_get(settings->config, "api"), GTHULHU_DIR, &w->entries, err);
	return r;
}

int sched_withdraw(const struct settings *settings, bool json, bool by_settings, struct err *err)
{
	struct withdrawn w = {0};
	char node[NODE_NAME_MAX];
	int r = local_put_back(LOCAL_DIR, &local_kernel_ops, &w.local, err), server;

	if (r == -EBUSY)
		return err_set(err, r, "a teide that runs keeps its boosts: end it, which puts them back");
	server = withdraw_at_servers(settings, by_settings, &w, r < 0 ? NULL : err);
	/* Without a look there is nothing to count. */
	if (r < 0 && !w.local.failed)
		return r;
	backend_log_other_boot(&w.local);
	if (json)
		withdraw_json(&w, settings_node(settings, node));
	else
		withdraw_text(&w);
	return r < 0 ? r : server;
}

static const char *const states[] = {[LOCAL_BOOSTED] = "boosted",
				     [LOCAL_CHANGED] = "set by somebody else",
				     [LOCAL_NOT_YET] = "not boosted",
				     [LOCAL_ENDED] = "ended"};

static void show_text(void *data, const struct local_boost *b, enum local_state state)
{
	char before[THREAD_SCHED_TEXT_MAX], ours[THREAD_SCHED_TEXT_MAX];

	thread_sched_text(&b->before, before);
	thread_sched_text(&b->ours, ours);
	printf("%10d  %10d  %-20s  %-20s  %s\n", b->tid, b->tgid, before, ours, states[state]);
}

static void write_sched(struct jw *j, const char *key, const struct thread_sched *s)
{
	jw_object(j, key);
	jw_string(j, "policy", thread_policy_name(s->policy));
	if (thread_sched_fair(s))
		jw_i64(j, "nice", s->nice);
	else
		jw_u64(j, "rt_priority", s->rt_priority);
	if (s->slice_ns)
		jw_u64(j, "slice", s->slice_ns);
	jw_object_end(j);
}

static void show_json(void *data, const struct local_boost *b, enum local_state state)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, data, "boost");

	jw_i64(j, "pid", b->tid);
	jw_i64(j, "tgid", b->tgid);
	jw_string(j, "state", states[state]);
	write_sched(j, "before", &b->before);
	write_sched(j, "boost", &b->ours);
	json_line_end(&line);
}

int sched_show_local(const struct settings *settings, bool json, struct err *err)
{
	char node[NODE_NAME_MAX];

	settings_node(settings, node);
	if (!json)
		printf("%10s  %10s  %-20s  %-20s  %s\n", "TID", "PID", "BEFORE", "BOOST", "STATE");
	return local_list(LOCAL_DIR, &local_kernel_ops, json ? show_json : show_text, node, err);
}
