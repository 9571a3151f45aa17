/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules of the gtp5g module (generic netlink family "gtp5g"), in the calling thread's network
 * namespace. Add in the order QER, FAR, PDR: a PDR copies from its QER when it is made and is
 * refused without its FAR. The terms are those of TS 29.244. All numbers in host order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "err.h"

#define GTP5G_ACTION_DROP 0x01 /* Apply Action, TS 29.244 8.2.26 */
#define GTP5G_ACTION_FORW 0x02
#define GTP5G_ACTION_BUFF 0x04
#define GTP5G_ACTION_NOCP 0x08 /* tells the control plane of the first packet */

#define GTP5G_GATE_UPLINK_CLOSED 0x04 /* Gate Status, TS 29.244 8.2.7 */
#define GTP5G_GATE_DOWNLINK_CLOSED 0x01

/* Where the rules go. */
struct gtp5g {
	uint16_t family;	  /* of genl_family("gtp5g") */
	unsigned ifindex;	  /* the gtp5g device */
	bool no_source_interface; /* before 0.9.2, which refuse one in a PDI */
};

/* The device's rules, as the module's version takes them. -ENOENT: no such module, -ENODEV: no such
 * device. */
int gtp5g_find(const char *device, struct gtp5g *ret, struct err *err);

struct gtp5g_qer {
	uint64_t seid;
	uint32_t id;
	uint8_t gate; /* GTP5G_GATE_*, 0: open */
	uint8_t qfi;
	uint64_t mbr_uplink; /* kbit/s; the module polices where both are given, and /proc/gtp5g/qos is 1 */
	uint64_t mbr_downlink;
};

struct gtp5g_far {
	uint64_t seid;
	uint32_t id;
	uint16_t action;  /* GTP5G_ACTION_* */
	bool encapsulate; /* Outer Header Creation: the three below */
	uint32_t teid;
	struct addr peer; /* IPv4 */
	uint16_t port;
	bool end_marker; /* by replacing it: the old peer is sent one (PFCPSMReq-Flags, SNDEM) */
};

enum gtp5g_interface { GTP5G_ACCESS = 0, GTP5G_CORE = 1 };

/* far_id and the QERs must exist: the module dereferences them (its issue 173). */
struct gtp5g_pdr {
	uint64_t seid;
	uint16_t id;
	uint32_t precedence; /* the lower wins */
	enum gtp5g_interface source;
	struct addr ue;	   /* IPv4 */
	uint32_t teid;	   /* F-TEID, source access only */
	struct addr local; /* F-TEID's address, IPv4, source access only */
	uint32_t far_id;
	uint32_t qers[2];	  /* in the PDR's order; the second may be 0: none */
	bool buffers;		  /* packets that its FAR buffers, and reports, go to generic netlink */
	bool keeps_outer_header;  /* no Outer Header Removal; source access only */
	uint32_t urr_id;	  /* 0: none. Before 0.9.14 it must exist when a packet comes: else an oops */
	uint8_t protocol;	  /* of an SDF filter that lets it alone pass; 0: no filter */
	struct addr remote;	  /* of that filter: the network's end, IPv4; 0.0.0.0: any */
	const char *framed_route; /* "ADDRESS/LENGTH" or NULL; 0.10.0 and later */
};

#define GTP5G_TRIGGER_START 0x10 /* Reporting Triggers, TS 29.244 8.2.19 */
#define GTP5G_TRIGGER_VOLUME_QUOTA 0x100

struct gtp5g_urr {
	uint64_t seid;
	uint32_t id;
	uint32_t triggers; /* GTP5G_TRIGGER_* */
	uint64_t quota;	   /* bytes of payload, both ways together */
};

struct gtp5g_bar {
	uint64_t seid;
	uint8_t id;
	uint8_t delay;	  /* Downlink Data Notification Delay, units of 50 ms */
	uint16_t packets; /* suggested to be buffered */
};

int gtp5g_qer_add(const struct gtp5g *g, const struct gtp5g_qer *qer, struct err *err);
int gtp5g_far_add(const struct gtp5g *g, const struct gtp5g_far *far, struct err *err);
/* Replaces action and, with encapsulate, the outer header of a FAR; -ENOENT when there is none. */
int gtp5g_far_update(const struct gtp5g *g, const struct gtp5g_far *far, struct err *err);
/* Removes a rule; -ENOENT when there is none. A PDR whose FAR is removed has none. */
int gtp5g_pdr_remove(const struct gtp5g *g, uint64_t seid, uint16_t id, struct err *err);
int gtp5g_far_remove(const struct gtp5g *g, uint64_t seid, uint32_t id, struct err *err);
int gtp5g_qer_remove(const struct gtp5g *g, uint64_t seid, uint32_t id, struct err *err);
int gtp5g_urr_remove(const struct gtp5g *g, uint64_t seid, uint32_t id, struct err *err);
int gtp5g_bar_remove(const struct gtp5g *g, uint64_t seid, uint8_t id, struct err *err);
/* A PDR that has the QER goes on with what it copied, until it is replaced itself. Before 0.10.1 the module
 * returns with rtnl and RCU locked: the kernel hangs. */
int gtp5g_qer_update(const struct gtp5g *g, const struct gtp5g_qer *qer, struct err *err);
int gtp5g_pdr_add(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err);
/* Before 0.10.2 the same where the module refuses it. */
int gtp5g_pdr_update(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err);
/* There is no replacing one: up to 0.10.2 the kernel hangs as with a QER. */
int gtp5g_bar_add(const struct gtp5g *g, const struct gtp5g_bar *bar, struct err *err);
/* A quota of 0 stops the PDRs that have the URR already. */
int gtp5g_urr_add(const struct gtp5g *g, const struct gtp5g_urr *urr, struct err *err);
/* Grants the quota anew. */
int gtp5g_urr_update(const struct gtp5g *g, const struct gtp5g_urr *urr, struct err *err);
