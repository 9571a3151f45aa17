/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the module counted beside what the probe did, with every reason known for a difference. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rule_counts.h"

static void add(struct rule_counts *c, const char *function, const char *verdict, const char *reason, uint64_t packets,
		uint64_t bytes)
{
	const struct event row = {.kind = KIND_SESSION,
				  .call.function = function,
				  .call.verdict = verdict,
				  .reason = reason,
				  .packets = packets,
				  .bytes = bytes};

	assert_true(rule_counts_add(c, &row));
}

struct seen {
	struct counts_row rows[8];
	size_t n;
};

static void on_row(const struct counts_row *row, void *data)
{
	struct seen *seen = data;

	assert_true(seen->n < ARRAY_SIZE(seen->rows));
	seen->rows[seen->n++] = *row;
}

static void expect(const struct counts_row *row, const char *counter, uint64_t module, uint64_t teide,
		   int64_t unexplained)
{
	assert_string_equal(row->counter, counter);
	assert_int_equal(row->module, module);
	assert_int_equal(row->teide, teide);
	assert_int_equal(row->unexplained, unexplained);
}

static void expect_reason(const struct counts_row *row, size_t i, const char *reason, int64_t amount)
{
	assert_true(i < row->n_because);
	assert_string_equal(row->because[i].reason, reason);
	assert_int_equal(row->because[i].amount, amount);
}

static struct pdr_readings readings(const struct gtp5g_pdr_counts *start, const struct gtp5g_pdr_counts *end)
{
	return (struct pdr_readings){{*start, *end}, {*start, *end}};
}

static void a_pdr_with_every_reason(void **state)
{
	const struct gtp5g_pdr_counts start = {10, 1000, 2, 20, 2000, 3};
	const struct gtp5g_pdr_counts end = {10 + 9, 1000 + 900, 2 + 5, 20 + 8, 2000 + 800, 3 + 4};
	const struct pdr_readings m = readings(&start, &end);
	struct rule_counts t = {0};
	struct seen seen = {0};

	add(&t, "gtp5g_encap_recv", "forwarded_n6", NULL, 5, 5 * 124);
	add(&t, "gtp5g_encap_recv", "dropped", "qer_red", 3, 3 * 124);
	add(&t, "gtp5g_encap_recv", "dropped", "backlog_full", 1, 124);
	add(&t, "gtp5g_encap_recv", "dropped", "far_drop", 3, 3 * 124);
	add(&t, "gtp5g_encap_recv", "dropped", "quota", 1, 124);
	add(&t, "gtp5g_encap_recv", "buffered", NULL, 2, 2 * 124);
	add(&t, "gtp5g_dev_xmit", "forwarded", NULL, 6, 600);
	add(&t, "gtp5g_dev_xmit", "dropped", "qer_red", 2, 200);
	add(&t, "gtp5g_dev_xmit", "dropped", "gate_closed", 7, 700);
	add(&t, "gtp5g_dev_xmit", "dropped", "far_drop", 4, 400);
	assert_int_equal(rule_counts_compare_pdr(&m, &t, false, on_row, &seen), 0);
	assert_int_equal(seen.n, 6);
	expect(&seen.rows[0], "ul_packets", 9, 5, 0);
	expect_reason(&seen.rows[0], 0, "qer_red", 3);
	expect_reason(&seen.rows[0], 1, "backlog_full", 1);
	expect(&seen.rows[1], "ul_bytes", 900, 620, 0);
	expect_reason(&seen.rows[1], 2, "outer_header", -9 * 24);
	expect(&seen.rows[2], "dl_packets", 8, 6, 0);
	expect_reason(&seen.rows[2], 0, "qer_red", 2);
	expect(&seen.rows[3], "dl_bytes", 800, 600, 0);
	expect(&seen.rows[4], "ul_drops", 5, 4, 0);
	expect_reason(&seen.rows[4], 0, "not_buffered", 1);
	expect(&seen.rows[5], "dl_drops", 4, 4, 0);
	assert_int_equal(seen.rows[5].n_because, 0);
}

static void what_has_no_reason_is_said(void **state)
{
	const struct gtp5g_pdr_counts start = {0}, end = {.ul_packets = 4,
							  .ul_bytes = 4 * 124,
							  .dl_packets = 7,
							  .dl_bytes = 700,
							  .dl_drops = 3};
	const struct pdr_readings m = readings(&start, &end);
	struct rule_counts t = {0};
	struct seen seen = {0};

	add(&t, "gtp5g_encap_recv", "forwarded_n6", NULL, 5, 5 * 124);
	add(&t, "gtp5g_dev_xmit", "forwarded", NULL, 5, 500);
	add(&t, "gtp5g_dev_xmit", "buffered", NULL, 2, 200);
	assert_int_equal(rule_counts_compare_pdr(&m, &t, false, on_row, &seen), 0);
	expect(&seen.rows[0], "ul_packets", 4, 5, -1);
	expect(&seen.rows[2], "dl_packets", 7, 5, 2);
	expect(&seen.rows[5], "dl_drops", 3, 0, 3); /* more than were to be kept */
	assert_int_equal(seen.rows[5].n_because, 0);
}

