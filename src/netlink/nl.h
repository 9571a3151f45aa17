/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One netlink request on a socket of its own, for the files of this room. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "addr.h"
#include "err.h"

#define NL_MESSAGE_MAX 8192

/* A message under construction. */
struct nl_message {
	int bus; /* NETLINK_ROUTE, ... */
	struct nlmsghdr *h;
	char bytes[NL_MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* Empties the message: type and flags beside NLM_F_REQUEST. */
void nl_begin(struct nl_message *m, int bus, uint16_t type, uint16_t flags);
/* The same for generic netlink, with the generic header; returns that. family: of genl_family(). */
struct genlmsghdr *nl_begin_generic(struct nl_message *m, uint16_t family, uint8_t cmd, uint16_t flags);
/* Appends the family's own header, zeroed. */
void *nl_header(struct nl_message *m, size_t size);
/* Appends the 4 or 16 bytes of an address in network order. */
void nl_put_addr(struct nlmsghdr *nlh, uint16_t attr, const struct addr *addr);

/* Sends the message and waits for the acknowledgement or, with NLM_F_DUMP, the
 * end of the dump. Then cb (may be NULL) sees each answer once and returns MNL_CB_OK; after a failure
 * it sees none. The kernel marks a dump during which its table changed: such a dump is asked for anew,
 * a bounded number of times. Answers are bounded, and so is the wait for each. what names the request
 * in err. -EINTR: the table kept changing, -ETIMEDOUT: no answer, -EFBIG: too many, or -errno. */
int nl_request(struct nl_message *m, mnl_cb_t cb, void *data, const char *what, struct err *err);
