/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "processes.h"
#include "record.h"

#define SECOND NSEC_PER_SEC

static struct processes *table(size_t max)
{
	struct processes_limits limits = {
		.processes = max,
		.pending = max,
		.threads = 8,
		.evidence_ns = 30 * SECOND,
	};
	struct processes *t = processes_new(&limits);

	assert_non_null(t);
	return t;
}

static struct proc proc(int32_t pid, uint64_t start_s, const char *comm)
{
	uint64_t tick_ns = proc_start_ns(1);
	struct proc p = {.pid = pid, .start_time = start_s * SECOND / tick_ns, .netns = 7};

	snprintf(p.comm, sizeof(p.comm), "%s", comm);
	return p;
}

static void find(struct processes *t, struct proc p, enum evidence kind, uint64_t now_ns)
{
	assert_non_null(processes_add(t, &p, kind, now_ns));
}

static struct event sender(uint32_t tgid, uint8_t context, uint64_t packets, uint64_t ts_ns)
{
	struct event e = {.probe = "flow", .kind = KIND_SENDER, .ts_ns = ts_ns};

	event_set(&e, F_TGID);
	event_set(&e, F_CONTEXT);
	event_set(&e, F_PACKETS);
	event_set(&e, F_DIR);
	e.tgid = tgid;
	e.context = context;
	e.packets = packets;
	e.dir = DIR_EGRESS;
	return e;
}

static void row(struct processes *t, struct event e)
{
	assert_true(processes_add_event(t, &e));
}

static void evidence_adds_up(void **state)
{
	struct processes *t = table(8);
	const struct process *p;

	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_NAME, 5 * SECOND);
	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_NAME, 6 * SECOND);
	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_SOCKET_OWNER, 7 * SECOND);
	p = processes_find(t, 10);
	assert_int_equal(processes_len(t), 1);
	assert_string_equal(p->comm, "nr-gnb");
	assert_int_equal(p->netns, 7);
	assert_int_equal(p->evidence, EVIDENCE_BIT(EVIDENCE_NAME) | EVIDENCE_BIT(EVIDENCE_SOCKET_OWNER));
	assert_int_equal(p->kinds[EVIDENCE_NAME].count, 2);
	assert_int_equal(p->kinds[EVIDENCE_NAME].first_ns, 5 * SECOND);
	assert_int_equal(p->kinds[EVIDENCE_NAME].last_ns, 6 * SECOND);
	processes_free(t);
}

static void a_reused_pid_starts_without_evidence(void **state)
{
	struct processes *t = table(8);
	struct proc next = proc(10, 9, "bash");
	struct proc_thread thread = {.tid = 10};

	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_SOCKET_OWNER, 5 * SECOND);
	assert_int_equal(processes_set_threads(t, &next, &thread, 1, 0), -ENOENT);
	processes_put(t, &next);
	assert_int_equal(processes_len(t), 1);
	assert_int_equal(processes_find(t, 10)->evidence, 0);
	assert_string_equal(processes_find(t, 10)->comm, "bash");
	assert_int_equal(processes_counts(t).replaced, 1);
	processes_free(t);
}

/* Only process context at egress makes a sender. */
static void contexts(void **state)
{
	struct processes *t = table(8);
	const struct process *p;
	struct event e;

	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_NAME, 5 * SECOND);
	row(t, sender(10, CONTEXT_SOFTIRQ, 5, 6 * SECOND));
	row(t, sender(10, CONTEXT_HARDIRQ, 1, 6 * SECOND));
	row(t, sender(10, CONTEXT_UNKNOWN, 2, 6 * SECOND));
	e = sender(10, CONTEXT_PROCESS, 4, 6 * SECOND);
	e.dir = DIR_INGRESS;
	row(t, e);
	p = processes_find(t, 10);
	assert_int_equal(p->evidence, EVIDENCE_BIT(EVIDENCE_NAME) | EVIDENCE_BIT(EVIDENCE_BYSTANDER));
	assert_int_equal(p->kinds[EVIDENCE_BYSTANDER].count, 12);
	row(t, sender(10, CONTEXT_PROCESS, 3, 8 * SECOND));
	row(t, sender(10, CONTEXT_PROCESS, 3, 7 * SECOND));
	assert_int_equal(p->kinds[EVIDENCE_SENDER].count, 6);
	assert_int_equal(p->kinds[EVIDENCE_SENDER].first_ns, 7 * SECOND);
	assert_int_equal(p->kinds[EVIDENCE_SENDER].last_ns, 8 * SECOND);
	processes_free(t);
}

