/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "plan.h"

static struct lab_plan *make(struct lab_options o)
{
	struct lab_plan *plan = malloc(sizeof(*plan));
	struct err err = {0};

	assert_non_null(plan);
	assert_int_equal(lab_plan_make(&o, plan, &err), 0);
	return plan;
}

static void assert_addr(const struct addr *a, const char *want)
{
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(a, text), want);
}

static void test_defaults(void **state)
{
	_cleanup_free_ struct lab_plan *p = make((struct lab_options)LAB_OPTIONS_DEFAULT);

	assert_string_equal(p->upf_netns, "teide-upf");
	assert_string_equal(p->dn_netns, "teide-dn");
	assert_string_equal(p->ues[0].netns, "teide-ue1");
	assert_string_equal(p->gnbs[0].netns, "teide-gnb1");
	assert_string_equal(p->gnbs[0].upf_n3, "n3");
	assert_addr(&p->ues[0].address, "10.60.0.1");
	assert_addr(&p->ues[0].address6, "fd00:60:0:1::1");
	assert_addr(&p->ues[0].radio_address, "10.200.1.2");
	assert_addr(&p->ues[0].gnb_radio_address, "10.200.1.1");
	assert_addr(&p->gnbs[0].n3_address, "10.100.1.2");
	assert_addr(&p->gnbs[0].upf_n3_address, "10.100.1.1");
	assert_addr(&p->dn_address6, "fd00:70::2");
	assert_addr(&p->upf_n6_address, "10.70.0.1");
	assert_addr(&p->ue_pool6, "fd00:60::");
	assert_int_equal(p->ues[0].teid_uplink, 0x00010001);
	assert_int_equal(p->ues[0].teid_downlink, 0x00020001);
	assert_false(p->plain_gtpu);
}

static void test_ues_spread_over_gnbs(void **state)
{
	_cleanup_free_ struct lab_plan *p =
		make((struct lab_options){.name = "x", .ues = 5, .gnbs = 2, .flows = 1, .upf = LAB_UPF_GTP});
	const unsigned want[] = {1, 2, 1, 2, 1};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(p->ues[i].gnb, want[i]);
	assert_string_equal(p->gnbs[1].upf_n3, "n3-2");
	assert_true(p->plain_gtpu);
}

/* The devices count through the namespace, uplink TEIDs by four; each gNB has a link, and counts its own TEIDs. */
static void test_one_namespace_for_all_ues(void **state)
{
	struct lab_options o = LAB_OPTIONS_DEFAULT;
	_cleanup_free_ struct lab_plan *p = NULL;

	o.core = LAB_CORE_FREE5GC;
	o.ues = 5;
	o.gnbs = 2;
	o.sessions = 4;
	p = make(o);
	for (unsigned u = 1; u <= 5; u++) {
		const struct lab_ue *ue = &p->ues[u - 1];

		assert_string_equal(ue->netns, "teide-ue");
		assert_int_equal(ue->teid_uplink, 4 * u - 2);
		assert_int_equal(ue->session, u < 5);
		assert_int_equal(lab_ue_is_first(p, ue), u < 3);
	}
	assert_string_equal(p->ues[2].device, "uesimtun2");
	assert_string_equal(p->ues[2].radio, "rls");
	assert_string_equal(p->ues[3].radio, "rls-2");
	assert_string_equal(p->ues[3].gnb_radio, "rls");
	assert_addr(&p->ues[3].gnb_radio_address, "10.200.2.1");
	assert_int_equal(p->ues[2].teid_downlink, 2);
	assert_int_equal(p->ues[3].teid_downlink, 2);
	assert_int_equal(lab_dscp_qfi(p, 46), 1);
}

struct wanted_pdr {
	unsigned id, precedence, qers[2];
	const char *filter;
};

/* As free5GC 4.2 sends them over N4 for the second of two sessions with a flow rule. */
static void test_rules_of_two_flows(void **state)
{
	static const struct wanted_pdr wanted[] = {
		{5, 255, {5, 4}, "permit out ip from any to assigned"},
		{6, 255, {5, 4}, "permit out ip from any to assigned"},
		{7, 128, {4, 6}, "permit out ip from 10.70.0.3/32 to assigned"},
		{8, 128, {4, 6}, "permit out ip from 10.70.0.3/32 to assigned"},
	};
	struct lab_options o = LAB_OPTIONS_DEFAULT;
	_cleanup_free_ struct lab_plan *p = NULL;
	char filter[LAB_FILTER_MAX];

	o.core = LAB_CORE_FREE5GC;
	o.ues = 2;
	o.flows = 2;
	p = make(o);
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct lab_pdr pdr = lab_plan_pdr(p, &p->ues[1], i / 2 + 1, i % 2);

		assert_int_equal(pdr.id, wanted[i].id);
		assert_int_equal(pdr.precedence, wanted[i].precedence);
		assert_memory_equal(pdr.qers, wanted[i].qers, sizeof(pdr.qers));
		assert_string_equal(lab_pdr_filter(&pdr, filter), wanted[i].filter);
	}
	for (unsigned host = 1; host <= 3; host++) {
		struct addr remote = p->dn_address;

		remote.b[15] = (uint8_t)host;
		assert_int_equal(lab_address_flow(p, &remote), host == 3 ? 2 : 1);
	}
}

