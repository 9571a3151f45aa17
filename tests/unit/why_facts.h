/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts of a session that works, for the tests of what teide why makes of them. Include it after cmocka.h. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "why.h"

#define N 100

static inline struct addr address(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static inline void set_route(struct why_route *r, const char *interface, const char *hop)
{
	*r = (struct why_route){.asked = true, .up = true, .next_hop = address(hop)};
	snprintf(r->interface, sizeof(r->interface), "%s", interface);
}

static inline void set_way(struct why_counts *c, const char *in, const char *out, const char *verdict)
{
	/* clang-format off */
	*c = (struct why_counts){.arrived = N, .device = N, .left = N, .module = N, .has_peer = true,
				 .has_teid = true, .has_far_end = true, .n_outcomes = 1};
	/* clang-format on */
	snprintf(c->in, sizeof(c->in), "%s", in);
	snprintf(c->out, sizeof(c->out), "%s", out);
	c->peer = address("10.100.1.2");
	c->far_end = address("10.70.0.2");
	c->outcomes[0] = (struct why_outcome){verdict, NULL, N};
}

static inline struct why_facts fine(enum why_upf upf)
{
	bool five = upf == WHY_UPF_GTP5G;
	/* clang-format off */
	struct why_facts f = {.upf = upf, .by_ue = true, .ue = address("10.60.0.1"),
			      .netns = "upf", .inside = "ip netns exec upf ",
			      .module_ran = upf != WHY_UPF_USER};

	f.session = (struct why_session){.known = upf != WHY_UPF_USER, .has_seid = five,
					 .has_ue = true, .seid = 0x1001, .ue = f.ue, .n = 2};
	f.session.pdrs[0] = (struct why_pdr){.way = WHY_UPLINK, .id = 1, .has_teid = true, .teid = 0x10001,
					     .has_far = five, .far_found = five, .far_id = 1,
					     .has_qer = five, .qer_found = five, .qer_id = 7,
					     .mbr_uplink = 1000, .mbr_downlink = 2000};
	/* clang-format on */
	f.session.pdrs[1] = f.session.pdrs[0];
	f.session.pdrs[1].way = WHY_DOWNLINK;
	f.session.pdrs[1].id = 2;
	f.session.pdrs[1].far_id = 2;
	f.session.pdrs[1].has_peer = true;
	f.session.pdrs[1].peer = address("10.100.1.2");
	if (!f.session.known)
		f.session.n = 0;
	f.seen.has_ue = true;
	f.seen.ue = f.ue;
	set_way(&f.seen.ways[WHY_UPLINK], "n3", "n6", five ? "forwarded_n6" : "forwarded");
	set_way(&f.seen.ways[WHY_DOWNLINK], "n6", "n3", "forwarded");
	f.seen.ways[WHY_UPLINK].teid = 0x10001;
	f.seen.ways[WHY_DOWNLINK].teid = 0x20001;
	f.net = (struct why_network){.device = "upfgtp",
				     .device_up = true,
				     .forwarding = 1,
				     .device_forwarding = 1,
				     .sockets = 1,
				     .n3 = "n3",
				     .n3_up = true};
	f.grown.values[WHY_UDP_READ] = N;
	set_route(&f.net.to_ue, "upfgtp", "10.60.0.1");
	set_route(&f.net.to_dn, "n6", "10.70.0.2");
	set_route(&f.net.to_gnb, "n3", "10.100.1.2");
	return f;
}

/* What a direction has from a stage on is gone, and nothing of it comes back. */
static inline void stop_at(struct why_facts *f, enum why_way way, enum why_stage_id stage)
{
	struct why_counts *c = &f->seen.ways[way];

	if (stage <= WHY_ARRIVED)
		c->arrived = 0;
	if (stage <= WHY_REACHED)
		c->module = c->n_outcomes = 0;
	if (way == WHY_UPLINK ? stage <= WHY_HANDLED : stage <= WHY_REACHED)
		c->device = 0;
	c->left = 0;
	if (way == WHY_UPLINK)
		stop_at(f, WHY_DOWNLINK, WHY_ARRIVED);
}

static inline void drop(struct why_facts *f, enum why_way way, const char *verdict, const char *reason)
{
	stop_at(f, way, WHY_HANDLED);
	f->seen.ways[way].outcomes[0] = (struct why_outcome){verdict, reason, N};
}

/* That this way is to blame, for that reason, in words that have this part. */
static inline void check_reason(const struct why_facts *f, enum why_way way, const char *reason, const char *part)
{
	struct why_answer a;

	why_judge(f, &a);
	if (a.way != (int)way || !strstr(a.verdict, part) || strcmp(a.ways[way].reason, reason) != 0)
		fail_msg("%d %s: %s", a.way, a.ways[way].reason, a.verdict);
	assert_true(a.advice[0]);
}
