/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole lab as numbers and names, computed from a few options: no system call. Everybody in the
 * lab, whatever namespace it runs in, computes the same plan.
 *
 *   <name>-ue<u>          <name>-gnb<g>              <name>-upf                <name>-dn
 *   uesimtun0
 *   nr-ue  rls -----UDP 4997-- ue<u>  nr-gnb  n3 --UDP 2152-- n3[-<g>]  upfgtp  n6 ------ n6
 *
 * With all UEs in one namespace (core.h), that and the radio links, one for each gNB, are
 *
 *   <name>-ue             <name>-gnb<g>
 *   uesimtun<u-1>
 *   nr-ue  rls[-<g>] UDP 4997-- rls  nr-gnb
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "core.h"
#include "err.h"

#define LAB_UES_MAX 200
#define LAB_GNBS_MAX 32
#define LAB_FLOWS_MAX 63 /* a QFI has 6 bits and 0 is none (TS 38.415 5.5.3.3) */
#define LAB_NAME_MAX 32	 /* with the terminating NUL */
#define LAB_NETNS_MAX 48

#define LAB_SESSIONS_ALL UINT32_MAX

#define LAB_NAME_DEFAULT "teide"
#define LAB_PORT_RADIO 4997 /* nr-ue <-> nr-gnb */
#define LAB_PORT_GTPU 2152  /* TS 29.281 4.4.2.3 */
#define LAB_QFI_DEFAULT 9   /* of an inner packet whose DSCP is 0 */
#define LAB_MTU 1500	    /* of every veth */
#define LAB_MTU_INNER 1400  /* of the UEs' devices, and of upfgtp: with GTP-U below LAB_MTU */
#define LAB_UE_DEVICE "uesimtun"
#define LAB_UE_TABLE 1000 /* of UE u, where it is not alone in its namespace: the routing table LAB_UE_TABLE + u */
#define LAB_UPF_DEVICE "upfgtp"

enum lab_upf_kind {
	LAB_UPF_USER,  /* the lab's own, in user space, a TUN device towards the UEs */
	LAB_UPF_GTP,   /* the kernel's gtp module */
	LAB_UPF_GTP5G, /* the gtp5g module */
};

enum lab_node_kind { LAB_NODE_UE, LAB_NODE_GNB, LAB_NODE_UPF, LAB_NODE_DN };

struct lab_options {
	char name[LAB_NAME_MAX];
	unsigned ues;	   /* 1 to LAB_UES_MAX */
	unsigned gnbs;	   /* 1 to LAB_GNBS_MAX */
	unsigned flows;	   /* QoS flows of each UE, 1 to LAB_FLOWS_MAX */
	unsigned sessions; /* so many of the UEs, the first, have a PDU session; LAB_SESSIONS_ALL: all */
	enum lab_upf_kind upf;
	enum lab_core core;
	bool inner_ipv6; /* false where the kernel's gtp module does not carry IPv6 */
};

/* clang-format off */
#define LAB_OPTIONS_DEFAULT \
	{.name = LAB_NAME_DEFAULT, .ues = 1, .gnbs = 1, .flows = 1, .sessions = LAB_SESSIONS_ALL, \
	 .upf = LAB_UPF_USER, .inner_ipv6 = true}
/* clang-format on */

struct lab_ue {
	unsigned index; /* from 1 */
	unsigned gnb;	/* index of its gNB, from 1 */
	bool session;	/* has a PDU session: the device with its addresses, and the tunnel */
	char netns[LAB_NETNS_MAX];
	char device[IF_NAMESIZE];      /* "uesimtun0", or a namespace's next */
	char radio[IF_NAMESIZE];       /* "rls", in the UE's namespace; "rls-<g>" of gNB 2 on in one namespace */
	char gnb_radio[IF_NAMESIZE];   /* "ue<u>", in the gNB's namespace; "rls" with one for all of its UEs */
	struct addr radio_address;     /* 10.200.<u>.2/30, or of the gNB's link 10.200.<g>.2/30 */
	struct addr gnb_radio_address; /* 10.200.<u>.1/30, or 10.200.<g>.1/30 */
	struct addr address;	       /* 10.60.0.<u>/32 on the device */
	/* fd00:60:0:<u>::1/128 on the device. Each UE owns a /64, as TS 23.501 5.8.2.2 has it and as
	 * the gtp module, which looks at no more than the prefix, needs it. */
	struct addr address6;
	uint32_t teid_uplink;	/* 0x00010000 + u, or 2, 6, 10 ...: chosen by the UPF, in packets towards it */
	uint32_t teid_downlink; /* 0x00020000 + u, or 1, 2 ... at each gNB: chosen by the gNB, in packets towards it */
};

