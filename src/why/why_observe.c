/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The probes for a while. Two pipelines on one loop: events are wanted of the module, and not of every
 * packet at TC. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cleanup.h"
#include "escape.h"
#include "log.h"
#include "ns.h"
#include "session.h"
#include "settings.h"
#include "why_cli.h"

#define COLLECT_NS (250 * NSEC_PER_MSEC)
#define WATCHED_MAX 32 /* interfaces of a site */

struct side {
	struct observation *o;
	bool counting;
	uint64_t begin_ns, end_ns;
};

/* Counts are compared across the two sides, so both count the same time: once all hooks are attached the two sides
 * are collected one right after the other, what was counted until then is thrown away, and so they are at the end. */
struct observation {
	const struct why_task *task;
	struct session session; /* its pipeline is that of tc */
	struct side tc, module;
	struct pipeline *module_pipeline; /* NULL: there is no module, or its probe could not start */
	const struct why_sites *sites;
	struct why_watched *ret;
	uint64_t duration_ns;
	bool told, ended, terminal;
};

static bool is_device(const struct why_site *site, const struct why_link *l)
{
	return site->device[0] && !strcmp(l->name, site->device);
}

/* N3 may be on the loopback device, where gNB and UPF are on one host. */
static bool is_worth_watching(const struct why_site *site, const struct why_link *l)
{
	return is_device(site, l) || (l->addressed && (strcmp(l->name, "lo") != 0 || site->netns.loopback));
}

const struct why_link *why_watched_link(const struct why_site *site, size_t *cursor)
{
	size_t others = 0, watched = 0;

	for (size_t i = 0; i < site->n_links; i++) {
		const struct why_link *l = &site->links[i];

		if (!is_worth_watching(site, l) || (!is_device(site, l) && others++ >= WATCHED_MAX - 1))
			continue;
		if (watched++ == *cursor) {
			(*cursor)++;
			return l;
		}
	}
	return NULL;
}

size_t why_unwatched_links(const struct why_site *site)
{
	size_t n = site->links_left_out, cursor = 0;

	for (size_t i = 0; i < site->n_links; i++)
		n += is_worth_watching(site, &site->links[i]);
	while (why_watched_link(site, &cursor))
		n--;
	return n;
}

static int add_interface(const struct netns *ns, const char *name, struct string_list *list)
{
	char text[NETNS_NAME_MAX + WHY_NAME_MAX];

	if (ns->inode == ns_inode_self())
		snprintf(text, sizeof(text), "%s", name);
	else if (ns->name[0])
		snprintf(text, sizeof(text), "%s/%s", ns->name, name);
	else
		snprintf(text, sizeof(text), "pid:%d/%s", ns->pid, name);
	return string_list_add(list, text);
}

static int add_interfaces(const struct why_site *site, struct string_list *list)
{
	const struct why_link *l;
	size_t cursor = 0;
	int r = 0;

	while (r == 0 && (l = why_watched_link(site, &cursor)))
		r = add_interface(&site->ns, l->name, list);
	return r;
}

static int add_ports(const struct why_bridge *b, struct string_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->n_ports; i++)
		r = add_interface(&b->ns, b->ports[i], list);
	return r;
}

static void show_progress(struct observation *o)
{
	uint64_t done_ns = clock_boot_ns() - o->tc.begin_ns;
	enum log_level level = log_get_level();
	char name[ESCAPED_MAX(WHY_NAME_MAX)];

	if (o->terminal) {
		fprintf(stderr, "\r\033[Kwatching %s%s: %" PRIu64 " of %" PRIu64 " s",
			escape_text_to(name, sizeof(name), o->sites->items[0].name),
			o->sites->n > 1 ? " and others" : "", (uint64_t)(done_ns / NSEC_PER_SEC),
			(uint64_t)(o->duration_ns / NSEC_PER_SEC));
		fflush(stderr);
	} else if (!o->told) {
		log_set_level(LOG_LEVEL_INFO);
		log_info("watching %s%s for %.10g s", o->sites->items[0].name, o->sites->n > 1 ? " and others" : "",
			 (double)o->duration_ns / NSEC_PER_SEC);
		log_set_level(level);
	}
	o->told = true;
}

static void on_row(void *data, const struct event *e)
{
	struct side *side = data;

	if (side->counting)
		why_seen_add(side->o->ret->seen, e);
}

