/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of rules as free5GC's UPF writes them, and as others may. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rule_values.h"
#include "rules_show.h"

#define NETNS 4026531840u
#define SEID 2

DEFINE_CLEANUP(struct rules *, rules, rules_free)

static struct gtp5g_rule rule_of(enum gtp5g_rule_kind kind, uint32_t id)
{
	struct gtp5g_rule r;

	memset(&r, 0, sizeof(r));
	r.kind = kind;
	r.id = id;
	r.seid = SEID;
	r.has = GTP5G_HAS_ID;
	return r;
}

static struct gtp5g_rule pdr_with(const struct gtp5g_flow *flow)
{
	struct gtp5g_rule r = rule_of(GTP5G_RULE_PDR, 4);

	r.has |= GTP5G_HAS_SDF | GTP5G_HAS_FLOW;
	r.pdr.precedence = 128;
	r.pdr.flow = *flow;
	return r;
}

static void assert_flow(const struct gtp5g_flow *flow, const char *want)
{
	_cleanup_(buf_free) struct buf out = {0};
	const struct gtp5g_rule pdr = pdr_with(flow);

	rule_flow_text(&pdr, &out);
	assert_string_equal(out.data, want);
}

static const struct gtp5g_flow_end any;

static struct gtp5g_flow_end end_at(const char *address, const char *mask)
{
	return (struct gtp5g_flow_end){.address = addr_from_v4(inet_addr(address)), .mask = inet_addr(mask)};
}

static struct gtp5g_flow free5gc_flow(void)
{
	return (struct gtp5g_flow){.action = GTP5G_FLOW_PERMIT,
				   .direction = GTP5G_FLOW_OUT,
				   .protocol = GTP5G_FLOW_ANY_PROTOCOL,
				   .from = end_at("203.0.113.100", "255.255.255.255"),
				   .to = any};
}

static void a_flow_reads_as_the_control_plane_wrote_it(void **state)
{
	struct gtp5g_flow flow = free5gc_flow();

	assert_flow(&flow, "permit out ip from 203.0.113.100/32 to any");
	flow.protocol = 17;
	flow.direction = GTP5G_FLOW_IN;
	flow.from = end_at("203.0.113.0", "255.255.255.0");
	flow.from.ports = (struct gtp5g_ports){.n = 2, .ranges = {{80, 80}, {1000, 2000}}};
	flow.to = end_at("10.0.0.0", "255.0.255.0");
	flow.to.ports = (struct gtp5g_ports){.n = 1, .left_out = 3, .ranges = {{53, 53}}};
	assert_flow(&flow,
		    "permit in 17 from 203.0.113.0/24 80,1000-2000 to 10.0.0.0 mask 255.0.255.0 53 (and 3 more)");
	memset(&flow, 0, sizeof(flow));
	flow.from = end_at("128.0.0.0", "128.0.0.0");
	assert_flow(&flow, "0 0 0 from 128.0.0.0/1 to any");
}

static void assert_period(uint32_t value, uint32_t want)
{
	struct gtp5g_rule urr = rule_of(GTP5G_RULE_URR, 1);
	uint32_t seconds = 0;

	urr.has |= GTP5G_HAS_PERIOD;
	urr.urr.period = value;
	assert_int_equal(rule_period(&urr, &seconds), want != 0);
	assert_int_equal(seconds, want);
}

static void a_period_is_told_in_either_unit(void **state)
{
	static const uint32_t periods[] = {1, 2, 5, 10, 30, 60, 300, 3600, 86400, 604800};

	for (size_t i = 0; i < ARRAY_SIZE(periods); i++) {
		assert_period(periods[i], periods[i]);
		assert_period((uint32_t)(periods[i] * UINT64_C(1000000000)), periods[i]);
	}
	assert_period(4230196224, 30); /* as a real UPF wrote it */
	assert_period(0, 0);
	assert_period(4230196225, 0); /* no whole seconds */
	assert_period(604801, 0);
}

/* Nanoseconds whose low bits are a number of seconds as well. */
static void a_period_of_two_meanings_has_none(void **state)
{
	uint32_t n = 1;

	while ((uint32_t)(n * UINT64_C(1000000000)) > 604800)
		n++;
	assert_true(n < 604800);
	assert_period((uint32_t)(n * UINT64_C(1000000000)), 0);
}

static struct gtp5g_rule free5gc_urr(void)
{
	struct gtp5g_rule r = rule_of(GTP5G_RULE_URR, 1);

	r.has |= GTP5G_HAS_PERIOD | GTP5G_HAS_THRESHOLD;
	r.urr.method = 2;
	r.urr.trigger = 0x300;
	r.urr.period = 4230196224;
	r.urr.threshold = (struct gtp5g_volume){0, 500000, 400000, GTP5G_VOLUME_UPLINK | GTP5G_VOLUME_DOWNLINK};
	return r;
}

