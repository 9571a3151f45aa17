/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of trace_pipe: those that gtp5g-tracer and Gthulhu's scheduler were seen to print, the same as
 * the kernel writes them to a live reader, those of others, and bytes that nobody should trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "trace_pipe/trace_line.h"

static char *const all[] = {"*", NULL};
static char *const of_5g[] = {"fentry/*", "fexit/*", "start:*", "stop:*", "enqueue:*", NULL};
static const struct trace_messages any = {all, 1}, known = {of_5g, 5};

struct expected {
	const char *line;
	enum trace_verdict verdict;
	int32_t tgid, tid; /* of the first task */
	const char *comm;
	int32_t named; /* tid of the second; 0: there is none */
};

static void check_all(const struct trace_messages *messages, const struct expected *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct expected *e = &cases[i];
		struct trace_line line;
		enum trace_verdict got = trace_line_parse(e->line, messages, &line);
		size_t tasks = e->verdict != TRACE_TASK ? 0 : e->named ? 2 : 1;

		if (got != e->verdict || line.n != tasks)
			fail_msg("%s\nverdict %d, %zu tasks", e->line, got, line.n);
		if (!tasks)
			continue;
		if (line.tasks[0].tgid != e->tgid || line.tasks[0].tid != e->tid ||
		    strcmp(line.tasks[0].comm, e->comm ?: "") != 0)
			fail_msg("%s\ntgid %d tid %d comm '%s'", e->line, line.tasks[0].tgid, line.tasks[0].tid,
				 line.tasks[0].comm);
		if (e->named)
			assert_int_equal(line.tasks[1].tid, e->named);
	}
}

#define GTP5G "bpf_trace_printk: fentry/gtp5g_encap_recv: "

/* As the first operator's log has them. */
static void lines_of_the_tracer(void **state)
{
	static const struct expected cases[] = {
		{"nr-gnb-1150369 [005] ..s21 34202.967769: " GTP5G "DEV=n3", TRACE_TASK, 0, 1150369, "nr-gnb"},
		{"nr-gnb-1150369 [005] ..s21 34202.967771: " GTP5G "GTP packet detected (len >= 8)", TRACE_TASK, 0,
		 1150369, "nr-gnb"},
		{"nr-gnb-1150369 [005] ..s21 34202.967772: " GTP5G "PID=1150369, TGID=1150348, CPU=5", TRACE_TASK,
		 1150348, 1150369, "nr-gnb"},
		{"   nr-gnb-1150369 [005] ..s21 34202.967773: " GTP5G "LEN=108", TRACE_TASK, 0, 1150369, "nr-gnb"},
		{"<idle>-0       [001] b.s31 34202.971363: bpf_trace_printk: "
		 "fentry/gtp5g_handle_skb_ipv4: PID=0, TGID=0, CPU=1",
		 TRACE_IDLE},
		{"<idle>-0       [001] b.s31 34202.971364: bpf_trace_printk: "
		 "fentry/gtp5g_handle_skb_ipv4: DEV=upfgtp",
		 TRACE_IDLE},
		{"   <idle>-0       [001] b.s31 34202.971370: bpf_trace_printk: "
		 "fentry/gtp5g_push_header: PID=0, TGID=0, LEN=84",
		 TRACE_IDLE},
	};

	check_all(&known, cases, ARRAY_SIZE(cases));
}

static void lines_of_the_scheduler(void **state)
{
	static const struct expected cases[] = {
		{"nr-gnb-365189 [003] d..31 21039.948599: bpf_trace_printk: stop: pid=365189 (nr-gnb)", TRACE_TASK, 0,
		 365189, "nr-gnb"},
		{"nr-ue-365012 [004] d..31 22353.878390: bpf_trace_printk: stop: pid=365012 (nr-ue)", TRACE_TASK, 0,
		 365012, "nr-ue"},
		{"<idle>-0 [005] d.h51 21039.908232: bpf_trace_printk: enqueue: pid=365189 (nr-gnb)", TRACE_TASK, 0,
		 365189, "nr-gnb"},
		{"bash-77 [005] d.h51 21039.908232: bpf_trace_printk: enqueue: pid=365189 (nr-gnb)", TRACE_TASK, 0, 77,
		 "bash", 365189},
	};

	check_all(&known, cases, ARRAY_SIZE(cases));
}