static void nobody_is_no_process(void **state)
{
	struct processes *t = table(8);
	struct event e = sender(0, CONTEXT_PROCESS, 1, SECOND);
	size_t cursor = 0;

	row(t, e);
	row(t, sender(10, CONTEXT_IDLE, 1, SECOND));
	row(t, sender(UINT32_MAX, CONTEXT_PROCESS, 1, SECOND));
	e.has = 0;
	e.tgid = 10;
	row(t, e);
	assert_int_equal(processes_counts(t).nobody, 4);
	assert_int_equal(processes_next_pending(t, &cursor), 0);
	e.kind = KIND_FLOW;
	assert_false(processes_add_event(t, &e));
	processes_free(t);
}

static struct event seen_in(enum event_kind kind, uint32_t tgid, uint8_t context)
{
	struct event e = sender(tgid, context, 4, 6 * SECOND);

	e.kind = kind;
	return e;
}

/* The task that was current in a module's function: only where that is evidence, whatever the context. */
static void current_where_it_is_evidence(void **state)
{
	struct processes_limits limits = {8, 8, 8, 30 * SECOND, .current = true};
	struct processes *t = table(8);
	struct event e = seen_in(KIND_CONTEXT, 10, CONTEXT_SOFTIRQ);

	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_NAME, 5 * SECOND);
	assert_false(processes_add_event(t, &e));
	assert_int_equal(processes_find(t, 10)->evidence, EVIDENCE_BIT(EVIDENCE_NAME));
	processes_free(t);

	t = processes_new(&limits);
	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_NAME, 5 * SECOND);
	row(t, e);
	row(t, seen_in(KIND_CONTEXT, 10, CONTEXT_PROCESS));
	row(t, seen_in(KIND_CONTEXT, 10, CONTEXT_IDLE));
	row(t, seen_in(KIND_CONTEXT, 0, CONTEXT_SOFTIRQ));
	assert_int_equal(processes_find(t, 10)->evidence, EVIDENCE_BIT(EVIDENCE_NAME) | EVIDENCE_BIT(EVIDENCE_CURRENT));
	assert_int_equal(processes_find(t, 10)->kinds[EVIDENCE_CURRENT].count, 8);
	assert_int_equal(processes_counts(t).nobody, 2);
	processes_free(t);
}

static void text_of_a_tracer(void **state)
{
	struct processes *t = table(8);
	struct event e = seen_in(KIND_TRACE, 10, 0);
	struct proc p = proc(10, 1, "nr-gnb");

	event_clear(&e, F_CONTEXT);
	row(t, e);
	e.tgid = 0;
	row(t, e);
	assert_int_equal(processes_counts(t).nobody, 1);
	assert_non_null(processes_put(t, &p));
	assert_int_equal(processes_find(t, 10)->evidence, EVIDENCE_BIT(EVIDENCE_TRACE_PIPE));
	assert_int_equal(processes_find(t, 10)->kinds[EVIDENCE_TRACE_PIPE].count, 4);
	processes_free(t);
}

static void announced_before_it_is_counted(void **state)
{
	struct processes *t = table(8);
	struct proc p = proc(10, 1, "nr-gnb");
	const struct process *found = processes_announce(t, &p, EVIDENCE_SENDER, 6 * SECOND);

	assert_non_null(found);
	assert_int_equal(found->evidence, EVIDENCE_BIT(EVIDENCE_SENDER));
	assert_int_equal(found->kinds[EVIDENCE_SENDER].count, 0);
	assert_int_equal(found->kinds[EVIDENCE_SENDER].first_ns, 6 * SECOND);
	row(t, sender(10, CONTEXT_PROCESS, 3, 7 * SECOND));
	assert_int_equal(found->kinds[EVIDENCE_SENDER].count, 3);
	assert_int_equal(found->kinds[EVIDENCE_SENDER].first_ns, 6 * SECOND);
	processes_free(t);
}

