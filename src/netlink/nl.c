/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "nl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"

#define DATAGRAM_MAX 32768 /* what the kernel fills at most while it dumps */
#define ANSWERS_MAX (128u << 20)
#define REPLY_SECONDS 5
#define DUMP_ATTEMPTS 10
#define RETRY_NS NSEC_PER_SEC /* after that no attempt begins: the caller may be an event loop */

DEFINE_CLEANUP(struct mnl_socket *, socket, mnl_socket_close)

/* One request. An interrupted dump begins anew, so no row leaves before the dump is complete. */
struct exchange {
	struct buf answers;  /* whole messages, each padded to NLMSG_ALIGNTO */
	int error;	     /* 0 or -errno of the acknowledgement */
	const char *message; /* the kernel's own words, in datagram; NULL: none */
	char datagram[DATAGRAM_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static void free_exchange(struct exchange *x)
{
	buf_free(&x->answers);
	free(x);
}

DEFINE_CLEANUP(struct exchange *, exchange, free_exchange)

static int find_message(const struct nlattr *attr, void *data)
{
	const char **message = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		*message = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* Where the attributes begin: behind the request, of which the kernel repeats all or the header alone. 0: the length
 * of the request is not true. */
static size_t error_attrs_offset(const struct nlmsghdr *nlh, const struct nlmsgerr *e)
{
	size_t request = nlh->nlmsg_flags & NLM_F_CAPPED ? sizeof(e->msg) : e->msg.nlmsg_len;

	if (request < sizeof(e->msg) || request > mnl_nlmsg_get_payload_len(nlh) - offsetof(struct nlmsgerr, msg))
		return 0;
	return offsetof(struct nlmsgerr, msg) + request;
}

static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	struct exchange *x = data;
	size_t offset;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*e)))
		return MNL_CB_ERROR;
	x->error = e->error;
	offset = nlh->nlmsg_flags & NLM_F_ACK_TLVS ? error_attrs_offset(nlh, e) : 0;
	if (offset)
		mnl_attr_parse(nlh, (unsigned)offset, find_message, &x->message);
	return MNL_CB_STOP;
}

/* A dump that fails reports so in the message that ends it. */
static int on_done(const struct nlmsghdr *nlh, void *data)
{
	const int *error = mnl_nlmsg_get_payload(nlh);
	struct exchange *x = data;

	if (nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(*error)))
		x->error = *error;
	return MNL_CB_STOP;
}

static int fail_with(int code)
{
	errno = code;
	return MNL_CB_ERROR;
}

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	static const char padding[NLMSG_ALIGNTO];
	struct exchange *x = data;
	size_t len = nlh->nlmsg_len, padded = NLMSG_ALIGN(len);

	if (x->answers.len + padded > ANSWERS_MAX)
		return fail_with(EFBIG);
	buf_add(&x->answers, nlh, len);
	buf_add(&x->answers, padding, padded - len);
	return x->answers.failed ? fail_with(ENOMEM) : MNL_CB_OK;
}

/* libmnl takes a length of 2 GiB and more for a negative number, which fits. */
static bool lengths_are_sound(const void *datagram, ssize_t n)
{
	const struct nlmsghdr *nlh = datagram;
	int left = (int)n;

	while (left >= (int)sizeof(*nlh)) {
		if (nlh->nlmsg_len > (uint32_t)left)
			return false;
		if (!mnl_nlmsg_ok(nlh, left))
			break;
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	return true;
}

static int receive(struct mnl_socket *s, struct exchange *x)
{
	mnl_cb_t control[NLMSG_MIN_TYPE] = {
		[NLMSG_ERROR] = on_error,
		[NLMSG_DONE] = on_done,
	};
	int r = MNL_CB_OK;

	while (r == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(s, x->datagram, sizeof(x->datagram));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!lengths_are_sound(x->datagram, n))
			return -EPROTO;
		errno = EPROTO;
		r = mnl_cb_run2(x->datagram, n, 1, mnl_socket_get_portid(s), on_answer, x, control,
				ARRAY_SIZE(control));
	}
	return r < 0 ? -errno : x->error;
}

static int talk(const struct nl_message *m, struct exchange *x)
{
	_cleanup_(cleanup_socket) struct mnl_socket *s = mnl_socket_open2(m->bus, SOCK_CLOEXEC);
	const struct timeval deadline = {.tv_sec = REPLY_SECONDS};
	int on = 1;

	if (!s || setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) < 0)
		return -errno;
	/* Without it there are no words of the kernel in an error; nothing else depends on it. */
	(void)mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof(on));
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(s, m->h, m->h->nlmsg_len) < 0)
		return -errno;
	buf_reset(&x->answers);
	x->error = 0;
	x->message = NULL;
	return receive(s, x);
}

/* -EINTR: the kernel's table changed during the dump. */
static int talk_until_complete(const struct nl_message *m, struct exchange *x)
{
	uint64_t last = clock_boot_ns() + RETRY_NS;
	int r = talk(m, x);

	for (int i = 1; i < DUMP_ATTEMPTS && r == -EINTR && clock_boot_ns() < last; i++)
		r = talk(m, x);
	return r;
}

static int deliver(const struct buf *answers, mnl_cb_t cb, void *data)
{
	const struct nlmsghdr *nlh = (const void *)answers->data;
	int left = (int)answers->len;

	for (; cb && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (cb(nlh, data) < MNL_CB_STOP)
			return -EPROTO;
	return 0;
}

static int explain(int r, const struct exchange *x, const char *what, struct err *err)
{
	if (r == -ETIMEDOUT)
		return err_set(err, r, "%s: the kernel has not answered for %d s; try again", what, REPLY_SECONDS);
	if (r == -EINTR)
		return err_set(err, r, "%s: the list changed each time while it was read; try again", what);
	if (r == -EFBIG)
		return err_set(err, r, "%s: the kernel's answer is larger than %u MiB", what, ANSWERS_MAX >> 20);
	if (x->message)
		return err_set(err, r, "%s: %s (%s)", what, err_name(r), x->message);
	return err_set(err, r, "%s: %s", what, err_name(r));
}

int nl_request(struct nl_message *m, mnl_cb_t cb, void *data, const char *what, struct err *err)
{
	_cleanup_(cleanup_exchange) struct exchange *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return err_set(err, -ENOMEM, "%s: %s", what, err_name(-ENOMEM));
	/* Its two bits mean other things (NLM_F_EXCL) in a request that makes something. */
	if ((m->h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		m->h->nlmsg_flags |= NLM_F_ACK;
	r = talk_until_complete(m, x);
	if (r >= 0)
		r = deliver(&x->answers, cb, data);
	return r < 0 ? explain(r, x, what, err) : 0;
}
