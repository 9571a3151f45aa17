/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "decide.h"

struct bench {
	struct config *config;
	struct sched_rules rules;
	struct processes *table;
	struct sched_decision decision;
};

static const struct option_section *const sections[] = {&sched_section};

static void set(struct bench *b, const char *key, const char *value)
{
	struct err err = {0};

	assert_int_equal(config_set(b->config, key, value, &err), 0);
}

static int use_rules(struct bench *b, struct err *err)
{
	return sched_rules_init(&b->rules, config_get(b->config, "sched"), err);
}

static int setup(void **state)
{
	static const struct processes_limits limits = {
		.processes = 64,
		.pending = 64,
		.threads = 16,
		.evidence_ns = 1000,
	};
	struct bench *b = calloc(1, sizeof(*b));
	struct err err = {0};

	if (config_load(&b->config, sections, 1, NULL, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	b->table = processes_new(&limits);
	*state = b;
	return use_rules(b, &err);
}

static int teardown(void **state)
{
	struct bench *b = *state;

	sched_decision_free(&b->decision);
	processes_free(b->table);
	config_free(b->config);
	free(b);
	return 0;
}

static const struct proc_owner root_owner = {{0, 0, 0}, "/usr/bin/nr-gnb"};

static void process(struct bench *b, int32_t pid, const char *comm, uint32_t evidence, int32_t n_threads)
{
	struct proc p = {.pid = pid, .start_time = 1};
	struct proc_thread threads[16] = {0};

	snprintf(p.comm, sizeof(p.comm), "%s", comm);
	for (int kind = 0; kind < EVIDENCE_MAX; kind++) {
		if (evidence & EVIDENCE_BIT(kind))
			assert_non_null(processes_add(b->table, &p, (enum evidence)kind, 5));
	}
	for (int32_t i = 0; i < n_threads; i++)
		threads[i] = (struct proc_thread){.tid = pid + i, .start_time = 1};
	assert_int_equal(processes_set_threads(b->table, &p, threads, (size_t)n_threads, 0), 0);
	assert_int_equal(processes_set_owner(b->table, &p, &root_owner), 0);
}

static void run_by(struct bench *b, int32_t pid, const struct proc_owner *owner)
{
	const struct proc p = {.pid = pid, .start_time = 1};

	assert_int_equal(processes_set_owner(b->table, &p, owner), 0);
}

static void decide(struct bench *b)
{
	struct err err = {0};

	sched_decision_free(&b->decision);
	assert_int_equal(sched_decide(b->table, &b->rules, &b->decision, &err), 0);
}

static void expect(const struct bench *b, const int32_t *pids, size_t n)
{
	assert_int_equal(b->decision.list.len, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(b->decision.list.items[i].pid, pids[i]);
}

#define NAME EVIDENCE_BIT(EVIDENCE_NAME)
#define SOCKET EVIDENCE_BIT(EVIDENCE_SOCKET_OWNER)
#define SENDER EVIDENCE_BIT(EVIDENCE_SENDER)
#define BYSTANDER EVIDENCE_BIT(EVIDENCE_BYSTANDER)
#define PEER EVIDENCE_BIT(EVIDENCE_PEER)
#define TUN EVIDENCE_BIT(EVIDENCE_TUN_OWNER)
#define CURRENT EVIDENCE_BIT(EVIDENCE_CURRENT)
#define TRACE EVIDENCE_BIT(EVIDENCE_TRACE_PIPE)

static void leaders_then_threads_in_rounds(void **state)
{
	struct bench *b = *state;
	static const int32_t pids[] = {100, 500, 101, 501, 102};

	process(b, 500, "nr-ue", NAME | TUN, 2);
	process(b, 100, "nr-gnb", NAME | SOCKET, 3);
	decide(b);
	expect(b, pids, ARRAY_SIZE(pids));
	assert_int_equal(b->decision.processes, 2);
	assert_int_equal(b->decision.left_out, 0);
	assert_true(b->decision.list.items[4].priority);
	assert_int_equal(b->decision.list.items[4].execution_time_ns, 20000000);
}

static void each_kind_of_evidence_suffices(void **state)
{
	struct bench *b = *state;
	static const uint32_t kinds[] = {SOCKET, SENDER, PEER, TUN};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		process(b, 100 + (int32_t)i, "nr-gnb", NAME | kinds[i], 1);
	decide(b);
	assert_int_equal(b->decision.list.len, ARRAY_SIZE(kinds));
}

/* Who was merely on the CPU, or in a text, counts where the rules name it. */
static void passing_evidence_where_asked_for(void **state)
{
	struct bench *b = *state;
	static const int32_t current[] = {101}, both[] = {101, 102};
	struct err err = {0};

	process(b, 101, "nr-gnb", NAME | CURRENT, 1);
	process(b, 102, "nr-ue", NAME | TRACE, 1);
	process(b, 103, "kubelite", CURRENT | TRACE, 1);
	decide(b);
	expect(b, NULL, 0);
	set(b, "sched.evidence", "current");
	assert_int_equal(use_rules(b, &err), 0);
	decide(b);
	expect(b, current, 1);
	set(b, "sched.evidence", "current,trace_pipe");
	assert_int_equal(use_rules(b, &err), 0);
	decide(b);
	expect(b, both, 2);
}

static void a_strategy_knows_its_pod(void **state)
{
	struct bench *b = *state;
	struct proc p = {.pid = 100, .start_time = 1, .comm = "nr-gnb"};

	process(b, 100, "nr-gnb", NAME | SOCKET, 2);
	assert_int_equal(processes_set_cgroup(b->table, &p, "/kubepods/pod0d3f2b5e-1c2d-4e5f-8a9b-0c1d2e3f4a5b"), 0);
	decide(b);
	assert_int_equal(b->decision.list.len, 2);
	assert_string_equal(b->decision.list.items[1].pod, "0d3f2b5e-1c2d-4e5f-8a9b-0c1d2e3f4a5b");
}

static void who_gets_nothing(void **state)
{
	struct bench *b = *state;
	const char *why = "";

	process(b, 100, "nr-gnb", NAME, 1);
	process(b, 101, "nr-gnb", NAME | BYSTANDER, 1);
	process(b, 102, "upf", SOCKET | SENDER | PEER | TUN, 1);
	process(b, 103, "nr-gnb2", SOCKET, 1);
	process(b, 104, "my-nr-gnb", SOCKET, 1);
	process(b, 105, "kubelite", BYSTANDER, 1);
	decide(b);
	expect(b, NULL, 0);
	assert_false(sched_chooses(&b->rules, processes_find(b->table, 101), &why));
	assert_non_null(strstr(why, "softirq"));
	assert_false(sched_chooses(&b->rules, processes_find(b->table, 102), &why));
	assert_non_null(strstr(why, "name"));
}

static void evidence_that_aged_out_is_none(void **state)
{
	struct bench *b = *state;
	struct proc p = {.pid = 100, .start_time = 1, .comm = "nr-gnb"};

	process(b, 100, "nr-gnb", NAME | SENDER, 1);
	processes_add(b->table, &p, EVIDENCE_NAME, 1005);
	decide(b);
	assert_int_equal(b->decision.list.len, 1);
	processes_age(b->table, 1006);
	decide(b);
	assert_int_equal(b->decision.list.len, 0);
}

static void a_leader_whose_threads_are_not_read(void **state)
{
	struct bench *b = *state;
	static const int32_t pids[] = {100};

	process(b, 100, "nr-gnb", NAME | SOCKET, 0);
	decide(b);
	expect(b, pids, 1);
}

static void no_thread_twice(void **state)
{
	struct bench *b = *state;
	static const int32_t pids[] = {100, 102, 101};

	process(b, 100, "nr-gnb", NAME | SOCKET, 3);
	process(b, 102, "nr-ue", NAME | TUN, 1);
	decide(b);
	expect(b, pids, 3);
	assert_int_equal(b->decision.list.refused_duplicate, 1);
}

static void capped_and_counted(void **state)
{
	struct bench *b = *state;
	struct err err = {0};

	set(b, "sched.max_threads", "4");
	assert_int_equal(use_rules(b, &err), 0);
	process(b, 100, "nr-gnb", NAME | SOCKET, 3);
	process(b, 200, "nr-ue", NAME | TUN, 3);
	decide(b);
	assert_int_equal(b->decision.list.len, 4);
	assert_int_equal(b->decision.left_out, 2);
	assert_int_equal(b->decision.list.items[3].pid, 201);
}

/* A process with many threads and a low pid leaves no other one out. */
static void a_cut_list_is_shared(void **state)
{
	static const int32_t pids[] = {100, 200, 300, 101, 201, 102};
	struct bench *b = *state;
	struct err err = {0};

	set(b, "sched.max_threads", "6");
	assert_int_equal(use_rules(b, &err), 0);
	process(b, 100, "nr-gnb", NAME | SOCKET, 16);
	process(b, 200, "nr-gnb", NAME | SOCKET, 2);
	process(b, 300, "nr-ue", NAME | TUN, 1);
	decide(b);
	expect(b, pids, ARRAY_SIZE(pids));
	assert_int_equal(b->decision.left_out, 13);
}

static void whose_processes_count(void **state)
{
	static const struct {
		const char *users, *rules;
		struct proc_owner owner;
		bool chosen;
	} cases[] = {
		{"root", "", {{0, 0, 0}, ""}, true},
		{"root", "", {{1000, 1000, 1000}, ""}, false},
		/* a set-user-ID program, of which the user made the name; and the way back to its user */
		{"root", "", {{1000, 0, 0}, ""}, false},
		{"root", "", {{0, 1000, 0}, ""}, false},
		{"root", "", {{0, 0, 1000}, ""}, false},
		{"0,1000", "", {{1000, 1000, 1000}, ""}, true},
		{"*", "", {{1000, 0, 7}, ""}, true},
		{"root", "comm=nr-gnb", {{1000, 1000, 1000}, ""}, false},
		{"root", "user=1000", {{1000, 1000, 1000}, ""}, true},
		{"root", "user=1001", {{1000, 1000, 1000}, ""}, false},
		{"root", "exe=/opt/*/nr-gnb", {{1000, 1000, 1000}, "/opt/ueransim/nr-gnb"}, true},
		{"root", "exe=/opt/*/nr-gnb", {{1000, 1000, 1000}, "/home/eve/nr-gnb"}, false},
		{"root", "cgroup=/kubepods*", {{1000, 1000, 1000}, ""}, true},
		{"root", "cgroup=/user.slice*", {{1000, 1000, 1000}, ""}, false},
		{"", "", {{0, 0, 0}, ""}, false},
	};
	const struct proc p = {.pid = 100, .start_time = 1};
	struct bench *b = *state;
	struct err err = {0};
	const char *why = "";

	process(b, 100, "nr-gnb", NAME | SOCKET, 1);
	processes_set_cgroup(b->table, &p, "/kubepods/besteffort/x");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		set(b, "sched.users", cases[i].users);
		set(b, "sched.rules", cases[i].rules);
		assert_int_equal(use_rules(b, &err), 0);
		run_by(b, 100, &cases[i].owner);
		assert_int_equal(sched_chooses(&b->rules, processes_find(b->table, 100), &why), cases[i].chosen);
		assert_int_equal(!cases[i].chosen, !!strstr(why, "sched.users"));
	}
}

static void an_owner_that_is_not_known_does_not_count(void **state)
{
	struct proc p = {.pid = 100, .start_time = 1, .comm = "nr-gnb"};
	struct bench *b = *state;
	const char *why = "";

	assert_non_null(processes_add(b->table, &p, EVIDENCE_NAME, 5));
	assert_non_null(processes_add(b->table, &p, EVIDENCE_SOCKET_OWNER, 5));
	assert_false(sched_chooses(&b->rules, processes_find(b->table, 100), &why));
	assert_non_null(strstr(why, "sched.users"));
}

static void rules_are_configuration(void **state)
{
	struct bench *b = *state;
	struct err err = {0};

	set(b, "sched.names", "upf*");
	set(b, "sched.evidence", "socket");
	set(b, "sched.priority", "false");
	set(b, "sched.execution_time", "5ms");
	assert_int_equal(use_rules(b, &err), 0);
	process(b, 100, "nr-gnb", NAME | SOCKET, 1);
	process(b, 200, "upf-core", SOCKET, 1);
	process(b, 300, "upf-idle", SENDER, 1);
	decide(b);
	assert_int_equal(b->decision.list.len, 1);
	assert_int_equal(b->decision.list.items[0].pid, 200);
	assert_false(b->decision.list.items[0].priority);
	assert_int_equal(b->decision.list.items[0].execution_time_ns, 5000000);
}

static void the_name_alone_where_asked_for(void **state)
{
	struct bench *b = *state;
	struct err err = {0};

	set(b, "sched.evidence", "name");
	assert_int_equal(use_rules(b, &err), 0);
	process(b, 100, "nr-gnb", NAME, 1);
	process(b, 101, "nr-gnb2", SOCKET, 1);
	decide(b);
	assert_int_equal(b->decision.list.len, 1);
}

static void rules_that_cannot_be(void **state)
{
	struct bench *b = *state;
	static const struct {
		const char *key, *value, *says;
	} cases[] = {
		{"sched.evidence", "bystander", "bystander"},
		{"sched.evidence", "socket,nonsense", "nonsense"},
		{"sched.evidence", "", "empty"},
		{"sched.names", "a-name-of-16byte", "15 bytes"},
		{"sched.names", "", "empty"},
		{"sched.users", "no-such-user-here", "no user 'no-such-user-here'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		set(b, "sched.names", "nr-gnb");
		set(b, "sched.evidence", "socket");
		set(b, "sched.users", "root");
		set(b, cases[i].key, cases[i].value);
		assert_int_equal(use_rules(b, &err), -EINVAL);
		assert_non_null(strstr(err.text, cases[i].key));
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

int main(void)
{
#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		BENCH_TEST(leaders_then_threads_in_rounds),
		BENCH_TEST(each_kind_of_evidence_suffices),
		BENCH_TEST(passing_evidence_where_asked_for),
		BENCH_TEST(a_strategy_knows_its_pod),
		BENCH_TEST(who_gets_nothing),
		BENCH_TEST(evidence_that_aged_out_is_none),
		BENCH_TEST(a_leader_whose_threads_are_not_read),
		BENCH_TEST(no_thread_twice),
		BENCH_TEST(capped_and_counted),
		BENCH_TEST(a_cut_list_is_shared),
		BENCH_TEST(whose_processes_count),
		BENCH_TEST(an_owner_that_is_not_known_does_not_count),
		BENCH_TEST(rules_are_configuration),
		BENCH_TEST(the_name_alone_where_asked_for),
		BENCH_TEST(rules_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
