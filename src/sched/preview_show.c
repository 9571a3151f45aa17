/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "preview_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "netns.h"
#include "plural.h"

const char *preview_strategy(const struct sched_options *sched)
{
	return sched->strategy == SCHED_ADAPTIVE ? "adaptive" : "fixed";
}

bool preview_rate_known(const struct sched_options *sched, const struct sched_judgement *j)
{
	return sched->strategy == SCHED_ADAPTIVE && sched_seen_to_send(j);
}

const struct process *preview_process(const struct preview *p, const struct sched_judgement *j)
{
	const uint32_t passing =
		EVIDENCE_BIT(EVIDENCE_BYSTANDER) | EVIDENCE_BIT(EVIDENCE_CURRENT) | EVIDENCE_BIT(EVIDENCE_TRACE_PIPE);

	return j->evidence & ~passing || j->chosen ? processes_find(process_watch_processes(p->process_watch), j->pid)
						   : NULL;
}

void preview_losses(const struct preview *p, struct preview_loss ret[static PREVIEW_LOSSES])
{
	const struct sched_decision *d = p->decision;
	struct process_watch_missed m = process_watch_missed(p->process_watch);
	const struct preview_loss losses[PREVIEW_LOSSES] = {
		{"threads", "threads beyond sched.max_threads", d->left_out},
		{"strategies", "threads beyond what one list holds", d->list.refused_full},
		{"processes", "processes beyond the table", m.table.refused},
		{"pending", "tasks that a probe spoke of, beyond the table", m.table.pending_refused},
		{"processes_listed", "processes not looked at", m.processes},
		{"namespaces", "network namespaces not looked at", m.namespaces},
		{"namespaces_failed", "network namespaces that could not be asked for their sockets",
		 m.namespaces_failed},
		{"sockets", "sockets of the ports looked for, and what was found of them", m.sockets + m.findings},
		{"unreadable", "processes that could not be read, or not all of their descriptors",
		 m.processes_unreadable},
	};

	memcpy(ret, losses, sizeof(losses));
}

static bool counts_in_rows(int kind)
{
	return kind == EVIDENCE_SENDER || kind == EVIDENCE_BYSTANDER || kind == EVIDENCE_CURRENT ||
	       kind == EVIDENCE_TRACE_PIPE;
}

/* "name, socket, sender 33 (0.4 s ago)" */
static void add_evidence(struct buf *out, const struct process *p, uint64_t now_ns)
{
	bool first = true;

	for (int kind = 0; kind < EVIDENCE_MAX; kind++) {
		const struct process_evidence *e = &p->kinds[kind];

		if (!(p->evidence & EVIDENCE_BIT(kind)))
			continue;
		buf_printf(out, "%s%s", first ? "" : ", ", evidence_name((enum evidence)kind));
		first = false;
		if (counts_in_rows(kind))
			buf_printf(out, " %" PRIu64 " (%.1f s ago)", e->count,
				   now_ns > e->last_ns ? (double)(now_ns - e->last_ns) / (double)NSEC_PER_SEC : 0.0);
	}
	if (first)
		buf_str(out, "none");
}

static void add_place(struct buf *out, const struct process *p, const struct container *c)
{
	char text[NETNS_NAME_MAX];

	if (p->netns)
		buf_printf(out, "netns %s", netns_name("", p->netns, text));
	if (p->ids.pod[0])
		buf_printf(out, "  pod %s", c && c->pod[0] ? c->pod : p->ids.pod);
	if (p->ids.container[0])
		buf_printf(out, "  container %s%s%.12s%s", c ? c->name : "", c && c->name[0] ? " (" : "",
			   p->ids.container, c && c->name[0] ? ")" : "");
	if (p->cgroup)
		buf_printf(out, "  cgroup %s", p->cgroup);
}

static void format_ms(char text[static 24], bool known, uint64_t ns)
{
	if (known)
		snprintf(text, 24, "%.3f ms", (double)ns / (double)NSEC_PER_MSEC);
	else
		snprintf(text, 24, "-");
}

