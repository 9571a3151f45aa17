/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gtpu probe's two sides share. */
#pragma once

#include <stdbool.h>

#include "record.h"

/* Stable numbers: they are in the JSON as func_id and in docs/probes/gtpu.md. 1 to 31 are gtp5g's, 32 to 47
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
	GTP1U_UDP_ENCAP_RECV = 13,
	GTP5G_FWD_SKB_IPV4 = 14,
	GTP5G_RX = 15,
	GTP5G_GENL_ADD_PDR = 16,
	GTP5G_GENL_ADD_FAR = 17,
	GTP5G_GENL_ADD_QER = 18,
	GTP5G_GENL_ADD_URR = 19,
	GTP5G_GENL_ADD_BAR = 20,
	GTP5G_GENL_DEL_PDR = 21,
	GTP5G_GENL_DEL_FAR = 22,
	GTP5G_GENL_DEL_QER = 23,
	GTP5G_GENL_DEL_URR = 24,
	GTP5G_GENL_DEL_BAR = 25,
	GTP5G_FWD_EMARK_SKB_IPV4 = 28,
	URR_QUOTA_EXHAUST_ACTION = 29,
	URR_REVERSE_QUOTA_EXHAUST_ACTION = 30,
	GTP_ENCAP_RECV = 32,
	GTP_DEV_XMIT = 33,
	GTP_PUSH_HEADER = 34,
	GTP_BUILD_SKB_IP4 = 35,
	GTP_RX = 36,
	IPTUNNEL_XMIT = 48,
	NETIF_RX = 49,
	GTPU_FUNCS = 64,
};

enum gtpu_kind { GTPU_ENTRY = 1, GTPU_EXIT = 2, GTPU_RULE = 3, GTPU_END_MARKER = 4 };

enum gtpu_direction { GTPU_UPLINK = 0, GTPU_DOWNLINK = 1, GTPU_DIRECTIONS = 2 };

/* gtpu_record.has */
#define GTPU_HAS_INTERFACE 0x1 /* interface and ifindex */
#define GTPU_HAS_RETURN 0x2
#define GTPU_HAS_DURATION 0x4
#define GTPU_HAS_LEN 0x8
#define GTPU_HAS_PDR 0x10 /* seid and pdr_id */
#define GTPU_HAS_FAR 0x20 /* far_id and far_action */
#define GTPU_HAS_QER 0x40
#define GTPU_HAS_RULE_QFI 0x80

/* What a packet meets on its way through the module. */
enum gtpu_stage {
	GTPU_PARSE,  /* from its entry to the lookup of its rule */
	GTPU_LOOKUP, /* the lookup */
	GTPU_APPLY,  /* gate, police, add or remove headers; uplink: and hand it on */
	GTPU_SEND,   /* downlink: route, queue and send it */
	GTPU_STAGES,
};

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
	GTPU_QUOTA = 15,
	GTPU_MALFORMED_INNER = 16,
	GTPU_REASONS = 17,
};

/* policePacket's, plus one. */
enum gtpu_color { GTPU_NOT_POLICED, GTPU_GREEN, GTPU_YELLOW, GTPU_RED, GTPU_COLORS };

struct gtpu_record {
	struct record_hdr hdr;
	__u64 duration_ns;
	__u64 netns; /* inode; 0: not known */
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
	__u8 color;		     /* enum gtpu_color */
	__u32 stage_ns[GTPU_STAGES]; /* 0: not seen; at most 2^32 - 1 */
};

_Static_assert(sizeof(struct gtpu_record) == 248, "gtpu record");
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

/* Of one function: the values that it returns most of the time have a place of their own. */
#define GTPU_USUAL_RETURNS 4

