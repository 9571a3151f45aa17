// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One session as free5GC makes it for a UE with a flow rule, for who asks by netlink: no packet meets it. SEID 0xf5, UE
 * 10.61.0.1; PDR 1 and 2 take all packets, PDR 3 and 4 those of a server, before the others; FARs have the numbers of
 * their PDRs; each PDR has URR 1 and 2, QER 1 of the session, and QER 2 without rates or QER 3 of the server's flow. */
#include "standin.h"

#define UE 0x0a3d0001	  /* 10.61.0.1 */
#define SERVER 0xcb007164 /* 203.0.113.100 */

enum { DEFAULT_UPLINK, DEFAULT_DOWNLINK, FLOW_UPLINK, FLOW_DOWNLINK, PDRS };

static struct rules session[PDRS];
static u32 default_qers[] = {2, 1}, flow_qers[] = {1, 3}, urrs[] = {1, 2};
static TrafficPolicer policer;

/* kbit/s: 100000, none, 64 */
static struct qer qers[] = {
	{.seid = FREE5GC_SEID,
	 .id = 1,
	 .qfi = 1,
	 .mbr = {390, 160, 390, 160},
	 .ul_mbr = 100000,
	 .dl_mbr = 100000,
	 .ul_policer = &policer,
	 .dl_policer = &policer},
	{.seid = FREE5GC_SEID, .id = 2, .qfi = 1},
	{.seid = FREE5GC_SEID,
	 .id = 3,
	 .qfi = 2,
	 .mbr = {0, 64, 0, 64},
	 .ul_mbr = 64,
	 .dl_mbr = 64,
	 .ul_policer = &policer,
	 .dl_policer = &policer},
};

static bool is_uplink(unsigned int i)
{
	return i == DEFAULT_UPLINK || i == FLOW_UPLINK;
}

static bool is_default(unsigned int i)
{
	return i == DEFAULT_UPLINK || i == DEFAULT_DOWNLINK;
}

/* The control plane says "from the server to the UE" of both directions; the UPF turns it round for the uplink. */
static void write_flow(struct rules *r, unsigned int i)
{
	struct flow_description *flow = &r->flow;

	r->has_flow = true;
	if (is_default(i))
		return;
	if (is_uplink(i)) {
		flow->dest.s_addr = htonl(SERVER);
		flow->dest_mask = ~0;
	} else {
		flow->src.s_addr = htonl(SERVER);
		flow->src_mask = ~0;
	}
}

static void write_far(struct rules *r, unsigned int i)
{
	r->far_id = r->far.id = 1 + i;
	r->far.seid = FREE5GC_SEID;
	r->far.action = FAR_FORW;
	r->pdr.far_id = &r->far_id;
	RCU_INIT_POINTER(r->pdr.far, &r->far);
	if (is_uplink(i))
		return;
	r->hdr_creation.description = 256;
	r->hdr_creation.teid = (__force u32)htonl(1);
	r->hdr_creation.peer_addr_ipv4.s_addr = htonl(GNB_ADDRESS);
	r->hdr_creation.port = (__force u16)htons(GTPU_UDP_PORT);
	r->fwd_param.hdr_creation = &r->hdr_creation;
	RCU_INIT_POINTER(r->far.fwd_param, &r->fwd_param);
}

static void write_pdr(struct rules *r, struct net_device *dev, unsigned int i)
{
	r->pdr.seid = FREE5GC_SEID;
	r->pdr.id = 1 + i;
	r->pdr.precedence = is_default(i) ? 255 : 128;
	r->pdr.dev = dev;
	r->pdr.pdi = &r->pdi;
	r->pdr.qer_ids = is_default(i) ? default_qers : flow_qers;
	r->pdr.qer_num = 2;
	r->pdr.qfi = 1;
	RCU_INIT_POINTER(r->pdr.qer_with_rate, &qers[is_default(i) ? 0 : 2]);
	r->pdr.urr_ids = urrs;
	r->pdr.urr_num = ARRAY_SIZE(urrs);
	r->pdi.srcIntf = is_uplink(i) ? ACCESS : CORE;
	r->pdi.ue_addr_ipv4 = &r->ue;
	r->ue.s_addr = htonl(UE);
	if (!is_uplink(i))
		return;
	r->pdi.f_teid = &r->f_teid;
	r->f_teid.teid = (__force u32)htonl(2);
	r->f_teid.gtpu_addr_ipv4.s_addr = htonl(UPF_ADDRESS);
	r->pdr.outer_header_removal = &r->outer_header_removal;
}

void session_write(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < PDRS; i++) {
		write_pdr(&session[i], dev, i);
		write_far(&session[i], i);
		write_flow(&session[i], i);
	}
}

struct qer *session_qer(unsigned int i)
{
	return i < ARRAY_SIZE(qers) ? &qers[i] : NULL;
}

struct rules *session_at(unsigned int i)
{
	return i < PDRS ? &session[i] : NULL;
}
