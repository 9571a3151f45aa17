/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the packets of a PDU session stop, and why: facts and counts in, the answer out. Pure: no
 * input or output, no clock. Numbers in host order. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "advice.h"
#include "forward_policy.h"
#include "why_counters.h"
#include "why_queues.h"

enum why_way { WHY_UPLINK, WHY_DOWNLINK, WHY_WAYS };

/* In the order a packet takes; of the uplink and the downlink. */
enum why_stage_id {
	WHY_ARRIVED, /* at N3; at N6 */
	WHY_REACHED, /* the module; the device */
	WHY_MATCHED, /* a PDR, a PDP context */
	WHY_HANDLED, /* decapsulated; encapsulated */
	WHY_LEFT,    /* on N6, or N9; on N3 */
	WHY_STAGES
};

enum why_upf { WHY_UPF_USER, WHY_UPF_GTP, WHY_UPF_GTP5G };

#define WHY_PDRS_MAX 16
#define WHY_NAME_MAX 64
#define WHY_TEXT_MAX 384
#define WHY_XDP_MAX 4

/* A PDR with its FAR and its first QER; or one way of a PDP context, which has no numbers. */
struct why_pdr {
	enum why_way way;
	uint16_t id;
	bool has_teid, has_far, far_found, has_peer, has_qer, qer_found, removes_header;
	uint32_t teid; /* F-TEID, at the address local */
	struct addr local;
	uint32_t far_id;
	uint16_t far_action;
	uint32_t peer_teid; /* where the FAR sends */
	struct addr peer;
	uint32_t qer_id;
	uint8_t qfi, gate;		   /* GTP5G_GATE_* */
	uint64_t mbr_uplink, mbr_downlink; /* kbit/s; 0: none */
};

struct why_session {
	bool known; /* the kernel has rules for it */
	bool has_seid, has_ue;
	uint64_t seid;
	struct addr ue;
	struct why_pdr pdrs[WHY_PDRS_MAX];
	size_t n, left_out;
	unsigned others; /* more sessions that the question fits */
};

/* The module's packets of one fate. */
struct why_outcome {
	const char *verdict, *reason; /* as probe gtpu has them; reason NULL: none */
	uint64_t packets;
};

#define WHY_OUTCOMES_MAX 32

struct why_latency {
	uint64_t packets; /* 0: none was measured */
	uint64_t median_ns, p99_ns;
	bool at_most;	   /* upper bounds, by powers of two */
	bool all_sessions; /* not of this session alone */
};

/* Long packets that are missing, of flows of which nothing got through or far shorter ones alone. */
struct why_lengths {
	uint64_t packets, bytes; /* from the inner IP header on */
};

/* What was seen of one direction. TC counts are segments on the wire. */
struct why_counts {
	uint64_t arrived, device, left;
	uint64_t arrived_n9, left_n9;  /* of arrived, left: in a tunnel of another UPF */
	uint64_t to_other_ue;	       /* uplink: back into the device; not in left */
	uint64_t malformed;	       /* in its tunnel, and no well-formed G-PDU; not in arrived */
	uint64_t other_teid;	       /* of arrived: its UE's, in a tunnel that is not the session's */
	uint64_t other_ue;	       /* in its tunnel, from another address; not in arrived */
	uint64_t unreachable, too_big; /* of arrived: ICMP that says so */
	uint64_t refused;	       /* Error Indications about its tunnel: of the gNB; uplink: of the UPF */
	uint64_t port_unreachable;     /* downlink: ICMP of the gNB's host, which has no such port */
	uint32_t refused_teid;
	uint32_t other_teid_value;
	struct addr other_ue_value;
	char in[IF_NAMESIZE], out[IF_NAMESIZE]; /* where most arrived and left; "": none */
	bool has_peer, has_teid, has_qfi;	/* of the tunnel with most packets */
	struct addr peer;			/* uplink: the sender; downlink: the receiver */
	uint32_t teid;
	uint8_t qfi;
	bool has_far_end; /* uplink: where most packets want to go; downlink: come from */
	struct addr far_end;
	struct why_outcome outcomes[WHY_OUTCOMES_MAX];
	size_t n_outcomes;
	uint64_t module; /* all that the module took, outcomes summed up */
	bool has_rule;	 /* the PDR that took most */
	uint64_t seid;
	uint16_t pdr_id;
	struct why_latency latency;
	struct why_lengths long_lost[2]; /* before the device; behind it */
	struct why_lengths overtaken;	 /* of those behind it: packets of a quarter of a second later left */
	uint64_t doubled;		 /* more than there were before, where the kernel forwards */
	uint64_t syn_acks;		 /* downlink: of connections whose SYN-ACKs the UE never acknowledged */
};

/* A session of which one direction alone was seen, or the far end refuses a tunnel. */
struct why_half {
	struct addr ue;
	enum why_way way; /* of a tunnel that was seen */
	uint32_t teid;
};

#define WHY_HALVES_MAX 4

struct why_seen_facts {
	struct why_counts ways[WHY_WAYS];
	bool translated;    /* N6 has the node's address for the UE's: its counts are of every
			     * UE's packets to the same destinations */
	bool one_interface; /* the downlink left by an interface that the uplink came by */
	bool has_ue;
	struct addr ue; /* known by the rules, learned from the traffic, or supposed */
	/* Where no packet has the TEID that was asked for. If there is one alone, its UE is supposed. */
	struct why_half halves[WHY_HALVES_MAX];
	size_t n_halves, halves_left_out;
	uint64_t left_out;    /* packets that found no room in a table: of any session */
	uint64_t events_lost; /* of the module, where it is counted by events */
	bool by_rows;	      /* the module is counted by its rows, to the packet */
};

