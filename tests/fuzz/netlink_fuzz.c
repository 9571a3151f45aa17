/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any datagram as the kernel's answer. The first byte chooses the request; the socket of libmnl is this file's. */
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "genl.h"
#include "gtp.h"
#include "gtp5g_counters.h"
#include "rtnl.h"
#include "rtnl_look.h"
#include "rtnl_tc.h"
#include "sock_diag.h"

static const struct addr address = {{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}};
static enum { FAMILY_ANSWER, ANSWER, DONE } next;
static const uint8_t *answer;
static size_t answer_len;
static bool asks_family; /* itself, rather than on the way to another request */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	return (struct mnl_socket *)&answer;
}

int mnl_socket_get_fd(const struct mnl_socket *s)
{
	static int fd = -1;

	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd;
}

int mnl_socket_setsockopt(const struct mnl_socket *s, int type, void *buf, socklen_t len)
{
	return 0;
}

int mnl_socket_bind(struct mnl_socket *s, unsigned groups, pid_t pid)
{
	return 0;
}

unsigned mnl_socket_get_portid(const struct mnl_socket *s)
{
	return 0;
}

int mnl_socket_close(struct mnl_socket *s)
{
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *request, size_t len)
{
	const struct nlmsghdr *h = request;

	next = h->nlmsg_type == GENL_ID_CTRL && !asks_family ? FAMILY_ANSWER : ANSWER;
	return (ssize_t)len;
}

static ssize_t put_family(void *buf)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = GENL_ID_CTRL;
	mnl_nlmsg_put_extra_header(h, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(h, CTRL_ATTR_FAMILY_ID, 0x1d);
	return h->nlmsg_len;
}

static ssize_t put_done(void *buf)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = NLMSG_DONE;
	*(int *)mnl_nlmsg_put_extra_header(h, sizeof(int)) = 0;
	return h->nlmsg_len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t size)
{
	size_t n = answer_len < size ? answer_len : size;

	switch (next) {
	case FAMILY_ANSWER:
		next = DONE;
		return put_family(buf);
	case ANSWER:
		next = DONE;
		if (n)
			memcpy(buf, answer, n);
		return (ssize_t)n;
	default:
		return put_done(buf);
	}
}

static void on_link(const struct rtnl_link *link, void *data)
{
	CHECK_TEXT(link->name);
	CHECK_TEXT(link->kind);
}

static void on_address(unsigned ifindex, const struct addr *addr, void *data)
{
	char text[ADDR_TEXT_MAX];

	CHECK(strlen(addr_format(addr, text)) < sizeof(text));
}

static void on_filter(const struct rtnl_filter *f, void *data)
{
	CHECK_TEXT(f->name);
	CHECK(f->handle && (f->bpf || (!f->program && !f->name[0])));
}

static void on_socket(const struct udp_socket *s, void *data)
{
	on_address(s->ifindex, &s->local, NULL);
	on_address(s->ifindex, &s->remote, NULL);
}

static void on_pdp(const struct gtp_pdp *pdp, void *data)
{
	on_address(pdp->ifindex, &pdp->ms_addr, NULL);
}

static void on_rule(const struct gtp5g_rule *rule, void *data)
{
	CHECK(rule->kind < GTP5G_RULE_KINDS && rule->has & GTP5G_HAS_ID);
	CHECK(rule->kind || (rule->pdr.qers.n <= GTP5G_IDS_MAX && rule->pdr.urrs.n <= GTP5G_IDS_MAX));
	CHECK(rule->kind || rule->pdr.flow.from.ports.n <= GTP5G_PORTS_MAX);
	CHECK(rule->kind || rule->pdr.flow.to.ports.n <= GTP5G_PORTS_MAX);
}

static int ask_rtnl(uint8_t which, struct err *err)
{
	enum rtnl_neighbour neighbour;
	struct rtnl_link link;
	struct rtnl_way way;
	int nsid;

	switch (which) {
	case 0:
		return rtnl_link_list(on_link, NULL, err);
	case 1:
		memset(&link, 0x5a, sizeof(link)); /* an answer without a link is no success */
		if (rtnl_link_get("lo", &link, err) == 0)
			on_link(&link, NULL);
		return 0;
	case 2:
		return rtnl_addr_list(on_address, NULL, err);
	case 3:
		return rtnl_way_to(&address, &way, err);
	case 4:
		return rtnl_neighbour(1, &address, &neighbour, err);
	case 5:
		return rtnl_filter_list(1, true, on_filter, NULL);
	case 6:
		return rtnl_clsact_exists(1);
	default:
		return rtnl_nsid(0, &nsid, err);
	}
}

static int ask_others(uint8_t which, struct err *err)
{
	struct gtp5g_rule rule = {.kind = which % GTP5G_RULE_KINDS};
	struct gtp5g_rules_visitor visitor = {.visit = on_rule};
	char version[GTP5G_VERSION_MAX] = "";
	struct gtp5g_usage usage;
	uint16_t family;
	int r;

	switch (which) {
	case 8:
		return sock_diag_udp_list(on_socket, NULL, err);
	case 9:
		return gtp_pdp_list(on_pdp, NULL, err);
	case 10:
		return genl_family("gtp5g", &family, err);
	case 11:
		r = gtp5g_version(1, version, err);
		CHECK_TEXT(version);
		return r;
	case 12:
		return gtp5g_usage_get(1, 1, &usage, err);
	case 13 ... 17:
		return gtp5g_rules_dump(1, rule.kind, &visitor, err);
	default:
		return gtp5g_rule_get(1, 1, &rule, err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	uint8_t which;
	char *copy;

	if (!size)
		return 0;
	which = data[0] % 23;
	copy = fuzz_text(data + 1, size - 1);
	answer = (const uint8_t *)copy;
	answer_len = size - 1;
	asks_family = which == 10;
	if (which < 8)
		ask_rtnl(which, &err);
	else
		ask_others(which, &err);
	free(copy);
	return 0;
}
