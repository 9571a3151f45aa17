/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Dumps of gtp5g, well formed and hostile. Attribute numbers are those of gtp5g's headers. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gtp5g_rules.h"
#include "nl.h"

#define SEID UINT64_C(0x1122334455667788)

static void begin(struct nl_message *m)
{
	nl_begin(m, NETLINK_GENERIC, 0x1d, 0);
	nl_header(m, sizeof(struct genlmsghdr));
}

static void make_pdr(struct nl_message *m)
{
	struct nlattr *pdi, *f_teid;

	begin(m);
	mnl_attr_put_u16(m->h, 3, 7);
	mnl_attr_put_u32(m->h, 4, 255);
	mnl_attr_put(m->h, 0, 0, NULL); /* padding before 64 bits */
	mnl_attr_put_u64(m->h, 11, SEID);
	mnl_attr_put_u8(m->h, 6, 0);
	mnl_attr_put_u32(m->h, 7, 0x80000001);
	mnl_attr_put_u32(m->h, 10, 1);
	mnl_attr_put_u32(m->h, 10, 2);
	mnl_attr_put_u32(m->h, 12, 3);
	pdi = mnl_attr_nest_start(m->h, 5);
	mnl_attr_put_u32(m->h, 1, inet_addr("10.60.0.1"));
	f_teid = mnl_attr_nest_start(m->h, 2);
	mnl_attr_put_u32(m->h, 1, 0x00020001);
	mnl_attr_put_u32(m->h, 2, inet_addr("10.100.1.2"));
	mnl_attr_nest_end(m->h, f_teid);
	mnl_attr_nest_end(m->h, pdi);
}

static void make_far(struct nl_message *m)
{
	struct nlattr *parameter, *creation;

	begin(m);
	mnl_attr_put_u32(m->h, 3, 2);
	mnl_attr_put_u16(m->h, 4, 0x000c);
	mnl_attr_put_u64(m->h, 7, SEID);
	parameter = mnl_attr_nest_start(m->h, 5);
	creation = mnl_attr_nest_start(m->h, 1);
	mnl_attr_put_u16(m->h, 1, 0x100);
	mnl_attr_put_u32(m->h, 2, 0x00010001);
	mnl_attr_put_u32(m->h, 3, inet_addr("10.100.1.1"));
	mnl_attr_put_u16(m->h, 4, 2152);
	mnl_attr_nest_end(m->h, creation);
	mnl_attr_put_u8(m->h, 4, 0);
	mnl_attr_nest_end(m->h, parameter);
}

static void assert_addr(const struct addr *a, const char *want)
{
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(a, text), want);
}

static void assert_refused(enum gtp5g_rule_kind kind, const struct nl_message *m)
{
	struct gtp5g_rule r, untouched;

	memset(&r, 0xa5, sizeof(r));
	memset(&untouched, 0xa5, sizeof(untouched));
	assert_int_equal(gtp5g_rule_parse(kind, m->h, &r), -EPROTO);
	assert_memory_equal(&r, &untouched, sizeof(r));
}

static void test_pdr(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;

	make_pdr(&m);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, m.h, &r), 0);
	assert_int_equal(r.id, 7);
	assert_true(r.seid == SEID);
	assert_int_equal(r.pdr.precedence, 255);
	assert_int_equal(r.pdr.far_id, 0x80000001);
	assert_int_equal(r.pdr.teid, 0x00020001);
	assert_addr(&r.pdr.ue, "10.60.0.1");
	assert_addr(&r.pdr.local, "10.100.1.2");
	assert_int_equal(r.pdr.qers.n, 2);
	assert_int_equal(r.pdr.qers.ids[1], 2);
	assert_int_equal(r.pdr.urrs.ids[0], 3);
	assert_true(r.has & GTP5G_HAS_REMOVAL);
	assert_false(r.has & GTP5G_HAS_SOURCE);
}

static void test_far(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;

	make_far(&m);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_FAR, m.h, &r), 0);
	assert_int_equal(r.far.action, 0x0c);
	assert_int_equal(r.far.teid, 0x00010001);
	assert_int_equal(r.far.port, 2152);
	assert_addr(&r.far.peer, "10.100.1.1");

	begin(&m);
	mnl_attr_put_u32(m.h, 3, 1);
	mnl_attr_put_u8(m.h, 4, 1); /* the older form */
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_FAR, m.h, &r), 0);
	assert_int_equal(r.far.action, 1);
	assert_true(r.seid == 0);
	assert_false(r.has & (GTP5G_HAS_TEID | GTP5G_HAS_PEER));
}

