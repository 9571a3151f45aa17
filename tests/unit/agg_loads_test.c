/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "loads.h"
#include "record.h"

static struct event sender(uint32_t tgid, uint8_t context, uint64_t packets)
{
	struct event e = {.probe = "flow", .kind = KIND_SENDER, .tgid = tgid, .context = context, .packets = packets};

	event_set(&e, F_TGID);
	event_set(&e, F_CONTEXT);
	event_set(&e, F_PACKETS);
	return e;
}

static void add_wait(struct loads *t, uint32_t tgid, const struct event_wait *w)
{
	struct event e = {.probe = "runq", .kind = KIND_WAIT, .tgid = tgid, .wait = w};

	event_set(&e, F_TGID);
	assert_true(loads_add(t, &e));
}

static void add_sender(struct loads *t, struct event e)
{
	assert_true(loads_add(t, &e));
}

static void threads_add_up_to_their_process(void **state)
{
	struct loads *t = loads_new(8, 10 * NSEC_PER_SEC);
	const struct event_wait a = {.total_ns = 300 * NSEC_PER_MSEC,
				     .on_cpu_ns = 900 * NSEC_PER_MSEC,
				     .switches = 5,
				     .preemptions = 2,
				     .count = 4,
				     .buckets = {[10] = 4}};
	const struct event_wait b = {.total_ns = 100 * NSEC_PER_MSEC,
				     .on_cpu_ns = 300 * NSEC_PER_MSEC,
				     .switches = 1,
				     .count = 1,
				     .buckets = {[20] = 1}};
	struct load l;

	add_wait(t, 7, &a);
	add_wait(t, 7, &b);
	add_sender(t, sender(7, CONTEXT_PROCESS, 200));
	add_sender(t, sender(7, CONTEXT_SOFTIRQ, 5000));
	assert_int_equal(loads_of(t, 7).packets, 0); /* the interval goes on */
	loads_tick(t, 12 * NSEC_PER_SEC);
	l = loads_of(t, 7);
	assert_int_equal(l.interval_ns, 2 * NSEC_PER_SEC);
	assert_int_equal(l.packets, 200);
	assert_int_equal(l.waits, 5);
	assert_int_equal(l.switches, 6);
	assert_int_equal(l.preemptions, 2);
	assert_true(load_packets_per_s(&l) == 100);
	assert_true(load_cpus(&l) == 0.6);
	assert_true(load_schedulable(&l) == 0.25);
	loads_free(t);
}

static void quantiles_are_ends_of_buckets(void **state)
{
	struct loads *t = loads_new(8, 0);
	const struct event_wait w = {.count = 200, .buckets = {[0] = 1, [3] = 99, [9] = 98, [31] = 2}};
	const struct event_wait three = {.count = 3, .buckets = {[31] = 3}};

	add_wait(t, 7, &w);
	add_wait(t, 8, &three);
	loads_tick(t, NSEC_PER_SEC);
	assert_int_equal(loads_of(t, 7).p50_ns, 15); /* the 100th of 200 */
	assert_int_equal(loads_of(t, 7).p99_ns, 1023);
	assert_int_equal(loads_of(t, 8).p50_ns, UINT32_MAX);
	loads_free(t);
}

static void an_interval_without_rows_is_zero(void **state)
{
	struct loads *t = loads_new(1, 0);
	struct event other = {.kind = KIND_FLOW};

	add_sender(t, sender(7, CONTEXT_PROCESS, 1));
	add_sender(t, sender(8, CONTEXT_PROCESS, 1));
	assert_false(loads_add(t, &other));
	assert_int_equal(loads_counts(t).refused, 1);
	loads_tick(t, NSEC_PER_SEC);
	assert_int_equal(loads_of(t, 7).packets, 1);
	loads_tick(t, 2 * NSEC_PER_SEC);
	assert_int_equal(loads_of(t, 7).packets, 0);
	assert_int_equal(loads_of(t, 7).interval_ns, NSEC_PER_SEC);
	add_sender(t, sender(8, CONTEXT_PROCESS, 3)); /* there is room again */
	loads_tick(t, 3 * NSEC_PER_SEC);
	assert_int_equal(loads_of(t, 8).packets, 3);
	loads_free(t);
}

static struct event tunnel(uint64_t netns, const char *src, const char *dst)
{
	struct event e = {.kind = KIND_TUNNEL, .netns_inode = netns};

	assert_int_equal(addr_parse(src, &e.outer.src), 0);
	assert_int_equal(addr_parse(dst, &e.outer.dst), 0);
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_OUTER_DST);
	return e;
}

static void addresses_of_n3_by_namespace(void **state)
{
	struct loads *t = loads_new(8, 0);
	struct event e = tunnel(5, "10.0.0.1", "10.0.0.254");

	assert_true(loads_add(t, &e));
	assert_true(loads_n3_seen(t, 5, "10.0.0.254"));
	assert_true(loads_n3_seen(t, 5, "10.0.0.1"));
	assert_true(loads_n3_seen(t, 5, "10.0.0.*"));
	assert_false(loads_n3_seen(t, 5, "10.0.0.2"));
	assert_false(loads_n3_seen(t, 6, "*"));
	for (int i = 0; i < 40; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.1.0.%d", i);
		e = tunnel(5, src, "10.0.0.254");
		loads_add(t, &e);
	}
	assert_int_equal(loads_counts(t).n3_refused, 40 - 14);
	for (uint64_t s = 1; s <= 60; s++)
		loads_tick(t, s * NSEC_PER_SEC);
	assert_true(loads_n3_seen(t, 5, "10.0.0.254"));
	loads_tick(t, 61 * NSEC_PER_SEC);
	assert_false(loads_n3_seen(t, 5, "10.0.0.254"));
	loads_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_add_up_to_their_process),
		cmocka_unit_test(quantiles_are_ends_of_buckets),
		cmocka_unit_test(an_interval_without_rows_is_zero),
		cmocka_unit_test(addresses_of_n3_by_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
