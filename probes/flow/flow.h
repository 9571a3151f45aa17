/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the TC programs count and emit. Keys are compared as bytes: every pad is zero. A key ends with the CPU that
 * counts (bpf/generations.h); user space adds up the values of all CPUs. */
#pragma once

#include "flow_filter.h"
#include "packet_head.h"
#include "record.h"

/* An attachment is one direction of one interface in one namespace. Its id is valid within this
 * run; an ifindex is no identity, since both ends of a veth can have the same one. */
struct flow_key {
	__u32 overlay; /* RECORD_OVERLAY_SHIFT */
	__u16 attachment;
	__u16 vlan[2]; /* identifiers, outermost first */
	__u8 layers;   /* FLOW_VLANS, FLOW_BUNDLE */
	__u8 pad;
	struct record_tuple tuple;
	__u32 cpu;
};

_Static_assert(sizeof(struct flow_key) == 56, "flow key: each word more is hashed for every packet");

/* A flow in a tunnel, with all that tells the tunnel: one look-up counts both. */
struct gpdu_key {
	__u32 teid;
	__u32 overlay;
	__u16 attachment;
	__u16 vlan[2];
	__u8 qfi;
	__u8 layers;		   /* FLOW_GTP, FLOW_VLANS, FLOW_QFI */
	struct record_tuple inner; /* packets of a tunnel whose flow is not known count in struct tunnel_key */
	__u8 src[16];
	__u8 dst[16];
	__u32 cpu;
};

_Static_assert(sizeof(struct gpdu_key) == 92, "G-PDU key: each word more is hashed for every packet");

/* layers */
#define FLOW_VLANS 0x3 /* how many vlan are filled */
#define FLOW_GTP 0x4   /* a struct gpdu_key */
#define FLOW_QFI 0x8   /* qfi is filled, and the PDU type from this bit on: */
#define FLOW_PDU_SHIFT 4
#define FLOW_BUNDLE FLOW_QFI /* without FLOW_GTP: of a bundle, what was not told apart */

/* Messages other than G-PDUs, and G-PDUs for whose flow there was no room. */
struct tunnel_key {
	__u32 attachment;
	__u32 teid;
	__u8 src[16];
	__u8 dst[16];
	__u8 type; /* GTP-U message type */
	__u8 qfi;
	__u8 gtp;
	__u8 pdu_type;
	__u32 overlay;
	__u32 cpu;
};

_Static_assert(sizeof(struct tunnel_key) == 52, "tunnel key");

/* The task that sent GTP-U, or the radio side's UDP, at egress. */
struct sender_key {
	__u32 attachment;
	__u32 tgid;
	__u32 tid;
	__u16 sport; /* the port looked for, 0 where the packet's is another one */
	__u16 dport;
	__u8 context; /* enum record_context: only CONTEXT_PROCESS is evidence */
	__u8 pad[3];
	__u32 cpu;
};

_Static_assert(sizeof(struct sender_key) == 24, "sender key");

/* first_ns and last_ns: boot clock, to one tick. */
struct flow_value {
	__u64 packets;	/* skbs; of a bundle the packets in it */
	__u64 bytes;	/* of these, link-layer header included, offloaded VLAN tags not */
	__u64 segments; /* what the skbs become on the wire */
	__u64 first_ns;
	__u64 last_ns;
	__u64 tcp; /* FLOW_TCP and the flags seen in any of them, 0 where it is not TCP */
};

#define FLOW_TCP 0x100

struct sender_value {
	struct flow_value count;
	__u64 cgroup_id;
	char comm[RECORD_COMM_LEN];
};

/* Where packets without room for their key are counted. */
enum flow_other { OTHER_FLOW, OTHER_TUNNEL, OTHER_SENDER, OTHER_QUALITY, OTHER_MAX };

/* Words of a ledger before its pad. */
#define FLOW_LEDGER_WORDS (4 + HEAD_MAX + HEAD_SKIPPED + OTHER_MAX * sizeof(struct flow_value) / 8)

/* One for each attachment and CPU; no two CPUs write to one cache line.
 * seen + preempted + new_cpu = sum of head + no_program + preempted + new_cpu. */
struct flow_ledger {
	/* Counters of 64 bits stand before `other`: user space adds them up as an array. */
	__u64 seen;	  /* without those of preempted */
	__u64 preempted;  /* another task's program was under way on this CPU; alone added to atomically */
	__u64 no_program; /* the tail call failed */
	__u64 new_cpu;	  /* on CPUs for which there is no ledger; added to atomically, in CPU 0's */
	__u64 head[HEAD_MAX];
	__u64 bundled[HEAD_SKIPPED]; /* packets of bundles; HEAD_GTPU_BUNDLE: those that were not told apart */
	struct flow_value other[OTHER_MAX];
	__u64 pad[8 - FLOW_LEDGER_WORDS % 8];
};

_Static_assert(sizeof(struct flow_ledger) % 64 == 0, "flow ledger: whole cache lines");

/* From the entry program to the shared one, on the same CPU within one packet. */
struct flow_entry {
	__u32 attachment;
	__u8 l3;
	__u8 egress;
	__u8 pad[2];
	__u32 users; /* with preemptible: programs under way on this CPU */
	__u32 skip;  /* bytes before the network header, of a device without a link-layer header */
};

enum flow_record_kind { FLOW_PACKET = 1, FLOW_NEWCOMER = 2 };

struct flow_record {
	struct record_hdr hdr;
	__u32 attachment;
	__u32 len;
	__u16 vlan[2];
	__u8 vlans;
	__u8 head;
	__u8 tcp; /* tcp_flags are filled */
	__u8 tcp_flags;
	struct record_gtp gtp;
	__u32 overlay;
	struct record_tuple outer;
	struct record_tuple inner;
};

_Static_assert(sizeof(struct flow_record) == 176, "flow record");

/* A task that sends as itself at egress, for the first time in this generation on this CPU; or a socket of
 * this node's that has sent what comes by in softirq, of which there is a cookie and no task. */
struct flow_newcomer {
	struct record_hdr hdr;
	__u64 cookie; /* as sock_diag tells it; 0: it is a task */
	__u32 attachment;
	__u32 pad;
};

_Static_assert(sizeof(struct flow_newcomer) == 80, "newcomer");