static void test_qer(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;
	struct nlattr *mbr;

	begin(&m);
	mnl_attr_put_u32(m.h, 3, 1);
	mnl_attr_put_u8(m.h, 4, 5);
	mnl_attr_put_u8(m.h, 9, 9);
	mnl_attr_put_u64(m.h, 13, SEID);
	mbr = mnl_attr_nest_start(m.h, 5);
	mnl_attr_put_u32(m.h, 1, 0xffffffff);
	mnl_attr_put_u8(m.h, 2, 0xfe);
	mnl_attr_put_u32(m.h, 3, 3);
	mnl_attr_put_u8(m.h, 4, 0xe8);
	mnl_attr_nest_end(m.h, mbr);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_QER, m.h, &r), 0);
	assert_int_equal(r.qer.gate, 5);
	assert_int_equal(r.qer.qfi, 9);
	assert_true(gtp5g_kbps(r.qer.mbr.ul_high, r.qer.mbr.ul_low) == UINT64_C(0xfffffffffe));
	assert_true(gtp5g_kbps(r.qer.mbr.dl_high, r.qer.mbr.dl_low) == 1000);
}

/* A PDR with what is put into its Flow Description until close_flow(). */
struct flow_nests {
	struct nlattr *pdi, *sdf, *flow;
};

static struct flow_nests open_flow(struct nl_message *m)
{
	struct flow_nests n;

	begin(m);
	mnl_attr_put_u16(m->h, 3, 7);
	n.pdi = mnl_attr_nest_start(m->h, 5);
	n.sdf = mnl_attr_nest_start(m->h, 3);
	n.flow = mnl_attr_nest_start(m->h, 1);
	return n;
}

static void close_flow(struct nl_message *m, const struct flow_nests *n)
{
	mnl_attr_nest_end(m->h, n->flow);
	mnl_attr_nest_end(m->h, n->sdf);
	mnl_attr_nest_end(m->h, n->pdi);
}

static void make_pdr_with_sdf(struct nl_message *m, uint32_t ports)
{
	const struct flow_nests nests = open_flow(m);

	mnl_attr_put_u8(m->h, 1, 1);
	mnl_attr_put_u8(m->h, 2, 2);
	mnl_attr_put_u8(m->h, 3, 17);
	mnl_attr_put_u32(m->h, 4, inet_addr("203.0.113.0"));
	mnl_attr_put_u32(m->h, 6, inet_addr("10.60.0.1"));
	mnl_attr_put_u32(m->h, 5, inet_addr("255.255.255.0"));
	mnl_attr_put(m->h, 8, sizeof(ports), &ports);
	close_flow(m, &nests);
}

static void test_sdf_filter(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;

	make_pdr_with_sdf(&m, 1000 << 16 | 2000);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, m.h, &r), 0);
	assert_true(r.has & GTP5G_HAS_SDF);
	assert_true(r.has & GTP5G_HAS_FLOW);
	assert_int_equal(r.pdr.flow.action, GTP5G_FLOW_PERMIT);
	assert_int_equal(r.pdr.flow.direction, GTP5G_FLOW_OUT);
	assert_int_equal(r.pdr.flow.protocol, 17);
	assert_addr(&r.pdr.flow.from.address, "203.0.113.0");
	assert_int_equal(r.pdr.flow.from.mask, htonl(0xffffff00));
	assert_addr(&r.pdr.flow.to.address, "10.60.0.1");
	assert_int_equal(r.pdr.flow.to.mask, UINT32_MAX);
	assert_int_equal(r.pdr.flow.from.ports.n, 1);
	assert_int_equal(r.pdr.flow.from.ports.ranges[0].first, 1000);
	assert_int_equal(r.pdr.flow.from.ports.ranges[0].last, 2000);
	assert_int_equal(r.pdr.flow.to.ports.n, 0);
}

static void make_request_of_go_upf(struct nl_message *m)
{
	static const uint8_t any[16];
	const uint32_t ports[] = {1000 << 16 | 2000, 53 << 16 | 53};
	const struct flow_nests nests = open_flow(m);

	mnl_attr_put_u8(m->h, 3, 0xff);
	mnl_attr_put(m->h, 4, sizeof(any), any);
	mnl_attr_put(m->h, 5, sizeof(any), any);
	mnl_attr_put_u32(m->h, 6, inet_addr("203.0.113.100"));
	mnl_attr_put_u32(m->h, 7, UINT32_MAX);
	mnl_attr_put(m->h, 8, 0, NULL);
	mnl_attr_put(m->h, 9, sizeof(ports), ports);
	close_flow(m, &nests);
}

