/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The runq probe beside the kernel's own accounts (/proc/TID/schedstat and status): threads of one
 * process that share a CPU work, sleep, begin and are preempted; between two times at which all of
 * them sleep every wait and every switch is counted. Reader and threads share that CPU, so that
 * nobody of them is half way out of it while the reader reads. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "object.h"
#include "probe.h"
#include "proc.h"
#include "runq_crew.h"
#include "runq_run.h"
#include "runq.skel.h"

struct account { /* of a thread, by the kernel or by rows */
	uint32_t tid;
	uint64_t waits, wait_ns, on_cpu_ns, switches, preemptions;
	char comm[EVENT_NAME_MAX];
};

struct accounts {
	struct account of[CREW_THREADS];
	size_t n, strangers;
};

static const struct probe *runq(void)
{
	for (size_t i = 0; probes[i]; i++)
		if (!strcmp(probes[i]->name, "runq"))
			return probes[i];
	fail_msg("no probe runq");
	return NULL;
}

static void number_after(const char *path, const char *key, uint64_t *ret)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key))) {
			*ret = strtoull(line + strlen(key), NULL, 10);
			return;
		}
	fail_msg("%s has no %s", path, key);
}

static struct account account_of(pid_t pid, int32_t tid)
{
	struct account a = {.tid = (uint32_t)tid};
	char path[64];
	uint64_t given_up;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64, &a.on_cpu_ns, &a.wait_ns, &a.waits), 3);
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	number_after(path, "nonvoluntary_ctxt_switches:", &a.preemptions);
	number_after(path, "voluntary_ctxt_switches:", &given_up);
	a.switches = a.preemptions + given_up;
	return a;
}

static char state_of(pid_t pid, int32_t tid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (f)
		fclose(f);
	return state;
}

/* Reads the kernel's accounts once n threads are there and all sleep. */
static void read_asleep(const struct crew *c, size_t n, struct accounts *ret)
{
	_cleanup_(proc_thread_list_free) struct proc_thread_list threads = {0};
	size_t asleep = 0;

	while (threads.len != n || asleep != n) {
		proc_thread_list_free(&threads);
		assert_int_equal(proc_threads("", c->pid, 64, &threads), 0);
		asleep = 0;
		for (size_t i = 0; i < threads.len; i++)
			asleep += state_of(c->pid, threads.items[i].tid) == 'S';
		if (asleep != n)
			poll(NULL, 0, 1);
	}
	ret->n = n;
	for (size_t i = 0; i < n; i++)
		ret->of[i] = account_of(c->pid, threads.items[i].tid);
}

static struct account *find(struct accounts *a, uint32_t tid)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->of[i].tid == tid)
			return &a->of[i];
	if (a->n == CREW_THREADS) {
		a->strangers++;
		return NULL;
	}
	a->of[a->n].tid = tid;
	return &a->of[a->n++];
}

static void add_row(void *data, const struct event *e)
{
	struct account *a = find(data, e->pid);
	uint64_t buckets = 0;

	assert_int_equal(e->kind, KIND_WAIT);
	assert_non_null(e->wait);
	for (int i = 0; i < EVENT_WAIT_BUCKETS; i++)
		buckets += e->wait->buckets[i];
	assert_int_equal(buckets, e->wait->count);
	if (!a)
		return;
	a->waits += e->wait->count;
	a->wait_ns += e->wait->total_ns;
	a->on_cpu_ns += e->wait->on_cpu_ns;
	a->switches += e->wait->switches;
	a->preemptions += e->wait->preemptions;
	memcpy(a->comm, e->comm, sizeof(a->comm));
}

static void print_near(const char *what, uint64_t got, uint64_t want, uint64_t times)
{
	print_message("# %s %" PRIu64 ", the kernel's %" PRIu64 " ns, %" PRIu64 " times\n", what, got, want, times);
}

/* The kernel reads its clock when it queues a thread and when it has chosen it, the probe a moment
 * later each time. */
static uint64_t slack(uint64_t ns, uint64_t times)
{
	return ns / 20 + times * 20000;
}

/* The kernel takes interrupts and what a hypervisor stole off a thread's time, the probe does not:
 * nobody else had the CPU. */
static void check_times(struct account got, struct account kernel, uint64_t elapsed_ns)
{
	uint64_t wait_slack = slack(kernel.wait_ns, kernel.waits);
	uint64_t run_slack = slack(kernel.on_cpu_ns, kernel.waits);

	print_near("waited", got.wait_ns, kernel.wait_ns, kernel.waits);
	assert_in_range(got.wait_ns, kernel.wait_ns - MIN(kernel.wait_ns, wait_slack), kernel.wait_ns + wait_slack);
	print_near("ran", got.on_cpu_ns, kernel.on_cpu_ns, kernel.waits);
	assert_in_range(got.on_cpu_ns, kernel.on_cpu_ns - MIN(kernel.on_cpu_ns, run_slack), elapsed_ns);
	assert_in_range(got.on_cpu_ns + got.wait_ns, 0, elapsed_ns);
}

