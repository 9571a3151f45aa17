/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bytes of requests whose receiver, a kernel module, is not there: nl_request() is this file's.
 * Attribute numbers are written out: those of linux/gtp.h, linux/if_link.h and of gtp5g's headers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "genl.h"
#include "gtp.h"
#include "gtp5g.h"
#include "nl.h"
#include "rtnl.h"

#define FAMILY_NUMBER 0x1d
#define NESTED 0x8000
#define SEQUENCE_MAX 16

static struct {
	struct nl_message last;
	int bus;
	uint8_t commands[SEQUENCE_MAX];
	unsigned n;
} sent;

static int answer_family(mnl_cb_t cb, void *data)
{
	struct nl_message m;

	nl_begin_generic(&m, GENL_ID_CTRL, 0, 0);
	mnl_attr_put_u16(m.h, CTRL_ATTR_FAMILY_ID, FAMILY_NUMBER);
	cb(m.h, data);
	return 0;
}

int nl_request(struct nl_message *m, mnl_cb_t cb, void *data, const char *what, struct err *err)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(m->h);

	if (m->bus == NETLINK_GENERIC && m->h->nlmsg_type == GENL_ID_CTRL)
		return answer_family(cb, data);
	sent.bus = m->bus;
	memcpy(sent.last.bytes, m->bytes, m->h->nlmsg_len);
	sent.last.h = (struct nlmsghdr *)sent.last.bytes;
	assert_true(sent.n < SEQUENCE_MAX);
	sent.commands[sent.n++] = genl->cmd;
	return 0;
}

static int clear(void **state)
{
	memset(&sent, 0, sizeof(sent));
	return 0;
}

/* The attribute by its type with flags, first among those at begin. */
static const struct nlattr *find(const void *begin, size_t len, uint16_t type)
{
	const struct nlattr *attr = begin;

	while (mnl_attr_ok(attr, (int)((const char *)begin + len - (const char *)attr))) {
		if (attr->nla_type == type)
			return attr;
		attr = mnl_attr_next(attr);
	}
	return NULL;
}

static const struct nlattr *top(size_t header, uint16_t type)
{
	const char *begin = mnl_nlmsg_get_payload_offset(sent.last.h, header);
	const struct nlattr *attr =
		find(begin, (size_t)((const char *)mnl_nlmsg_get_payload_tail(sent.last.h) - begin), type);

	assert_non_null(attr);
	return attr;
}

static const struct nlattr *in(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr = find(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), type);

	assert_non_null(attr);
	return attr;
}

static const struct nlattr *genl_attr(uint16_t type)
{
	return top(sizeof(struct genlmsghdr), type);
}

static void assert_u8(const struct nlattr *attr, uint8_t want)
{
	assert_int_equal(mnl_attr_get_payload_len(attr), 1);
	assert_int_equal(mnl_attr_get_u8(attr), want);
}

static void assert_u16(const struct nlattr *attr, uint16_t want)
{
	assert_int_equal(mnl_attr_get_payload_len(attr), 2);
	assert_int_equal(mnl_attr_get_u16(attr), want);
}

static void assert_u32(const struct nlattr *attr, uint32_t want)
{
	assert_int_equal(mnl_attr_get_payload_len(attr), 4);
	assert_int_equal(mnl_attr_get_u32(attr), want);
}

static void assert_u64(const struct nlattr *attr, uint64_t want)
{
	assert_int_equal(mnl_attr_get_payload_len(attr), 8);
	assert_int_equal(mnl_attr_get_u64(attr), want);
}

static void assert_bytes(const struct nlattr *attr, const char *want, size_t len)
{
	assert_int_equal(mnl_attr_get_payload_len(attr), len);
	assert_memory_equal(mnl_attr_get_payload(attr), want, len);
}

static void assert_genl(uint8_t cmd, uint8_t version, uint16_t flags)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(sent.last.h);

	assert_int_equal(sent.bus, NETLINK_GENERIC);
	assert_int_equal(sent.last.h->nlmsg_type, FAMILY_NUMBER);
	assert_int_equal(genl->cmd, cmd);
	assert_int_equal(genl->version, version);
	assert_int_equal(sent.last.h->nlmsg_flags & flags, flags);
}

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static const struct gtp5g gtp5g = {.family = FAMILY_NUMBER, .ifindex = 7};

static void test_gtp5g_qer(void **state)
{
	const struct gtp5g_qer qer = {.seid = 0x11, .id = 1, .gate = GTP5G_GATE_DOWNLINK_CLOSED, .qfi = 9};

	assert_int_equal(gtp5g_qer_add(&gtp5g, &qer, NULL), 0);
	assert_genl(3, 0, NLM_F_EXCL);
	assert_u32(genl_attr(1), 7);
	assert_u32(genl_attr(3), 1);
	assert_u8(genl_attr(4), 1);
	assert_u8(genl_attr(9), 9);
	assert_u64(genl_attr(13), 0x11);
}

