/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gtp5g itself counts: by PDR (/proc/gtp5g/pdr) and by device (generic netlink). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "err.h"
#include "gtp5g_rules.h"

/* Since the PDR was made. */
struct gtp5g_pdr_counts {
	uint64_t ul_packets, ul_bytes, ul_drops;
	uint64_t dl_packets, dl_bytes, dl_drops;
};

/* The text of /proc/gtp5g/pdr; which PDR it is about, and its UE's address and TEID (0: none). -EPROTO
 * when anything of it is missing. */
struct gtp5g_pdr_text {
	uint64_t seid;
	uint32_t id;
	uint32_t ue; /* network order */
	uint32_t teid;
	struct gtp5g_pdr_counts counts;
};
int gtp5g_pdr_text_parse(const char *text, struct gtp5g_pdr_text *ret);

/* Whether the module's answer about this PDR fits into its buffers: it does not check that itself. */
bool gtp5g_pdr_text_fits(const struct gtp5g_rule *pdr);

/* Asks for a PDR of the device, which must be the only one of that name on the node: the file knows no
 * namespaces. It has one slot for all tasks that ask; other threads of this program are kept out, and an answer for
 * another PDR than this is asked for again. -EOVERFLOW: does not fit (see above); -EAGAIN: always another
 * else's; -ENOENT: no such file, PDR or device. */
int gtp5g_pdr_counts_read(const char *device, const struct gtp5g_rule *pdr, struct gtp5g_pdr_counts *ret,
			  struct err *err);

/* Since the device was made. tx bytes are not told: the module takes them from packets that are gone. */
struct gtp5g_usage {
	uint64_t ul_rx_bytes, dl_rx_bytes;
	uint64_t ul_rx_packets, ul_tx_packets, dl_rx_packets, dl_tx_packets;
};

/* In the calling thread's namespace. -EOPNOTSUPP or -EINVAL before gtp5g 0.9.2. */
int gtp5g_usage_get(uint16_t family, unsigned ifindex, struct gtp5g_usage *ret, struct err *err);
