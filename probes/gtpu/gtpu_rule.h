/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of changes to gtp5g's rules (generic netlink), and what a FAR kept or dropped. */
#pragma once

#include "record.h"

/* gtpu_rule_record.has */
#define GTPU_RULE_HAS_ID 0x1	  /* id; seid is 0 where the request has none */
#define GTPU_RULE_HAS_DEVICE 0x2  /* netns and ifindex: the device is where the request was made */
#define GTPU_RULE_HAS_COUNTS 0x4  /* of a FAR */
#define GTPU_RULE_HAS_TUNNEL 0x8  /* teid and peer, of an End Marker */
#define GTPU_RULE_SEES_MARKERS 0x10 /* an End Marker that this sends has a record */

/* Packets that a FAR had the module keep for user space, and that were dropped on its way, since load. */
struct gtpu_far_counts {
	__u64 buffered_packets;
	__u64 buffered_bytes; /* of the packets' length at entry */
	__u64 dropped_packets;
	__u64 dropped_bytes;
};

struct gtpu_far_key {
	__u64 seid;
	__u32 far_id;
	__u32 netns; /* inode */
};

#define GTPU_FARS_MAX 8192

/* The request's attributes as they came, from behind the generic netlink header on. */
#define GTPU_RULE_ATTRS_MAX 512

struct gtpu_rule_record {
	struct record_hdr hdr;
	__u64 seid;
	__u64 netns;
	__u32 id;
	__u32 ifindex;
	__u16 func_id; /* which rule, added or deleted; or the End Marker's function */
	__u16 nlmsg_flags;
	__u8 has;
	__u8 pad[3];
	__u32 attrs_len; /* more than GTPU_RULE_ATTRS_MAX: only the first of them are here */
	__u32 teid;
	__u8 peer[16];
	struct gtpu_far_counts counts;
	__u8 attrs[GTPU_RULE_ATTRS_MAX];
};

_Static_assert(__builtin_offsetof(struct gtpu_rule_record, netns) == 72, "as in gtpu_record");
_Static_assert(__builtin_offsetof(struct gtpu_rule_record, counts) == 120, "gtpu rule record");
_Static_assert(sizeof(struct gtpu_rule_record) == 152 + GTPU_RULE_ATTRS_MAX, "gtpu rule record");
