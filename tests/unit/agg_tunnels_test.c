/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "tunnels.h"

#define SECOND NSEC_PER_SEC

static struct event tunnel_row(uint32_t teid, uint64_t packets, uint64_t bytes, uint64_t ts_ns)
{
	struct event e = {.probe = "flow", .kind = KIND_TUNNEL, .ts_ns = ts_ns, .netns = "gnb"};

	event_set(&e, F_NETNS);
	event_set(&e, F_INTERFACE);
	event_set(&e, F_DIR);
	event_set(&e, F_GTP_TEID);
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_PACKETS);
	event_set(&e, F_BYTES);
	strcpy(e.interface, "n3");
	e.dir = DIR_EGRESS;
	e.gtp.teid = teid;
	e.outer.src = addr_from_v4(0x0100000a);
	e.packets = packets;
	e.bytes = bytes;
	return e;
}

static const struct agg_flow **sorted(const struct agg_flows *f, size_t expect)
{
	const struct agg_flow **list;
	size_t n;

	assert_int_equal(agg_flows_sorted(f, AGG_BY_BYTE_RATE, &list, &n), 0);
	assert_int_equal(n, expect);
	return list;
}

static void add(struct agg_flows *f, struct event e)
{
	assert_true(agg_flows_add(f, &e));
}

static void totals_and_rates(void **state)
{
	struct agg_flows *f = agg_flows_new(16, 0, 10 * SECOND);
	_cleanup_free_ const struct agg_flow **list = NULL;

	add(f, tunnel_row(1, 100, 1000, 11 * SECOND));
	add(f, tunnel_row(1, 100, 3000, 12 * SECOND));
	agg_flows_tick(f, 12 * SECOND);
	list = sorted(f, 1);
	assert_true(list[0]->key.tunnel);
	assert_int_equal(list[0]->key.teid, 1);
	assert_string_equal(list[0]->key.netns, "gnb");
	assert_string_equal(list[0]->key.interface, "n3");
	assert_int_equal(list[0]->packets, 200);
	assert_int_equal(list[0]->bytes, 4000);
	assert_float_equal(list[0]->packets_per_s, 100.0, 1e-9);
	assert_float_equal(list[0]->bytes_per_s, 2000.0, 1e-9);
	assert_int_equal(list[0]->first_ns, 11 * SECOND);
	assert_int_equal(list[0]->last_ns, 12 * SECOND);
	agg_flows_tick(f, 13 * SECOND);
	assert_float_equal(list[0]->bytes_per_s, 0.0, 1e-9);
	assert_int_equal(list[0]->bytes, 4000);
	agg_flows_free(f);
}

/* Each part of the key makes another entry. */
static void keys_differ(void **state)
{
	struct agg_flows *f = agg_flows_new(64, 0, 0);
	struct event e = tunnel_row(1, 1, 1, 1), base = e;

	add(f, e);
	add(f, e);
	assert_int_equal(agg_flows_len(f), 1);
	e.dir = DIR_INGRESS, add(f, e), e = base;
	e.netns = "upf", add(f, e), e = base;
	e.gtp.teid = 2, add(f, e), e = base;
	e.gtp.qfi = 9, event_set(&e, F_GTP_QFI), add(f, e), e = base;
	e.gtp.type = 254, event_set(&e, F_GTP_TYPE), add(f, e), e = base;
	e.flow.vlan = 10, event_set(&e, F_VLAN), add(f, e), e = base;
	e.outer.src.b[15] ^= 1, add(f, e), e = base;
	e.outer.proto = 17, add(f, e), e = base;
	e.interface[1] = '6', add(f, e), e = base;
	e.ifindex = 7, event_set(&e, F_IFINDEX), add(f, e), e = base;
	e.kind = KIND_FLOW, add(f, e), e = base;
	e.kind = KIND_FLOW, event_set(&e, F_INNER_SRC), e.inner.dport = 53, add(f, e);
	assert_int_equal(agg_flows_len(f), 13);
	agg_flows_free(f);
}

/* What a row does not tell does not count, whatever is left in the struct. */
static void untold_fields_are_absent(void **state)
{
	struct agg_flows *f = agg_flows_new(64, 0, 0);
	_cleanup_free_ const struct agg_flow **list = NULL;
	struct event e = tunnel_row(1, 1, 100, 1);

	add(f, e);
	e.gtp.qfi = 9;
	e.ifindex = 4;
	e.inner.sport = 80;
	event_clear(&e, F_BYTES);
	add(f, e);
	list = sorted(f, 1);
	assert_false(list[0]->key.has_qfi);
	assert_false(list[0]->key.has_inner);
	assert_int_equal(list[0]->packets, 2);
	assert_int_equal(list[0]->bytes, 100);
	agg_flows_free(f);
}

/* Padding in the tuples of two equal rows may differ. */
static void padding_is_no_key(void **state)
{
	struct agg_flows *f = agg_flows_new(64, 0, 0);
	struct event rows[2];

	for (int i = 0; i < 2; i++) {
		struct event e = tunnel_row(1, 1, 1, 1);

		memset(&rows[i], i ? 0xff : 0, sizeof(rows[i]));
		rows[i].probe = e.probe;
		rows[i].kind = e.kind;
		rows[i].has = e.has;
		rows[i].netns = e.netns;
		rows[i].dir = e.dir;
		memset(rows[i].interface, 0, sizeof(rows[i].interface));
		strcpy(rows[i].interface, "n3");
		rows[i].gtp.teid = 1;
		memset(&rows[i].outer.src, 1, 16);
		memset(&rows[i].outer.dst, 2, 16);
		rows[i].outer.sport = rows[i].outer.dport = 2152;
		rows[i].outer.proto = 17;
		rows[i].packets = rows[i].bytes = 1;
		add(f, rows[i]);
	}
	assert_int_equal(agg_flows_len(f), 1);
	agg_flows_free(f);
}

