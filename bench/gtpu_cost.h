/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gtpu_cost's two sides share: a packet in a map, with all that the probe reads of it, and what
 * the module does with it, step by step. */
#pragma once

#include <linux/types.h>

/* Steps of one packet, in their order. The programs do those whose bits are set. */
enum {
	STEP_ENTRY = 0x1,
	STEP_LOOKUP = 0x2,  /* of the PDR: entry and exit; the gtp module: gtp_rx */
	STEP_POLICE = 0x4,  /* entry and exit */
	STEP_HANDLE = 0x8,  /* downlink: gtp5g_handle_skb_ipv4, around those before and behind */
	STEP_PUSH = 0x10,   /* downlink: of the header, entry and exit */
	STEP_USAGE = 0x20,  /* update_usage_statistic */
	STEP_SEND = 0x40,   /* downlink: gtp5g_xmit_skb_ipv4 */
	STEP_TUNNEL = 0x80, /* downlink: iptunnel_xmit, where the module has no BTF */
	STEP_EXIT = 0x100,
	STEP_RING = 0x200, /* instead: the simplest observer, one ring event a packet */
};

/* Steps of the path "primitive": what the programs are made of, once each. */
enum {
	PRIMITIVE_CLOCK = 0x1,	   /* bpf_ktime_get_boot_ns() */
	PRIMITIVE_COARSE = 0x2,	   /* bpf_jiffies64() */
	PRIMITIVE_READ = 0x4,	   /* bpf_probe_read_kernel() of 8 bytes */
	PRIMITIVE_READ_MORE = 0x8, /* of 40 */
	PRIMITIVE_NOTE = 0x10,	   /* a look-up in a per-CPU array and an atomic add */
	PRIMITIVE_COUNT = 0x20,	   /* a look-up in a per-CPU hash and two atomic adds */
	PRIMITIVE_CLEAR = 0x40,	   /* zeroing a packet's state */
	PRIMITIVE_DIRECT = 0x80,   /* a field by a typed pointer: as fentry can, Linux 6.2 everywhere */
};

#define PACKET_BYTES 1024
#define PACKET_NETWORK 64 /* the outer IP header's place in head */
#define PACKET_UDP_AT (PACKET_NETWORK + 20)
#define PACKET_TEID_AT (PACKET_UDP_AT + 8 + 4)
#define PACKET_INNER_AT (PACKET_UDP_AT + 8 + 16)
#define PACKET_LEN 168 /* from the UDP header on */

/* The structs are as long as any kernel's; user space fills head and the rules, cost_setup the rest. */
struct fake_packet {
	__u64 address; /* of this struct, as the kernel sees it */
	__u8 head[PACKET_BYTES + 512];
	__u8 skb[512];
	__u8 dev[4096];
	__u8 net[8192];
	__u8 pdr[512];
	__u8 far[256];
	__u8 parameter[64];
	__u8 pktinfo[256];
	__u32 qer_id;
	__u32 pad;
};