static void make_its_answer(struct nl_message *m)
{
	const uint32_t ports[] = {2000 << 16 | 1000, 53 << 16 | 53};
	const struct flow_nests nests = open_flow(m);

	mnl_attr_put_u8(m->h, 3, 0xff);
	mnl_attr_put_u32(m->h, 4, 0);
	mnl_attr_put_u32(m->h, 6, inet_addr("203.0.113.100"));
	mnl_attr_put_u32(m->h, 5, 0);
	mnl_attr_put(m->h, 9, sizeof(ports), ports);
	close_flow(m, &nests);
}

/* go-upf writes "any" in 16 bytes, an attribute for no port, and the lower port in the upper half. */
static void test_request_and_answer_are_one_rule(void **state)
{
	struct nl_message request, answer;
	struct gtp5g_rule asked, told;

	make_request_of_go_upf(&request);
	make_its_answer(&answer);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, request.h, &asked), 0);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, answer.h, &told), 0);
	assert_memory_equal(&asked, &told, sizeof(asked));
	assert_int_equal(told.pdr.flow.to.ports.n, 2);
	assert_int_equal(told.pdr.flow.to.ports.ranges[0].first, 1000);
}

/* As the module has it: a filter without masks replaces another one's, and ports stay. */
static void test_masks_are_of_the_last_filter(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;
	struct flow_nests nests;

	make_pdr_with_sdf(&m, 80 << 16 | 80);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, m.h, &r), 0);
	nests = open_flow(&m);
	mnl_attr_put_u32(m.h, 4, inet_addr("203.0.113.7"));
	close_flow(&m, &nests);
	assert_int_equal(gtp5g_rule_apply(nests.pdi, nests.pdi->nla_len, &r), 0);
	assert_addr(&r.pdr.flow.from.address, "203.0.113.7");
	assert_int_equal(r.pdr.flow.from.mask, UINT32_MAX);
	assert_int_equal(r.pdr.flow.from.ports.n, 1);
}

static void test_many_ports(void **state)
{
	const uint32_t ports[100] = {0};
	struct nl_message m;
	struct gtp5g_rule r;
	const struct flow_nests nests = open_flow(&m);

	mnl_attr_put(m.h, 8, sizeof(ports), ports);
	close_flow(&m, &nests);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, m.h, &r), 0);
	assert_int_equal(r.pdr.flow.from.ports.n, GTP5G_PORTS_MAX);
	assert_int_equal(r.pdr.flow.from.ports.left_out, 100 - GTP5G_PORTS_MAX);
}

static void test_wrong_flows(void **state)
{
	static const struct {
		uint16_t type, len;
	} wrong[] = {{1, 2}, {4, 3}, {5, 3}, {8, 3}, {9, 6}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct nl_message m;
		const struct flow_nests nests = open_flow(&m);

		mnl_attr_put(m.h, wrong[i].type, wrong[i].len, "abcdef");
		close_flow(&m, &nests);
		assert_refused(GTP5G_RULE_PDR, &m);
	}
}

/* free5GC's: 30 s as nanoseconds cut to 32 bits, a threshold for each direction and none for both. */
static void test_urr_of_free5gc(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;
	struct nlattr *threshold;

	begin(&m);
	mnl_attr_put_u32(m.h, 3, 1);
	mnl_attr_put_u8(m.h, 4, 2);
	mnl_attr_put_u32(m.h, 6, 4230196224);
	mnl_attr_put_u64(m.h, 7, 0x10); /* go-upf's width of a byte */
	threshold = mnl_attr_nest_start(m.h, 9);
	mnl_attr_put_u8(m.h, 1, 6);
	mnl_attr_put_u64(m.h, 3, 500000);
	mnl_attr_put_u64(m.h, 4, 400000);
	mnl_attr_nest_end(m.h, threshold);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_URR, m.h, &r), 0);
	assert_int_equal(r.urr.period, 4230196224);
	assert_int_equal(r.urr.threshold.flags, GTP5G_VOLUME_UPLINK | GTP5G_VOLUME_DOWNLINK);
	assert_int_equal(r.urr.threshold.uplink, 500000);
	assert_int_equal(r.urr.threshold.downlink, 400000);
}

