/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where packets stop, from counts of two sides that do not count over exactly the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "why_facts.h"

static void check_fine(const struct why_facts *f)
{
	struct why_answer a;

	why_judge(f, &a);
	if (a.state != WHY_FINE)
		fail_msg("%s", a.verdict);
}

static void check_stop(const struct why_facts *f, enum why_state state, int way, int stop, const char *part)
{
	struct why_answer a;

	why_judge(f, &a);
	if (a.state != state || a.way != way || !strstr(a.verdict, part))
		fail_msg("state %d way %d: %s", a.state, a.way, a.verdict);
	assert_int_equal(a.ways[way].stop, stop);
}

static void set_counts(struct why_counts *c, uint64_t arrived, uint64_t module, uint64_t left)
{
	c->arrived = arrived;
	c->module = c->outcomes[0].packets = module;
	c->left = left;
}

/* TC and the module do not count over exactly the same time. What one side counts more at both ends is no loss. */
static void test_windows(void **state)
{
	static const uint64_t healthy[][3] = {{50, 53, 50}, {53, 50, 53}, {199, 206, 199}, {20, 23, 20}};
	struct why_facts f;

	for (size_t i = 0; i < ARRAY_SIZE(healthy); i++)
		for (unsigned skew = 0; skew <= 100; skew += 50) {
			f = fine(WHY_UPF_GTP5G);
			f.skew_percent = skew;
			set_counts(&f.seen.ways[WHY_UPLINK], healthy[i][0], healthy[i][1], healthy[i][2]);
			check_fine(&f);
		}
}

/* TC at N3 and at N6 count over the same time, however long the module counts. */
static void test_no_tolerance_hides_a_loss(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_answer a;

	f.skew_percent = 100;
	set_counts(&f.seen.ways[WHY_UPLINK], 4029, 4100, 6);
	f.seen.ways[WHY_UPLINK].device = 4029;
	check_stop(&f, WHY_LOSSY, WHY_UPLINK, WHY_LEFT, "loses 4023 packets");
	f = fine(WHY_UPF_GTP5G);
	f.skew_percent = 100;
	why_judge(&f, &a);
	assert_int_equal(a.n_notes, 0);
	set_counts(&f.seen.ways[WHY_UPLINK], 50, 53, 50);
	why_judge(&f, &a);
	assert_non_null(strstr(a.notes[0], "not counted over the same time"));
	f = fine(WHY_UPF_GTP5G);
	set_counts(&f.seen.ways[WHY_UPLINK], 60, 60, 56); /* more than are on their way */
	check_stop(&f, WHY_LOSSY, WHY_UPLINK, WHY_LEFT, "loses 4 packets");
}

/* Later stages and the answers are evidence against a stage that saw nothing. */
static void test_not_seen_but_passed(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);

	f.seen.ways[WHY_DOWNLINK].arrived = 0; /* by an interface that is not watched */
	check_fine(&f);
	f = fine(WHY_UPF_USER);
	f.seen.ways[WHY_UPLINK].device = f.seen.ways[WHY_DOWNLINK].device = 0;
	check_fine(&f);
	f = fine(WHY_UPF_GTP5G);
	f.seen.ways[WHY_UPLINK].left = 0; /* from an address that is not the node's */
	check_fine(&f);
	f.seen.ways[WHY_UPLINK].to_other_ue = N;
	check_fine(&f);
}

/* N6 counts of translated addresses are of other UEs too. */
static void test_translated(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);

	f.seen.translated = true;
	f.seen.ways[WHY_UPLINK].left = f.seen.ways[WHY_DOWNLINK].arrived = 3 * N;
	check_fine(&f);
	f.seen.ways[WHY_UPLINK].module = f.seen.ways[WHY_UPLINK].n_outcomes = 0;
	check_stop(&f, WHY_BROKEN, WHY_UPLINK, WHY_REACHED, "a firewall");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_no_tolerance_hides_a_loss),
		cmocka_unit_test(test_not_seen_but_passed),
		cmocka_unit_test(test_translated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
