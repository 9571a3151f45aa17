/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "preview.h"

#include <errno.h>

#include "adaptive.h"
#include "clock.h"
#include "boost_loop.h"
#include "session.h"

struct look {
	struct session *session;
	struct boost_loop *boost_loop;
	struct string_list probes;
	uint64_t duration_ns; /* 0: by collections */
	uint64_t end_ns, collections;
};

static void ignore_event(void *data, const struct event *e)
{
}

static void on_row(void *data, const struct event *row)
{
	struct look *l = data;

	boost_loop_row(l->boost_loop, row);
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct look *l = data;

	boost_loop_tick(l->boost_loop, now_ns);
	boost_loop_watch(l->boost_loop, l->session->pipeline);
	if (l->collections)
		l->collections--;
	if (l->duration_ns ? now_ns >= l->end_ns : !l->collections)
		session_stop(l->session, 0);
}

/* As many collections as a need takes to be believed, after one that knows which processes to watch. */
static uint64_t collections_wanted(const struct settings *settings)
{
	const struct sched_options *sched = config_get(settings->config, "sched");
	const struct adaptive_options *adaptive = config_get(settings->config, "sched.adaptive");

	return sched->strategy == SCHED_ADAPTIVE ? adaptive->confirm + 1 : 1;
}

static int run_look(struct look *l, const struct settings *settings, struct err *err)
{
	const struct pipeline_options options = {.config = settings->config,
						 .probes = &l->probes,
						 .go_on_without = true,
						 .collect_interval_ns = settings_run(settings)->collect_interval_ns,
						 .on_event = ignore_event,
						 .on_row = on_row,
						 .on_collected = on_collected,
						 .data = l};
	int r = session_start(l->session, &options, err), left;

	if (r < 0)
		return r;
	l->collections = collections_wanted(settings);
	l->end_ns = clock_boot_ns() + l->duration_ns;
	boost_loop_tick(l->boost_loop, clock_boot_ns());
	boost_loop_watch(l->boost_loop, l->session->pipeline);
	r = session_run(l->session, err);
	left = session_finish(l->session, r < 0 ? NULL : err);
	boost_loop_settle(l->boost_loop, clock_boot_ns());
	return r < 0 ? r : left;
}

static int start_look(struct look *l, const struct settings *settings, struct err *err)
{
	int r = session_open(l->session, &(struct session_options){0}, err);

	if (r < 0)
		return r;
	if (settings_probes(settings, true, &l->probes) < 0)
		return err_oom(err);
	return boost_loop_start_dry(&l->boost_loop, l->session->loop, settings, err);
}

void preview_free(struct preview *p)
{
	identity_free(p->identity);
	boost_loop_free(p->boost_loop);
	session_close(&p->session);
}

int preview_run(const struct settings *settings, uint64_t duration_ns, struct preview *ret, struct err *err)
{
	struct look l = {.session = &ret->session, .duration_ns = duration_ns};
	int r;

	*ret = (struct preview){0};
	r = start_look(&l, settings, err);

	if (r == 0)
		r = run_look(&l, settings, err);
	ret->boost_loop = l.boost_loop;
	ret->now_ns = clock_boot_ns();
	settings_node(settings, ret->node);
	if (r >= 0) {
		ret->identity = identity_new(config_get(settings->config, "containers"));
		ret->process_watch = boost_loop_processes(l.boost_loop);
		ret->decision = boost_loop_decision(l.boost_loop);
		ret->measured = pipeline_watches(l.session->pipeline);
	}
	string_list_free(&l.probes);
	return r;
}
