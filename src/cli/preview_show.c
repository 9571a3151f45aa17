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
#include "netns.h"

bool preview_shows(const struct roster *r, const struct process *p)
{
	const uint32_t passing = EVIDENCE_BIT(EVIDENCE_BYSTANDER) | EVIDENCE_BIT(EVIDENCE_CURRENT) |
				 EVIDENCE_BIT(EVIDENCE_TRACE_PIPE);

	return p->evidence & ~passing || sched_chooses(roster_rules(r), p, NULL);
}

static int compare_pid(const void *a, const void *b)
{
	const struct process *x = *(const struct process *const *)a;
	const struct process *y = *(const struct process *const *)b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

int preview_processes(const struct roster *r, const struct process ***ret, size_t *ret_n,
		      size_t *ret_others)
{
	const struct processes *table = roster_processes(r);
	const struct process **list = calloc(processes_len(table) + 1, sizeof(const struct process *));
	const struct process *p;
	size_t cursor = 0, n = 0, others = 0;

	if (!list)
		return -ENOMEM;
	while ((p = processes_next(table, &cursor))) {
		if (preview_shows(r, p))
			list[n++] = p;
		else
			others++;
	}
	if (n)
		qsort(list, n, sizeof(const struct process *), compare_pid);
	*ret = list;
	*ret_n = n;
	*ret_others = others;
	return 0;
}

void preview_losses(const struct roster *r, const struct sched_decision *d,
		    struct preview_loss ret[static PREVIEW_LOSSES])
{
	struct roster_missed m = roster_missed(r);
	const struct preview_loss losses[PREVIEW_LOSSES] = {
		{"threads", "threads beyond sched.max_threads", d->left_out},
		{"strategies", "threads beyond what one list holds", d->list.refused_full},
		{"processes", "processes beyond the table", m.table.refused},
		{"pending", "tasks that a probe spoke of, beyond the table", m.table.pending_refused},
		{"processes_listed", "processes not looked at", m.processes},
		{"namespaces", "network namespaces not looked at", m.namespaces},
		{"namespaces_failed", "network namespaces that could not be asked for their sockets",
		 m.namespaces_failed},
		{"sockets", "sockets of the ports looked for, and what was found of them",
		 m.sockets + m.findings},
		{"unreadable", "processes whose descriptors could not be read, or not all", m.processes_unreadable},
	};

	memcpy(ret, losses, sizeof(losses));
}

/* A name may hold escape sequences. */
static const char *printable(char text[static PROC_COMM_MAX], const char *comm)
{
	snprintf(text, PROC_COMM_MAX, "%s", comm);
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return text;
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
				   now_ns > e->last_ns ? (double)(now_ns - e->last_ns) /
								 (double)NSEC_PER_SEC
						       : 0.0);
	}
	if (first)
		buf_str(out, "none");
}

static void add_place(struct buf *out, const struct process *p)
{
	char text[NETNS_NAME_MAX];

	if (p->netns)
		buf_printf(out, "netns %s", netns_name("", p->netns, text));
	if (p->ids.pod[0])
		buf_printf(out, "  pod %s", p->ids.pod);
	if (p->ids.container[0])
		buf_printf(out, "  container %.12s", p->ids.container);
	if (p->cgroup)
		buf_printf(out, "  cgroup %s", p->cgroup);
}

static void print_process(const struct roster *r, const struct process *p, uint64_t now_ns)
{
	_cleanup_(buf_free) struct buf evidence = {0}, place = {0};
	const char *why;
	char comm[PROC_COMM_MAX];
	bool chosen = sched_chooses(roster_rules(r), p, &why);

	add_evidence(&evidence, p, now_ns);
	add_place(&place, p);
	printf("%10d  %-15s  %-7s  %s: %s\n", p->pid, printable(comm, p->comm),
	       chosen ? "yes" : "no", why, evidence.data ?: "");
	if (place.data)
		printf("%38s%s\n", "", place.data);
}

static void print_strategies(const struct strategy_list *list)
{
	char comm[PROC_COMM_MAX];

	printf("\n%10s  %10s  %-15s  %-8s  %14s\n", "THREAD", "PROCESS", "COMM", "PRIORITY",
	       "EXECUTION TIME");
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];

		printf("%10d  %10d  %-15s  %-8s  %11.3f ms\n", s->pid, s->tgid,
		       printable(comm, s->comm), s->priority ? "yes" : "no",
		       (double)s->execution_time_ns / (double)NSEC_PER_MSEC);
	}
}

void preview_text(const struct roster *r, const struct sched_decision *d, uint64_t now_ns)
{
	_cleanup_free_ const struct process **list = NULL;
	struct preview_loss losses[PREVIEW_LOSSES];
	size_t n = 0, others = 0;

	if (preview_processes(r, &list, &n, &others) < 0)
		return;
	printf("%10s  %-15s  %-7s  %s\n", "PROCESS", "COMM", "CHOSEN", "WHY: EVIDENCE");
	for (size_t i = 0; i < n; i++)
		print_process(r, list[i], now_ns);
	if (others)
		printf("%10zu  others were merely on the CPU, or in a tracer's text\n", others);
	print_strategies(&d->list);
	printf("\nwould be sent: %zu strategies for %zu processes\n", d->list.len, d->processes);
	preview_losses(r, d, losses);
	for (size_t i = 0; i < PREVIEW_LOSSES; i++) {
		if (losses[i].n)
			printf("left out: %" PRIu64 " %s\n", losses[i].n, losses[i].what);
	}
}