/* An event is of the time that TC counts. */
static void on_event(void *data, const struct event *e)
{
	const struct side *side = data;
	const struct observation *o = side->o;

	if (o->tc.counting ? e->ts_ns >= o->tc.begin_ns
			   : o->ended && e->ts_ns >= o->tc.begin_ns && e->ts_ns < o->tc.end_ns)
		why_seen_add(o->ret->seen, e);
}

struct readings {
	struct why_counters counters;
	struct why_queues queues;
};

static int read_counters(void *data, struct err *err)
{
	struct readings *now = data;

	why_counters_read(&now->counters);
	why_queues_read(&now->queues);
	return 0;
}

static void take_ue_counters(struct observation *o, bool begins)
{
	struct readings now = {.queues.n = 0};

	if (!o->sites->ue_at[0] || netns_visit("", &o->sites->ue_ns, read_counters, &now, NULL) < 0)
		return;
	if (begins)
		o->ret->ue_before = now.counters;
	else
		why_counters_grown(&o->ret->ue_before, &now.counters, &o->ret->ue_grown);
}

/* A site that cannot be entered any more has none. */
static void take_counters(struct observation *o, bool begins)
{
	why_bridges_read(&o->ret->bridges, begins);
	take_ue_counters(o, begins);
	for (size_t i = 0; i < o->sites->n; i++) {
		struct readings now = {.queues.n = 0};
		struct err err;

		if (why_inside(&o->sites->items[i], read_counters, &now, &err) < 0)
			continue;
		if (begins) {
			o->ret->before[i] = now.counters;
			o->ret->queues_before[i] = now.queues;
		} else {
			why_counters_grown(&o->ret->before[i], &now.counters, &o->ret->grown[i]);
			why_queues_grown(&o->ret->queues_before[i], &now.queues, &o->ret->queues[i]);
		}
	}
}

static void end_observation(struct observation *o, uint64_t now_ns)
{
	if (o->ended)
		return;
	o->ended = true;
	o->tc.end_ns = now_ns;
	o->tc.counting = false;
	if (o->module_pipeline)
		pipeline_collect(o->module_pipeline);
	o->module.counting = false;
	take_counters(o, false);
	session_stop(&o->session, 0);
}

static void begin_observation(struct observation *o, uint64_t now_ns)
{
	o->tc.begin_ns = now_ns;
	o->tc.counting = true;
	if (o->module_pipeline)
		pipeline_collect(o->module_pipeline);
	take_counters(o, true);
	session_ready(&o->session);
}

static void on_module_collected(struct observation *o, uint64_t now_ns)
{
	if (!o->tc.counting && !o->ended)
		return;
	if (!o->module.begin_ns) {
		o->module.begin_ns = now_ns;
		o->module.counting = true;
	}
	if (o->module.counting)
		o->module.end_ns = now_ns;
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct side *side = data;
	struct observation *o = side->o;

	if (side == &o->module) {
		on_module_collected(o, now_ns);
		return;
	}
	if (o->ended)
		return;
	if (!o->tc.counting)
		begin_observation(o, now_ns);
	show_progress(o);
	if (now_ns - o->tc.begin_ns >= o->duration_ns)
		end_observation(o, now_ns);
}

static void on_end_signal(void *data)
{
	struct observation *o = data;

	/* The next collection of TC ends the observation, so that no count since the last one is lost. */
	o->duration_ns = 0;
	if (!o->tc.counting)
		end_observation(o, clock_boot_ns());
}

static int start_side(struct observation *o, struct side *side, char *probe, bool events, struct err *err)
{
	char *names[] = {probe, NULL};
	const struct string_list probes = {names, 1};
	const struct pipeline_options options = {.config = o->task->settings->config,
						 .probes = &probes,
						 .events = events,
						 .wait = true,
						 .collect_interval_ns = COLLECT_NS,
						 .on_event = on_event,
						 .on_row = on_row,
						 .on_collected = on_collected,
						 .data = side};

	side->o = o;
	if (side == &o->tc)
		return session_start(&o->session, &options, err);
	return pipeline_start(&o->module_pipeline, o->session.loop, &options, err);
}

static int set_interfaces(struct observation *o, struct err *err)
{
	_cleanup_(string_list_free) struct string_list list = {0};

	for (size_t i = 0; i < o->sites->n; i++)
		if (add_interfaces(&o->sites->items[i], &list) < 0)
			return err_oom(err);
	for (size_t i = 0; list.len && i < o->ret->bridges.n; i++)
		if (add_ports(&o->ret->bridges.items[i], &list) < 0)
			return err_oom(err);
	if (!list.len)
		return err_set(err, -ENODEV, "no interface with an address in %s", o->sites->items[0].name);
	return config_set_list(o->task->settings->config, "probes.flow.interfaces", &list, err);
}