/* The way to an address, as the UPF's namespace has it. */
struct why_route {
	bool asked;
	int error; /* 0, or -errno: there is none */
	bool local, up;
	char interface[IF_NAMESIZE];
	struct addr next_hop;
	bool next_hop_silent; /* it was asked for by ARP or ND and does not answer */
	unsigned mtu;	      /* of the interface, or the less that the route has; 0: not known */
};

/* A route that takes packets elsewhere: the longest prefix is used. */
struct why_network_route {
	bool found;
	struct addr dst;
	uint8_t prefix_len;
};

struct why_network {
	char device[IF_NAMESIZE]; /* gtp, gtp5g, or the user-space UPF's TUN; "": none */
	bool device_up;
	unsigned device_mtu, n3_mtu;
	int forwarding;		      /* -1: not to be told; of the UE's address family */
	int device_forwarding;	      /* IPv4 alone */
	bool device_has_v4;	      /* an IPv4 address of its own */
	int rp_all, rp_device, rp_n3; /* rp_filter, IPv4 alone */
	int sockets;		      /* at UDP 2152; -1: not to be told */
	uint64_t socket_drops;
	uint64_t socket_queue; /* bytes that wait there */
	char n3[IF_NAMESIZE];  /* "": not known */
	bool n3_up;
	char xdp[WHY_XDP_MAX][IF_NAMESIZE]; /* interfaces where an XDP program takes packets before TC */
	size_t n_xdp;
	bool n3_has_silent; /* where nothing of the downlink left: an address there that was asked for and does not
			       answer */
	struct addr n3_silent;
	char down[IF_NAMESIZE * 4]; /* interfaces that are down, with commas */
	char first_down[IF_NAMESIZE];
	struct why_route to_ue, to_dn, to_gnb;
	struct why_route forward; /* to_dn, for a packet of the UE that comes in at the device: by all policy rules */
	bool has_pool_route;	  /* some route leads to the device */
	char ue_interface[IF_NAMESIZE]; /* that has the UE's address; "": none in this network namespace */
	struct why_network_route stray; /* to the UE, where it is not by the device */
};

/* Where uplink packets were seen before they reach the UPF: at a port of a bridge that filters what it passes. */
struct why_trace {
	uint64_t packets; /* 0: none was */
	char netns[WHY_NAME_MAX], inside[ADVICE_INSIDE_MAX];
	char bridge[IF_NAMESIZE], port[IF_NAMESIZE];
	char interface[IF_NAMESIZE];   /* of the UPF, on that bridge */
	char chain[FORWARD_CHAIN_MAX]; /* of that network namespace, which drops by its policy; "": none */
	uint64_t dropped;	       /* by it, meanwhile */
};

struct why_facts {
	enum why_upf upf;
	char netns[WHY_NAME_MAX];
	uint16_t port;			/* UDP port of GTP-U; 0: 2152 */
	char inside[ADVICE_INSIDE_MAX]; /* what a command is begun with to run in there */
	bool by_ue;			/* what was asked: a UE's address, else a TEID */
	struct addr ue;
	uint32_t teid;
	bool module_ran;	       /* the gtpu probe */
	unsigned skew_percent;	       /* of the time that TC and module were counted: not by both */
	char module_why[WHY_TEXT_MAX]; /* why not */
	struct why_session session;
	struct why_network net;
	struct why_seen_facts seen;
	uint64_t malformed;	  /* GTP-U packets of any session that contradict themselves */
	const char *malformed_as; /* NULL: none */
	const char *ue_at;	  /* the network namespace of this node that has the UE; "" or NULL: not known */
	const char *ue_device, *ue_inside;
	uint64_t ue_checksums; /* TCP packets with a wrong checksum that came there meanwhile */
	struct why_trace trace;
	size_t unwatched;	   /* interfaces that may matter, beyond those that can be watched at a time */
	struct why_counters grown; /* of the kernel, in the UPF's namespace, while it was watched */
	struct why_queues queues;  /* that dropped packets there meanwhile */
};

struct why_stage {
	bool visible;
	bool module;	  /* counted in the module; else at TC */
	bool shared;	  /* packets of other UEs may be among them */
	const char *name; /* static: "n3_in", "module", "pdr", ... */
	uint64_t packets;
	char detail[WHY_TEXT_MAX]; /* where it was; or why it cannot be seen */
};

enum why_state {
	WHY_FINE,
	WHY_LOSSY,  /* some get through */
	WHY_BROKEN, /* none gets beyond stop */
	WHY_SILENT, /* none came, and nothing says that any should have */
	WHY_SPLIT,  /* of the answer alone: both directions pass, and not by one gNB or one interface */
};

struct why_path {
	struct why_stage stages[WHY_STAGES];
	enum why_state state;
	int stop;	    /* broken, lossy: the first stage that packets do not reach */
	uint64_t lost;	    /* before it */
	const char *reason; /* static, or NULL: "no_pdr", "ip_forward", ... */
	char text[WHY_TEXT_MAX], advice[WHY_TEXT_MAX];
};

struct why_answer {
	struct why_path ways[WHY_WAYS];
	enum why_state state;
	int way;			/* the direction that the verdict is about; -1: both */
	char verdict[2 * WHY_TEXT_MAX]; /* one line */
	char advice[WHY_TEXT_MAX];
	char notes[8][WHY_TEXT_MAX];
	size_t n_notes;
};

void why_judge(const struct why_facts *f, struct why_answer *ret);

const char *why_state_name(enum why_state s); /* "works", "loses packets", "broken", "silent", "split" */
const char *why_upf_name(enum why_upf u);     /* "user", "gtp", "gtp5g" */

/* Of a session's PDRs of a direction: the one with that number, else the first; NULL: none. */
const struct why_pdr *why_pdr_of(const struct why_session *s, enum why_way way, bool has_id, uint16_t id);
