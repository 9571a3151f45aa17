/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "decide.h"
#include "gthulhu.h"
#include "log.h"
#include "roster.h"

/* From a newcomer to the list, so that those who come together are one change. */
#define GATHER_NS (10 * NSEC_PER_MSEC)

struct operator {
	struct roster *roster;
	struct gthulhu *gthulhu;
	struct loop_source *newcomers;
	bool gathering; /* newcomers that no list has yet */
	bool withdrawing;
	size_t entries;     /* of the last list */
	int last_scan_error; /* logged when it changes, not each second */
};

static void log_reachable(void *data, const struct gthulhu_stats *stats)
{
	if (stats->reachable && !stats->foreign)
		log_info("api: the server takes strategies");
	else
		log_warning("api: %s", stats->last_error);
}

static void on_newcomers(void *data);

static int start_parts(struct operator *o, struct loop *loop, const struct settings *settings,
		       struct err *err)
{
	int r = roster_new(&o->roster, settings->config, err);

	if (r < 0)
		return r;
	o->newcomers = loop_add_timer(loop, 0, 0, on_newcomers, o);
	if (!o->newcomers)
		return err_set(err, -errno, "timer: %s", strerror(errno));
	return gthulhu_start(&o->gthulhu, loop, config_get(settings->config, "api"), log_reachable,
			     o, err);
}

int operator_start(struct operator **ret, struct loop *loop, const struct settings *settings,
		   struct err *err)
{
	struct operator *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return err_set(err, -ENOMEM, "out of memory");
	r = start_parts(o, loop, settings, err);
	if (r < 0) {
		operator_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

void operator_free(struct operator *o)
{
	if (!o)
		return;
	gthulhu_free(o->gthulhu);
	loop_remove(o->newcomers);
	roster_free(o->roster);
	free(o);
}

void operator_row(struct operator *o, const struct event *row)
{
	roster_row(o->roster, row);
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
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	struct err err = {0};

	if (sched_decide(roster_processes(o->roster), roster_rules(o->roster), &d, &err) < 0 ||
	    gthulhu_set(o->gthulhu, &d.list) < 0) {
		log_error("strategies: out of memory; the last list stays");
		return;
	}
	if (d.list.len != o->entries)
		log_info("strategies: %zu threads of %zu processes", d.list.len, d.processes);
	if (d.left_out && d.list.len != o->entries)
		log_warning("strategies: %zu threads left out; raise sched.max_threads", d.left_out);
	o->entries = d.list.len;
}

static void on_newcomers(void *data)
{
	struct operator *o = data;

	o->gathering = false;
	decide(o);
}

bool operator_event(struct operator *o, const struct event *e)
{
	if (strcmp(e->event, "newcomer"))
		return false;
	if (!o->withdrawing && roster_newcomer(o->roster, e, clock_boot_ns()) && !o->gathering) {
		o->gathering = true;
		loop_set_timer(o->newcomers, GATHER_NS, 0);
	}
	return true;
}

void operator_tick(struct operator *o, uint64_t now_ns)
{
	look_at_the_node(o, now_ns);
	decide(o);
}

void operator_withdraw(struct operator *o, uint64_t deadline_ns, void (*done)(void *data, int r),
		       void *data)
{
	o->withdrawing = true;
	loop_set_timer(o->newcomers, 0, 0);
	gthulhu_withdraw(o->gthulhu, deadline_ns, done, data);
}
