/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "cleanup.h"
#include "clock.h"
#include "decide.h"
#include "decider.h"
#include "log.h"
#include "plural.h"
#include "roster.h"

/* From a newcomer to the list, so that those who come together are one change. */
#define GATHER_NS (10 * NSEC_PER_MSEC)
/* Between two looks at the node, which are the dearest that is done here. */
#define LOOK_NS (50 * NSEC_PER_MSEC)

struct soon {
	struct loop_source *timer;
	bool armed;
};

struct operator {
	struct roster *roster;
	struct decider *decider;
	struct backend *backend; /* NULL: nothing is sent */
	struct sched_decision decision; /* the last */
	struct soon decide, look; /* for newcomers, between the ticks */
	uint64_t looked_ns;
	bool withdrawing;
	size_t entries;     /* of the last list */
	int last_scan_error; /* logged when it changes, not each second */
};

static void on_decide(void *data);
static void on_look(void *data);

static int start_parts(struct operator *o, struct loop *loop, const struct settings *settings,
		       struct err *err)
{
	int r = roster_new(&o->roster, settings->config, err);

	if (r < 0)
		return r;
	r = decider_new(&o->decider, settings->config, err);
	if (r < 0)
		return r;
	roster_place(o->roster, decider_places(o->decider));
	o->decide.timer = loop_add_timer(loop, 0, 0, on_decide, o);
	o->look.timer = loop_add_timer(loop, 0, 0, on_look, o);
	if (!o->decide.timer || !o->look.timer)
		return err_set(err, -errno, "timer: %s", strerror(errno));
	return 0;
}

int operator_start_dry(struct operator **ret, struct loop *loop, const struct settings *settings,
		       struct err *err)
{
	struct operator *o = calloc(1, sizeof(*o));
	int r = o ? start_parts(o, loop, settings, err) : err_set(err, -ENOMEM, "out of memory");

	if (r < 0)
		operator_free(o);
	else
		*ret = o;
	return r;
}

int operator_start(struct operator **ret, struct loop *loop, const struct settings *settings,
		   struct err *err)
{
	struct operator *o;
	int r = operator_start_dry(&o, loop, settings, err);

	if (r < 0)
		return r;
	r = backends_start(&o->backend, loop, settings, err);
	if (r < 0)
		operator_free(o);
	else
		*ret = o;
	return r;
}

void operator_free(struct operator *o)
{
	if (!o)
		return;
	if (o->backend)
		o->backend->ops->free(o->backend);
	loop_remove(o->decide.timer);
	loop_remove(o->look.timer);
	sched_decision_free(&o->decision);
	roster_free(o->roster);
	decider_free(o->decider);
	free(o);
}

void operator_row(struct operator *o, const struct event *row)
{
	roster_row(o->roster, row);
	decider_row(o->decider, row);
}

static void look_at_the_node(struct operator *o, uint64_t now_ns)
{
	struct err err = {0};
	int r = roster_look(o->roster, now_ns, &err);

	if (r != o->last_scan_error && r < 0)
		log_warning("looking for processes: %s", err.text);
	o->last_scan_error = r;
}

static void decide(struct operator *o)
{
	struct sched_decision d = {0};
	struct err err = {0};

	if (decider_decide(o->decider, roster_processes(o->roster), roster_rules(o->roster),
			   clock_boot_ns(), &d, &err) < 0 ||
	    (o->backend && o->backend->ops->set(o->backend, &d.list) < 0)) {
		sched_decision_free(&d);
		log_error("strategies: out of memory; the last list stays");
		return;
	}
	if (d.list.len != o->entries)
		log_info("strategies: %zu thread%s of %zu process%s", d.list.len, plural(d.list.len),
			 d.processes, d.processes == 1 ? "" : "es");
	if (d.left_out && d.list.len != o->entries)
		log_warning("strategies: %zu thread%s left out; raise sched.max_threads", d.left_out,
			    plural(d.left_out));
	o->entries = d.list.len;
	sched_decision_free(&o->decision);
	o->decision = d;
}

static void disarm(struct soon *t)
{
	t->armed = false;
	loop_set_timer(t->timer, 0, 0);
}

/* The first of those who come together starts the clock. */
static void arm(struct soon *t, uint64_t wait_ns)
{
	if (t->armed)
		return;
	t->armed = true;
	loop_set_timer(t->timer, wait_ns, 0);
}

static void on_decide(void *data)
{
	struct operator *o = data;

	disarm(&o->decide);
	decide(o);
}

/* A look between two ticks: an interval of what processes do does not end with it. */
static void look(struct operator *o, uint64_t now_ns)
{
	disarm(&o->look);
	disarm(&o->decide);
	look_at_the_node(o, now_ns);
	decide(o);
	o->looked_ns = clock_boot_ns();
}

void operator_settle(struct operator *o, uint64_t now_ns)
{
	if (decider_at_once(o->decider))
		look(o, now_ns);
}

void operator_tick(struct operator *o, uint64_t now_ns)
{
	decider_tick(o->decider, now_ns);
	look(o, now_ns);
}

static void on_look(void *data)
{
	look(data, clock_boot_ns());
}

bool operator_event(struct operator *o, const struct event *e)
{
	uint64_t now_ns = clock_boot_ns(), next_ns = o->looked_ns + LOOK_NS;
	enum roster_news news;

	if (e->kind != KIND_NEWCOMER)
		return false;
	if (o->withdrawing || !decider_at_once(o->decider))
		return true;
	news = roster_newcomer(o->roster, e, now_ns);
	if (news == ROSTER_CHOSEN)
		arm(&o->decide, GATHER_NS);
	else if (news == ROSTER_LOOK)
		arm(&o->look, MAX(next_ns, now_ns + GATHER_NS) - now_ns);
	return true;
}

void operator_withdraw(struct operator *o, uint64_t deadline_ns, void (*done)(void *data, int r),
		       void *data)
{
	o->withdrawing = true;
	disarm(&o->decide);
	disarm(&o->look);
	o->backend->ops->withdraw(o->backend, deadline_ns, done, data);
}

void operator_watch(struct operator *o, struct pipeline *pipeline)
{
	const struct processes *table = roster_processes(o->roster);
	_cleanup_free_ uint32_t *tgids = calloc(processes_len(table) + 1, sizeof(*tgids));
	const struct process *p;
	size_t cursor = 0, n = 0;

	decider_set_measured(o->decider, pipeline_watches(pipeline));
	while (tgids && (p = processes_next(table, &cursor)))
		if (p->evidence & ~EVIDENCE_BIT(EVIDENCE_BYSTANDER))
			tgids[n++] = (uint32_t)p->pid;
	if (tgids)
		pipeline_watch(pipeline, tgids, n);
}

const struct sched_decision *operator_decision(const struct operator *o)
{
	return &o->decision;
}

const struct roster *operator_roster(const struct operator *o)
{
	return o->roster;
}