static void print_load(const struct sched_judgement *j, bool measured, bool rated)
{
	bool waited = measured && j->load.waits;
	char p99[24], share[16] = "-", cpu[16] = "-", packets[16] = "?";

	format_ms(p99, waited, j->load.p99_ns);
	if (measured)
		snprintf(cpu, sizeof(cpu), "%.1f %%", 100 * load_cpus(&j->load));
	if (waited)
		snprintf(share, sizeof(share), "%.1f %%", 100 * load_schedulable(&j->load));
	if (rated)
		snprintf(packets, sizeof(packets), "%.0f", load_packets_per_s(&j->load));
	printf("%9s %8s %12s %11s", packets, cpu, p99, share);
}

static void print_process(const struct preview *preview, const struct sched_options *sched,
			  const struct sched_judgement *j, const struct process *p)
{
	_cleanup_(buf_free) struct buf evidence = {0}, place = {0}, shown = {0};
	char comm[ESCAPED_MAX(PROC_COMM_MAX)], time[24], threads[24] = "?";

	add_evidence(&evidence, p, preview->now_ns);
	add_place(&place, p, identity_container(preview->identity, p->ids.container));
	format_ms(time, j->boosted, j->execution_time_ns);
	if (j->chosen) /* of the others, threads are not looked for */
		snprintf(threads, sizeof(threads), "%zu", j->threads);
	printf("%10d  %-15s %7s ", j->pid, escape_text_to(comm, sizeof(comm), j->comm), threads);
	print_load(j, preview->measured, preview_rate_known(sched, j));
	printf("  %-8s %12s  %s: %s\n",
	       !j->boosted   ? "-"
	       : j->priority ? "boost"
			     : "time",
	       time, j->why, evidence.data ?: "");
	if (!place.data)
		return;
	escape_text(&shown, place.data);
	printf("%28s%s\n", "", shown.data ?: "");
}

static void print_processes(const struct preview *p, const struct sched_options *sched)
{
	const struct sched_decision *d = p->decision;
	size_t others = 0;

	printf("%10s  %-15s %7s %9s %8s %12s %11s  %-8s %12s  %s\n", "PROCESS", "COMM", "THREADS", "PACKETS/S", "CPU",
	       "WAIT P99 <=", "SCHEDULABLE", "STRATEGY", "TIME", "WHY: EVIDENCE");
	for (size_t i = 0; i < d->n_judged; i++) {
		const struct process *process = preview_process(p, &d->judged[i]);

		if (process)
			print_process(p, sched, &d->judged[i], process);
		else
			others++;
	}
	if (others)
		printf("%10zu  others were merely on the CPU, or in a tracer's text\n", others);
}

static void print_strategies(const struct strategy_list *list)
{
	char comm[ESCAPED_MAX(PROC_COMM_MAX)];

	printf("\n%10s  %10s  %-15s  %-8s  %14s\n", "THREAD", "PROCESS", "COMM", "PRIORITY", "EXECUTION TIME");
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];

		printf("%10d  %10d  %-15s  %-8s  %11.3f ms\n", s->pid, s->tgid,
		       escape_text_to(comm, sizeof(comm), s->comm), s->priority ? "yes" : "no",
		       (double)s->execution_time_ns / (double)NSEC_PER_MSEC);
	}
}

void preview_text(const struct preview *p, const struct sched_options *sched)
{
	const struct sched_decision *d = p->decision;
	struct preview_loss losses[PREVIEW_LOSSES];

	print_processes(p, sched);
	print_strategies(&d->list);
	preview_losses(p, losses);
	printf("\n");
	for (size_t i = 0; i < PREVIEW_LOSSES; i++) {
		if (losses[i].n)
			printf("left out: %" PRIu64 " %s\n", losses[i].n, losses[i].what);
	}
	printf("%s: %zu thread%s of %zu process%s; nothing was done\n", preview_strategy(sched), d->list.len,
	       plural(d->list.len), d->processes, d->processes == 1 ? "" : "es");
}