static void a_cgroup_tells_container_and_pod(void **state)
{
	struct processes *t = table(8);
	struct proc p = proc(10, 1, "nr-gnb"), other = proc(10, 2, "nr-gnb");
	const char *pod = "0d3f2b5e-1c2d-4e5f-8a9b-0c1d2e3f4a5b";
	char path[256];

	snprintf(path, sizeof(path), "/kubepods/besteffort/pod%s/%064d", pod, 7);
	assert_int_equal(processes_set_cgroup(t, &p, path), -ENOENT);
	processes_put(t, &p);
	assert_int_equal(processes_set_cgroup(t, &p, path), 0);
	assert_int_equal(processes_set_cgroup(t, &p, path), 0);
	assert_string_equal(processes_find(t, 10)->cgroup, path);
	assert_string_equal(processes_find(t, 10)->ids.pod, pod);
	assert_int_equal(strlen(processes_find(t, 10)->ids.container), 64);
	assert_int_equal(processes_set_pod_name(t, &p, "ran/gnb-0"), 0);
	assert_int_equal(processes_set_pod_name(t, &other, "ran/gnb-1"), -ENOENT);
	assert_int_equal(processes_set_cgroup(t, &p, path), 0);
	assert_string_equal(processes_find(t, 10)->pod_name, "ran/gnb-0");
	assert_int_equal(processes_set_cgroup(t, &p, "/system.slice/gnb.service"), 0);
	assert_null(processes_find(t, 10)->pod_name);
	assert_string_equal(processes_find(t, 10)->ids.pod, "");
	assert_int_equal(processes_set_cgroup(t, &other, "/"), -ENOENT);
	processes_put(t, &other);
	assert_null(processes_find(t, 10)->cgroup);
	processes_free(t);
}

static void a_row_before_its_process(void **state)
{
	struct processes *t = table(8);
	struct proc p = proc(10, 1, "nr-gnb");
	size_t cursor = 0;

	row(t, sender(10, CONTEXT_PROCESS, 3, 6 * SECOND));
	row(t, sender(10, CONTEXT_SOFTIRQ, 2, 7 * SECOND));
	assert_int_equal(processes_len(t), 0);
	assert_int_equal(processes_next_pending(t, &cursor), 10);
	assert_non_null(processes_put(t, &p));
	assert_int_equal(processes_find(t, 10)->kinds[EVIDENCE_SENDER].count, 3);
	assert_int_equal(processes_find(t, 10)->kinds[EVIDENCE_BYSTANDER].count, 2);
	cursor = 0;
	assert_int_equal(processes_next_pending(t, &cursor), 0);
	processes_free(t);
}

/* Who has the pid now began after the row: it was somebody else. */
static void a_row_older_than_the_process(void **state)
{
	struct processes *t = table(8);
	struct proc p = proc(10, 8, "bash");

	row(t, sender(10, CONTEXT_PROCESS, 3, 6 * SECOND));
	processes_put(t, &p);
	assert_int_equal(processes_find(t, 10)->evidence, 0);
	row(t, sender(10, CONTEXT_PROCESS, 3, 7 * SECOND));
	assert_int_equal(processes_find(t, 10)->evidence, 0);
	assert_int_equal(processes_counts(t).stale, 2);
	row(t, sender(10, CONTEXT_PROCESS, 3, 8 * SECOND - 4 * NSEC_PER_MSEC));
	assert_int_equal(processes_find(t, 10)->evidence, EVIDENCE_BIT(EVIDENCE_SENDER));
	processes_free(t);
}