static void test_urr_and_bar(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;
	struct nlattr *quota;

	begin(&m);
	mnl_attr_put_u32(m.h, 3, 4);
	mnl_attr_put_u8(m.h, 4, 2);
	mnl_attr_put_u32(m.h, 6, 60);
	mnl_attr_put_u64(m.h, 8, SEID);
	quota = mnl_attr_nest_start(m.h, 10);
	mnl_attr_put_u8(m.h, 1, 1);
	mnl_attr_put_u64(m.h, 2, UINT64_MAX);
	mnl_attr_nest_end(m.h, quota);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_URR, m.h, &r), 0);
	assert_int_equal(r.urr.period, 60);
	assert_true(r.urr.quota.total == UINT64_MAX);
	assert_false(r.has & GTP5G_HAS_THRESHOLD);

	begin(&m);
	mnl_attr_put_u8(m.h, 3, 200);
	mnl_attr_put_u8(m.h, 4, 2);
	mnl_attr_put_u16(m.h, 5, 1000);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_BAR, m.h, &r), 0);
	assert_int_equal(r.id, 200);
	assert_int_equal(r.bar.count, 1000);
}

/* Every length but the whole one is refused or reads less, and no byte behind it is touched. */
static void test_cut_short(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;

	make_pdr(&m);
	for (uint32_t len = sizeof(struct nlmsghdr); len < m.h->nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);

		assert_non_null(cut);
		memcpy(cut, m.bytes, len);
		cut->nlmsg_len = len;
		if (gtp5g_rule_parse(GTP5G_RULE_PDR, cut, &r) == 0)
			assert_false(r.has & GTP5G_HAS_LOCAL);
		free(cut);
	}
}

static void test_lengths(void **state)
{
	struct nl_message m;

	begin(&m); /* no id */
	mnl_attr_put_u32(m.h, 4, 1);
	assert_refused(GTP5G_RULE_PDR, &m);
	begin(&m);
	mnl_attr_put_u32(m.h, 3, 1); /* 4 bytes where 2 belong */
	assert_refused(GTP5G_RULE_PDR, &m);
	begin(&m);
	mnl_attr_put_u32(m.h, 3, 1);
	mnl_attr_put_u32(m.h, 4, 2); /* an action of 4 */
	assert_refused(GTP5G_RULE_FAR, &m);
	make_far(&m);
	mnl_attr_put_u32(m.h, 7, 1); /* a SEID of 4 */
	assert_refused(GTP5G_RULE_FAR, &m);
	begin(&m);
	mnl_attr_put_u32(m.h, 3, 4);
	mnl_attr_put(m.h, 7, 0, NULL); /* no byte at all */
	assert_refused(GTP5G_RULE_URR, &m);
	make_pdr(&m);
	mnl_attr_put(m.h, 5, 3, "abc"); /* a nest that holds no attribute */
	assert_refused(GTP5G_RULE_PDR, &m);
}

static void test_wrong_nests(void **state)
{
	struct nl_message m;
	struct nlattr *outer, *inner;

	begin(&m);
	mnl_attr_put_u16(m.h, 3, 1);
	outer = mnl_attr_nest_start(m.h, 5);
	inner = mnl_attr_nest_start(m.h, 2);
	mnl_attr_put_u32(m.h, 1, 1);
	mnl_attr_nest_end(m.h, inner);
	mnl_attr_nest_end(m.h, outer);
	inner->nla_len = 4096; /* longer than what holds it */
	assert_refused(GTP5G_RULE_PDR, &m);
	inner->nla_len = 0;
	assert_refused(GTP5G_RULE_PDR, &m);
	inner->nla_len = 3;
	assert_refused(GTP5G_RULE_PDR, &m);
	outer->nla_len = UINT16_MAX;
	assert_refused(GTP5G_RULE_PDR, &m);
}

static void test_many_ids(void **state)
{
	struct nl_message m;
	struct gtp5g_rule r;

	begin(&m);
	mnl_attr_put_u16(m.h, 3, 1);
	for (unsigned i = 0; i < 900; i++)
		mnl_attr_put_u32(m.h, 10, i);
	assert_int_equal(gtp5g_rule_parse(GTP5G_RULE_PDR, m.h, &r), 0);
	assert_int_equal(r.pdr.qers.n, GTP5G_IDS_MAX);
	assert_int_equal(r.pdr.qers.left_out, 900 - GTP5G_IDS_MAX);
	assert_int_equal(r.pdr.urrs.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pdr),	    cmocka_unit_test(test_far),
		cmocka_unit_test(test_qer),	    cmocka_unit_test(test_urr_and_bar),
		cmocka_unit_test(test_cut_short),   cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_wrong_nests), cmocka_unit_test(test_many_ids),
		cmocka_unit_test(test_sdf_filter),  cmocka_unit_test(test_request_and_answer_are_one_rule),
		cmocka_unit_test(test_wrong_flows), cmocka_unit_test(test_masks_are_of_the_last_filter),
		cmocka_unit_test(test_many_ports),  cmocka_unit_test(test_urr_of_free5gc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
