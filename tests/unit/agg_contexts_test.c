/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows of contexts add up by function, task, CPU and what it did, in a bounded table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contexts.h"
#include "record.h"

static const char receive[] = "gtp5g_encap_recv", transmit[] = "gtp5g_dev_xmit";

static struct event row(const char *function, uint32_t tid, uint32_t cpu, uint8_t context, uint64_t calls)
{
	struct event e = {.probe = "gtpu",
			  .kind = KIND_CONTEXT,
			  .call.function = function,
			  .pid = tid,
			  .tgid = tid,
			  .cpu = cpu,
			  .context = context,
			  .packets = calls};

	snprintf(e.comm, sizeof(e.comm), "task%u", tid);
	event_set(&e, F_CONTEXT);
	return e;
}

static void rows_of_one_context_add_up(void **state)
{
	struct agg_contexts *c = agg_contexts_new(16);
	const struct agg_context **list;
	struct event rows[] = {
		row(receive, 7, 0, CONTEXT_SOFTIRQ, 2), row(receive, 7, 0, CONTEXT_SOFTIRQ, 3),
		row(receive, 7, 1, CONTEXT_SOFTIRQ, 9), row(receive, 7, 0, CONTEXT_PROCESS, 1),
		row(transmit, 0, 0, CONTEXT_IDLE, 4),
	};
	size_t n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(agg_contexts_add(c, &rows[i]));
	assert_int_equal(agg_contexts_sorted(c, &list, &n), 0);
	assert_int_equal(n, 4);
	assert_string_equal(list[0]->function, transmit);
	assert_int_equal(list[0]->context, CONTEXT_IDLE);
	assert_int_equal(list[1]->calls, 9);
	assert_int_equal(list[1]->cpu, 1);
	assert_int_equal(list[2]->calls, 5);
	assert_string_equal(list[2]->comm, "task7");
	assert_int_equal(list[3]->context, CONTEXT_PROCESS);
	free(list);
	agg_contexts_free(c);
}

static void other_rows_are_not_ours(void **state)
{
	struct agg_contexts *c = agg_contexts_new(16);
	struct event e = row(receive, 1, 0, CONTEXT_PROCESS, 1);
	const struct agg_context **list;
	size_t n;

	e.kind = KIND_SESSION;
	assert_false(agg_contexts_add(c, &e));
	assert_int_equal(agg_contexts_sorted(c, &list, &n), 0);
	assert_int_equal(n, 0);
	free(list);
	agg_contexts_free(c);
}

static void what_finds_no_room_is_counted(void **state)
{
	struct agg_contexts *c = agg_contexts_new(2);

	for (uint32_t tid = 1; tid <= 4; tid++) {
		struct event e = row(receive, tid, 0, CONTEXT_SOFTIRQ, tid);

		assert_true(agg_contexts_add(c, &e));
	}
	assert_int_equal(agg_contexts_refused(c), 3 + 4);
	agg_contexts_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_one_context_add_up),
		cmocka_unit_test(other_rows_are_not_ours),
		cmocka_unit_test(what_finds_no_room_is_counted),
	};

	return cmocka_run_group_tests_name("agg contexts", tests, NULL, NULL);
}
