/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Features of an interface of the calling thread's network namespace (generic netlink family "ethtool", Linux 5.6). */
#pragma once

#include "err.h"

/* Calls visit with the name of each feature that is on, such as "rx-udp-gro-forwarding". 0, -ENOENT where the kernel
 * has no such family, or -errno. */
int ethtool_features(unsigned ifindex, void (*visit)(const char *name, void *data), void *data, struct err *err);
