/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "cleanup.h"
#include "event.h"
#include "event_key.h"
#include "record.h"

static struct event sample(void)
{
	struct event e = {.probe = "gtpu",
			  .kind = KIND_EXIT,
			  .ts_ns = 5,
			  .pid = 719861,
			  .tgid = 719840,
			  .comm = "nr-gnb",
			  .context = CONTEXT_SOFTIRQ,
			  .len = 1420,
			  .call.function = "gtp5g_encap_recv",
			  .call.return_value = -1,
			  .call.duration_ns = 900};

	e.gtp.teid = 0x12345678;
	e.gtp.type = 255;
	addr_parse("10.0.0.1", &e.inner.src);
	addr_parse("8.8.8.8", &e.inner.dst);
	addr_parse("fd00::1", &e.outer.src);
	e.inner.sport = 12345;
	e.inner.dport = 53;
	e.inner.proto = 17;
	const enum event_field set[] = {F_PID,	     F_TGID,	    F_COMM,	   F_CONTEXT,
					F_LEN,	     F_GTP_TEID,    F_GTP_TYPE,	   F_INNER_SRC,
					F_INNER_DST, F_INNER_SPORT, F_INNER_DPORT, F_INNER_PROTO,
					F_OUTER_SRC, F_FUNCTION,    F_RETURN,	   F_DURATION_NS};
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		event_set(&e, set[i]);
	return e;
}

static void json_has_what_is_set_and_nothing_else(void **state)
{
	struct event e = sample();
	struct buf out = {0};
	json_error_t error;
	json_t *root, *inner, *outer;

	event_to_json(&e, "node-1", 1000000000, &out);
	root = json_loads(out.data, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(root, "schema")), 1);
	assert_string_equal(json_string_value(json_object_get(root, "ts")), "1970-01-01T00:00:01.000000005Z");
	assert_int_equal(json_integer_value(json_object_get(root, "pid")), 719861);
	assert_int_equal(json_integer_value(json_object_get(root, "return")), -1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "gtp"), "teid")), 0x12345678);
	inner = json_object_get(root, "inner");
	assert_string_equal(json_string_value(json_object_get(inner, "src")), "10.0.0.1");
	assert_int_equal(json_integer_value(json_object_get(inner, "dport")), 53);
	outer = json_object_get(root, "outer");
	assert_string_equal(json_string_value(json_object_get(outer, "src")), "fd00::1");
	assert_int_equal(json_object_size(outer), 1);
	assert_null(json_object_get(root, "seid"));
	assert_null(json_object_get(json_object_get(root, "gtp"), "qfi"));
	json_decref(root);
	buf_free(&out);
}

/* A JSON number keeps 53 bits with many a reader: 9007199254740993 becomes 9007199254740992 there. */
static void identifiers_of_64_bits_are_strings(void **state)
{
	struct event e = {.probe = "gtpu", .kind = KIND_SESSION, .seid = UINT64_MAX, .cgroup = (1ULL << 53) + 1};
	struct buf out = {0};
	json_t *root;

	event_set(&e, F_SEID);
	event_set(&e, F_CGROUP);
	event_to_json(&e, "node-1", 0, &out);
	root = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "seid")), "18446744073709551615");
	assert_string_equal(json_string_value(json_object_get(root, "cgroup")), "9007199254740993");
	json_decref(root);
	buf_reset(&out);
	event_to_text(&e, &out);
	assert_non_null(strstr(out.data, " seid=18446744073709551615"));
	buf_free(&out);
}

static void text_line_has_the_keys_people_grep_for(void **state)
{
	struct event e = sample();
	struct buf out = {0};

	event_to_text(&e, &out);
	assert_string_equal(out.data, "exit: ts=5 pid=719861 tgid=719840 comm=nr-gnb context=softirq "
				      "func=gtp5g_encap_recv pktlen=1420 teid=0x12345678 "
				      "inner_src=10.0.0.1 inner_dst=8.8.8.8 outer_src=fd00::1 "
				      "inner_ports=12345->53 inner_proto=udp return=-1 duration_ns=900");
	buf_free(&out);
}