/* The name in 16 columns, the tid in at least 7, with tgid where that is asked for, without flags where
 * those are not. */
static void lines_of_a_live_trace_pipe(void **state)
{
	static const struct expected cases[] = {
		{"          nr-gnb-4242    [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242, "nr-gnb"},
		{"          nr-gnb-4242    (   4240) [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 4240, 4242,
		 "nr-gnb"},
		{"          nr-gnb-4242    (-------) [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242,
		 "nr-gnb"},
		{"          nr-gnb-4242    [001]   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242, "nr-gnb"},
		{"          nr-gnb-4242    [001] ..s21 125967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242, "nr-gnb"},
		{"           <...>-4242    [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242, "<...>"},
		{"          <idle>-0       [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_IDLE},
		{"    tmux: server-9       [000] d..21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 9, "tmux: server"},
		{"     kworker/0:1-10      [000] d..21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 10, "kworker/0:1"},
		/* a name that looks like the beginning of a line */
		{"  nr-gnb-1 [000]-4242    [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242,
		 "nr-gnb-1 [000]"},
		{" nr-gnb-helper-1-4242    [001] ..s21   125.967772: " GTP5G "LEN=1", TRACE_TASK, 0, 4242,
		 "nr-gnb-helper-1"},
	};

	check_all(&known, cases, ARRAY_SIZE(cases));
}

static void names_in_the_wrong_place(void **state)
{
	static const struct expected cases[] = {
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: nr-gnb-1234 was here", TRACE_TASK, 0, 77,
		 "bash"},
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: prev_pid=12 (nr-gnb)", TRACE_TASK, 0, 77,
		 "bash"},
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: pid=12 nr-gnb", TRACE_TASK, 0, 77, "bash"},
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: pid=12 (nr-gnb", TRACE_TASK, 0, 77, "bash"},
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: pid=12 (a-name-of-16byte)", TRACE_TASK, 0, 77,
		 "bash"},
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: pid=0 (swapper/0)", TRACE_TASK, 0, 77, "bash"},
		{"<idle>-0 [000] ..s21 1.5: bpf_trace_printk: fentry/x: PPID=12, XTGID=13 nr-gnb-12", TRACE_IDLE},
		{"<idle>-0 [000] ..s21 1.5: bpf_trace_printk: fentry/x: PID=12x TGID=13abc", TRACE_IDLE},
		{"<idle>-0 [000] ..s21 1.5: bpf_trace_printk: fentry/x: PID=99999999999", TRACE_IDLE},
		{"<idle>-0 [000] ..s21 1.5: bpf_trace_printk: fentry/x: PID=-3", TRACE_IDLE},
		{"<idle>-0 [000] ..s21 1.5: bpf_trace_printk: fentry/x: PID=12", TRACE_TASK, 0, 12, ""},
		/* the message's number is of another task than the line's */
		{"bash-77 [000] ..s21 1.5: bpf_trace_printk: fentry/x: PID=12, TGID=11", TRACE_TASK, 11, 12, ""},
		{"nr-gnb 1150369 is busy", TRACE_MALFORMED},
		{"nr-gnb-1150369", TRACE_MALFORMED},
		{"TGID=1150348 nr-gnb", TRACE_MALFORMED},
		{"a-name-of-16byte-12 [000] ..s21 1.5: bpf_trace_printk: fentry/x: y", TRACE_MALFORMED},
		{"nr-gnb-12 [000] no time: bpf_trace_printk: fentry/x: y", TRACE_MALFORMED},
		{"nr-gnb-4294967297 [000] ..s21 1.5: bpf_trace_printk: fentry/x: y", TRACE_MALFORMED},
	};

	check_all(&known, cases, ARRAY_SIZE(cases));
}

static void lines_of_others(void **state)
{
	static const struct expected cases[] = {
		{"          nr-gnb-4242    [001] d..2.   125.967772: sched_switch: prev_comm=nr-gnb "
		 "prev_pid=4242 prev_prio=120 prev_state=S ==> next_comm=swapper/1 next_pid=0",
		 TRACE_OTHER},
		{"          nr-gnb-4242    [001] .....   125.967772: tracing_mark_write: TGID=7", TRACE_OTHER},
		{"          nr-gnb-4242    [001] .....   125.967772: bpf_trace_printk: open /etc/passwd", TRACE_OTHER},
		{"          nr-gnb-4242    [001] .....   125.967772: bpf_trace_printkx: fentry/x: y", TRACE_OTHER},
		{"# tracer: nop", TRACE_BLANK},
		{"#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION", TRACE_BLANK},
		{"", TRACE_BLANK},
		{"   ", TRACE_BLANK},
	};
	static const struct expected wanted[] = {
		{"          nr-gnb-4242    [001] .....   125.967772: bpf_trace_printk: open /etc/passwd", TRACE_TASK, 0,
		 4242, "nr-gnb"},
	};

	check_all(&known, cases, ARRAY_SIZE(cases));
	check_all(&any, wanted, ARRAY_SIZE(wanted));
}

static void notes_of_loss(void **state)
{
	struct trace_line line;

	assert_int_equal(trace_line_parse("CPU:3 [LOST 123 EVENTS]", &known, &line), TRACE_LOST);
	assert_int_equal(line.lost, 123);
	assert_int_equal(trace_line_parse("CPU:3 [LOST EVENTS]", &known, &line), TRACE_LOST);
	assert_int_equal(line.lost, 0);
	assert_int_equal(line.n, 0);
}

static void assert_sound(const char *text)
{
	struct trace_line line;
	enum trace_verdict verdict = trace_line_parse(text, &any, &line);

	assert_in_range(verdict, 0, TRACE_VERDICTS - 1);
	assert_int_equal(line.n > 0, verdict == TRACE_TASK);
	assert_in_range(line.n, 0, ARRAY_SIZE(line.tasks));
	for (size_t i = 0; i < line.n; i++) {
		assert_true(line.tasks[i].tgid >= 0 && line.tasks[i].tid >= 0);
		assert_true(line.tasks[i].tgid || line.tasks[i].tid);
		assert_non_null(memchr(line.tasks[i].comm, 0, sizeof(line.tasks[i].comm)));
	}
}

/* Lines with bytes changed, cut anywhere, in a buffer of just that size; and bytes at random. */
static void any_bytes(void **state)
{
	static const char *const seeds[] = {
		"          nr-gnb-4242    (   4240) [001] ..s21   125.967772: " GTP5G
		"PID=1150369, TGID=1150348, CPU=5",
		"<idle>-0 [005] d.h51 21039.908232: bpf_trace_printk: enqueue: pid=365189 (nr-gnb)",
		"CPU:3 [LOST 123 EVENTS]",
	};
	static const char bytes[] = "-0123456789 ()[]:=.\tPIDTGpid<>#x\x80\xff";

	srandom(5);
	for (int i = 0; i < 200000; i++) {
		const char *seed = seeds[random() % (long)ARRAY_SIZE(seeds)];
		size_t len = (size_t)random() % (strlen(seed) + 1);
		_cleanup_free_ char *text = malloc(len + 1);

		memcpy(text, seed, len);
		text[len] = '\0';
		for (int change = 0; len && change < i % 8; change++)
			text[(size_t)random() % len] =
				i % 3 ? bytes[(size_t)random() % (sizeof(bytes) - 1)] : (char)(1 + random() % 255);
		assert_sound(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_tracer),
		cmocka_unit_test(lines_of_the_scheduler),
		cmocka_unit_test(lines_of_a_live_trace_pipe),
		cmocka_unit_test(names_in_the_wrong_place),
		cmocka_unit_test(lines_of_others),
		cmocka_unit_test(notes_of_loss),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
