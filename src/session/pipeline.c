/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "identity.h"
#include "log.h"
#include "release.h"

#define DRAIN_MAX 1024		       /* records of a ring in one batch */
#define DRAIN_NS (100 * NSEC_PER_MSEC) /* the longest that an event waits for being read */
#define TURN_NS (20 * NSEC_PER_MSEC)   /* a turn of the loop begins no further batch after that */

struct running {
	const struct probe *probe;
	struct probe_run *run;
	struct pipeline *pipeline;
	struct loop_source *ring;
	int watch_error; /* logged when it changes */
};

struct pipeline {
	struct pipeline_options o;
	struct loop *loop;
	struct loop_source *timer;
	struct loop_source *drains; /* NULL: no events are wanted */
	struct loop_source *ticks;  /* NULL: no probe has a tick */
	struct identity *identity;
	struct release *release; /* NULL: none keeps a kernel module */
	bool finished;
	uint64_t complete_ns; /* every event made before then has been handed on */
	size_t n;
	struct running running[];
};

static int find_probe(const char *name, uint16_t *ret_id, struct err *err)
{
	_cleanup_(buf_free) struct buf names = {0};

	for (uint16_t i = 0; probes[i]; i++) {
		if (!strcmp(probes[i]->name, name)) {
			*ret_id = i;
			return 0;
		}
		buf_printf(&names, "%s%s", i ? ", " : "", probes[i]->name);
	}
	return err_set(err, -EINVAL, "no probe '%s'; there are: %s", name, names.data ? names.data : "none");
}

static void on_event(void *data, const struct event *e)
{
	struct pipeline *p = data;
	struct event named;

	p->o.on_event(p->o.data, identity_fill(p->identity, e, &named));
}

static void on_row(void *data, const struct event *e)
{
	struct pipeline *p = data;
	struct event named;

	p->o.on_row(p->o.data, identity_fill(p->identity, e, &named));
}

static int drain_ring(struct running *r)
{
	struct pipeline *p = r->pipeline;
	int n = r->probe->drain(r->run, DRAIN_MAX, on_event, p);

	if (n < 0)
		log_error("%s: reading the ring: %s", r->probe->name, err_name(n));
	return n;
}

/* One batch of every ring. Whether the rings are empty of what they held when the batch began. */
static bool drain_rings(struct pipeline *p)
{
	uint64_t begin_ns = clock_boot_ns();
	bool all = true;

	for (size_t i = 0; i < p->n; i++)
		if (p->running[i].ring)
			all &= drain_ring(&p->running[i]) < DRAIN_MAX;
	if (all)
		p->complete_ns = begin_ns;
	return all;
}

/* Whether the reader of the events asks for another batch. */
static bool end_batch(struct pipeline *p)
{
	return p->o.on_drained && p->o.on_drained(p->o.data, p->complete_ns);
}

/* The last batch of a turn may leave records in a ring. They keep its descriptor readable: the next turn goes on. */
static void drain_until_quiet(struct pipeline *p)
{
	uint64_t end_ns = clock_boot_ns() + TURN_NS;
	bool all;

	do
		all = drain_rings(p);
	while (end_batch(p) && all && clock_boot_ns() < end_ns);
}

static void on_ring(void *data, int fd, uint32_t events)
{
	const struct running *r = data;

	if (!r->pipeline->finished)
		drain_until_quiet(r->pipeline);
}

void pipeline_collect(struct pipeline *p)
{
	identity_look(p->identity, clock_boot_ns());
	for (size_t i = 0; i < p->n; i++) {
		struct running *r = &p->running[i];
		int e = r->probe->collect(r->run, on_row, p);

		if (e < 0)
			log_error("%s: reading the counts: %s", r->probe->name, err_name(e));
	}
	if (p->o.on_collected)
		p->o.on_collected(p->o.data, clock_boot_ns());
}

static void on_timer(void *data)
{
	pipeline_collect(data);
}

/* Neighbouring hooks with the same method and the same reason are one line; a warning of several comes once. */
struct plan_log {
	const char *probe;
	struct buf hooks, method, reason, warning;
};

