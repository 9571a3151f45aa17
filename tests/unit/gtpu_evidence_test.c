/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which places of gtp5g's rules are believed, by what they hold of PDRs that the module lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtpu/gtpu_evidence.h"

#define ALL ((1U << GTPU_MEMBERS) - 1)
#define BIT(member) (1U << GTPU_MEMBER_##member)
#define NETNS 0xf0000123u

/* A PDR as the module says, and a sample that agrees. */
struct both {
	struct gtp5g_pdr_rule pdr;
	struct gtpu_rules_told told;
	struct gtpu_sample sample;
};

static void make(struct both *b, uint64_t seid, uint32_t id, bool uplink)
{
	memset(b, 0, sizeof(*b));
	b->pdr = (struct gtp5g_pdr_rule){.far_id = id, .qers = {.n = 2, .ids = {1, 2}}, .urrs = {.n = 1, .ids = {1}}};
	b->told = (struct gtpu_rules_told){.seid = seid,
					   .id = id,
					   .netns = NETNS,
					   .pdr = &b->pdr,
					   .removes = uplink,
					   .has_far = true,
					   .creates = !uplink,
					   .far_action = 2,
					   .qers_known = true,
					   .qfi = 9};
	b->sample = (struct gtpu_sample){.seid = seid,
					 .id = id,
					 .found = 1,
					 .far_id = id,
					 .qers = 2,
					 .urrs = 1,
					 .qer_ids = {1, 2},
					 .urr_ids = {1},
					 .netns = NETNS,
					 .far_action = 2,
					 .has_far = 1,
					 .removes = uplink,
					 .creates = !uplink,
					 .qfi = 9};
}

/* Session 1 of free5GC: two PDRs, every number small. */
static void make_session(struct both b[static 2])
{
	make(&b[0], 1, 1, true);
	make(&b[1], 1, 2, false);
}

static struct gtpu_judgement judge(struct both *b, size_t n)
{
	struct gtpu_evidence e[GTPU_MEMBERS] = {0};

	for (size_t i = 0; i < n; i++)
		gtpu_evidence_add(e, &b[i].told, &b[i].sample);
	return gtpu_evidence_judge(e, ALL);
}

static void a_session_confirms_its_places(void **state)
{
	struct both b[2];
	struct gtpu_judgement j;

	make_session(b);
	j = judge(b, 2);
	assert_int_equal(j.refuted, 0);
	/* Both gates are open: a place that holds nothing would look the same. */
	assert_int_equal(j.confirmed, ALL & ~BIT(GATE));
	b[1].told.gate = b[1].sample.gate = 5;
	assert_int_equal(judge(b, 2).confirmed, ALL);
}

/* All that agrees may agree by chance, where there is one PDR, or every PDR has the same number. */
static void one_pdr_proves_nothing(void **state)
{
	struct both b[3];
	struct gtpu_judgement j;

	make_session(b);
	j = judge(b, 1);
	assert_int_equal(j.refuted, 0);
	assert_int_equal(j.confirmed, BIT(DEVICE));
	make(&b[0], 1, 1, true);
	make(&b[1], 2, 1, true);
	make(&b[2], 3, 1, true);
	j = judge(b, 3);
	assert_int_equal(j.refuted, 0);
	assert_int_equal(j.confirmed, BIT(DEVICE));
}

static void zeros_prove_nothing(void **state)
{
	struct both b[2];
	struct gtpu_judgement j;

	make_session(b);
	for (int i = 0; i < 2; i++) {
		b[i].told.seid = b[i].sample.seid = 0;
		b[i].told.qfi = b[i].sample.qfi = 0;
		b[i].pdr.qers.n = b[i].sample.qers = 0;
	}
	j = judge(b, 2);
	assert_int_equal(j.refuted, 0);
	assert_int_equal(j.confirmed, BIT(DEVICE));
	b[0].told.seid = b[0].sample.seid = b[1].told.seid = b[1].sample.seid = 1;
	j = judge(b, 2);
	assert_false(j.confirmed & (BIT(QFI) | BIT(QERS)));
	assert_true(j.confirmed & BIT(FAR));
}

static void each_member_is_judged_for_itself(void **state)
{
	struct both b[2];
	struct gtpu_judgement j;

	make_session(b);
	b[0].sample.far_action = 0x3231;
	j = judge(b, 2);
	assert_int_equal(j.refuted, BIT(ACTION));
	assert_int_equal(j.confirmed, ALL & ~(BIT(ACTION) | BIT(GATE)));

	make_session(b);
	b[1].sample.far_id = 0x76504354;
	j = judge(b, 2);
	assert_int_equal(j.refuted, BIT(FAR));
	assert_true(j.confirmed & BIT(PDR));
	/* What lies in a FAR that is not the PDR's, and what lies behind a place that is displaced and never varies */
	assert_false(j.confirmed & (BIT(ACTION) | BIT(CREATION) | BIT(QERS) | BIT(URRS)));

	make_session(b);
	b[0].sample.id = 7;
	j = judge(b, 2);
	assert_int_equal(j.refuted, BIT(PDR));
	assert_int_equal(j.confirmed, BIT(DEVICE));
}

