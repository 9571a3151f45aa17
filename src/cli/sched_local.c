/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_local.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backends.h"
#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "jsonw.h"
#include "preview.h"

static void keep_report(void *data, const struct local_report *now, const struct local_report *before)
{
	*(struct local_report *)data = *now;
}

/* The boosts outlive the back end, which is freed without withdrawal. */
static int apply_list(const struct settings *settings, const struct strategy_list *list,
		      struct local_report *ret, struct err *err)
{
	const struct local_options *options = config_get(settings->config, "local");
	struct local_report recovered;
	struct backend *b;
	int r = local_start(&b, options, LOCAL_DIR, &local_kernel_ops, keep_report, ret, &recovered,
			    err);

	if (r < 0)
		return r;
	if (recovered.put_back)
		printf("%zu threads that were boosted before were put back first\n",
		       recovered.put_back);
	r = b->ops->set(b, list);
	b->ops->free(b);
	if (r >= 0 && ret->ext)
		return err_set(err, -EOPNOTSUPP,
			       "nothing is boosted: a sched_ext scheduler decides here");
	if (r >= 0 && ret->failed)
		return err_set(err, -EIO, "%s (%zu failed)", ret->error, ret->failed);
	return r < 0 ? err_set(err, r, "%s", err_name(r)) : 0;
}

int sched_apply(const struct settings *settings, struct err *err)
{
	const struct local_options *options = config_get(settings->config, "local");
	_cleanup_(preview_free) struct preview p = {0};
	struct local_report report = {0};
	int r = preview_run(settings, 0, &p, err);

	if (r >= 0)
		r = apply_list(settings, &p.decision->list, &report, err);
	if (r < 0)
		return r;
	printf("%zu threads of %zu processes are boosted until 'teide sched withdraw'\n",
	       report.boosted, p.decision->processes);
	if (report.enough)
		printf("%zu threads run as well without\n", report.enough);
	if (p.decision->left_out + report.left_out)
		printf("%zu threads left out; raise sched.max_threads or local.max_threads\n",
		       p.decision->left_out + report.left_out);
	if (local_caveat(options))
		printf("note: %s\n", local_caveat(options));
	if (!p.decision->processes)
		printf("'teide sched preview' says who was looked at, and why not\n");
	return 0;
}

int sched_withdraw(struct err *err)
{
	struct local_report report;
	int r = local_put_back(LOCAL_DIR, &local_kernel_ops, &report, err);

	if (r == -EBUSY)
		return err_set(err, r,
			       "a teide that runs keeps its boosts: end it, which puts them back");
	printf("%zu threads put back, %zu had ended, %zu left alone as somebody else has set them "
	       "meanwhile\n",
	       report.put_back, report.ended, report.foreign);
	return r;
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
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	jw_i64(&j, "pid", b->tid);
	jw_i64(&j, "tgid", b->tgid);
	jw_string(&j, "state", states[state]);
	write_sched(&j, "before", &b->before);
	write_sched(&j, "boost", &b->ours);
	jw_object_end(&j);
	puts(out.data ? out.data : "");
}

int sched_show_local(bool json, struct err *err)
{
	if (!json)
		printf("%10s  %10s  %-20s  %-20s  %s\n", "TID", "PID", "BEFORE", "BOOST", "STATE");
	return local_list(LOCAL_DIR, &local_kernel_ops, json ? show_json : show_text, NULL, err);
}