static void test_gtp5g_far(void **state)
{
	const struct gtp5g_far far = {.seid = 0x11,
				      .id = 2,
				      .action = GTP5G_ACTION_FORW,
				      .encapsulate = true,
				      .teid = 87,
				      .peer = address("10.0.0.2"),
				      .port = 2152};
	const struct nlattr *creation;

	assert_int_equal(gtp5g_far_add(&gtp5g, &far, NULL), 0);
	assert_genl(2, 0, NLM_F_EXCL);
	assert_u32(genl_attr(3), 2);
	assert_u16(genl_attr(4), 2);
	assert_u64(genl_attr(7), 0x11);
	creation = in(genl_attr(5 | NESTED), 1 | NESTED);
	assert_int_equal(mnl_attr_get_payload_len(in(creation, 1)), 2);
	assert_u32(in(creation, 2), 87);
	assert_bytes(in(creation, 3), "\x0a\x00\x00\x02", 4);
	assert_u16(in(creation, 4), 2152);
}

static struct gtp5g_pdr uplink_pdr(void)
{
	return (struct gtp5g_pdr){.seid = 0x11,
				  .id = 1,
				  .precedence = 255,
				  .source = GTP5G_ACCESS,
				  .ue = address("60.60.0.10"),
				  .teid = 78,
				  .local = address("10.0.0.1"),
				  .far_id = 1,
				  .qers = {1}};
}

static void test_gtp5g_pdr_uplink(void **state)
{
	const struct gtp5g_pdr pdr = uplink_pdr();
	const struct nlattr *pdi, *f_teid;

	assert_int_equal(gtp5g_pdr_add(&gtp5g, &pdr, NULL), 0);
	/* Version 1 makes the module oops. */
	assert_genl(1, 0, NLM_F_EXCL);
	assert_u16(genl_attr(3), 1);
	assert_u32(genl_attr(4), 255);
	assert_u8(genl_attr(6), 0);
	assert_u32(genl_attr(7), 1);
	assert_u32(genl_attr(10), 1);
	assert_u64(genl_attr(11), 0x11);
	pdi = genl_attr(5 | NESTED);
	assert_bytes(in(pdi, 1), "\x3c\x3c\x00\x0a", 4);
	assert_u8(in(pdi, 4), 0);
	f_teid = in(pdi, 2 | NESTED);
	assert_u32(in(f_teid, 1), 78);
	assert_bytes(in(f_teid, 2), "\x0a\x00\x00\x01", 4);
}

static void test_gtp5g_pdr_downlink(void **state)
{
	struct gtp5g_pdr pdr = uplink_pdr();
	const struct nlattr *pdi;

	pdr.id = 2;
	pdr.source = GTP5G_CORE;
	assert_int_equal(gtp5g_pdr_add(&gtp5g, &pdr, NULL), 0);
	pdi = genl_attr(5 | NESTED);
	assert_u8(in(pdi, 4), 1);
	/* No tunnel to match, no header to remove. */
	assert_null(find(mnl_attr_get_payload(pdi), mnl_attr_get_payload_len(pdi), 2 | NESTED));
	assert_null(find(mnl_nlmsg_get_payload_offset(sent.last.h, sizeof(struct genlmsghdr)),
			 sent.last.h->nlmsg_len - NLMSG_HDRLEN - sizeof(struct genlmsghdr), 6));
}

/* As go-upf asks for a flow rule's PDRs: the filter's ends as the packets of the direction go. */
static void test_gtp5g_pdr_of_a_flow_rule(void **state)
{
	struct gtp5g_pdr pdr = uplink_pdr();

	pdr.protocol = 0xff;
	pdr.remote = address("203.0.113.100");
	pdr.qers[1] = 3;
	for (int downlink = 0; downlink < 2; downlink++) {
		const struct nlattr *flow;
		uint16_t remote = downlink ? 4 : 6, ue = downlink ? 6 : 4;

		pdr.source = downlink ? GTP5G_CORE : GTP5G_ACCESS;
		assert_int_equal(gtp5g_pdr_add(&gtp5g, &pdr, NULL), 0);
		assert_u32(genl_attr(10), 1);
		flow = in(in(genl_attr(5 | NESTED), 3 | NESTED), 1 | NESTED);
		assert_u8(in(flow, 3), 0xff);
		assert_bytes(in(flow, remote), "\xcb\x00\x71\x64", 4);
		assert_null(find(mnl_attr_get_payload(flow), mnl_attr_get_payload_len(flow), remote + 1));
		assert_u32(in(flow, ue), 0);
		assert_u32(in(flow, ue + 1), 0);
	}
}

static void test_gtp5g_pdr_without_far_is_not_sent(void **state)
{
	struct gtp5g_pdr pdr = uplink_pdr();
	struct err err = {0};

	pdr.far_id = 0;
	assert_int_equal(gtp5g_pdr_add(&gtp5g, &pdr, &err), -EINVAL);
	assert_int_equal(sent.n, 0);
	assert_non_null(strstr(err.text, "FAR"));
}

