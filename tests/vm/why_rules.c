/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* why_rules FAULT: gives the lab's first session (lab/kernel_upf.c, lab/plan.h) other rules, in the
 * UPF's network namespace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gtp5g.h"
#include "nl.h"

#define SEID 0x1001
#define TEID_UPLINK 0x00010001
#define TEID_DOWNLINK 0x00020001
#define URR 40
#define CMD_DEL_PDR 4
enum { ATTR_LINK = 1, ATTR_ID = 3, ATTR_SEID = 11 };

enum fault {
	FAULT_NONE,
	FAULT_WRONG_TEID,
	FAULT_WRONG_UE,
	FAULT_FAR_DROP,
	FAULT_GATE,
	FAULT_BUFFER,
	FAULT_NO_RAN,
	FAULT_NO_ROUTE,
	FAULT_NO_REMOVAL,
	FAULT_QUOTA,
	FAULT_NO_SESSION,
	FAULTS
};

static const char *const names[FAULTS] = {
	"none",		  "wrong_teid",	 "wrong_ue",
	"far_drop",	  "gate_closed", "buffered",
	"no_ran_address", "no_route",	 "no_outer_header_removal",
	"quota",	  "no_session",
};

static int delete_pdr(const struct gtp5g *g, uint16_t id, struct err *err)
{
	struct nl_message m;
	int r;

	nl_begin_generic(&m, g->family, CMD_DEL_PDR, 0);
	mnl_attr_put_u32(m.h, ATTR_LINK, g->ifindex);
	mnl_attr_put_u16(m.h, ATTR_ID, id);
	mnl_attr_put_u64(m.h, ATTR_SEID, SEID);
	r = nl_request(&m, NULL, NULL, "deleting a PDR", err);
	return r == -ENOENT ? 0 : r;
}

static int add_fars(const struct gtp5g *g, enum fault fault, struct err *err)
{
	uint16_t action = fault == FAULT_FAR_DROP ? GTP5G_ACTION_DROP
			  : fault == FAULT_BUFFER ? GTP5G_ACTION_BUFF
						  : GTP5G_ACTION_FORW;
	const struct gtp5g_far up = {.seid = SEID, .id = 100 + fault, .action = action};
	struct gtp5g_far down = {.seid = SEID,
				 .id = 200 + fault,
				 .action = GTP5G_ACTION_FORW,
				 .encapsulate = fault != FAULT_NO_RAN,
				 .teid = TEID_DOWNLINK,
				 .port = 2152};
	int r = gtp5g_far_add(g, &up, err);

	addr_parse(fault == FAULT_NO_ROUTE ? "192.0.2.1" : "10.100.1.2", &down.peer);
	return r < 0 ? r : gtp5g_far_add(g, &down, err);
}

static int add_pdrs(const struct gtp5g *g, enum fault fault, struct err *err)
{
	struct gtp5g_pdr pdr = {.seid = SEID,
				.id = 1,
				.precedence = 255,
				.source = GTP5G_ACCESS,
				.teid = fault == FAULT_WRONG_TEID ? 0x7777 : TEID_UPLINK,
				.far_id = 100 + fault,
				.qers = {100 + fault},
				.buffers = true,
				.keeps_outer_header = fault == FAULT_NO_REMOVAL,
				.urr_id = fault == FAULT_QUOTA ? URR : 0};
	int r;

	addr_parse("10.100.1.1", &pdr.local);
	addr_parse(fault == FAULT_WRONG_UE ? "10.60.0.200" : "10.60.0.1", &pdr.ue);
	r = gtp5g_pdr_add(g, &pdr, err);
	pdr.id = 2;
	pdr.source = GTP5G_CORE;
	pdr.far_id = 200 + fault;
	return r < 0 ? r : gtp5g_pdr_add(g, &pdr, err);
}

/* It stops the PDRs that have it by now. */
static int add_quota(const struct gtp5g *g, struct err *err)
{
	const struct gtp5g_urr urr = {.seid = SEID, .id = URR, .triggers = GTP5G_TRIGGER_VOLUME_QUOTA};

	return gtp5g_urr_add(g, &urr, err);
}

static int replace(enum fault fault, struct err *err)
{
	struct gtp5g g;
	const struct gtp5g_qer qer = {
		.seid = SEID, .id = 100 + fault, .qfi = 9, .gate = fault == FAULT_GATE ? GTP5G_GATE_UPLINK_CLOSED : 0};
	int r = gtp5g_find("upfgtp", &g, err);

	if (r >= 0)
		r = delete_pdr(&g, 1, err);
	if (r >= 0)
		r = delete_pdr(&g, 2, err);
	if (r < 0 || fault == FAULT_NO_SESSION)
		return r;
	r = gtp5g_qer_add(&g, &qer, err);
	if (r >= 0)
		r = add_fars(&g, fault, err);
	if (r >= 0)
		r = add_pdrs(&g, fault, err);
	return r < 0 || fault != FAULT_QUOTA ? r : add_quota(&g, err);
}

int main(int argc, char **argv)
{
	struct err err = {"usage: why_rules FAULT"};

	for (int i = 0; argc == 2 && i < FAULTS; i++)
		if (!strcmp(argv[1], names[i]) && replace(i, &err) >= 0)
			return 0;
	fprintf(stderr, "why_rules: %s\n", err.text);
	return 1;
}
