/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets become events: constants of the program, so that what was not asked for costs nothing. */
#pragma once

#include <linux/types.h>

/* flow_filter.by */
#define FLOW_BY_TEID 0x1
#define FLOW_BY_QFI 0x2
#define FLOW_BY_ADDRESS 0x4
#define FLOW_BY_UE 0x8
#define FLOW_BY_PORT 0x10
#define FLOW_BY_PROTO 0x20
#define FLOW_BY_DIRECTION 0x40
#define FLOW_BY_DIR 0x80

struct flow_filter {
	__u32 by;
	__u32 teid;
	__u64 address[2], mask[2]; /* as bytes in network order; of either end, outside or inside a tunnel */
	__u64 ue[2];		   /* of either end, inside */
	__u16 port;		   /* of either end, outside or inside */
	__u8 proto;		   /* outside or inside */
	__u8 qfi;
	__u8 pdu_type; /* 0 downlink, 1 uplink, where a PDU Session Container tells */
	__u8 egress;
	__u8 pad[2];
	__u32 sample; /* one in that many of those that pass, on each CPU; 0 and 1: all */
	__u32 pad2;
};