static void log_plan_line(struct plan_log *l)
{
	const char *reason = l->reason.data ? l->reason.data : "";

	if (l->hooks.len)
		log_info("%s: %s by %s%s%s", l->probe, l->hooks.data, l->method.data, reason[0] ? ": " : "", reason);
	buf_reset(&l->hooks);
	buf_reset(&l->method);
	buf_reset(&l->reason);
}

static bool plan_says(const struct buf *b, const char *text)
{
	return !strcmp(b->data ? b->data : "", text ? text : "");
}

static void add_to_plan(void *data, const struct plan_row *row)
{
	struct plan_log *l = data;

	if (!plan_says(&l->method, row->method) || !plan_says(&l->reason, row->reason))
		log_plan_line(l);
	if (!l->hooks.len) {
		buf_str(&l->method, row->method);
		buf_str(&l->reason, row->reason ? row->reason : "");
	}
	buf_printf(&l->hooks, "%s%s", l->hooks.len ? ", " : "", row->hook);
	if (plan_says(&l->warning, row->warning))
		return;
	buf_reset(&l->warning);
	buf_str(&l->warning, row->warning ? row->warning : "");
	if (row->warning)
		log_warning("%s: %s", l->probe, row->warning);
}

static void log_plan(const struct running *r)
{
	struct plan_log l = {.probe = r->probe->name};

	r->probe->plan(r->run, add_to_plan, &l);
	log_plan_line(&l);
	buf_free(&l.hooks);
	buf_free(&l.method);
	buf_free(&l.reason);
	buf_free(&l.warning);
}

static void tick_probe(struct running *r)
{
	struct err says = {""};
	int news = r->probe->tick ? r->probe->tick(r->run, clock_boot_ns(), &says) : PROBE_NO_NEWS;

	if (news < 0)
		log_error("%s: %s", r->probe->name, says.text);
	else if (news == PROBE_WARNS)
		log_warning("%s: %s", r->probe->name, says.text);
	else if (news != PROBE_NO_NEWS)
		log_info("%s: %s", r->probe->name, says.text);
	if (news == PROBE_ATTACHED)
		log_plan(r);
}

/* Reads the records that did not wake the loop (bpf/ring.h, ring_batch). */
static void on_drains(void *data)
{
	struct pipeline *p = data;

	if (!p->finished)
		drain_until_quiet(p);
}

static void on_ticks(void *data)
{
	struct pipeline *p = data;

	identity_look(p->identity, clock_boot_ns());
	for (size_t i = 0; !p->finished && i < p->n; i++)
		tick_probe(&p->running[i]);
}

static int on_release(void *data, char held[static PROBE_HELD_MAX], struct err *err)
{
	struct pipeline *p = data;
	int r = 0;

	for (size_t i = 0; !r && i < p->n; i++) {
		struct running *running = &p->running[i];

		if (!running->probe->release || p->finished)
			continue;
		r = running->probe->release(running->run, held, err);
		if (!r && held[0])
			log_info("%s: detached from %s, as asked for", running->probe->name, held);
	}
	return r;
}

static int start_probe(struct pipeline *p, uint16_t id, struct err *err)
{
	struct running *r = &p->running[p->n];
	char section[64];
	int fd, e;

	snprintf(section, sizeof(section), "probes.%s", probes[id]->name);
	const struct probe_env env = {.id = id,
				      .options = config_get(p->o.config, section),
				      .attach = p->o.attach,
				      .events = p->o.events,
				      .newcomers = p->o.newcomers,
				      .notable = p->o.notable,
				      .containers = identity_containers(p->identity),
				      .wait = p->o.go_on_without || p->o.wait};

	*r = (struct running){.probe = probes[id], .pipeline = p};
	e = r->probe->start(&r->run, &env, err);
	if (e < 0)
		return err_prefix(err, e, "probe %s", r->probe->name);
	p->n++;
	fd = r->probe->ring_fd(r->run);
	if (fd >= 0)
		r->ring = loop_add_io(p->loop, fd, EPOLLIN, on_ring, r);
	if (fd >= 0 && !r->ring)
		return err_set(err, -errno, "probe %s: epoll: %s", r->probe->name, strerror(errno));
	log_plan(r);
	tick_probe(r);
	return 0;
}