static void threads_are_copied_and_bounded(void **state)
{
	struct processes *t = table(8);
	struct proc p = proc(10, 1, "nr-gnb");
	struct proc_thread threads[10];

	for (int32_t i = 0; i < 10; i++)
		threads[i] = (struct proc_thread){.tid = 10 + i, .start_time = p.start_time};
	assert_int_equal(processes_set_threads(t, &p, threads, 3, 0), -ENOENT);
	processes_put(t, &p);
	assert_int_equal(processes_set_threads(t, &p, threads, 10, 5), 0);
	threads[0].start_time++;
	assert_int_equal(processes_set_threads(t, &p, threads, 2, 0), -ENOENT);
	threads[0].start_time--;
	threads[0].tid = 99;
	assert_int_equal(processes_find(t, 10)->n_threads, 8);
	assert_int_equal(processes_find(t, 10)->threads_left_out, 7);
	assert_int_equal(processes_find(t, 10)->threads[0].tid, 10);
	assert_int_equal(processes_set_threads(t, &p, threads, 0, 0), 0);
	assert_int_equal(processes_find(t, 10)->n_threads, 0);
	assert_int_equal(processes_set_threads(t, &p, threads + 1, 2, 0), 0);
	processes_ended(t, 10);
	assert_null(processes_find(t, 10));
	processes_free(t);
}

static void evidence_ages_by_kind(void **state)
{
	struct processes *t = table(8);

	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_NAME, 5 * SECOND);
	find(t, proc(10, 1, "nr-gnb"), EVIDENCE_SENDER, 20 * SECOND);
	processes_age(t, 35 * SECOND);
	assert_int_equal(processes_find(t, 10)->evidence, EVIDENCE_BIT(EVIDENCE_NAME) | EVIDENCE_BIT(EVIDENCE_SENDER));
	processes_age(t, 35 * SECOND + 1);
	assert_int_equal(processes_find(t, 10)->evidence, EVIDENCE_BIT(EVIDENCE_SENDER));
	assert_int_equal(processes_find(t, 10)->kinds[EVIDENCE_NAME].count, 0);
	processes_age(t, 50 * SECOND + 1);
	assert_int_equal(processes_len(t), 0);
	assert_int_equal(processes_counts(t).aged, 1);
	processes_free(t);
}

static void pending_ages(void **state)
{
	struct processes *t = table(8);
	size_t cursor = 0;

	row(t, sender(10, CONTEXT_PROCESS, 3, 6 * SECOND));
	row(t, sender(11, CONTEXT_PROCESS, 3, 16 * SECOND));
	processes_age(t, 40 * SECOND);
	assert_int_equal(processes_next_pending(t, &cursor), 11);
	assert_int_equal(processes_next_pending(t, &cursor), 0);
	processes_free(t);
}

static void full_of_the_evident(void **state)
{
	struct processes *t = table(2);
	struct proc third = proc(12, 1, "c");

	find(t, proc(10, 1, "a"), EVIDENCE_NAME, SECOND);
	find(t, proc(11, 1, "b"), EVIDENCE_SENDER, SECOND);
	assert_null(processes_add(t, &third, EVIDENCE_NAME, SECOND));
	assert_int_equal(processes_counts(t).refused, 1);
	assert_int_equal(processes_len(t), 2);
	find(t, proc(10, 1, "a"), EVIDENCE_PEER, SECOND);
	processes_free(t);
}

/* A node full of interrupted tasks must not keep the gNB out. */
static void bystanders_make_room(void **state)
{
	struct processes *t = table(2);
	struct proc p = proc(12, 1, "nr-gnb"), late = proc(13, 1, "late");

	find(t, proc(10, 1, "a"), EVIDENCE_BYSTANDER, SECOND);
	find(t, proc(11, 1, "b"), EVIDENCE_NAME, SECOND);
	assert_null(processes_add(t, &late, EVIDENCE_BYSTANDER, SECOND));
	assert_non_null(processes_add(t, &p, EVIDENCE_NAME, SECOND));
	assert_null(processes_find(t, 10));
	assert_non_null(processes_find(t, 11));
	assert_int_equal(processes_counts(t).evicted, 1);
	processes_free(t);
}