/* The QER that polices is read through a pointer of the PDR: where that points elsewhere, the id is another or none. */
static void a_policer_that_is_another_is_refuted(void **state)
{
	struct both b[2];
	struct gtpu_judgement j;

	make_session(b);
	for (int i = 0; i < 2; i++) {
		b[i].told.polices = true;
		b[i].sample.polices = true;
		b[i].told.policer = b[i].sample.policer = 2;
	}
	assert_true(judge(b, 2).confirmed & BIT(POLICER));
	b[0].sample.policer = b[1].sample.policer = 1;
	j = judge(b, 2);
	assert_int_equal(j.refuted, BIT(POLICER));
	b[0].sample.policer = b[1].sample.policer = 0;
	b[0].sample.unread = b[1].sample.unread = BIT(POLICER);
	assert_int_equal(judge(b, 2).refuted, BIT(POLICER));
	/* A QER may have got its rates after the PDR was made. */
	make_session(b);
	b[0].told.polices = true;
	b[0].told.policer = 1;
	assert_int_equal(judge(b, 2).refuted, 0);
}

/* The action of every FAR of the session is 2, and so is what lies there by chance: what lies behind is displaced. */
static void a_displaced_neighbour_casts_doubt(void **state)
{
	struct both b[2];
	struct gtpu_judgement j;

	make_session(b);
	b[0].sample.creates = 1;
	j = judge(b, 2);
	assert_int_equal(j.refuted, BIT(CREATION));
	assert_false(j.confirmed & BIT(ACTION));
	b[1].told.far_action = b[1].sample.far_action = 12;
	assert_true(judge(b, 2).confirmed & BIT(ACTION));
}

/* gtp5g copies both when the PDR is made; the QER may have changed since. */
static void a_qer_that_changed_refutes_nothing(void **state)
{
	struct both b[3];
	struct gtpu_judgement j;

	make_session(b);
	make(&b[2], 2, 3, true);
	b[2].told.qfi = 5;
	b[2].told.gate = 1;
	j = judge(b, 3);
	assert_int_equal(j.refuted, 0);
	assert_true(j.confirmed & BIT(QFI));
	b[0].sample.qfi = 200;
	b[0].sample.gate = 0x80;
	j = judge(b, 3);
	assert_int_equal(j.refuted, BIT(QFI) | BIT(GATE));
}

static void what_cannot_be_read_is_wrong(void **state)
{
	struct both b[2];

	make_session(b);
	b[1].sample.unread = BIT(QERS);
	assert_int_equal(judge(b, 2).refuted, BIT(QERS));
	assert_true(gtpu_evidence_contradicts(&b[1].told, &b[1].sample, ALL));
	assert_false(gtpu_evidence_contradicts(&b[1].told, &b[1].sample, ALL & ~BIT(QERS)));
	assert_false(gtpu_evidence_contradicts(&b[0].told, &b[0].sample, ALL));
}

static void a_pdr_without_far(void **state)
{
	struct both b[2];

	make_session(b);
	b[0].told.has_far = false;
	assert_int_equal(judge(b, 2).refuted, BIT(FAR));
	b[0].sample.has_far = 0;
	b[0].sample.far_id = b[0].sample.far_action = 0;
	assert_int_equal(judge(b, 2).refuted, 0);
}

static void names_are_listed(void **state)
{
	char text[GTPU_MEMBER_NAMES_MAX];
	struct gtpu_layout l;

	assert_string_equal(gtpu_member_names(0, text), "");
	assert_string_equal(gtpu_member_names(BIT(FAR) | BIT(ACTION), text), "FAR, FAR action");
	assert_string_equal(gtpu_member_names(ALL, text), "SEID and PDR, Outer Header Removal, FAR, QER, QFI, policing "
							  "QER, gate, URR, FAR action, Outer Header Creation, device");
	memset(&l, 0xff, sizeof(l));
	assert_int_equal(gtpu_members_of(&l), 0);
	memset(&l, 0, sizeof(l));
	assert_int_equal(gtpu_members_of(&l), ALL);
	l.pdr_ul_dl_gate = l.qer_ul_dl_gate = GTPU_NOWHERE;
	l.far_id = GTPU_NOWHERE;
	assert_int_equal(gtpu_members_of(&l), ALL & ~(BIT(GATE) | BIT(FAR)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_confirms_its_places),
		cmocka_unit_test(one_pdr_proves_nothing),
		cmocka_unit_test(zeros_prove_nothing),
		cmocka_unit_test(each_member_is_judged_for_itself),
		cmocka_unit_test(a_displaced_neighbour_casts_doubt),
		cmocka_unit_test(a_qer_that_changed_refutes_nothing),
		cmocka_unit_test(a_policer_that_is_another_is_refuted),
		cmocka_unit_test(what_cannot_be_read_is_wrong),
		cmocka_unit_test(a_pdr_without_far),
		cmocka_unit_test(names_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