static int start_probes(struct pipeline *p, struct err *err)
{
	uint16_t id = 0;
	int e;

	for (size_t i = 0; i < p->o.probes->len; i++) {
		e = find_probe(p->o.probes->items[i], &id, err);
		if (e >= 0)
			e = start_probe(p, id, err);
		if ((e == -EOPNOTSUPP || e == -ENODATA) && p->o.go_on_without) {
			log_warning("%s; going on without", err ? err->text : "");
			continue;
		}
		if (e < 0)
			return e;
	}
	return 0;
}

/* A pipeline that cannot be asked to release its modules works all the same. */
static void listen_for_release(struct pipeline *p)
{
	struct err err;

	for (size_t i = 0; i < p->n && !p->release; i++)
		if (p->running[i].probe->release && release_listen(&p->release, p->loop, on_release, p, &err) < 0)
			log_warning("teide trace --release will not be heard here: %s", err.text);
}

static int start_timers(struct pipeline *p, struct err *err)
{
	bool ticks = false;

	p->timer = loop_add_timer(p->loop, p->o.collect_interval_ns, p->o.collect_interval_ns, on_timer, p);
	for (size_t i = 0; i < p->n; i++)
		ticks |= p->running[i].probe->tick != NULL;
	if (ticks)
		p->ticks = loop_add_timer(p->loop, PROBE_TICK_NS, PROBE_TICK_NS, on_ticks, p);
	if (p->o.events)
		p->drains = loop_add_timer(p->loop, DRAIN_NS, DRAIN_NS, on_drains, p);
	if (!p->timer || (ticks && !p->ticks) || (p->o.events && !p->drains))
		return err_set(err, -errno, "timer: %s", strerror(errno));
	return 0;
}

int pipeline_start(struct pipeline **ret, struct loop *loop, const struct pipeline_options *options, struct err *err)
{
	struct pipeline *p = calloc(1, sizeof(*p) + options->probes->len * sizeof(p->running[0]));
	int r;

	if (!p)
		return err_oom(err);
	p->o = *options;
	p->loop = loop;
	p->identity = identity_new(config_get(p->o.config, "containers"));
	r = p->identity ? start_probes(p, err) : err_oom(err);
	if (r >= 0)
		r = start_timers(p, err);
	if (r < 0) {
		pipeline_free(p);
		return r;
	}
	listen_for_release(p);
	*ret = p;
	return 0;
}

static void watch_processes(struct running *r, const uint32_t *tgids, size_t n)
{
	int e = r->probe->watch(r->run, tgids, n);

	if (e < 0 && e != r->watch_error)
		log_error("%s: processes to watch: %s", r->probe->name, err_name(e));
	r->watch_error = e;
}

void pipeline_watch(struct pipeline *p, const uint32_t *tgids, size_t n)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->running[i].probe->watch)
			watch_processes(&p->running[i], tgids, n);
}

bool pipeline_watches(const struct pipeline *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->running[i].probe->watch)
			return true;
	return false;
}

size_t pipeline_probes(const struct pipeline *p)
{
	return p->n;
}

int pipeline_finish(struct pipeline *p, struct err *err)
{
	int r = 0;

	if (p->finished)
		return 0;
	p->finished = true;
	for (size_t i = 0; i < p->n; i++) {
		int one = p->running[i].probe->detach(p->running[i].run, err);

		r = one < 0 ? one : r;
	}
	while (!drain_rings(p)) /* without hooks no more come */
		end_batch(p);
	end_batch(p);
	pipeline_collect(p);
	return r;
}

struct ledger_call {
	pipeline_ledger_fn fn;
	void *data;
	const char *probe;
};

static void pass_row(void *data, const struct ledger_row *row)
{
	const struct ledger_call *call = data;

	call->fn(call->data, call->probe, row);
}

void pipeline_ledger(struct pipeline *p, pipeline_ledger_fn fn, void *data)
{
	for (size_t i = 0; i < p->n; i++) {
		struct ledger_call call = {fn, data, p->running[i].probe->name};

		p->running[i].probe->ledger(p->running[i].run, pass_row, &call);
	}
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	release_free(p->release);
	loop_remove(p->timer);
	loop_remove(p->ticks);
	loop_remove(p->drains);
	for (size_t i = 0; i < p->n; i++) {
		loop_remove(p->running[i].ring);
		p->running[i].probe->stop(p->running[i].run);
	}
	identity_free(p->identity);
	free(p);
}