static void assert_created(const struct gtp5g_rule *rule, const char *text, const char *json)
{
	const struct rules_change change = {.event = RULES_CREATED, .netns = NETNS, .after = rule};
	_cleanup_(cleanup_rules) struct rules *t = rules_new(1);
	_cleanup_(buf_free) struct buf told = {0}, line = {0};
	struct jw j = jw_begin(&line);

	assert_non_null(t);
	rules_contents_text(t, &change, &told);
	assert_string_equal(told.data, text);
	jw_object(&j, NULL);
	rules_contents_json(t, &change, &j);
	jw_object_end(&j);
	assert_string_equal(line.data, json);
}

static void a_urr_of_free5gc(void **state)
{
	struct gtp5g_rule urr = free5gc_urr();

	assert_created(&urr, "method 0x2 trigger 0x300 period 30 s threshold uplink 500000 downlink 400000 bytes",
		       "{\"new\":{\"period_s\":30,\"period_raw\":4230196224,"
		       "\"threshold_bytes\":{\"uplink\":500000,\"downlink\":400000}}}");
	urr.urr.period++;
	urr.urr.threshold.flags = GTP5G_VOLUME_TOTAL;
	assert_created(&urr, "method 0x2 trigger 0x300 period 4230196225 of an unknown unit threshold total 0 bytes",
		       "{\"new\":{\"period_raw\":4230196225,\"threshold_bytes\":{\"total\":0}}}");
	urr.urr.period = 0;
	urr.has &= ~(uint32_t)GTP5G_HAS_THRESHOLD;
	assert_created(&urr, "method 0x2 trigger 0x300", "{\"new\":{}}");
	urr.urr.period = 3600;
	urr.has |= GTP5G_HAS_QUOTA;
	urr.urr.quota = (struct gtp5g_volume){.total = 1000, .flags = GTP5G_VOLUME_TOTAL};
	assert_created(&urr, "method 0x2 trigger 0x300 period 3600 s quota total 1000 bytes",
		       "{\"new\":{\"period_s\":3600,\"quota_bytes\":{\"total\":1000}}}");
}

static void a_delay_that_was_cut_is_not_told(void **state)
{
	struct gtp5g_rule bar = rule_of(GTP5G_RULE_BAR, 1);

	bar.has |= GTP5G_HAS_DELAY | GTP5G_HAS_COUNT;
	bar.bar.count = 8;
	bar.bar.delay = 2;
	assert_created(&bar, "delay 100 ms, 8 packets", "{\"new\":{\"delay_ms\":100,\"packets\":8}}");
	bar.bar.delay = (uint8_t)(150 * UINT64_C(1000000)); /* go-upf's 150 ms */
	assert_created(&bar, "delay 128 of an unknown unit, 8 packets", "{\"new\":{\"delay_raw\":128,\"packets\":8}}");
	bar.bar.delay = (uint8_t)(100 * UINT64_C(1000000));
	assert_created(&bar, "8 packets", "{\"new\":{\"packets\":8}}");
}

static void a_pdr_with_an_sdf_filter(void **state)
{
	const struct gtp5g_flow flow = free5gc_flow();
	struct gtp5g_rule pdr = pdr_with(&flow);

	assert_created(&pdr, "precedence 128 SDF permit out ip from 203.0.113.100/32 to any",
		       "{\"new\":{\"sdf_filter\":true,"
		       "\"flow_description\":\"permit out ip from 203.0.113.100/32 to any\"}}");
	pdr.has &= ~(uint32_t)GTP5G_HAS_FLOW;
	assert_created(&pdr, "precedence 128 SDF without a flow", "{\"new\":{\"sdf_filter\":true}}");
}

/* Two PDRs of one UE: the list says which packets are whose. */
static void the_list_tells_two_pdrs_apart(void **state)
{
	const struct rules_place place = {.netns = NETNS, .name = "upf", .devices = "upfgtp", .version = "0.10.2"};
	const struct gtp5g_flow flow = free5gc_flow();
	const struct gtp5g_rule special = pdr_with(&flow), other = rule_of(GTP5G_RULE_PDR, 2);
	_cleanup_(cleanup_rules) struct rules *t = rules_new(2);
	_cleanup_(buf_free) struct buf out = {0};

	assert_non_null(t);
	assert_int_equal(rules_add_place(t, &place), 0);
	assert_int_equal(rules_add(t, NETNS, &special), 0);
	assert_int_equal(rules_add(t, NETNS, &other), 0);
	rules_sort(t);
	rules_text(t, &out);
	assert_non_null(strstr(out.data, " FAR; QER; URR; SDF\n"));
	assert_non_null(strstr(out.data, " no FAR; SDF permit out ip from 203.0.113.100/32 to any\n"));
	assert_non_null(strstr(out.data, " no FAR\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_reads_as_the_control_plane_wrote_it),
		cmocka_unit_test(a_period_is_told_in_either_unit),
		cmocka_unit_test(a_period_of_two_meanings_has_none),
		cmocka_unit_test(a_urr_of_free5gc),
		cmocka_unit_test(a_delay_that_was_cut_is_not_told),
		cmocka_unit_test(a_pdr_with_an_sdf_filter),
		cmocka_unit_test(the_list_tells_two_pdrs_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
