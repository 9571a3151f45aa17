/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tables of `teide flows` say: no column is lost, no two rows look equal, sums are those of the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "flow_table.h"
#include "ns.h"

#define SECOND NSEC_PER_SEC

static size_t asked_for_own; /* times that the file system was asked which namespace this is */

uint64_t __wrap_ns_inode_self(void);
uint64_t __wrap_ns_inode_self(void)
{
	asked_for_own++;
	return 4026531840;
}

static struct event row(enum event_kind kind, uint64_t packets)
{
	struct event e = {.probe = "flow",
			  .kind = kind,
			  .netns = "upf",
			  .ifindex = 3,
			  .dir = DIR_EGRESS,
			  .packets = packets,
			  .bytes = packets * 100,
			  .flow.segments = packets,
			  .flow.interval_ns = SECOND};

	static const enum event_field set[] = {F_NETNS,	  F_INTERFACE, F_IFINDEX,  F_DIR,
					       F_PACKETS, F_BYTES,     F_SEGMENTS, F_INTERVAL_NS};

	strcpy(e.interface, "n3");
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		event_set(&e, set[i]);
	return e;
}

static void set_ends(struct event_tuple *t, const char *src, const char *dst)
{
	assert_int_equal(addr_parse(src, &t->src), 0);
	assert_int_equal(addr_parse(dst, &t->dst), 0);
}

static struct event tunnel(uint32_t teid, uint8_t type, uint64_t packets)
{
	struct event e = row(KIND_TUNNEL, packets);

	e.gtp.teid = teid;
	e.gtp.type = type;
	set_ends(&e.outer, "10.100.1.1", "10.100.1.2");
	event_set(&e, F_GTP_TEID);
	event_set(&e, F_GTP_TYPE);
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_OUTER_DST);
	return e;
}

static struct event flow(uint32_t teid, const char *src, const char *dst, uint64_t packets)
{
	struct event e = row(KIND_FLOW, packets);
	struct event_tuple *t = teid ? &e.inner : &e.outer;

	e.gtp.teid = teid;
	if (teid)
		event_set(&e, F_GTP_TEID);
	set_ends(t, src, dst);
	t->sport = 40000;
	t->dport = 5001;
	t->proto = 6;
	for (int f = 0; f < 5; f++)
		event_set(&e, (teid ? F_INNER_SRC : F_OUTER_SRC) + f);
	return e;
}

struct view {
	struct agg_flows *flows;
	struct agg_quality *quality;
	struct buf text;
};

static struct view begin(size_t max)
{
	struct view v = {.flows = agg_flows_new(max, 30 * SECOND, 0), .quality = agg_quality_new(16, SECOND)};

	assert_non_null(v.flows);
	assert_non_null(v.quality);
	agg_flows_least_interval(v.flows, SECOND / 2);
	return v;
}

static void add(struct view *v, struct event e)
{
	assert_true(agg_flows_add(v->flows, &e));
}

static const char *print(struct view *v, size_t width, size_t top)
{
	buf_reset(&v->text);
	flow_table_print(v->flows, v->quality, &(struct flow_view){.sort = AGG_BY_BYTES, .width = width, .top = top},
			 &v->text);
	assert_false(v->text.failed);
	return v->text.data;
}

static void end(struct view *v)
{
	agg_flows_free(v->flows);
	agg_quality_free(v->quality);
	buf_free(&v->text);
}

/* The nth line that has the word, without its end. */
static const char *line_with(const char *text, const char *word, unsigned nth, char line[static 512])
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		snprintf(line, 512, "%.*s", (int)(end - text), text);
		if (strstr(line, word) && !nth--)
			return line;
	}
	fail_msg("no line with '%s'", word);
	return NULL;
}

static void check_end(const char *text, const char *word, const char *numbers)
{
	char line[512], squeezed[512];
	size_t n = 0;

	line_with(text, word, 0, line);
	for (const char *p = line; *p; p++)
		if (*p != ' ' || (n && squeezed[n - 1] != ' '))
			squeezed[n++] = *p;
	squeezed[n] = '\0';
	if (n < strlen(numbers) || strcmp(squeezed + n - strlen(numbers), numbers))
		fail_msg("'%s' does not end with '%s'", line, numbers);
}

static void check_widths(const char *text, size_t width)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if ((size_t)(end - text) > width)
			fail_msg("more than %zu columns: %.*s", width, (int)(end - text), text);
	}
}

