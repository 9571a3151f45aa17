/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sched.rules: for whom, and what differs. */
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

#define POD "11111111-2222-3333-4444-555555555555"

static const struct option_section *const sections[] = {&sched_section};

struct bench {
	struct config *config;
	struct sched_rules rules;
	struct processes *table;
	struct loads *loads;
};

static int setup(void **state)
{
	static const struct processes_limits limits = {16, 16, 4, UINT64_MAX};
	struct bench *b = calloc(1, sizeof(*b));
	struct err err = {""};

	assert_int_equal(config_load(&b->config, sections, 1, NULL, &err), 0);
	b->table = processes_new(&limits);
	b->loads = loads_new(16, 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	loads_free(b->loads);
	processes_free(b->table);
	config_free(b->config);
	free(b);
	return 0;
}

static const char *name_of(uint64_t inode, char *text, size_t size)
{
	snprintf(text, size, "%s", inode == 7 ? "ran-7" : "");
	return text;
}

/* Separated by commas. */
static int use(struct bench *b, const char *rules, struct err *err)
{
	int r;

	assert_int_equal(config_set(b->config, "sched.rules", rules, err), 0);
	r = sched_rules_init(&b->rules, config_get(b->config, "sched"), err);
	b->rules.places = (struct sched_places){b->loads, name_of};
	return r;
}

static void process(struct bench *b, int32_t pid, const char *comm, uint64_t netns)
{
	struct proc p = {.pid = pid, .start_time = 1, .netns = netns};

	snprintf(p.comm, sizeof(p.comm), "%s", comm);
	assert_non_null(processes_add(b->table, &p, EVIDENCE_NAME, 5));
	assert_non_null(processes_add(b->table, &p, EVIDENCE_SOCKET_OWNER, 5));
	assert_int_equal(processes_set_owner(b->table, &p, &(struct proc_owner){{0, 0, 0}, ""}), 0);
}

static void decided(struct bench *b, int32_t pid, bool boosted, bool priority, uint64_t time_ns)
{
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	struct err err = {""};

	assert_int_equal(sched_decide(b->table, &b->rules, &d, &err), 0);
	for (size_t i = 0; i < d.list.len; i++) {
		if (d.list.items[i].pid != pid)
			continue;
		assert_true(boosted);
		assert_int_equal(d.list.items[i].priority, priority);
		assert_int_equal(d.list.items[i].execution_time_ns, time_ns);
		return;
	}
	assert_false(boosted);
}

static void the_first_that_matches_counts(void **state)
{
	struct bench *b = *state;
	struct err err = {""};

	assert_int_equal(use(b,
			     "comm=nr-ue\texecution_time=5ms, comm=nr-* priority=False, "
			     "execution_time=1ms",
			     &err),
			 0);
	process(b, 100, "nr-gnb", 7);
	process(b, 200, "nr-ue", 7);
	decided(b, 100, true, false, 20000000);
	decided(b, 200, true, true, 5000000);
}

static void all_patterns_of_a_rule_must_match(void **state)
{
	struct bench *b = *state;
	struct err err = {""};

	assert_int_equal(use(b, "comm=nr-gnb netns=8 execution_time=5ms", &err), 0);
	process(b, 100, "nr-gnb", 7);
	process(b, 101, "nr-gnb", 8);
	process(b, 200, "nr-ue", 8);
	decided(b, 100, true, true, 20000000);
	decided(b, 101, true, true, 5000000);
	decided(b, 200, true, true, 20000000);
}

static void a_namespace_by_name(void **state)
{
	struct bench *b = *state;
	struct err err = {""};

	assert_int_equal(use(b, "netns=ran-* boost=false", &err), 0);
	process(b, 100, "nr-gnb", 7);
	process(b, 101, "nr-gnb", 8);
	decided(b, 100, false, false, 0);
	decided(b, 101, true, true, 20000000);
	b->rules.places.netns_name = NULL;
	decided(b, 100, true, true, 20000000);
}

static void a_pod(void **state)
{
	const struct proc p = {.pid = 100, .start_time = 1, .netns = 7};
	struct bench *b = *state;
	struct err err = {""};

	assert_int_equal(use(b, "pod=" POD " execution_time=7ms", &err), 0);
	process(b, 100, "nr-gnb", 7);
	process(b, 101, "nr-gnb", 7);
	assert_int_equal(processes_set_cgroup(b->table, &p, "/kubepods/besteffort/pod" POD "/x"), 0);
	decided(b, 100, true, true, 7000000);
	decided(b, 101, true, true, 20000000);
}

/* As flows --pod has it: the name alone, or the namespace and the name. */
static void a_pod_by_name(void **state)
{
	static const struct {
		const char *pattern, *name; /* NULL: not known */
		bool matches;
	} cases[] = {
		{"gnb-0", "ran/gnb-0", true},	{"gnb-*", "ran/gnb-0", true},	    {"ran/gnb-0", "ran/gnb-0", true},
		{"*/gnb-0", "ran/gnb-0", true}, {"core/gnb-0", "ran/gnb-0", false}, {"ran", "ran/gnb-0", false},
		{"gnb-1", "ran/gnb-0", false},	{"ran*", "ran/gnb-0", false},	    {"gnb-0", "gnb-0", true},
		{"gnb-0", NULL, false},		{POD, "ran/gnb-0", true},	    {POD, NULL, true},
	};
	const struct proc p = {.pid = 100, .start_time = 1, .netns = 7};
	struct bench *b = *state;
	char rule[128];

	process(b, 100, "nr-gnb", 7);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {""};

		snprintf(rule, sizeof(rule), "pod=%s execution_time=7ms", cases[i].pattern);
		assert_int_equal(use(b, rule, &err), 0);
		assert_true(sched_rules_use_pods(&b->rules));
		assert_int_equal(processes_set_cgroup(b->table, &p, "/"), 0); /* forgets the name */
		assert_int_equal(processes_set_cgroup(b->table, &p, "/kubepods/pod" POD "/x"), 0);
		if (cases[i].name)
			assert_int_equal(processes_set_pod_name(b->table, &p, cases[i].name), 0);
		decided(b, 100, true, true, cases[i].matches ? 7000000 : 20000000);
	}
}