static void most_bytes_first(void **state)
{
	struct agg_flows *f = agg_flows_new(64, 0, 0);
	_cleanup_free_ const struct agg_flow **list = NULL;

	add(f, tunnel_row(1, 1, 10, 1));
	add(f, tunnel_row(2, 1, 5000, 1));
	agg_flows_tick(f, SECOND);
	add(f, tunnel_row(1, 1, 30, SECOND));
	add(f, tunnel_row(3, 1, 90, SECOND));
	add(f, tunnel_row(4, 1, 30, SECOND));
	agg_flows_tick(f, 2 * SECOND);
	list = sorted(f, 4);
	assert_int_equal(list[0]->key.teid, 3);
	assert_int_equal(list[1]->key.teid, 1);
	assert_int_equal(list[2]->key.teid, 4);
	assert_int_equal(list[3]->key.teid, 2);
	agg_flows_free(f);
}

static void bounded_and_what_was_refused_is_counted(void **state)
{
	struct agg_flows *f = agg_flows_new(2, 0, 0);
	struct agg_flow_totals t;

	for (uint32_t teid = 1; teid <= 5; teid++)
		add(f, tunnel_row(teid, 2, 100, 1));
	add(f, tunnel_row(1, 2, 100, 1));
	t = agg_flows_totals(f);
	assert_int_equal(agg_flows_len(f), 2);
	assert_int_equal(t.rows, 6);
	assert_int_equal(t.packets, 12);
	assert_int_equal(t.bytes, 600);
	assert_int_equal(t.refused_rows, 3);
	assert_int_equal(t.refused_packets, 6);
	assert_int_equal(t.refused_bytes, 300);
	agg_flows_free(f);
}

static void idle_entries_make_room(void **state)
{
	struct agg_flows *f = agg_flows_new(2, 5 * SECOND, 0);
	_cleanup_free_ const struct agg_flow **list = NULL;

	add(f, tunnel_row(1, 1, 1, SECOND));
	add(f, tunnel_row(2, 1, 1, SECOND));
	agg_flows_tick(f, 6 * SECOND);
	assert_int_equal(agg_flows_len(f), 2);
	add(f, tunnel_row(2, 1, 1, 6 * SECOND));
	agg_flows_tick(f, 6 * SECOND + 1);
	assert_int_equal(agg_flows_len(f), 1);
	add(f, tunnel_row(3, 1, 1, 6 * SECOND));
	assert_int_equal(agg_flows_totals(f).refused_rows, 0);
	assert_int_equal(agg_flows_totals(f).aged, 1);
	agg_flows_tick(f, 7 * SECOND);
	list = sorted(f, 2);
	assert_int_equal(list[0]->key.teid + list[1]->key.teid, 5);
	agg_flows_free(f);
}

static void a_tick_without_time_keeps_what_was_counted(void **state)
{
	struct agg_flows *f = agg_flows_new(2, 0, SECOND);
	_cleanup_free_ const struct agg_flow **list = NULL;

	add(f, tunnel_row(1, 10, 100, SECOND));
	agg_flows_tick(f, SECOND);
	agg_flows_tick(f, SECOND / 2);
	agg_flows_tick(f, 2 * SECOND);
	list = sorted(f, 1);
	assert_float_equal(list[0]->packets_per_s, 10.0, 1e-9);
	agg_flows_free(f);
}

static void long_namespace_names(void **state)
{
	struct agg_flows *f = agg_flows_new(8, 0, 0);
	_cleanup_free_ const struct agg_flow **list = NULL;
	struct event e = tunnel_row(1, 1, 1, 1);
	char a[200], b[200];

	memset(a, 'a', sizeof(a));
	a[199] = '\0';
	memcpy(b, a, sizeof(b));
	b[198] = 'b';
	e.netns = a, add(f, e);
	e.netns = b, add(f, e);
	list = sorted(f, 2);
	assert_int_equal(strlen(list[0]->key.netns), AGG_NETNS_MAX - 1);
	assert_string_not_equal(list[0]->key.netns, list[1]->key.netns);
	agg_flows_free(f);
}

static void other_events_are_not_taken(void **state)
{
	struct agg_flows *f = agg_flows_new(8, 0, 0);
	struct event e = tunnel_row(1, 1, 1, 1);

	e.kind = KIND_SENDER;
	assert_false(agg_flows_add(f, &e));
	e.kind = KIND_PACKET;
	assert_false(agg_flows_add(f, &e));
	assert_int_equal(agg_flows_len(f), 0);
	assert_int_equal(agg_flows_totals(f).rows, 0);
	agg_flows_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_and_rates),
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(untold_fields_are_absent),
		cmocka_unit_test(padding_is_no_key),
		cmocka_unit_test(most_bytes_first),
		cmocka_unit_test(bounded_and_what_was_refused_is_counted),
		cmocka_unit_test(idle_entries_make_room),
		cmocka_unit_test(a_tick_without_time_keeps_what_was_counted),
		cmocka_unit_test(long_namespace_names),
		cmocka_unit_test(other_events_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