static void sums_are_those_of_the_rows(void **state)
{
	struct view v = begin(64);
	const char *text;

	add(&v, tunnel(1, 255, 70));
	add(&v, tunnel(2, 255, 20));
	add(&v, tunnel(0, 1, 5));
	add(&v, flow(1, "10.60.0.1", "10.70.0.2", 40));
	add(&v, flow(1, "10.60.0.9", "10.70.0.2", 30));
	add(&v, flow(2, "10.60.0.2", "10.70.0.2", 20));
	add(&v, flow(0, "10.100.1.1", "10.100.1.2", 9));
	agg_flows_tick(v.flows, SECOND);
	text = print(&v, 0, 2);
	assert_non_null(strstr(text, "2 tunnels, 4 flows, 99 packets/s, 79.2k bit/s at the interfaces watched\n"));
	check_end(text, "all packets", " 99 79.2k 99 9.90k");
	check_end(text, "in tunnels", " 90 72.0k 90 9.00k");
	check_end(text, "other GTP-U messages", " 5 4.00k 5 500");
	check_end(text, "without GTP-U", " 4 3.20k 4 400");
	check_end(text, "(2 more)", " 29 23.2k 29 2.90k");
	end(&v);
}

static void a_tunnel_of_two_qos_flows_is_one(void **state)
{
	struct view v = begin(64);
	struct event e = tunnel(1, 255, 1);

	event_set(&e, F_GTP_QFI);
	e.gtp.qfi = 1, add(&v, e);
	e.gtp.qfi = 2, add(&v, e);
	agg_flows_tick(v.flows, SECOND);
	assert_non_null(strstr(print(&v, 0, 10), "1 tunnel, 0 flows,"));
	end(&v);
}

static void messages_are_no_tunnels(void **state)
{
	static const struct {
		uint8_t type;
		const char *name;
	} messages[] = {{1, "echo request"},	   {2, "echo response"}, {26, "error indication"},
			{31, "extension headers"}, {254, "end marker"},	 {77, "message 77"}};
	struct view v = begin(64);
	const char *text;

	add(&v, tunnel(0x20001, 255, 1));
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		add(&v, tunnel(messages[i].type == 254 ? 0x20001 : 0, messages[i].type, 1));
	agg_flows_tick(v.flows, SECOND);
	text = print(&v, 0, 10);
	assert_non_null(strstr(text, "\n1 tunnel, ") ?: strstr(text, "1 tunnel, "));
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		check_end(text, messages[i].name, "10.100.1.1 > 10.100.1.2 1 800 1 100");
	text = print(&v, 80, 10);
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		check_end(text, messages[i].name, " 1 800 1 100");
	end(&v);
}

/* The last view comes a moment after the one before it. */
static void a_moment_makes_no_rate(void **state)
{
	struct view v = begin(64);
	struct event e = flow(0, "10.1.0.1", "10.1.0.2", 100);

	e.flow.interval_ns = SECOND / 1000, add(&v, e);
	agg_flows_tick(v.flows, SECOND);
	check_end(print(&v, 0, 5), "10.1.0.1", " - - 100 10.0k");
	e.flow.interval_ns = SECOND, add(&v, e);
	agg_flows_tick(v.flows, 2 * SECOND);
	check_end(print(&v, 0, 5), "10.1.0.1", " 100 80.0k 200 20.0k");
	/* 10 more in 1/10 s, told late: the rate is of 110 in 1.1 s */
	e.packets = 10, e.bytes = 1000, e.flow.interval_ns = SECOND / 10, add(&v, e);
	agg_flows_tick(v.flows, 4 * SECOND);
	check_end(print(&v, 0, 5), "10.1.0.1", " 100 80.0k 210 21.0k");
	check_end(print(&v, 0, 5), "all packets", " 100 80.0k 210 21.0k");
	end(&v);
}

static void twins_are_in_no_sum(void **state)
{
	struct view v = begin(64);
	struct event e = flow(0, "10.1.0.1", "10.1.0.2", 10);
	const char *text;

	add(&v, e);
	e.dir = DIR_INGRESS;
	event_set(&e, F_TWIN);
	add(&v, e);
	agg_flows_tick(v.flows, SECOND);
	text = print(&v, 0, 5);
	assert_non_null(strstr(text, "0 tunnels, 1 flow, 10 packets/s"));
	assert_non_null(strstr(text, "upf/n3 in ="));
	check_end(text, "all packets", " 10 8.00k 10 1.00k");
	check_end(text, "seen again", " 10 8.00k 10 1.00k");
	end(&v);
}

/* Idle flows and those that found no room are in the sums, and in a line of their own. */
static void what_the_table_leaves_out_has_a_line(void **state)
{
	struct view v = begin(2);
	struct event e = flow(0, "10.1.0.1", "10.1.0.2", 10);
	const char *text;

	e.ts_ns = SECOND;
	add(&v, e);
	add(&v, flow(0, "10.1.0.3", "10.1.0.2", 20));
	add(&v, flow(0, "10.1.0.4", "10.1.0.2", 30));
	agg_flows_tick(v.flows, SECOND);
	text = print(&v, 0, 5);
	check_end(text, "all packets", " 60 48.0k 60 6.00k");
	check_end(text, "(idle, or without room", " 30 24.0k 30 3.00k");
	agg_flows_tick(v.flows, 40 * SECOND);
	text = print(&v, 0, 5);
	check_end(text, "all packets", " 0 0 60 6.00k");
	check_end(text, "(idle, or without room", " 0 0 60 6.00k");
	end(&v);
}