static void test_gtp_pdp(void **state)
{
	struct gtp_pdp pdp = {.ifindex = 5,
			      .i_tei = 0x10001,
			      .o_tei = 0x20001,
			      .ms_addr = address("10.60.0.1"),
			      .peer = address("10.100.1.2")};

	assert_int_equal(gtp_pdp_add(&pdp, NULL), 0);
	assert_genl(0, 0, NLM_F_EXCL);
	assert_u32(genl_attr(1), 5);
	assert_u32(genl_attr(2), 1);
	assert_bytes(genl_attr(4), "\x0a\x64\x01\x02", 4);
	assert_bytes(genl_attr(5), "\x0a\x3c\x00\x01", 4);
	assert_u32(genl_attr(8), 0x10001);
	assert_u32(genl_attr(9), 0x20001);
	assert_int_equal(gtp_pdp_delete(&pdp, NULL), 0);
	assert_genl(1, 0, 0);
	assert_u32(genl_attr(8), 0x10001);
}

static void test_gtp_pdp_ipv6(void **state)
{
	const struct gtp_pdp pdp = {.ifindex = 5,
				    .i_tei = 0x10001,
				    .o_tei = 0x20001,
				    .ms_addr = address("fd00:60:0:1::"),
				    .peer = address("10.100.1.2")};

	assert_int_equal(gtp_pdp_add(&pdp, NULL), 0);
	assert_u8(genl_attr(13), AF_INET6);
	assert_bytes(genl_attr(12), "\xfd\x00\x00\x60\x00\x00\x00\x01\0\0\0\0\0\0\0\0", 16);
	assert_bytes(genl_attr(4), "\x0a\x64\x01\x02", 4);
}

static const struct nlattr *link_data(const char *name, const char *kind)
{
	const struct nlattr *info;

	assert_int_equal(sent.bus, NETLINK_ROUTE);
	assert_int_equal(sent.last.h->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(sent.last.h->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL), NLM_F_CREATE | NLM_F_EXCL);
	assert_string_equal(mnl_attr_get_str(top(sizeof(struct ifinfomsg), IFLA_IFNAME)), name);
	info = top(sizeof(struct ifinfomsg), IFLA_LINKINFO | NESTED);
	assert_string_equal(mnl_attr_get_str(in(info, IFLA_INFO_KIND)), kind);
	return in(info, IFLA_INFO_DATA | NESTED);
}

static void test_gtp_link_with_kernel_sockets(void **state)
{
	const struct nlattr *data;

	assert_int_equal(rtnl_gtp_add("upfgtp", &(struct rtnl_gtp){-1, -1, 1024, RTNL_GTP_ROLE_UPF}, NULL), 0);
	data = link_data("upfgtp", "gtp");
	assert_u8(in(data, 5), 1);
	assert_u32(in(data, 3), 1024);
	assert_u32(in(data, 4), 0);
	assert_null(find(mnl_attr_get_payload(data), mnl_attr_get_payload_len(data), 2));
}

static void test_gtp_link_with_own_sockets(void **state)
{
	const struct nlattr *data;

	assert_int_equal(rtnl_gtp_add("upfgtp", &(struct rtnl_gtp){11, 12, 0, RTNL_GTP_ROLE_UPF}, NULL), 0);
	data = link_data("upfgtp", "gtp");
	assert_u32(in(data, 1), 11);
	assert_u32(in(data, 2), 12);
	assert_null(find(mnl_attr_get_payload(data), mnl_attr_get_payload_len(data), 5));
}

static void test_gtp5g_link(void **state)
{
	const struct nlattr *data;

	assert_int_equal(rtnl_gtp5g_add("upfgtp", 12, 1024, RTNL_GTP_ROLE_RAN, NULL), 0);
	data = link_data("upfgtp", "gtp5g");
	assert_u32(in(data, 1), 12);
	assert_u32(in(data, 2), 1024);
	assert_u32(in(data, 3), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_gtp5g_qer, clear),
		cmocka_unit_test_setup(test_gtp5g_far, clear),
		cmocka_unit_test_setup(test_gtp5g_pdr_uplink, clear),
		cmocka_unit_test_setup(test_gtp5g_pdr_downlink, clear),
		cmocka_unit_test_setup(test_gtp5g_pdr_of_a_flow_rule, clear),
		cmocka_unit_test_setup(test_gtp5g_pdr_without_far_is_not_sent, clear),
		cmocka_unit_test_setup(test_gtp_pdp, clear),
		cmocka_unit_test_setup(test_gtp_pdp_ipv6, clear),
		cmocka_unit_test_setup(test_gtp_link_with_kernel_sockets, clear),
		cmocka_unit_test_setup(test_gtp_link_with_own_sockets, clear),
		cmocka_unit_test_setup(test_gtp5g_link, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
