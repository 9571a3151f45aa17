/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "boost_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adaptive.h"
#include "backend_choice.h"
#include "cleanup.h"
#include "clock.h"
#include "decide.h"
#include "loads.h"
#include "log.h"
#include "netns.h"
#include "plural.h"
#include "process_watch.h"

/* From a newcomer to the list, so that newcomers that come together are one change. */
#define GATHER_NS (10 * NSEC_PER_MSEC)
/* Between two looks at the node, the most expensive work of this file. */
#define LOOK_NS (50 * NSEC_PER_MSEC)

struct deferred {
	struct loop_source *timer;
	bool armed;
};

struct boost_loop {
	struct process_watch *watch;
	struct loads *loads;		/* what processes do, by the rows */
	struct adaptive *adaptive;	/* NULL: the strategy is fixed */
	bool waits_measured;		/* a probe measures run-queue waits */
	struct backend *backend;	/* NULL: nothing is sent */
	struct sched_decision decision; /* the last */
	struct deferred decide, look;	/* for newcomers, between the ticks */
	uint64_t looked_ns;
	bool withdrawing;
	size_t entries;	     /* of the last list */
	int last_scan_error; /* logged when it changes, not each second */
};

static void on_decide(void *data);
static void on_look(void *data);

static const char *name_of_netns(uint64_t inode, char *text, size_t size)
{
	char name[NETNS_NAME_MAX];

	snprintf(text, size, "%s", netns_name("", inode, name));
	return text;
}

static int start_strategy(struct boost_loop *l, const struct config *config, struct err *err)
{
	const struct sched_options *sched = config_get(config, "sched");
	bool adaptive = sched->strategy == SCHED_ADAPTIVE;

	l->loads = loads_new(PROCESS_WATCH_MAX, clock_boot_ns());
	if (adaptive)
		l->adaptive = adaptive_new(config_get(config, "sched.adaptive"));
	if (!l->loads || (adaptive && !l->adaptive))
		return err_oom(err);
	return 0;
}

static int start_parts(struct boost_loop *l, struct loop *loop, const struct settings *settings, struct err *err)
{
	int r = process_watch_new(&l->watch, settings->config, err);

	if (r == 0)
		r = start_strategy(l, settings->config, err);
	if (r < 0)
		return r;
	process_watch_place(l->watch, (struct sched_places){.loads = l->loads, .netns_name = name_of_netns});
	l->decide.timer = loop_add_timer(loop, 0, 0, on_decide, l);
	l->look.timer = loop_add_timer(loop, 0, 0, on_look, l);
	if (!l->decide.timer || !l->look.timer)
		return err_set(err, -errno, "timer: %s", strerror(errno));
	return 0;
}

int boost_loop_start_dry(struct boost_loop **ret, struct loop *loop, const struct settings *settings, struct err *err)
{
	struct boost_loop *l = calloc(1, sizeof(*l));
	int r = l ? start_parts(l, loop, settings, err) : err_oom(err);

	if (r < 0)
		boost_loop_free(l);
	else
		*ret = l;
	return r;
}

int boost_loop_start(struct boost_loop **ret, struct loop *loop, const struct settings *settings, struct err *err)
{
	struct boost_loop *l;
	int r = boost_loop_start_dry(&l, loop, settings, err);

	if (r < 0)
		return r;
	r = backend_start(&l->backend, loop, settings, err);
	if (r < 0)
		boost_loop_free(l);
	else
		*ret = l;
	return r;
}

void boost_loop_free(struct boost_loop *l)
{
	if (!l)
		return;
	if (l->backend)
		l->backend->ops->free(l->backend);
	loop_remove(l->decide.timer);
	loop_remove(l->look.timer);
	sched_decision_free(&l->decision);
	process_watch_free(l->watch);
	loads_free(l->loads);
	adaptive_free(l->adaptive);
	free(l);
}

void boost_loop_row(struct boost_loop *l, const struct event *row)
{
	process_watch_row(l->watch, row);
	loads_add(l->loads, row);
}

static void look_at_the_node(struct boost_loop *l, uint64_t now_ns)
{
	struct err err = {0};
	int r = process_watch_look(l->watch, now_ns, &err);

	if (r != l->last_scan_error && r < 0)
		log_warning("looking for processes: %s", err.text);
	l->last_scan_error = r;
}

static int decide_fixed(struct boost_loop *l, struct sched_decision *ret, struct err *err)
{
	int r = sched_decide(process_watch_processes(l->watch), process_watch_rules(l->watch), ret, err);

	for (size_t i = 0; r == 0 && i < ret->n_judged; i++)
		ret->judged[i].load = loads_of(l->loads, ret->judged[i].pid);
	return r;
}

