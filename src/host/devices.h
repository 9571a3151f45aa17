/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network devices of some kinds, in whichever network namespace they are. Not looked into is a
 * namespace without a process and without a name under /run/netns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "netns.h"

#define DEVICES_MAX 1024
#define DEVICE_KIND_MAX 32

struct device {
	struct netns netns;
	uint64_t cookie; /* of the namespace: no other ever has it, unlike the inode. 0: before Linux 5.14 */
	unsigned ifindex;
	char kind[DEVICE_KIND_MAX]; /* "gtp5g" */
};

struct device_list {
	struct device *items; /* owned */
	size_t len;
	size_t left_out; /* devices beyond DEVICES_MAX */
	size_t unread;	 /* namespaces that could not be looked into, for another reason than their end */
	struct err why;	 /* of the last of these */
};

void device_list_free(struct device_list *list); /* usable with _cleanup_ */

/* Devices of the n kinds. 0 or -errno, with *ret empty. */
int device_list(const char *const *kinds, size_t n, struct device_list *ret, struct err *err);

/* 1: the device is still there; 0: it is not; -errno: it cannot be found out. */
int device_is_there(const struct device *d, struct err *err);

/* Whether both are the same: namespace, number and kind. */
bool device_same(const struct device *a, const struct device *b);
