/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "cleanup.h"
#include "json_line.h"
#include "netns.h"
#include "preview_show.h"

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

static void write_place(struct jw *j, const struct process *p, const struct container *c)
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
	if (c && c->name[0])
		jw_string(j, "container_name", c->name);
	if (c && c->pod[0])
		jw_string(j, "pod_name", c->pod);
}

static void write_waits(struct jw *j, const struct load *l)
{
	jw_double(j, "cpus", load_cpus(l));
	jw_u64(j, "waits", l->waits);
	jw_u64(j, "wait_ns", l->wait_ns);
	if (l->waits) {
		jw_u64(j, "wait_p50_ns", l->p50_ns);
		jw_u64(j, "wait_p99_ns", l->p99_ns);
	}
	if (l->wait_ns + l->on_cpu_ns)
		jw_double(j, "schedulable", load_schedulable(l));
}

static void print_process(const struct preview *p, const struct sched_options *sched,
			  const struct sched_judgement *judgement, const struct process *process)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, p->node, "process");

	jw_i64(j, "pid", judgement->pid);
	jw_string(j, "comm", judgement->comm);
	jw_bool(j, "chosen", judgement->chosen);
	jw_bool(j, "boosted", judgement->boosted);
	jw_string(j, "why", judgement->why);
	write_evidence(j, process, p->now_ns);
	write_place(j, process, identity_container(p->identity, process->ids.container));
	if (judgement->chosen) /* of the others, threads are not looked for */
		jw_u64(j, "threads", judgement->threads);
	if (preview_rate_known(sched, judgement))
		jw_double(j, "packets_per_s", load_packets_per_s(&judgement->load));
	if (p->measured)
		write_waits(j, &judgement->load);
	json_line_end(&line);
}

static void print_strategy(const struct preview *p, const struct strategy *s)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, p->node, "strategy");

	jw_i64(j, "pid", s->pid);
	jw_i64(j, "tgid", s->tgid);
	jw_string(j, "comm", s->comm);
	if (s->pod[0])
		jw_string(j, "pod", s->pod);
	jw_bool(j, "priority", s->priority);
	jw_u64(j, "execution_time", s->execution_time_ns);
	json_line_end(&line);
}

static void print_summary(const struct preview *p, const struct sched_options *sched, size_t others)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, p->node, "summary");
	struct preview_loss losses[PREVIEW_LOSSES];

	preview_losses(p, losses);
	jw_string(j, "strategy", preview_strategy(sched));
	jw_u64(j, "processes", p->decision->processes);
	jw_u64(j, "strategies", p->decision->list.len);
	jw_u64(j, "others", others);
	if (p->unsent)
		jw_bool(j, "foreign_pids", true);
	jw_object(j, "left_out");
	for (size_t i = 0; i < PREVIEW_LOSSES; i++)
		jw_u64(j, losses[i].key, losses[i].n);
	jw_object_end(j);
	json_line_end(&line);
}

void preview_json(const struct preview *p, const struct sched_options *sched)
{
	const struct sched_decision *d = p->decision;
	size_t others = 0;

	for (size_t i = 0; i < d->n_judged; i++) {
		const struct process *process = preview_process(p, &d->judged[i]);

		if (process)
			print_process(p, sched, &d->judged[i], process);
		else
			others++;
	}
	for (size_t i = 0; i < d->list.len; i++)
		print_strategy(p, &d->list.items[i]);
	print_summary(p, sched, others);
}