static int set_filter(struct observation *o, const struct why_question *q, struct err *err)
{
	const struct why_session *session = &o->sites->items[0].session;
	bool by_ue = q->by_ue || (session->known && session->has_ue);
	const struct addr *ue = q->by_ue ? &q->ue : &session->ue;
	char text[ADDR_TEXT_MAX];
	int r;

	r = config_set(o->task->settings->config, "probes.gtpu.ring_size", "4MiB", err);
	if (r < 0)
		return r;
	if (by_ue)
		return config_set(o->task->settings->config, "probes.gtpu.ue", addr_format(ue, text), err);
	snprintf(text, sizeof(text), "%u", q->teid);
	return config_set(o->task->settings->config, "probes.gtpu.teid", text, err);
}

static bool has_module(const struct why_sites *sites)
{
	for (size_t i = 0; i < sites->n; i++)
		if (sites->items[i].upf != WHY_UPF_USER)
			return true;
	return false;
}

/* Without the module there is still what TC sees. */
static int start_module(struct observation *o, struct err *err)
{
	struct err why = {0};
	int r = set_filter(o, o->task->q, err);

	if (r < 0)
		return r;
	r = start_side(o, &o->module, "gtpu", true, &why);
	o->ret->module_ran = r >= 0;
	if (r < 0)
		snprintf(o->ret->module_why, sizeof(o->ret->module_why), "%.380s", why.text);
	return 0;
}

static void on_ledger(void *data, const char *probe, const struct ledger_row *row)
{
	struct observation *o = data;

	if (!strcmp(row->where, "ring") && !strcmp(row->name, "lost") && row->value)
		why_seen_lost(o->ret->seen, row->value);
}

/* GTP-U that contradicts itself has no rows. */
static void on_tc_ledger(void *data, const char *probe, const struct ledger_row *row)
{
	static const char *const malformed[] = {"gtpu_short", "gtpu_version", "gtpu_length", "gtpu_extension"};
	struct observation *o = data;

	for (size_t i = 0; row->reason && row->value && i < ARRAY_SIZE(malformed); i++)
		if (!strcmp(row->reason, malformed[i])) {
			o->ret->malformed += row->value;
			o->ret->malformed_as = malformed[i];
		}
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static int finish_observation(struct observation *o, struct err *err)
{
	int left = session_finish(&o->session, err);

	if (o->terminal && o->told) {
		fprintf(stderr, "\r\033[K");
		fflush(stderr);
	}
	if (o->module_pipeline) {
		pipeline_finish(o->module_pipeline, NULL);
		pipeline_ledger(o->module_pipeline, on_ledger, o);
		o->ret->skew_ns = apart(o->module.begin_ns, o->tc.begin_ns) + apart(o->module.end_ns, o->tc.end_ns);
	}
	pipeline_ledger(o->session.pipeline, on_tc_ledger, o);
	o->ret->ns = o->tc.end_ns > o->tc.begin_ns ? o->tc.end_ns - o->tc.begin_ns : 0;
	return left;
}

static int run_observation(struct observation *o, struct err *err)
{
	int r;

	log_set_level(LOG_LEVEL_WARNING);
	const struct session_options session = {
		.on_end_signal = on_end_signal, .data = o, .ready_fd = o->task->ready_fd};

	r = session_open(&o->session, &session, err);
	if (r >= 0)
		r = set_interfaces(o, err);
	if (r >= 0 && has_module(o->sites))
		r = start_module(o, err);
	if (r >= 0)
		r = start_side(o, &o->tc, "flow", false, err);
	if (r < 0)
		return r;
	pipeline_collect(o->session.pipeline);
	r = session_run(&o->session, err);
	return r < 0 ? r : finish_observation(o, err);
}

int why_observe(const struct why_sites *sites, const struct why_task *task, struct why_watched *ret, struct err *err)
{
	struct observation o = {.sites = sites,
				.task = task,
				.ret = ret,
				.duration_ns = task->duration_ns,
				.terminal = isatty(STDERR_FILENO)};
	const struct why_session *session = &sites->items[0].session;
	int r;

	*ret = (struct why_watched){0};
	ret->seen = why_seen_new(task->q, session->known ? session : NULL);
	if (!ret->seen)
		return err_oom(err);
	why_bridges_find(sites, &ret->bridges);
	r = run_observation(&o, err);
	pipeline_free(o.module_pipeline);
	session_close(&o.session);
	return r;
}