/* One that is sent on to N9 keeps its header, and is not counted. */
static void to_n9(void **state)
{
	const struct gtp5g_pdr_counts none = {0};
	const struct pdr_readings m = readings(&none, &none);
	struct rule_counts t = {0};
	struct seen seen = {0};

	add(&t, "gtp5g_encap_recv", "forwarded_n9", NULL, 5, 620);
	add(&t, "gtp5g_encap_recv", "dropped", "qer_red", 2, 248);
	assert_int_equal(rule_counts_compare_pdr(&m, &t, true, on_row, &seen), 0);
	expect(&seen.rows[0], "ul_packets", 0, 0, 0);
	expect(&seen.rows[1], "ul_bytes", 0, 0, 0);
}

/* Packets that pass while the counters are read belong to either side. */
static void between_two_readings(void **state)
{
	const struct pdr_readings m = {{{.dl_packets = 10}, {.dl_packets = 20}},
				       {{.dl_packets = 12}, {.dl_packets = 25}}};
	struct rule_counts t = {0};
	struct seen seen = {0};

	add(&t, "gtp5g_dev_xmit", "forwarded", NULL, 14, 0);
	assert_int_equal(rule_counts_compare_pdr(&m, &t, false, on_row, &seen), 0);
	expect(&seen.rows[2], "dl_packets", 8, 14, 0);
	assert_int_equal(seen.rows[2].module_most, 15);
	add(&t, "gtp5g_dev_xmit", "forwarded", NULL, 2, 0);
	seen.n = 0;
	assert_int_equal(rule_counts_compare_pdr(&m, &t, false, on_row, &seen), 0);
	expect(&seen.rows[2], "dl_packets", 8, 16, -1);
}

/* 14 packets, and one more of 128 bytes between two readings: the headers explain the difference all the same. */
static void headers_between_two_readings(void **state)
{
	const struct pdr_readings m = {{{0}, {.ul_packets = 14, .ul_bytes = 14 * 128}},
				       {{0}, {.ul_packets = 15, .ul_bytes = 15 * 128}}};
	struct rule_counts t = {0};
	struct seen seen = {0};

	add(&t, "gtp5g_encap_recv", "forwarded_n6", NULL, 14, 14 * 152);
	assert_int_equal(rule_counts_compare_pdr(&m, &t, false, on_row, &seen), 0);
	expect(&seen.rows[1], "ul_bytes", 14 * 128, 14 * 152, 0);
	expect_reason(&seen.rows[1], 0, "outer_header", -14 * 24);
}

static void a_new_pdr_of_an_old_number(void **state)
{
	const struct gtp5g_pdr_counts start = {.ul_packets = 10}, end = {.ul_packets = 9};
	const struct pdr_readings m = readings(&start, &end);
	struct rule_counts t = {0};
	struct seen seen = {0};

	assert_int_equal(rule_counts_compare_pdr(&m, &t, false, on_row, &seen), -ESTALE);
	assert_int_equal(seen.n, 0);
}

static void a_device(void **state)
{
	const struct gtp5g_usage start = {0}, end = {.ul_rx_bytes = 8 * 116,
						     .dl_rx_bytes = 300,
						     .ul_rx_packets = 8,
						     .ul_tx_packets = 7,
						     .dl_rx_packets = 3,
						     .dl_tx_packets = 2};
	const struct usage_readings m = {{start, end}, {start, end}};
	struct rule_counts t = {0};
	struct seen seen = {0};

	add(&t, "gtp5g_encap_recv", "forwarded_n6", NULL, 3, 3 * 124);
	add(&t, "gtp5g_encap_recv", "forwarded_n9", NULL, 1, 124);
	add(&t, "gtp5g_encap_recv", "buffered", NULL, 2, 2 * 124);
	add(&t, "gtp5g_encap_recv", "echo_answered", NULL, 1, 124);
	add(&t, "gtp5g_encap_recv", "dropped", "no_pdr", 1, 124);
	add(&t, "gtp5g_dev_xmit", "forwarded", NULL, 2, 200);
	add(&t, "gtp5g_dev_xmit", "buffered", NULL, 1, 100);
	assert_int_equal(rule_counts_compare_usage(&m, &t, "0.10.2", on_row, &seen), 0);
	assert_int_equal(seen.n, 6);
	for (size_t i = 0; i < seen.n; i++)
		assert_int_equal(seen.rows[i].unexplained, 0);
	expect(&seen.rows[4], "ul_tx_packets", 7, 4, 0);
	expect_reason(&seen.rows[4], 0, "buffered", 2);
	expect_reason(&seen.rows[4], 1, "echo_answered", 1);
	seen.n = 0;
	assert_int_equal(rule_counts_compare_usage(&m, &t, "0.9.14", on_row, &seen), 0);
	assert_int_equal(seen.n, 4);
}

static void other_rows_are_nobodys(void **state)
{
	const struct event packet = {.kind = KIND_SESSION, .call.function = "gtp_encap_recv"};
	const struct event count = {.kind = KIND_COUNT, .call.function = "gtp5g_encap_recv"};
	struct rule_counts t = {0};

	assert_false(rule_counts_add(&t, &packet));
	assert_false(rule_counts_add(&t, &count));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pdr_with_every_reason),
		cmocka_unit_test(what_has_no_reason_is_said),
		cmocka_unit_test(to_n9),
		cmocka_unit_test(between_two_readings),
		cmocka_unit_test(headers_between_two_readings),
		cmocka_unit_test(a_new_pdr_of_an_old_number),
		cmocka_unit_test(a_device),
		cmocka_unit_test(other_rows_are_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