/* Anybody can be current, or in a text; whoever holds the socket must not be kept out by them. */
static void the_weaker_makes_room(void **state)
{
	struct processes *t = table(2);
	struct proc text = proc(12, 1, "c"), holder = proc(13, 1, "nr-gnb"), late = proc(14, 1, "d");

	find(t, proc(10, 1, "a"), EVIDENCE_BYSTANDER, SECOND);
	find(t, proc(11, 1, "b"), EVIDENCE_CURRENT, SECOND);
	assert_non_null(processes_add(t, &text, EVIDENCE_TRACE_PIPE, SECOND));
	assert_null(processes_find(t, 10));
	assert_null(processes_add(t, &late, EVIDENCE_CURRENT, SECOND));
	assert_non_null(processes_add(t, &holder, EVIDENCE_SOCKET_OWNER, SECOND));
	assert_int_equal(processes_len(t), 2);
	assert_int_equal(processes_counts(t).evicted, 2);
	assert_int_equal(processes_counts(t).refused, 1);
	processes_free(t);
}

static void pending_bystanders_make_room(void **state)
{
	struct processes *t = table(2);
	size_t cursor = 0;

	row(t, sender(10, CONTEXT_SOFTIRQ, 1, SECOND));
	row(t, sender(11, CONTEXT_PROCESS, 1, SECOND));
	row(t, sender(12, CONTEXT_SOFTIRQ, 1, SECOND));
	assert_int_equal(processes_counts(t).pending_refused, 1);
	row(t, sender(13, CONTEXT_PROCESS, 1, SECOND));
	assert_int_equal(processes_counts(t).evicted, 1);
	assert_int_equal(processes_next_pending(t, &cursor) + processes_next_pending(t, &cursor), 24);
	processes_free(t);
}

/* The agent reads each anew: a program that was executed since has another name. */
static void renewal_while_iterating(void **state)
{
	struct processes *t = table(64);
	const struct process *p;
	size_t cursor = 0, seen = 0;

	for (int32_t pid = 1; pid <= 50; pid++)
		find(t, proc(pid, 1, "nr-gnb"), EVIDENCE_NAME, SECOND);
	while ((p = processes_next(t, &cursor))) {
		struct proc next = proc(p->pid, p->pid % 2 ? 1 : 2, "bash");

		seen++;
		assert_non_null(processes_put(t, &next));
	}
	assert_int_equal(seen, 50);
	assert_int_equal(processes_counts(t).replaced, 25);
	assert_string_equal(processes_find(t, 1)->comm, "bash");
	assert_int_equal(processes_find(t, 1)->evidence, EVIDENCE_BIT(EVIDENCE_NAME));
	assert_int_equal(processes_find(t, 2)->evidence, 0);
	processes_free(t);
}

static void removal_while_iterating(void **state)
{
	struct processes *t = table(64);
	const struct process *p;
	size_t cursor = 0, seen = 0;

	for (int32_t pid = 1; pid <= 50; pid++)
		find(t, proc(pid, 1, "x"), EVIDENCE_NAME, SECOND);
	while ((p = processes_next(t, &cursor))) {
		seen++;
		if (p->pid % 2)
			processes_ended(t, p->pid);
	}
	assert_int_equal(seen, 50);
	assert_int_equal(processes_len(t), 25);
	processes_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_adds_up),
		cmocka_unit_test(a_reused_pid_starts_without_evidence),
		cmocka_unit_test(contexts),
		cmocka_unit_test(nobody_is_no_process),
		cmocka_unit_test(current_where_it_is_evidence),
		cmocka_unit_test(text_of_a_tracer),
		cmocka_unit_test(announced_before_it_is_counted),
		cmocka_unit_test(a_cgroup_tells_container_and_pod),
		cmocka_unit_test(a_row_before_its_process),
		cmocka_unit_test(a_row_older_than_the_process),
		cmocka_unit_test(threads_are_copied_and_bounded),
		cmocka_unit_test(evidence_ages_by_kind),
		cmocka_unit_test(pending_ages),
		cmocka_unit_test(full_of_the_evident),
		cmocka_unit_test(bystanders_make_room),
		cmocka_unit_test(the_weaker_makes_room),
		cmocka_unit_test(pending_bystanders_make_room),
		cmocka_unit_test(renewal_while_iterating),
		cmocka_unit_test(removal_while_iterating),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