struct lab_gnb {
	unsigned index; /* from 1 */
	char netns[LAB_NETNS_MAX];
	char n3[IF_NAMESIZE];	    /* "n3", in the gNB's namespace */
	char upf_n3[IF_NAMESIZE];   /* the other end: "n3" (gNB 1) or "n3-<g>", in the UPF's */
	struct addr n3_address;	    /* 10.100.<g>.2/24 */
	struct addr upf_n3_address; /* 10.100.<g>.1/24 */
};

struct lab_plan {
	struct lab_options options;
	const struct lab_core_traits *core;
	bool plain_gtpu; /* G-PDUs without extension header: the gtp module does not take it */
	char upf_netns[LAB_NETNS_MAX];
	char dn_netns[LAB_NETNS_MAX];
	char n6[IF_NAMESIZE];			     /* "n6" at both ends */
	struct addr upf_n6_address, upf_n6_address6; /* 10.70.0.1/24, fd00:70::1/64 */
	struct addr dn_address, dn_address6;	     /* 10.70.0.2/24, fd00:70::2/64 */
	struct addr ue_pool, ue_pool6;		     /* 10.60.0.0/16, fd00:60::/48 */
	struct lab_ue ues[LAB_UES_MAX];		     /* options.ues of them, [i].index == i + 1 */
	struct lab_gnb gnbs[LAB_GNBS_MAX];	     /* options.gnbs of them */
};

#define LAB_RADIO_PREFIX 30
#define LAB_N3_PREFIX 24
#define LAB_N6_PREFIX 24
#define LAB_N6_PREFIX6 64
#define LAB_UE_POOL_PREFIX 16
#define LAB_UE_POOL_PREFIX6 48

/* -EINVAL naming the option that is out of range. */
int lab_plan_make(const struct lab_options *options, struct lab_plan *ret, struct err *err);

/* The QFI of QoS flow 1 to LAB_FLOWS_MAX, all different; flow 1 has LAB_QFI_DEFAULT. The one QFI of a core that has
 * one. */
uint8_t lab_flow_qfi(const struct lab_plan *plan, unsigned flow);
/* The DSCP that selects that flow: 0 for flow 1, else the flow's QFI. 0 where rules select flows. */
uint8_t lab_flow_dscp(const struct lab_plan *plan, unsigned flow);
/* The QFI an inner packet belongs to by its DSCP. */
uint8_t lab_dscp_qfi(const struct lab_plan *plan, uint8_t dscp);

/* Where rules select flows: a session has a pair of PDRs for each, all with one F-TEID and one UE address. Flow 1 takes
 * what no other does; flow 2 on has packets from one address of the data network, or to it. The ids are the SMF's,
 * which counts through all sessions. */
struct lab_pdr {
	bool downlink;
	unsigned id;	     /* and its FAR's */
	unsigned precedence; /* the lower one comes first */
	unsigned
		qers[2]; /* in the order of the PDR: that of the session and that of the flow, or the other way round */
	struct addr remote; /* of the SDF filter; any for flow 1 */
};

struct lab_pdr lab_plan_pdr(const struct lab_plan *plan, const struct lab_ue *ue, unsigned flow, bool downlink);

/* "permit out ip from 10.70.0.3/32 to assigned" (TS 29.212 5.4.2); returns text. */
#define LAB_FILTER_MAX (ADDR_TEXT_MAX + 48)
const char *lab_pdr_filter(const struct lab_pdr *pdr, char text[static LAB_FILTER_MAX]);

/* The data network's address that flow has: dn_address for flow 1. */
struct addr lab_flow_address(const struct lab_plan *plan, unsigned flow);
/* The flow that a downlink packet from that address belongs to. */
unsigned lab_address_flow(const struct lab_plan *plan, const struct addr *remote);

/* Whether that UE comes first of those that share its radio link. */
bool lab_ue_is_first(const struct lab_plan *plan, const struct lab_ue *ue);

/* "user", "gtp", "gtp5g"; the parser returns -EINVAL for any other text. */
const char *lab_upf_kind_name(enum lab_upf_kind kind);
int lab_upf_kind_parse(const char *text, enum lab_upf_kind *ret);

/* "ue", "gnb", "upf", "dn", and the name its process runs under: "nr-ue", "nr-gnb", "upf", "dn". */
const char *lab_node_kind_name(enum lab_node_kind kind);
int lab_node_kind_parse(const char *text, enum lab_node_kind *ret);
const char *lab_node_comm(enum lab_node_kind kind);

/* How many nodes of a kind the plan has; the namespace of node index (from 1), NULL if none. */
unsigned lab_plan_nodes(const struct lab_plan *plan, enum lab_node_kind kind);
const char *lab_plan_netns(const struct lab_plan *plan, enum lab_node_kind kind, unsigned index);
