/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Generic netlink of the calling thread's network namespace, one socket per call. */
#pragma once

#include <stdint.h>

#include "err.h"

struct nlmsghdr;

/* A family's number. -ENOENT when no loaded module has it. */
int genl_family(const char *name, uint16_t *ret, struct err *err);

/* One request and its acknowledgement. flags: NLM_F_EXCL and the like, beside REQUEST and ACK. put
 * adds the attributes behind the generic header (mnl_attr_put*); a message holds at most
 * GENL_MESSAGE_MAX bytes. what names the request in err. */
#define GENL_MESSAGE_MAX 8192
int genl_request(uint16_t family, uint8_t cmd, uint8_t version, uint16_t flags,
		 void (*put)(struct nlmsghdr *nlh, const void *data), const void *data,
		 const char *what, struct err *err);
