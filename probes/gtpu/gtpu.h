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
	PDR_FIND_BY_IPV4 = 7,
	PDR_FIND_BY_FRAMED_ROUTE = 8,
	POLICE_PACKET = 9,
	NETLINK_SEND = 10,
	UPDATE_USAGE_STATISTIC = 11,
	IP_XMIT = 12,
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
#define GTPU_HAS_PDR 0x10 /* seid and pdr_id */
#define GTPU_HAS_FAR 0x20 /* far_id and far_action */
#define GTPU_HAS_QER 0x40
#define GTPU_HAS_RULE_QFI 0x80

/* What became of a packet; none: not decided (an entry, or a function inside). */
enum gtpu_verdict {
	GTPU_VERDICT_NONE = 0,
	GTPU_VERDICT_UNKNOWN = 1,
	GTPU_FORWARDED = 2, /* to which side cannot be told */
	GTPU_FORWARDED_N6 = 3,
	GTPU_FORWARDED_N9 = 4,
	GTPU_BUFFERED = 5,
	GTPU_TO_USER = 6,
	GTPU_ECHO_ANSWERED = 7,
	GTPU_DROPPED = 8,
	GTPU_VERDICTS = 9,
};

/* Why it was dropped. */
enum gtpu_reason {
	GTPU_REASON_NONE = 0,
	GTPU_REASON_UNKNOWN = 1,
	GTPU_NO_PDR = 2,
	GTPU_NO_FAR = 3,
	GTPU_FAR_DROP = 4,
	GTPU_NO_OUTER_HEADER_REMOVAL = 5,
	GTPU_GATE_CLOSED = 6,
	GTPU_QER_RED = 7,
	GTPU_NO_RAN_ADDRESS = 8,
	GTPU_NO_ROUTE = 9,
	GTPU_BACKLOG_FULL = 10,
	GTPU_MALFORMED_SHORT = 11,
	GTPU_MALFORMED_LENGTH = 12,
	GTPU_MALFORMED_EXTENSION = 13,
	GTPU_NOT_IPV4 = 14,
	GTPU_REASONS = 15,
};

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
	__u64 seid;
	__u32 far_id;
	__u32 qer_id;
	__u16 pdr_id;
	__u16 far_action;
	__u8 rule_qfi;
	__u8 verdict;
	__u8 reason;
	__u8 pad2;
};

_Static_assert(sizeof(struct gtpu_record) == 232, "gtpu record");
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

/* The packet functions, as places of gtpu_outcomes. */
enum gtpu_path {
	GTPU_PATH_GTP_UPLINK,
	GTPU_PATH_GTP_DOWNLINK,
	GTPU_PATH_GTP5G_UPLINK,
	GTPU_PATH_GTP5G_DOWNLINK,
	GTPU_PATHS,
};

/* Packets by what became of them, per CPU. */
struct gtpu_outcomes {
	struct gtpu_count count[GTPU_PATHS][GTPU_VERDICTS][GTPU_REASONS];
};

/* Durations of one function, per CPU: bucket b has those of [2^b, 2^(b+1)) ns, the last all that are
 * longer. */
#define GTPU_LATENCY_BUCKETS 32

struct gtpu_latency {
	__u64 calls[GTPU_LATENCY_BUCKETS];
};

/* Where gtp5g keeps what a rule says, in bytes from the struct's start: by its BTF, else by its
 * version. GTPU_NOWHERE: not known, or this version does not have it. */
#define GTPU_NOWHERE 0xffff

struct gtpu_layout {
	__u16 pdr_seid;
	__u16 pdr_id;
	__u16 pdr_outer_header_removal;
	__u16 pdr_far;
	__u16 pdr_qer_ids;
	__u16 pdr_qer_num;
	__u16 pdr_qfi;
	__u16 pdr_ul_dl_gate;
	__u16 far_id;
	__u16 far_action;
	__u16 far_fwd_param;
	__u16 fwd_param_hdr_creation;
};

/* What the downlink's return values mean. */
enum gtpu_codes {
	GTPU_CODES_UNKNOWN,
	GTPU_CODES_FAR_ACTION, /* gtp5g before 0.9.2: the FAR's action */
	GTPU_CODES_VERDICT,    /* since: as on the uplink */
};

/* Which packets' exits are worth an event; what is 0 lets all pass. */
struct gtpu_filter {
	__u64 seid;
	__u64 slower_than_ns;
	__u32 teid;
	__u8 verdict;
	__u8 reason;
	__u8 by_ue;
	__u8 on; /* any of them */
	__u8 ue[16];
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
