/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gtpu probe's two sides share. */
#pragma once

#include "record.h"

/* Stable numbers: they are in the JSON as func_id and in README.md. 1 to 31 are gtp5g's, 32 to 47
 * gtp's, 48 to 63 the kernel's own. */
enum gtpu_func {
	GTP5G_HANDLE_SKB_IPV4 = 1,
	GTP5G_DEV_XMIT = 2,
	GTP5G_ENCAP_RECV = 3,
	GTP5G_PUSH_HEADER = 4,
	GTP5G_XMIT_SKB_IPV4 = 5,
	PDR_FIND_BY_GTP1U = 6,
	GTP_ENCAP_RECV = 32,
	GTP_DEV_XMIT = 33,
	GTP_PUSH_HEADER = 34,
	GTP_BUILD_SKB_IP4 = 35,
	GTP_RX = 36,
	IPTUNNEL_XMIT = 48,
	GTPU_FUNCS = 64,
};

enum gtpu_kind { GTPU_ENTRY = 1, GTPU_EXIT = 2 };

enum gtpu_direction { GTPU_UPLINK = 0, GTPU_DOWNLINK = 1, GTPU_DIRECTIONS = 2 };

/* gtpu_record.has */
#define GTPU_HAS_INTERFACE 0x1 /* interface, ifindex and netns */
#define GTPU_HAS_RETURN 0x2
#define GTPU_HAS_DURATION 0x4
#define GTPU_HAS_LEN 0x8

struct gtpu_record {
	struct record_hdr hdr;
	__u64 duration_ns;
	__u64 netns; /* inode */
	__u32 len;   /* skb->len at entry: from the UDP header on; downlink: the inner packet */
	__u32 ifindex;
	__s32 ret;
	__u16 func_id;
	__u8 direction;
	__u8 has;
	char interface[16];
	struct record_gtp gtp;
	__u32 pad;
	struct record_tuple outer;
	struct record_tuple inner;
};

_Static_assert(sizeof(struct gtpu_record) == 208, "gtpu record");
_Static_assert(__builtin_offsetof(struct gtpu_record, func_id) == 92, "gtpu record");
_Static_assert(__builtin_offsetof(struct gtpu_record, outer) == 128, "gtpu record");

/* Counts since load, per CPU. */
struct gtpu_count_key {
	__u32 func_id;
	__s32 ret;
};

struct gtpu_count {
	__u64 packets;
	__u64 bytes; /* of the packet's length at entry */
};

#define GTPU_COUNT_KEYS 512
#define GTPU_NO_RETURN 0x7fffffff /* as ret: only entries are hooked, or it returns nothing */

/* The ledger of one hook, per CPU. Entries: seen = counted + no_exit + those in flight (where
 * only entries are hooked: counted + foreign). Returns: seen = counted + no_entry. */
struct gtpu_hook_ledger {
	__u64 entries;
	__u64 exits;
	__u64 paired;
	__u64 no_exit;  /* entered again before it returned: nested, or its return was missed */
	__u64 no_entry; /* returned without an entry that was seen */
	__u64 foreign;  /* calls for packets that are not followed */
	__u64 unread;   /* the headers were not in the packet's linear part */
	__u64 uncounted; /* the map of counts was full */
};