/* Whatever must differ between UEs does, in the largest lab; names fit where they must. */
static void test_largest(void **state)
{
	struct lab_options o = {.ues = LAB_UES_MAX, .gnbs = LAB_GNBS_MAX, .flows = LAB_FLOWS_MAX};
	_cleanup_free_ struct lab_plan *p = NULL;

	memset(o.name, 'n', sizeof(o.name) - 1);
	p = make(o);
	for (unsigned i = 0; i < LAB_UES_MAX; i++) {
		const struct lab_ue *a = &p->ues[i];

		assert_in_range(a->gnb, 1, LAB_GNBS_MAX);
		assert_non_null(strstr(a->netns, "-ue"));
		for (unsigned k = 0; k < i; k++) {
			const struct lab_ue *b = &p->ues[k];

			assert_string_not_equal(a->netns, b->netns);
			assert_string_not_equal(a->gnb_radio, b->gnb_radio);
			assert_false(addr_equal(&a->address, &b->address));
			/* The gtp module tells UEs apart by the /64. */
			assert_memory_not_equal(a->address6.b, b->address6.b, 8);
			assert_false(addr_equal(&a->radio_address, &b->radio_address));
			assert_int_not_equal(a->teid_uplink, b->teid_uplink);
			assert_int_not_equal(a->teid_downlink, b->teid_downlink);
		}
	}
	assert_addr(&p->ues[199].address6, "fd00:60:0:c8::1");
	assert_true(strlen(p->gnbs[31].upf_n3) < IF_NAMESIZE);
	assert_string_equal(p->gnbs[31].netns + strlen(o.name), "-gnb32");
}

static void test_flows_have_their_own_qfi(void **state)
{
	_cleanup_free_ struct lab_plan *p = make((struct lab_options)LAB_OPTIONS_DEFAULT);
	bool seen[64] = {false};

	assert_int_equal(lab_flow_qfi(p, 1), LAB_QFI_DEFAULT);
	assert_int_equal(lab_flow_dscp(p, 1), 0);
	for (unsigned f = 1; f <= LAB_FLOWS_MAX; f++) {
		uint8_t qfi = lab_flow_qfi(p, f);

		assert_in_range(qfi, 1, 63);
		assert_false(seen[qfi]);
		seen[qfi] = true;
		assert_int_equal(lab_dscp_qfi(p, lab_flow_dscp(p, f)), qfi);
		assert_in_range(lab_flow_dscp(p, f), 0, 63);
	}
}

static void test_bad_options(void **state)
{
	static const struct {
		struct lab_options o;
		const char *says;
	} cases[] = {
		{{.name = "x", .ues = 0, .gnbs = 1, .flows = 1}, "--ues 0"},
		{{.name = "x", .ues = 201, .gnbs = 1, .flows = 1}, "1 to 200"},
		{{.name = "x", .ues = 1, .gnbs = 33, .flows = 1}, "--gnbs 33"},
		{{.name = "x", .ues = 1, .gnbs = 1, .flows = 64}, "--flows 64"},
		{{.name = "x", .ues = 1, .gnbs = 1, .flows = 1, .sessions = 2}, "--sessions 2"},
		{{.name = "", .ues = 1, .gnbs = 1, .flows = 1}, "--name"},
		{{.name = "a/b", .ues = 1, .gnbs = 1, .flows = 1}, "'a/b'"},
		{{.name = "..", .ues = 1, .gnbs = 1, .flows = 1}, "'..'"},
		{{.name = "-x", .ues = 1, .gnbs = 1, .flows = 1}, "'-x'"},
	};
	_cleanup_free_ struct lab_plan *p = malloc(sizeof(*p));

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		assert_int_equal(lab_plan_make(&cases[i].o, p, &err), -EINVAL);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

static void test_names_there_and_back(void **state)
{
	_cleanup_free_ struct lab_plan *p = make((struct lab_options)LAB_OPTIONS_DEFAULT);
	enum lab_node_kind node;
	enum lab_upf_kind upf;

	for (int k = LAB_NODE_UE; k <= LAB_NODE_DN; k++) {
		assert_int_equal(lab_node_kind_parse(lab_node_kind_name(k), &node), 0);
		assert_int_equal(node, k);
		assert_non_null(lab_plan_netns(p, k, 1));
		assert_null(lab_plan_netns(p, k, 0));
		assert_null(lab_plan_netns(p, k, 2));
	}
	for (int k = LAB_UPF_USER; k <= LAB_UPF_GTP5G; k++) {
		assert_int_equal(lab_upf_kind_parse(lab_upf_kind_name(k), &upf), 0);
		assert_int_equal(upf, k);
	}
	assert_int_equal(lab_upf_kind_parse("auto", &upf), -EINVAL);
	assert_string_equal(lab_node_comm(LAB_NODE_GNB), "nr-gnb");
	assert_string_equal(lab_node_comm(LAB_NODE_UE), "nr-ue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ues_spread_over_gnbs),
		cmocka_unit_test(test_one_namespace_for_all_ues),
		cmocka_unit_test(test_rules_of_two_flows),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_flows_have_their_own_qfi),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_names_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