static int decide_adaptive(struct boost_loop *l, struct sched_decision *ret, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct adaptive_view view = {
		.processes = process_watch_processes(l->watch),
		.rules = process_watch_rules(l->watch),
		.loads = l->loads,
		.measured = l->waits_measured,
		.cpus = (unsigned)MAX(cpus, 1),
		.now_ns = clock_boot_ns(),
	};

	return adaptive_decide(l->adaptive, &view, ret, err);
}

static void log_decision(const struct sched_decision *d)
{
	log_info("strategies: %zu thread%s of %zu process%s", d->list.len, plural(d->list.len), d->processes,
		 d->processes == 1 ? "" : "es");
	if (d->left_out)
		log_warning("strategies: %zu thread%s left out; raise sched.max_threads", d->left_out,
			    plural(d->left_out));
}

static void decide_and_send(struct boost_loop *l)
{
	struct sched_decision d = {0};
	struct err err = {0};
	int r = (l->adaptive ? decide_adaptive : decide_fixed)(l, &d, &err);

	if (r < 0 || (l->backend && l->backend->ops->set(l->backend, &d.list) < 0)) {
		sched_decision_free(&d);
		log_error("strategies: out of memory; the last list stays");
		return;
	}
	if (d.list.len != l->entries)
		log_decision(&d);
	l->entries = d.list.len;
	sched_decision_free(&l->decision);
	l->decision = d;
}

static void disarm(struct deferred *t)
{
	t->armed = false;
	loop_set_timer(t->timer, 0, 0);
}

/* The first of the newcomers that come together starts the clock. */
static void arm(struct deferred *t, uint64_t wait_ns)
{
	if (t->armed)
		return;
	t->armed = true;
	loop_set_timer(t->timer, wait_ns, 0);
}

static void on_decide(void *data)
{
	struct boost_loop *l = data;

	disarm(&l->decide);
	decide_and_send(l);
}

/* A look between two ticks: an interval of what processes do does not end with it. */
static void look_and_decide(struct boost_loop *l, uint64_t now_ns)
{
	disarm(&l->look);
	disarm(&l->decide);
	look_at_the_node(l, now_ns);
	decide_and_send(l);
	l->looked_ns = clock_boot_ns();
}

void boost_loop_settle(struct boost_loop *l, uint64_t now_ns)
{
	if (!l->adaptive)
		look_and_decide(l, now_ns);
}

void boost_loop_tick(struct boost_loop *l, uint64_t now_ns)
{
	loads_tick(l->loads, now_ns);
	look_and_decide(l, now_ns);
}

static void on_look(void *data)
{
	look_and_decide(data, clock_boot_ns());
}

bool boost_loop_event(struct boost_loop *l, const struct event *e)
{
	uint64_t now_ns = clock_boot_ns(), next_ns = l->looked_ns + LOOK_NS;
	enum process_news news;

	if (e->kind != KIND_NEWCOMER)
		return false;
	if (l->withdrawing || l->adaptive)
		return true;
	news = process_watch_newcomer(l->watch, e, now_ns);
	if (news == PROCESS_CHOSEN)
		arm(&l->decide, GATHER_NS);
	else if (news == PROCESS_NEEDS_LOOK)
		arm(&l->look, MAX(next_ns, now_ns + GATHER_NS) - now_ns);
	return true;
}

void boost_loop_withdraw(struct boost_loop *l, uint64_t deadline_ns, void (*done)(void *data, int r), void *data)
{
	l->withdrawing = true;
	disarm(&l->decide);
	disarm(&l->look);
	l->backend->ops->withdraw(l->backend, deadline_ns, done, data);
}

void boost_loop_watch(struct boost_loop *l, struct pipeline *pipeline)
{
	const struct processes *table = process_watch_processes(l->watch);
	_cleanup_free_ uint32_t *tgids = calloc(processes_len(table) + 1, sizeof(*tgids));
	const struct process *p;
	size_t cursor = 0, n = 0;

	l->waits_measured = pipeline_watches(pipeline);
	while (tgids && (p = processes_next(table, &cursor)))
		if (p->evidence & ~EVIDENCE_BIT(EVIDENCE_BYSTANDER))
			tgids[n++] = (uint32_t)p->pid;
	if (tgids)
		pipeline_watch(pipeline, tgids, n);
}

const struct sched_decision *boost_loop_decision(const struct boost_loop *l)
{
	return &l->decision;
}

const struct process_watch *boost_loop_processes(const struct boost_loop *l)
{
	return l->watch;
}
