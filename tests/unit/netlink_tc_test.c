/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Against this machine's kernel, in a network namespace of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nl.h"
#include "rtnl_tc.h"

#define LOOPBACK 1 /* its index in every network namespace */
#define PRIORITY 7
#define HANDLE 0x1234

static struct tcmsg *begin(struct nl_message *m, uint16_t type, uint32_t parent, const char *kind)
{
	struct tcmsg *t;

	nl_begin(m, NETLINK_ROUTE, type, NLM_F_CREATE | NLM_F_EXCL);
	t = nl_header(m, sizeof(*t));
	t->tcm_ifindex = LOOPBACK;
	t->tcm_parent = parent;
	mnl_attr_put_strz(m->h, TCA_KIND, kind);
	return t;
}

static int make_clsact(void)
{
	struct nl_message m;

	begin(&m, RTM_NEWQDISC, TC_H_CLSACT, "clsact")->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	return nl_request(&m, NULL, NULL, "clsact", NULL);
}

/* Of classic BPF: without a program that has an id. */
static int make_filter(uint32_t parent)
{
	const struct sock_filter end = {.code = BPF_RET | BPF_K};
	struct nlattr *options;
	struct nl_message m;
	struct tcmsg *t = begin(&m, RTM_NEWTFILTER, parent, "bpf");

	t->tcm_handle = HANDLE;
	t->tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL));
	options = mnl_attr_nest_start(m.h, TCA_OPTIONS);
	mnl_attr_put_u16(m.h, TCA_BPF_OPS_LEN, 1);
	mnl_attr_put(m.h, TCA_BPF_OPS, sizeof(end), &end);
	mnl_attr_put_u32(m.h, TCA_BPF_CLASSID, 1);
	mnl_attr_nest_end(m.h, options);
	return nl_request(&m, NULL, NULL, "filter", NULL);
}

static int setup(void **state)
{
	return unshare(CLONE_NEWNET);
}

struct found {
	struct rtnl_filter last;
	unsigned n;
};

static void keep_filter(const struct rtnl_filter *f, void *data)
{
	struct found *found = data;

	found->last = *f;
	found->n++;
}

static unsigned filters(bool egress, struct found *ret)
{
	*ret = (struct found){0};
	assert_int_equal(rtnl_filter_list(LOOPBACK, egress, keep_filter, ret), 0);
	return ret->n;
}

static void count_clsact(const struct rtnl_qdisc *q, void *data)
{
	unsigned *n = data;

	*n += q->ifindex == LOOPBACK && !strcmp(q->kind, "clsact") && q->parent == TC_H_CLSACT && !q->drops;
}

static void test_qdisc(void **state)
{
	struct found found;
	unsigned n = 0;

	assert_int_equal(rtnl_clsact_exists(LOOPBACK), 0);
	assert_int_equal(rtnl_qdisc_list(count_clsact, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(filters(false, &found), 0);
	assert_int_equal(make_clsact(), 0);
	assert_int_equal(rtnl_clsact_exists(LOOPBACK), 1);
	assert_int_equal(rtnl_qdisc_list(count_clsact, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(rtnl_clsact_exists(LOOPBACK + 1), 0);
	assert_int_equal(filters(false, &found), 0);
}

static void test_filter(void **state)
{
	struct found found;

	assert_int_equal(make_filter(TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)), 0);
	assert_int_equal(filters(false, &found), 0);
	assert_int_equal(filters(true, &found), 1);
	assert_int_equal(found.last.priority, PRIORITY);
	assert_int_equal(found.last.handle, HANDLE);
	assert_int_equal(found.last.program, 0);
	assert_true(found.last.bpf);
	assert_string_equal(found.last.name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_qdisc), cmocka_unit_test(test_filter)};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, setup, NULL);
}