/* A packet in a tunnel is a G-PDU between GTP-U's ports: the line says what is otherwise. */
static void text_leaves_out_what_goes_without_saying(void **state)
{
	static const enum event_field set[] = {F_GTP_RQI, F_OUTER_SPORT, F_OUTER_DPORT, F_OUTER_PROTO, F_PEER};
	struct event e = sample();
	struct buf out = {0};

	e.outer.sport = e.outer.dport = 2152;
	e.outer.proto = 17;
	e.inner.proto = 58;
	e.inner.sport = 128;
	e.inner.dport = 0;
	e.peer = "gnb/n3";
	snprintf(e.comm, sizeof(e.comm), "nr gnb");
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		event_set(&e, set[i]);
	event_to_text(&e, &out);
	assert_string_equal(out.data, "exit: ts=5 pid=719861 tgid=719840 comm=nr\\x20gnb context=softirq "
				      "func=gtp5g_encap_recv pktlen=1420 teid=0x12345678 "
				      "inner_src=10.0.0.1 inner_dst=8.8.8.8 outer_src=fd00::1 "
				      "inner_icmpv6=128/0 return=-1 duration_ns=900");
	buf_reset(&out);
	e.gtp.type = 1;
	e.outer.sport = 40000;
	event_to_text(&e, &out);
	assert_non_null(strstr(out.data, " teid=0x12345678 type=1 rqi=0 "));
	assert_non_null(strstr(out.data, " outer_ports=40000->2152 outer_proto=udp"));
	buf_free(&out);
}

/* prctl(PR_SET_NAME) takes any bytes. */
static void a_name_moves_no_cursor_and_begins_no_line(void **state)
{
	struct event e = sample();
	struct buf out = {0};

	snprintf(e.comm, sizeof(e.comm), "a\033[2J\nexit: b");
	event_to_text(&e, &out);
	assert_non_null(strstr(out.data, " comm=a\\x1b[2J\\x0aexit:\\x20b context="));
	assert_null(strpbrk(out.data, "\033\n"));
	buf_free(&out);
}

static void a_row_of_waits(void **state)
{
	const struct event_wait w = {.total_ns = 50,
				     .max_ns = 40,
				     .on_cpu_ns = 7,
				     .switches = 3,
				     .preemptions = 1,
				     .count = 2,
				     .buckets = {[3] = 1, [5] = 1}};
	struct event e = {.probe = "runq", .kind = KIND_WAIT, .wait = &w};
	struct buf out = {0};

	event_to_json(&e, "n", 0, &out);
	assert_non_null(strstr(out.data, "\"wait\":{\"count\":2,\"total_ns\":50,\"max_ns\":40,"
					 "\"buckets\":[0,0,0,1,0,1]},\"on_cpu_ns\":7,"
					 "\"switches\":3,\"preemptions\":1}"));
	buf_reset(&out);
	event_to_text(&e, &out);
	assert_non_null(strstr(out.data, " waits=2 wait_ns=50 max_ns=40 on_cpu_ns=7 switches=3 "
					 "preemptions=1"));
	buf_free(&out);
}

static void every_field_is_described(void **state)
{
	for (int f = 0; f < F_MAX; f++) {
		const struct event_key *k = &event_keys[f];

		assert_non_null(k->key);
		assert_non_null(k->help);
		assert_int_equal(!k->word, k->place == TEXT_NOWHERE);
		/* A key that ends in _ns is in nanoseconds, and no other is. */
		assert_int_equal(!strcmp(k->key + MAX(strlen(k->key), 3) - 3, "_ns"), !strcmp(k->unit, "ns"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_what_is_set_and_nothing_else),
		cmocka_unit_test(identifiers_of_64_bits_are_strings),
		cmocka_unit_test(text_line_has_the_keys_people_grep_for),
		cmocka_unit_test(text_leaves_out_what_goes_without_saying),
		cmocka_unit_test(a_name_moves_no_cursor_and_begins_no_line),
		cmocka_unit_test(a_row_of_waits),
		cmocka_unit_test(every_field_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
