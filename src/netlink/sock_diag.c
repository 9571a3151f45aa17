/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include "nl.h"
#include "proc_udp.h"

#define ALL_STATES 0xffffffffU

struct visitor {
	void (*visit)(const struct udp_socket *socket, void *data);
	void *data;
};

static struct addr to_addr(const __be32 words[4], int family)
{
	struct addr a;

	if (family == AF_INET)
		return addr_from_v4(words[0]);
	memcpy(a.b, words, sizeof(a.b));
	return a;
}

static int on_socket(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(nlh);
	const struct visitor *v = data;
	struct udp_socket s;

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*d)))
		return MNL_CB_OK;
	s = (struct udp_socket){
		.cookie = (uint64_t)d->id.idiag_cookie[1] << 32 | d->id.idiag_cookie[0],
		.inode = d->idiag_inode,
		.uid = d->idiag_uid,
		.ifindex = d->id.idiag_if,
		.family = d->idiag_family,
		.local = to_addr(d->id.idiag_src, d->idiag_family),
		.remote = to_addr(d->id.idiag_dst, d->idiag_family),
		.local_port = ntohs(d->id.idiag_sport),
		.remote_port = ntohs(d->id.idiag_dport),
	};
	v->visit(&s, v->data);
	return MNL_CB_OK;
}

static int list_family(int family, struct visitor *v, struct err *err)
{
	struct inet_diag_req_v2 *req;
	struct nl_message m;

	nl_begin(&m, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	req = nl_header(&m, sizeof(*req));
	req->sdiag_family = family;
	req->sdiag_protocol = IPPROTO_UDP;
	req->idiag_states = ALL_STATES;
	return nl_request(&m, on_socket, v, "listing the UDP sockets", err);
}

int sock_diag_udp_list(void (*visit)(const struct udp_socket *socket, void *data), void *data, struct err *err)
{
	struct visitor v = {.visit = visit, .data = data};
	int r = list_family(AF_INET, &v, err);

	/* Without udp_diag, or without NETLINK_SOCK_DIAG as a whole. */
	if (r == -ENOENT || r == -EPROTONOSUPPORT)
		return proc_udp_list(visit, data, err);
	return r < 0 ? r : list_family(AF_INET6, &v, err);
}