/* What the kernel has added up meanwhile. */
static struct account since(struct account after, const struct accounts *before)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct account *b = &before->of[i];

		if (b->tid != after.tid)
			continue;
		after.waits -= b->waits;
		after.wait_ns -= b->wait_ns;
		after.on_cpu_ns -= b->on_cpu_ns;
		after.switches -= b->switches;
		after.preemptions -= b->preemptions;
	}
	return after;
}

struct bench {
	struct crew crew;
	struct runq_options options;
	struct probe_run *run;
};

static void start_probe(struct bench *b, uint64_t max_threads)
{
	struct probe_env env = {.options = &b->options};
	struct err err = {""};

	b->options.max_threads = max_threads;
	if (runq()->start(&b->run, &env, &err) < 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct accounts idle = {0};

	crew_start(&b->crew);
	read_asleep(&b->crew, CREW_WORKERS + 1, &idle);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	if (b->run)
		runq()->stop(b->run);
	crew_end(&b->crew);
	free(b);
	return 0;
}

static void watch(struct bench *b, size_t n)
{
	uint32_t tgid = (uint32_t)b->crew.pid;

	assert_int_equal(runq()->watch(b->run, &tgid, n), 0);
}

/* Has all work; collects meanwhile, so that work under way is told in parts. */
static void let_work(struct bench *b, int dones, struct accounts *rows)
{
	struct pollfd done = {.fd = b->crew.done[0], .events = POLLIN};
	char byte;

	crew_work(&b->crew);
	while (dones) {
		int n = poll(&done, 1, 10);

		assert_in_range(n, 0, 1);
		assert_int_equal(runq()->collect(b->run, add_row, rows), 0);
		if (n) {
			assert_int_equal(read(b->crew.done[0], &byte, 1), 1);
			dones--;
		}
	}
}

struct sums {
	uint64_t seen, counted, skipped, no_room, unseen;
	char where[32];
};

static void add_ledger(void *data, const struct ledger_row *row)
{
	struct sums *s = data;

	assert_false(row->unknown);
	if (!strcmp(row->name, "seen")) {
		assert_int_equal(s->seen, s->counted + s->skipped);
		s->seen = row->value;
		s->counted = s->skipped = 0;
	} else if (!strcmp(row->name, "counted")) {
		s->counted = row->value;
	} else if (!strcmp(row->name, "skipped")) {
		s->skipped += row->value;
		s->no_room += strcmp(row->reason, "no_room") ? 0 : row->value;
		s->unseen += strcmp(row->reason, "unseen") ? 0 : row->value;
	} else {
		assert_int_equal(row->value, 0);
	}
}

static struct sums check_ledger(struct bench *b)
{
	struct sums s = {0};

	runq()->ledger(b->run, add_ledger, &s);
	assert_int_equal(s.seen, s.counted + s.skipped);
	return s;
}

struct round {
	struct accounts before, after, rows;
	uint64_t elapsed_ns;
};

static void play(struct bench *b, struct round *r, bool first)
{
	uint64_t begin_ns = clock_boot_ns();

	*r = (struct round){0};
	read_asleep(&b->crew, CREW_THREADS - first, &r->before);
	let_work(b, CREW_WORKERS + first, &r->rows);
	read_asleep(&b->crew, CREW_THREADS, &r->after);
	for (int i = 0; i < 3; i++) /* what was told in advance is settled then */
		assert_int_equal(runq()->collect(b->run, add_row, &r->rows), 0);
	r->elapsed_ns = clock_boot_ns() - begin_ns;
	assert_int_equal(r->rows.strangers, 0);
}

/* Waits of the round that are not in its rows. */
static uint64_t check_round(struct round *r)
{
	uint64_t missing = 0, preemptions = 0, waits = 0;

	for (size_t i = 0; i < r->after.n; i++) {
		struct account kernel = since(r->after.of[i], &r->before);
		struct account *got = find(&r->rows, kernel.tid);

		assert_non_null(got);
		assert_int_equal(got->switches, kernel.switches);
		assert_int_equal(got->preemptions, kernel.preemptions);
		assert_in_range(got->waits, 0, kernel.waits);
		missing += kernel.waits - got->waits;
		preemptions += kernel.preemptions;
		waits += kernel.waits;
		if (got->waits == kernel.waits)
			check_times(*got, kernel, r->elapsed_ns);
	}
	assert_true(preemptions >= CREW_BURNS / 4);
	assert_true(waits > preemptions);
	return missing;
}

/* Each wait is in the rows, or in the ledger as unseen; a round without the latter comes. */
static void waits_and_switches_are_the_kernels(void **state)
{
	struct bench *b = *state;
	uint64_t missing, all = 0;
	struct round r;
	bool first = true;

	start_probe(b, 64);
	watch(b, 1);
	for (int i = 0; i < 10; i++, first = false) {
		play(b, &r, first);
		missing = check_round(&r);
		all += missing;
		if (first)
			assert_string_equal(find(&r.rows, r.after.of[CREW_THREADS - 1].tid)->comm, "begun-later");
		if (!missing)
			break;
	}
	assert_int_equal(missing, 0);
	assert_int_equal(check_ledger(b).unseen, all);
	assert_int_equal(check_ledger(b).no_room, 0);
}

static void who_is_not_watched_is_not_told(void **state)
{
	struct bench *b = *state;
	struct accounts rows = {0};

	start_probe(b, 64);
	let_work(b, CREW_WORKERS + 1, &rows);
	assert_int_equal(rows.n, 0);
	watch(b, 1);
	let_work(b, CREW_WORKERS, &rows);
	assert_int_equal(rows.n, CREW_WORKERS);
	watch(b, 0);
	runq()->collect(b->run, add_row, &rows);
	rows = (struct accounts){0};
	let_work(b, CREW_WORKERS, &rows);
	assert_int_equal(rows.n, 0);
	check_ledger(b);
}

static void no_room_is_counted(void **state)
{
	struct bench *b = *state;
	struct accounts rows = {0};

	start_probe(b, 1);
	watch(b, 1);
	let_work(b, CREW_WORKERS + 1, &rows);
	assert_int_equal(rows.n, 1);
	assert_true(check_ledger(b).no_room >= CREW_BURNS / 4);
}

/* An ended thread makes room: in the map of threads none stays. */
static void the_end_of_a_thread(void **state)
{
	struct bench *b = *state;
	struct accounts rows = {0};
	uint32_t none, next;

	start_probe(b, 64);
	watch(b, 1);
	let_work(b, CREW_WORKERS + 1, &rows);
	assert_int_equal(bpf_map_get_next_key(bpf_map__fd(b->run->bpf->maps.threads), NULL, &next), 0);
	kill(b->crew.pid, SIGKILL);
	waitid(P_PID, (id_t)b->crew.pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	while (bpf_map_get_next_key(bpf_map__fd(b->run->bpf->maps.threads), NULL, &none) == 0)
		poll(NULL, 0, 1); /* the last switch comes after the parent has been told */
	assert_int_equal(runq()->collect(b->run, add_row, &rows), 0);
	assert_int_equal(runq()->collect(b->run, add_row, &rows), 0);
	assert_int_equal(map_len(b->run->told), 0);
}

#define OTHERS 0x40000000U /* above every pid that a kernel gives */

/* The kernel refuses a process, here since others have taken the map's room: the next call tries it again. */
static void a_refused_process_is_tried_again(void **state)
{
	struct bench *b = *state;
	uint32_t tgid = (uint32_t)b->crew.pid, other = OTHERS;
	struct runq_watched since = {0};
	int fd;

	start_probe(b, 64);
	fd = bpf_map__fd(b->run->bpf->maps.watched);
	while (bpf_map_update_elem(fd, &other, &since, BPF_ANY) == 0)
		other++;
	assert_int_equal(runq()->watch(b->run, &tgid, 1), -E2BIG);
	assert_int_equal(runq()->watch(b->run, &tgid, 1), -E2BIG);
	while (other-- > OTHERS)
		assert_int_equal(bpf_map_delete_elem(fd, &other), 0);
	watch(b, 1);
	assert_int_equal(bpf_map_lookup_elem(fd, &tgid, &since), 0);
	watch(b, 0);
	assert_int_not_equal(bpf_map_lookup_elem(fd, &tgid, &since), 0);
}

int main(void)
{
#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		BENCH_TEST(waits_and_switches_are_the_kernels),
		BENCH_TEST(who_is_not_watched_is_not_told),
		BENCH_TEST(no_room_is_counted),
		BENCH_TEST(the_end_of_a_thread),
		BENCH_TEST(a_refused_process_is_tried_again),
	};

	if (geteuid()) {
		printf("1..0 # SKIP loading programs needs root\n");
		return 77;
	}
	return cmocka_run_group_tests_name("runq", tests, NULL, NULL);
}
