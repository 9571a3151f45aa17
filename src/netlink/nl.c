/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "nl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

#define ANSWER_MAX 32768 /* of one datagram: what the kernel uses for dumps at most */
#define DUMP_ATTEMPTS 10

DEFINE_CLEANUP(struct mnl_socket *, socket, mnl_socket_close)

struct answer {
	mnl_cb_t cb;
	void *data;
	int error;	     /* 0 or -errno of the acknowledgement */
	const char *message; /* the kernel's own words, in the receive buffer; NULL: none */
};

static int find_message(const struct nlattr *attr, void *data)
{
	const char **message = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		*message = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	struct answer *answer = data;
	size_t offset = sizeof(*e);

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*e)))
		return MNL_CB_ERROR;
	answer->error = e->error;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += e->msg.nlmsg_len - NLMSG_HDRLEN;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, offset, find_message, &answer->message);
	return MNL_CB_STOP;
}

/* A dump that fails reports so in the message that ends it. */
static int on_done(const struct nlmsghdr *nlh, void *data)
{
	const int *error = mnl_nlmsg_get_payload(nlh);
	struct answer *answer = data;

	if (nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(*error)))
		answer->error = *error;
	return MNL_CB_STOP;
}

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;

	return answer->cb ? answer->cb(nlh, answer->data) : MNL_CB_OK;
}

static int receive(struct mnl_socket *s, struct answer *answer, char *bytes)
{
	mnl_cb_t control[NLMSG_MIN_TYPE] = {
		[NLMSG_ERROR] = on_error,
		[NLMSG_DONE] = on_done,
	};
	int r = MNL_CB_OK;

	while (r == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(s, bytes, ANSWER_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		errno = EPROTO;
		r = mnl_cb_run2(bytes, n, 1, mnl_socket_get_portid(s), on_answer, answer, control,
				ARRAY_SIZE(control));
	}
	return r < 0 ? -errno : answer->error;
}

static int talk(int bus, const struct nl_message *m, struct answer *answer, char *bytes)
{
	_cleanup_(cleanup_socket) struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int on = 1;

	if (!s)
		return -errno;
	/* Without it there are no words of the kernel in an error; nothing else depends on it. */
	(void)mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof(on));
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(s, m->h, m->h->nlmsg_len) < 0)
		return -errno;
	return receive(s, answer, bytes);
}

int nl_request(int bus, struct nl_message *m, mnl_cb_t cb, void *data, const char *what,
	       struct err *err)
{
	_cleanup_free_ char *bytes = malloc(ANSWER_MAX);
	struct answer answer = {.cb = cb, .data = data};
	int r = -EINTR;

	if (!bytes)
		return err_set(err, -ENOMEM, "%s: %s", what, err_name(-ENOMEM));
	/* Its two bits mean other things (NLM_F_EXCL) in a request that makes something. */
	if ((m->h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		m->h->nlmsg_flags |= NLM_F_ACK;
	/* EINTR: the kernel's tables changed during the dump. */
	for (int i = 0; i < DUMP_ATTEMPTS && r == -EINTR; i++)
		r = talk(bus, m, &answer, bytes);
	if (r >= 0)
		return 0;
	if (answer.message)
		return err_set(err, r, "%s: %s (%s)", what, err_name(r), answer.message);
	return err_set(err, r, "%s: %s", what, err_name(r));
}
