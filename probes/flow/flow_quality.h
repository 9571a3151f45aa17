/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How good a tunnel and a path are: what the programs keep and count of it. */
#pragma once

#include <linux/bpf.h>

#include "flow_sequence.h"

/* What a count is of. */
enum quality_kind {
	QUALITY_TUNNEL,	  /* GTP-U sequence numbers of a tunnel's G-PDUs */
	QUALITY_QOS_FLOW, /* sequence numbers of one QoS flow in it */
	QUALITY_ECHO,	  /* Echo Requests and their Responses, at the hook of the requests */
	QUALITY_ERROR,	  /* Error Indications: teid is the one they are about */
	/* Delays by the time stamps of PDU Session Containers, TS 38.415 5.4.1.1 */
	QUALITY_DELAY_HERE,	/* from the sender of this packet to here */
	QUALITY_DELAY_DOWNLINK, /* from UPF to gNB, as the gNB reports: two clocks */
	QUALITY_DELAY_ROUND,	/* UPF, gNB and back to here, without the time in the gNB: this clock alone */
	QUALITY_KINDS,
};

struct quality_key {
	__u32 attachment;
	__u32 teid;
	__u32 overlay;
	__u8 kind; /* enum quality_kind */
	__u8 qfi;  /* of QUALITY_QOS_FLOW and the delays */
	__u8 gtp;  /* RECORD_GTP: teid is filled; RECORD_GTP_QFI */
	__u8 pdu_type;
	__u8 src[16]; /* of QUALITY_ECHO the sender of the request */
	__u8 dst[16];
	__u32 cpu; /* 0 in the key of an order */
};

_Static_assert(sizeof(struct quality_key) == 52, "quality key");

/* In two generations. Times are signed: the clocks of two nodes differ. */
struct quality_value {
	__u64 packets; /* with a number; requests; indications; with a stamp */
	__u64 missing, filled, reordered, duplicates;
	__u64 stray; /* numbers; answers to no request; stamps a day off */
	__u64 restarts;
	__u64 timed; /* how many times are in sum_ns; answers */
	__s64 sum_ns, min_ns, max_ns;
	__u64 uncounted; /* numbers that do not count packets */
};

_Static_assert(sizeof(struct quality_value) == 96, "quality value");

/* A tunnel's or a QoS flow's place in its order, one for all CPUs. */
struct quality_order {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct sequence_state sequence;
	__u64 last_ns; /* boot clock, to one tick */
};

/* An Echo Request that waits for its answer; asker and answerer in its key. */
struct echo_key {
	__u8 asker[16], answerer[16];
	__u32 overlay;
	__u32 attachment; /* of the request */
	__u16 seq;
	__u8 pad[6];
};

_Static_assert(sizeof(struct echo_key) == 48, "echo key");
