/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libbpf can query one filter by priority and handle, but not list them. */
#include "tc_filter.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"

#define REPLY_SECONDS 10
#define REPLY_SIZE 65536 /* what one recv of a dump can need: 32 KiB (netlink_dump) and room */

static int request(int fd, uint16_t type, struct tcmsg about)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg t;
	} m = {
		.h = {.nlmsg_len = sizeof(m), .nlmsg_type = type,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.t = about,
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

	for (int len = (int)RTA_PAYLOAD(options); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == TCA_BPF_NAME)
			copy_string(a, f->name, sizeof(f->name));
		else if (a->rta_type == TCA_BPF_ID && RTA_PAYLOAD(a) == sizeof(f->program))
			memcpy(&f->program, RTA_DATA(a), sizeof(f->program));
	}
}

static void read_filter(struct nlmsghdr *h, tc_filter_fn fn, void *data)
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

struct visitor {
	uint16_t type; /* of the messages to visit */
	void (*visit)(struct nlmsghdr *h, void *data);
	void *data;
};

/* 1: the dump goes on, 0: it is complete, or -errno. */
static int read_reply(char *reply, ssize_t got, const struct visitor *v)
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
		if (h->nlmsg_type == v->type && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct tcmsg)))
			v->visit(h, v->data);
	}
	return 1;
}

static int dump(uint16_t type, struct tcmsg about, const struct visitor *v)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct timeval patience = {.tv_sec = REPLY_SECONDS};
	_cleanup_free_ char *reply = malloc(REPLY_SIZE);
	ssize_t got;
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	if (!reply)
		return -ENOMEM;
	r = request(fd, type, about);
	if (r < 0)
		return r;
	do {
		got = recv(fd, reply, REPLY_SIZE, 0);
		if (got < 0)
			return -errno;
		r = read_reply(reply, got, v);
	} while (r > 0);
	return r;
}

struct listing {
	tc_filter_fn fn;
	void *data;
};

static void visit_filter(struct nlmsghdr *h, void *data)
{
	const struct listing *l = data;

	read_filter(h, l->fn, l->data);
}

int tc_filter_list(unsigned ifindex, bool egress, tc_filter_fn fn, void *data)
{
	struct listing l = {fn, data};
	const struct visitor v = {RTM_NEWTFILTER, visit_filter, &l};
	int r = dump(RTM_GETTFILTER, (struct tcmsg){
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)}, &v);

	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

struct qdisc_look {
	int ifindex;
	bool found;
};

static void visit_qdisc(struct nlmsghdr *h, void *data)
{
	const struct tcmsg *t = NLMSG_DATA(h);
	struct qdisc_look *look = data;

	look->found |= t->tcm_ifindex == look->ifindex && t->tcm_parent == TC_H_CLSACT;
}

/* A dump, for what asks about one qdisc is answered to every listener on the node. */
int tc_qdisc_exists(unsigned ifindex)
{
	struct qdisc_look look = {.ifindex = (int)ifindex};
	const struct visitor v = {RTM_NEWQDISC, visit_qdisc, &look};
	int r = dump(RTM_GETQDISC, (struct tcmsg){.tcm_ifindex = (int)ifindex}, &v);

	return r < 0 ? r : look.found;
}
