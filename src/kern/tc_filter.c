/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libbpf can query one filter by priority and handle, but not list them. */
#include "tc_filter.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"

#define REPLY_SIZE 65536 /* what one recv of a dump can need: 32 KiB (netlink_dump) and room */

static int request(int fd, unsigned ifindex, bool egress)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg t;
	} m = {
		.h = {.nlmsg_len = sizeof(m), .nlmsg_type = RTM_GETTFILTER,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.t = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex,
		      .tcm_parent = TC_H_MAKE(TC_H_CLSACT,
					      egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)},
	};

	return send(fd, &m, sizeof(m), 0) < 0 ? -errno : 0;
}

static void copy_string(const struct rtattr *a, char *to, size_t size)
{
	size_t n = MIN(RTA_PAYLOAD(a), size - 1);

	memcpy(to, RTA_DATA(a), n);
	to[n] = '\0';
}

static void read_options(struct rtattr *options, struct tc_filter *f)
{
	struct rtattr *a = RTA_DATA(options);

	for (int len = (int)RTA_PAYLOAD(options); RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == TCA_BPF_NAME)
			copy_string(a, f->name, sizeof(f->name));
}

static void visit(struct nlmsghdr *h, tc_filter_fn fn, void *data)
{
	struct tcmsg *t = NLMSG_DATA(h);
	struct tc_filter f = {.priority = t->tcm_info >> 16, .handle = t->tcm_handle};
	struct rtattr *a = TCA_RTA(t), *options = NULL;
	char kind[16] = "";

	for (int len = (int)TCA_PAYLOAD(h); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == TCA_KIND)
			copy_string(a, kind, sizeof(kind));
		else if ((a->rta_type & NLA_TYPE_MASK) == TCA_OPTIONS)
			options = a;
	}
	f.bpf = !strcmp(kind, "bpf");
	if (f.bpf && options)
		read_options(options, &f);
	/* handle 0: the container of a priority, not a filter */
	if (f.handle)
		fn(data, &f);
}

/* 1: the dump goes on, 0: it is complete, or -errno. */
static int read_reply(char *reply, ssize_t got, tc_filter_fn fn, void *data)
{
	struct nlmsghdr *h;
	size_t left = (size_t)got, step;

	for (; left >= sizeof(*h); left -= step, reply += step) {
		h = (struct nlmsghdr *)reply;
		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > left)
			return -EBADMSG;
		step = MIN((size_t)NLMSG_ALIGN(h->nlmsg_len), left);
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (h->nlmsg_type == RTM_NEWTFILTER)
			visit(h, fn, data);
	}
	return 1;
}

int tc_filter_list(unsigned ifindex, bool egress, tc_filter_fn fn, void *data)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_cleanup_free_ char *reply = malloc(REPLY_SIZE);
	ssize_t got;
	int r;

	if (fd < 0)
		return -errno;
	if (!reply)
		return -ENOMEM;
	r = request(fd, ifindex, egress);
	if (r < 0)
		return r;
	do {
		got = recv(fd, reply, REPLY_SIZE, 0);
		if (got < 0)
			return -errno;
		r = read_reply(reply, got, fn, data);
	} while (r > 0);
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}