struct gtpu_usual_counts {
	struct gtpu_count none;				/* GTPU_NO_RETURN */
	struct gtpu_count returned[GTPU_USUAL_RETURNS]; /* 0 and up */
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

/* Packets by PDU session and what became of them, in two generations (bpf/generations.h): one table for packets
 * that a rule took, a small one for the rest, whose TEIDs any sender can make up. */
struct gtpu_session_key {
	__u8 peer[16]; /* the receiver of a packet sent; the sender of a packet received is in the value */
	__u8 ue[16];
	__u64 seid;
	__u32 teid;
	__u32 netns;
	__u32 far_id;
	__u32 qer_id;
	__u16 pdr_id;
	__u16 far_action;
	__u8 path; /* enum gtpu_path */
	__u8 verdict;
	__u8 reason;
	__u8 color;
	__u8 qfi;
	__u8 rule_qfi;
	__u8 has;  /* GTPU_HAS_* of the rules */
	__u8 is;   /* GTPU_IS_* */
	__u32 cpu; /* that counts */
};

/* Which other members of a key are known; the rest are zero. */
#define GTPU_IS_TUNNEL 0x1 /* teid */
#define GTPU_IS_QFI 0x2
#define GTPU_IS_PEER 0x4
#define GTPU_IS_UE 0x8
#define GTPU_IS_DOWNLINK 0x10 /* else uplink: by the container, or by the path where there is none */

_Static_assert(sizeof(struct gtpu_session_key) == 72, "session key");

struct gtpu_session {
	__u64 packets;
	__u64 bytes;
	__u8 peer[16]; /* the sender of the first of them: an address that any sender can make up is no key */
};

/* Calls by the task on the CPU, in two generations. */
struct gtpu_context_key {
	__u32 tid;
	__u32 tgid;
	__u16 func_id;
	__u8 context; /* enum record_context */
	__u8 pad;
	__u32 cpu; /* that counts */
};

_Static_assert(sizeof(struct gtpu_context_key) == 16, "context key");

struct gtpu_context {
	__u64 calls;
	char comm[RECORD_COMM_LEN]; /* at the first of them */
};

/* What is timed of a packet: the functions that it meets, then the stages of its way. */
enum gtpu_span {
	GTPU_SPAN_WHOLE,
	GTPU_SPAN_LOOKUP, /* pdr_find_by_gtp1u, pdr_find_by_ipv4; gtp: gtp_rx */
	GTPU_SPAN_FRAMED_ROUTE,
	GTPU_SPAN_HANDLE, /* gtp5g_handle_skb_ipv4; gtp: gtp_build_skb_ip4 */
	GTPU_SPAN_POLICE,
	GTPU_SPAN_PUSH,
	GTPU_SPAN_XMIT,
	GTPU_SPAN_N9,
	GTPU_SPAN_CALLS,
	GTPU_SPAN_STAGES = GTPU_SPAN_CALLS, /* and on, by enum gtpu_stage */
	GTPU_SPANS = GTPU_SPAN_STAGES + GTPU_STAGES,
	/* Timed for their own events, with each_function. */
	GTPU_SPAN_RECEIVE = GTPU_SPANS, /* gtp1u_udp_encap_recv */
	GTPU_SPAN_RX,			/* gtp5g_rx */
	GTPU_SPAN_FORWARD,		/* gtp5g_fwd_skb_ipv4 */
	GTPU_SPAN_N6,			/* netif_rx, where it is hooked at all */
	GTPU_SPANS_ALL,
};

/* The function whose time goes there; 0: of no function. */
static inline __u32 gtpu_span_func(__u32 path, __u32 span)
{
	bool gtp5g = path == GTPU_PATH_GTP5G_UPLINK || path == GTPU_PATH_GTP5G_DOWNLINK;
	bool uplink = path == GTPU_PATH_GTP_UPLINK || path == GTPU_PATH_GTP5G_UPLINK;

	switch (span) {
	case GTPU_SPAN_WHOLE:
		if (gtp5g)
			return uplink ? GTP5G_ENCAP_RECV : GTP5G_DEV_XMIT;
		return uplink ? GTP_ENCAP_RECV : GTP_DEV_XMIT;
	case GTPU_SPAN_LOOKUP:
		return uplink ? PDR_FIND_BY_GTP1U : PDR_FIND_BY_IPV4;
	case GTPU_SPAN_FRAMED_ROUTE:
		return PDR_FIND_BY_FRAMED_ROUTE;
	case GTPU_SPAN_HANDLE:
		if (gtp5g)
			return GTP5G_HANDLE_SKB_IPV4;
		return uplink ? GTP_RX : GTP_BUILD_SKB_IP4;
	case GTPU_SPAN_POLICE:
		return POLICE_PACKET;
	case GTPU_SPAN_PUSH:
		return gtp5g ? GTP5G_PUSH_HEADER : GTP_PUSH_HEADER;
	case GTPU_SPAN_XMIT:
		return GTP5G_XMIT_SKB_IPV4;
	case GTPU_SPAN_N9:
		return IP_XMIT;
	case GTPU_SPAN_RECEIVE:
		return GTP1U_UDP_ENCAP_RECV;
	case GTPU_SPAN_RX:
		return GTP5G_RX;
	case GTPU_SPAN_FORWARD:
		return GTP5G_FWD_SKB_IPV4;
	case GTPU_SPAN_N6:
		return NETIF_RX;
	}
	return 0;
}

/* Durations, per CPU, of the packets of one path and QFI: bucket b has those of [2^b, 2^(b+1)) ns, the
 * last all that are longer. */
#define GTPU_LATENCY_BUCKETS 32
#define GTPU_LATENCY_KEYS 48
#define GTPU_NO_QFI 64
#define GTPU_ANY_QFI 65 /* of packets whose own QFI found no room */

struct gtpu_latency_key {
	__u16 path; /* enum gtpu_path */
	__u16 qfi;  /* the packet's */
};

struct gtpu_latency {
	__u64 calls[GTPU_SPANS][GTPU_LATENCY_BUCKETS];
};

/* A URR whose quota is used up: gtp5g then makes the FARs of its PDRs say DROP. */
struct gtpu_quota_key {
	__u64 seid;
	__u32 urr_id;
	__u32 netns;
};

#define GTPU_QUOTAS 8192

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
	__u16 pdr_qer_with_rate; /* the QER that polices, or NULL */
	__u16 pdr_ul_dl_gate;
	__u16 pdr_urr_ids;
	__u16 pdr_urr_num;
	__u16 far_id;
	__u16 far_action;
	__u16 far_fwd_param;
	__u16 fwd_param_hdr_creation;
	__u16 qer_id;
	__u16 qer_ul_dl_gate; /* where no PDR has it: of the QER that polices */
	__u16 urr_seid;
	__u16 urr_id;
	__u16 dev_net_device; /* of struct gtp5g_dev */
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

/* The ledger of one hook, per CPU. Entries: seen = counted + no_exit + foreign + those in flight (where
 * only entries are hooked: counted + foreign). Returns: seen = counted + no_entry. */
struct gtpu_hook_ledger {
	__u64 entries;
	__u64 exits;
	__u64 paired;
	__u64 no_exit;	     /* entered again before it returned: nested, or its return was missed */
	__u64 no_entry;	     /* returned without an entry that was seen */
	__u64 foreign;	     /* calls for packets that are not followed */
	__u64 unread;	     /* the headers were not in the packet's linear part */
	__u64 uncounted;     /* the map of counts was full */
	__u64 sessions_full; /* counted by what became of them, and under no session */
	__u64 contexts_full; /* counted, and under no context */
	__u64 untracked;     /* PREEMPT_RT: more packets under way than there are places for */
};

/* gtpu_rule_record.has */
#define GTPU_RULE_HAS_ID 0x1	    /* id; seid is 0 where the request has none */
#define GTPU_RULE_HAS_DEVICE 0x2    /* netns and ifindex: the device is where the request was made */
#define GTPU_RULE_HAS_COUNTS 0x4    /* of a FAR */
#define GTPU_RULE_HAS_TUNNEL 0x8    /* teid and peer, of an End Marker */
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

/* Members of gtp5g's rules whose places stand or fall together, where these are not of the module's own BTF: in the
 * order in which they lie in struct pdr, then in struct far. */
enum gtpu_member {
	GTPU_MEMBER_PDR, /* SEID and PDR id; nothing else is believed without them */
	GTPU_MEMBER_REMOVAL,
	GTPU_MEMBER_FAR, /* the PDR's FAR, and its id */
	GTPU_MEMBER_QERS,
	GTPU_MEMBER_QFI,
	GTPU_MEMBER_POLICER, /* the PDR's QER that polices, and its id */
	GTPU_MEMBER_GATE,
	GTPU_MEMBER_URRS,
	GTPU_MEMBER_ACTION,
	GTPU_MEMBER_CREATION,
	GTPU_MEMBER_DEVICE,
	GTPU_MEMBERS,
};

#define GTPU_ACTION_UNKNOWN 0xffff /* far_action beside a FAR id that is known */

#define GTPU_SAMPLE_IDS 4

/* What the places hold of the rule that the module has just looked up by its ids. Counted before and after: a reader
 * that asked once and finds one call more has the rule that it asked for. */
struct gtpu_sample {
	__u64 gtp; /* the module's device */
	__u64 entries, exits;
	__u64 seid;
	__u32 id;
	__u32 found; /* the lookup found it */
	__u32 far_id;
	__u32 qers, urrs; /* how many, and the first of them */
	__u32 qer_ids[GTPU_SAMPLE_IDS], urr_ids[GTPU_SAMPLE_IDS];
	__u32 netns;  /* of the device */
	__u32 unread; /* bits of enum gtpu_member: what could not be read */
	__u32 policer;
	__u16 far_action;
	__u8 has_far, removes, creates, qfi, gate, polices;
};

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
