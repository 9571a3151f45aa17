/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What kernel and user space share. Fixed width, natural alignment, explicit pads, sizes a multiple
 * of 8, never packed: clang writes packed structs byte by byte. Host byte order throughout; addresses
 * are 16 bytes in network order, IPv4 mapped into IPv6. */
#pragma once

#include <linux/types.h>

#define RECORD_VERSION 1
#define RECORD_COMM_LEN 16

/* record_hdr.flags */
#define RECORD_TASK 0x1	  /* tid, tgid, comm and context are filled */
#define RECORD_CGROUP 0x2 /* cgroup_id is filled */

/* Instead of a tid or tgid: the task is not in the PID namespace by whose numbers tasks are named. */
#define RECORD_NO_NUMBER 0xffffffffU

/* What the CPU was doing: a task seen in softirq or hardirq was merely interrupted. */
enum record_context {
	CONTEXT_UNKNOWN = 0,
	CONTEXT_PROCESS = 1,
	CONTEXT_SOFTIRQ = 2,
	CONTEXT_HARDIRQ = 3,
	CONTEXT_IDLE = 4,
};

struct record_hdr {
	__u64 ts_ns; /* CLOCK_BOOTTIME */
	__u32 size;  /* of the whole record */
	__u16 probe; /* index of the probe's table, set at load */
	__u16 kind;  /* the probe's own enum */
	__u16 version;
	__u16 flags;
	__u32 cpu;
	__u32 tid;
	__u32 tgid;
	__u8 context; /* enum record_context */
	__u8 pad[7];
	__u64 cgroup_id;
	char comm[RECORD_COMM_LEN];
};

_Static_assert(sizeof(struct record_hdr) == 64, "record header");

struct record_tuple {
	__u8 src[16];
	__u8 dst[16];
	__u16 sport; /* ICMP: type in sport, code in dport */
	__u16 dport;
	__u8 proto;  /* IANA protocol number */
	__u8 family; /* 4, 6, or 0: the tuple is not filled */
	__u8 ports;  /* 1: sport and dport are filled */
	__u8 pad;
};

_Static_assert(sizeof(struct record_tuple) == 40, "tuple");

/* record_gtp.flags */
#define RECORD_GTP 0x1	   /* the packet is GTP-U: teid and type are filled */
#define RECORD_GTP_SEQ 0x2 /* S was set: seq is filled */
#define RECORD_GTP_QFI 0x4 /* a PDU Session Container was there: qfi and pdu_type are filled, downlink rqi too */
#define RECORD_GTP_PPI 0x8 /* it had a paging policy: ppi is filled */

/* GTP-U header fields (TS 29.281 5.1; PDU Session Container: TS 38.415 5.5.2). */
struct record_gtp {
	__u32 teid;
	__u16 seq;
	__u8 type;
	__u8 qfi;
	__u8 pdu_type; /* 0 downlink, 1 uplink */
	__u8 flags;
	__u8 rqi; /* reflective QoS indicator: 0 or 1 */
	__u8 ppi; /* paging policy indicator: 0 to 7 */
};

_Static_assert(sizeof(struct record_gtp) == 12, "gtp");

/* What a packet came in, one word: the kind in the upper byte (0: in none), the network identifier below. */
#define RECORD_OVERLAY_SHIFT 24
#define RECORD_VNI_MASK 0xffffff
enum record_overlay { OVERLAY_NONE = 0, OVERLAY_VXLAN = 1, OVERLAY_GENEVE = 2 };