/* text, not as the beginning of a longer one. */
static bool has_word(const char *text, const char *word)
{
	for (const char *at = text; (at = strstr(at, word)); at++)
		if (strchr(" \n", at[strlen(word)]))
			return true;
	return false;
}

static void rows_that_differ_look_different(void **state)
{
	static const size_t widths[] = {0, 40, 80, 120, 200};
	struct view v = begin(64);
	struct event e = flow(0, "10.1.0.1", "10.1.0.2", 1), t = tunnel(7, 255, 1);

	add(&v, e);
	e.flow.vlan = 10, event_set(&e, F_VLAN), add(&v, e);
	e.flow.inner_vlan = 20, event_set(&e, F_INNER_VLAN), add(&v, e);
	e.flow.inner_vlan = 21, add(&v, e);
	e.flow.overlay = "vxlan", e.flow.vni = 99, event_set(&e, F_OVERLAY), event_set(&e, F_VNI), add(&v, e);
	e.flow.overlay = "geneve", add(&v, e);
	add(&v, t);
	t.flow.overlay = "vxlan", t.flow.vni = 99, event_set(&t, F_OVERLAY), event_set(&t, F_VNI), add(&v, t);
	agg_flows_tick(v.flows, SECOND);
	assert_int_equal(agg_flows_len(v.flows), 8);
	for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
		const char *text = print(&v, widths[w], 10);

		assert_true(has_word(text, " vlan 10"));
		assert_true(has_word(text, " vlan 10.20"));
		assert_true(has_word(text, " vlan 10.21"));
		assert_true(has_word(text, " vlan 10.21 vxlan 99"));
		assert_true(has_word(text, " vlan 10.21 geneve 99"));
	}
	end(&v);
}

static void lines_fit_and_numbers_stay(void **state)
{
	static const size_t widths[] = {40, 50, 60, 67, 72, 80, 99, 100, 120, 200};
	struct view v = begin(64);
	struct event e = flow(0x20001, "fd00:60:1234:5678::1", "fd00:70:1234:5678::2", 12345);
	char name[65];

	memset(name, 'c', 64);
	name[64] = '\0';
	memcpy(name, "4f9c", 4);
	e.container = name;
	event_set(&e, F_CONTAINER);
	event_set(&e, F_GTP_QFI);
	e.gtp.qfi = 63;
	add(&v, e);
	add(&v, tunnel(0x20001, 255, 12345));
	add(&v, tunnel(0x20001, 254, 12345));
	agg_flows_tick(v.flows, SECOND);
	for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
		const char *text = print(&v, widths[w], 10);
		unsigned whole = 0;

		check_widths(text, widths[w]);
		for (const char *at = text; (at = strstr(at, "1.23M")); at++)
			whole++;
		assert_int_equal(whole, 5); /* bytes: of tunnels, of messages, of three rows */
		assert_non_null(strstr(text, "0x00020001"));
		assert_non_null(strchr(text, '~'));
	}
	/* without a terminal, too, one name does not make all lines long */
	assert_true(strcspn(strstr(print(&v, 0, 10), "4f9c"), " ") <= 40);
	end(&v);
}

/* Of a flood of TEIDs the few rows that are printed are laid out. */
static void rows_that_are_not_shown_cost_nothing(void **state)
{
	struct view v = begin(5000);
	char line[512];
	size_t len;

	for (uint32_t teid = 1; teid <= 4000; teid++)
		add(&v, tunnel(teid, 255, teid < 4000 ? 1000 : 1));
	agg_flows_tick(v.flows, SECOND);
	asked_for_own = 0;
	len = strlen(line_with(print(&v, 0, 5), "0x0000", 0, line));
	assert_int_equal(v.text.failed, false);
	assert_in_range(asked_for_own, 0, 4);
	struct event e = tunnel(5000, 255, 1);

	e.netns = "a-namespace-with-a-long-name-far-down";
	add(&v, e);
	agg_flows_tick(v.flows, 2 * SECOND);
	assert_int_equal(strlen(line_with(print(&v, 0, 5), "0x0000", 0, line)), len);
	end(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_the_rows),
		cmocka_unit_test(a_tunnel_of_two_qos_flows_is_one),
		cmocka_unit_test(messages_are_no_tunnels),
		cmocka_unit_test(a_moment_makes_no_rate),
		cmocka_unit_test(twins_are_in_no_sum),
		cmocka_unit_test(what_the_table_leaves_out_has_a_line),
		cmocka_unit_test(rows_that_differ_look_different),
		cmocka_unit_test(lines_fit_and_numbers_stay),
		cmocka_unit_test(rows_that_are_not_shown_cost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
