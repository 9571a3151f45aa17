/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "cleanup.h"
#include "jsonw.h"
#include "netns.h"
#include "preview_show.h"

static void put(const struct buf *line)
{
	if (!line->failed)
		puts(line->data);
}

static void write_evidence(struct jw *j, const struct process *p, uint64_t now_ns)
{
	jw_object(j, "evidence");
	for (int kind = 0; kind < EVIDENCE_MAX; kind++) {
		const struct process_evidence *e = &p->kinds[kind];

		if (!(p->evidence & EVIDENCE_BIT(kind)))
			continue;
		jw_object(j, evidence_name((enum evidence)kind));
		jw_u64(j, "count", e->count);
		jw_u64(j, "age_ns", now_ns > e->last_ns ? now_ns - e->last_ns : 0);
		jw_object_end(j);
	}
	jw_object_end(j);
}

static void write_place(struct jw *j, const struct process *p)
{
	char text[NETNS_NAME_MAX];

	if (p->netns)
		jw_string(j, "netns", netns_name("", p->netns, text));
	if (p->cgroup)
		jw_string(j, "cgroup", p->cgroup);
	if (p->ids.container[0])
		jw_string(j, "container", p->ids.container);
	if (p->ids.pod[0])
		jw_string(j, "pod", p->ids.pod);
}

static void print_process(const struct roster *r, const struct process *p, uint64_t now_ns)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);
	const char *why;
	bool chosen = sched_chooses(roster_rules(r), p, &why);

	jw_object(&j, NULL);
	jw_string(&j, "event", "process");
	jw_i64(&j, "pid", p->pid);
	jw_string(&j, "comm", p->comm);
	jw_bool(&j, "chosen", chosen);
	jw_string(&j, "why", why);
	write_evidence(&j, p, now_ns);
	write_place(&j, p);
	if (p->n_threads)
		jw_u64(&j, "threads", p->n_threads + p->threads_left_out);
	jw_object_end(&j);
	put(&out);
}

static void print_strategy(const struct strategy *s)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	jw_string(&j, "event", "strategy");
	jw_i64(&j, "pid", s->pid);
	jw_i64(&j, "tgid", s->tgid);
	jw_string(&j, "comm", s->comm);
	if (s->pod[0])
		jw_string(&j, "pod", s->pod);
	jw_bool(&j, "priority", s->priority);
	jw_u64(&j, "execution_time", s->execution_time_ns);
	jw_object_end(&j);
	put(&out);
}

static void print_summary(const struct roster *r, const struct sched_decision *d, size_t others)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);
	struct preview_loss losses[PREVIEW_LOSSES];

	preview_losses(r, d, losses);
	jw_object(&j, NULL);
	jw_string(&j, "event", "summary");
	jw_u64(&j, "processes", d->processes);
	jw_u64(&j, "strategies", d->list.len);
	jw_u64(&j, "others", others);
	jw_object(&j, "left_out");
	for (size_t i = 0; i < PREVIEW_LOSSES; i++)
		jw_u64(&j, losses[i].key, losses[i].n);
	jw_object_end(&j);
	jw_object_end(&j);
	put(&out);
}

void preview_json(const struct roster *r, const struct sched_decision *d, uint64_t now_ns)
{
	_cleanup_free_ const struct process **list = NULL;
	size_t n = 0, others = 0;

	if (preview_processes(r, &list, &n, &others) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		print_process(r, list[i], now_ns);
	for (size_t i = 0; i < d->list.len; i++)
		print_strategy(&d->list.items[i]);
	print_summary(r, d, others);
}