static void an_upf(void **state)
{
	struct event tunnel = {.kind = KIND_TUNNEL, .netns_inode = 7};
	struct bench *b = *state;
	struct err err = {""};

	addr_parse("10.0.0.1", &tunnel.outer.src);
	addr_parse("10.0.0.254", &tunnel.outer.dst);
	event_set(&tunnel, F_OUTER_SRC);
	event_set(&tunnel, F_OUTER_DST);
	assert_int_equal(use(b, "upf=10.0.0.254 execution_time=7ms", &err), 0);
	process(b, 100, "nr-gnb", 7);
	process(b, 101, "nr-gnb", 8);
	decided(b, 100, true, true, 20000000);
	assert_true(loads_add(b->loads, &tunnel));
	decided(b, 100, true, true, 7000000);
	decided(b, 101, true, true, 20000000);
}

static void rules_that_cannot_be(void **state)
{
	static const struct {
		const char *rules, *says;
	} cases[] = {
		{"nonsense", "KEY=VALUE"},
		{"name=nr-gnb", "there are comm, netns, pod, upf"},
		{"comm=", "1 to 127 bytes"},
		{"comm=nr-gnb execution_time=20s", "at most 10s"},
		{"comm=nr-gnb  execution_time=5", "word 2: execution_time: '5' has no unit; write 5s, or 5ms"},
		{"comm=nr-gnb execution_time=010ms", "as an octal number it is 8ms, as a decimal 10ms"},
		{"comm=nr-gnb execution_time=-5ms", "must be at least 1us"},
		{"com=nr-gnb", "word 1: unknown key 'com'; did you mean 'comm'?"},
		{"comm=a\tnetns=b\tprio=true", "word 3: unknown key 'prio'"},
		{"comm=a comm=b", "word 2: 'comm' stands here a second time"},
		{"=a", "word 1: unknown key ''"},
		{"comm=nr-gnb execution_time=0ms", "at least"},
		{"boost=perhaps", "neither true nor false"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {""};

		assert_int_equal(use(b, cases[i].rules, &err), -EINVAL);
		assert_non_null(strstr(err.text, "sched.rules"));
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
	}
}

static void not_too_many(void **state)
{
	char text[SCHED_RULES_MAX * 8 + 16] = "";
	struct bench *b = *state;
	struct err err = {""};

	for (int i = 0; i < SCHED_RULES_MAX; i++)
		strncat(text, "comm=a,", sizeof(text) - strlen(text) - 1);
	assert_int_equal(use(b, text, &err), 0);
	strncat(text, "comm=a", sizeof(text) - strlen(text) - 1);
	assert_int_equal(use(b, text, &err), -EINVAL);
}

int main(void)
{
#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		BENCH_TEST(the_first_that_matches_counts),
		BENCH_TEST(all_patterns_of_a_rule_must_match),
		BENCH_TEST(a_namespace_by_name),
		BENCH_TEST(a_pod),
		BENCH_TEST(a_pod_by_name),
		BENCH_TEST(an_upf),
		BENCH_TEST(rules_that_cannot_be),
		BENCH_TEST(not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
