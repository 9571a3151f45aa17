/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PDP contexts of the in-tree gtp module (drivers/net/gtp.c, uapi linux/gtp.h), GTPv1 only, in the
 * calling thread's network namespace. */
#pragma once

#include <stdint.h>

#include "addr.h"
#include "err.h"

struct gtp_pdp {
	unsigned ifindex;    /* the gtp device */
	uint32_t i_tei;	     /* TEID of packets to this node, host order */
	uint32_t o_tei;	     /* TEID of packets to the peer, host order */
	struct addr ms_addr; /* the UE's; of an IPv6 one the lower 64 bits are zero */
	struct addr peer;    /* the gNB's, of the family of the device's socket */
};

/* -EEXIST when i_tei or ms_addr is in use. IPv6 as ms_addr is known from Linux 6.10 on; earlier
 * kernels answer -EINVAL or -EAFNOSUPPORT. */
int gtp_pdp_add(const struct gtp_pdp *pdp, struct err *err);
int gtp_pdp_delete(const struct gtp_pdp *pdp, struct err *err); /* by i_tei and family */

/* Calls visit for each PDP context of GTPv1, of all gtp devices here; ifindex is 0 on kernels that do
 * not tell it. 0, -ENOENT without the module, -EPERM without CAP_NET_ADMIN, or -errno. */
int gtp_pdp_list(void (*visit)(const struct gtp_pdp *pdp, void *data), void *data, struct err *err);
