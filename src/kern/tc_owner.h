/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which run of teide a clsact filter belongs to: a filter outlives its process, and its handle says by
 * which mark (run_mark.h) its run is known. */
#pragma once

#include <stdint.h>

#include "rtnl_tc.h"

#define TC_HANDLE_QDISC_MADE 1U /* the bit of a handle that says that a run of teide made the qdisc */

/* The handle of a run's filters, without that bit. mark_fd: the run's. 0 or -errno. */
int tc_owner_handle(int mark_fd, uint32_t *ret);

/* 1: the run that attached the filter lives; 0: it has ended; -EPERM or another -errno: the kernel does
 * not tell. */
int tc_owner_lives(const struct rtnl_filter *f);
