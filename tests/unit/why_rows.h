/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows of the probe flow, of a session that works, for the tests of what teide why sums up. Include it after cmocka.h.
 */
#pragma once

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "why_seen.h"

#define UE "10.60.0.1"
#define DN "10.70.0.2"
#define GNB "10.100.1.2"
#define N6 "10.70.0.1"
#define UPLINK_TEID 0x10001
#define DOWNLINK_TEID 0x20001
#define NETNS_INODE "4026532000"

DEFINE_CLEANUP(struct why_seen *, seen, why_seen_free)

static inline struct addr address(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static inline void set_tuple(struct event_tuple *t, const char *src, const char *dst)
{
	*t = (struct event_tuple){.src = address(src), .dst = address(dst), .proto = IPPROTO_UDP};
	t->sport = strcmp(src, DN) ? 4000 : 5002;
	t->dport = strcmp(dst, DN) ? 4000 : 5002;
}

static inline struct event row(enum event_kind kind, const char *interface, enum event_dir dir, uint64_t n)
{
	struct event e = {.probe = "flow",
			  .kind = kind,
			  .netns = "upf",
			  .dir = (uint8_t)dir,
			  .packets = n,
			  .flow.segments = n,
			  .bytes = 100 * n};

	snprintf(e.interface, sizeof(e.interface), "%s", interface);
	for (enum event_field f = 0; f < F_MAX; f++)
		if (f == F_NETNS || f == F_INTERFACE || f == F_DIR || f == F_PACKETS || f == F_BYTES || f == F_SEGMENTS)
			event_set(&e, f);
	return e;
}

static inline void set_outer(struct event *e, const char *src, const char *dst)
{
	set_tuple(&e->outer, src, dst);
	for (int f = F_OUTER_SRC; f <= F_OUTER_PROTO; f++)
		event_set(e, f);
}

static inline void set_inner(struct event *e, const char *src, const char *dst)
{
	set_tuple(&e->inner, src, dst);
	for (int f = F_INNER_SRC; f <= F_INNER_PROTO; f++)
		event_set(e, f);
}

static inline void set_teid(struct event *e, uint32_t teid)
{
	e->gtp.teid = teid;
	event_set(e, F_GTP_TEID);
}

static inline void add_plain(struct why_seen *s, const char *interface, enum event_dir dir, const char *src,
			     const char *dst, uint64_t n)
{
	struct event e = row(KIND_FLOW, interface, dir, n);

	set_outer(&e, src, dst);
	why_seen_add(s, &e);
}

static inline void add_tunnelled(struct why_seen *s, enum event_dir dir, uint32_t teid, const char *src,
				 const char *dst, uint64_t n)
{
	struct event e = row(KIND_FLOW, "n3", dir, n);

	set_teid(&e, teid);
	set_inner(&e, src, dst);
	why_seen_add(s, &e);
}

static inline void add_tunnel(struct why_seen *s, enum event_dir dir, uint32_t teid, const char *src, const char *dst,
			      uint64_t n)
{
	struct event e = row(KIND_TUNNEL, "n3", dir, n);

	set_teid(&e, teid);
	e.gtp.type = 255;
	e.gtp.qfi = 9;
	event_set(&e, F_GTP_TYPE);
	event_set(&e, F_GTP_QFI);
	e.outer.src = address(src);
	e.outer.dst = address(dst);
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_OUTER_DST);
	why_seen_add(s, &e);
}

/* A session that works, as TC sees it, beside another one's packets. */
static inline void add_session(struct why_seen *s)
{
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, UE, DN, 10);
	add_tunnel(s, DIR_INGRESS, UPLINK_TEID, GNB, "10.100.1.1", 10);
	add_plain(s, "upfgtp", DIR_INGRESS, UE, DN, 10);
	add_plain(s, "n6", DIR_EGRESS, UE, DN, 10);
	add_plain(s, "n6", DIR_INGRESS, DN, UE, 8);
	add_plain(s, "upfgtp", DIR_EGRESS, DN, UE, 8);
	add_tunnelled(s, DIR_EGRESS, DOWNLINK_TEID, DN, UE, 8);
	add_tunnel(s, DIR_EGRESS, DOWNLINK_TEID, "10.100.1.1", GNB, 8);
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, "fd00::9", "fd00::1", 5); /* its other address */
	add_tunnel(s, DIR_INGRESS, UPLINK_TEID, GNB, "10.100.1.1", 5);
	add_tunnelled(s, DIR_INGRESS, 0x10002, "10.60.0.2", DN, 1000);
	add_plain(s, "n6", DIR_EGRESS, "10.60.0.2", DN, 1000);
}

static inline struct why_question by_ue(void)
{
	return (struct why_question){.by_ue = true, .ue = address(UE)};
}

static inline struct why_session session(void)
{
	struct why_session s = {.known = true, .has_ue = true, .ue = address(UE), .n = 2};

	s.pdrs[0] = (struct why_pdr){.way = WHY_UPLINK, .has_teid = true, .teid = UPLINK_TEID};
	s.pdrs[1] = (struct why_pdr){
		.way = WHY_DOWNLINK, .has_peer = true, .peer = address(GNB), .peer_teid = DOWNLINK_TEID};
	return s;
}

static inline struct why_seen_facts sum(const struct why_seen *s)
{
	struct why_place place = {.netns = "upf", .inode = NETNS_INODE, .device = "upfgtp", .n_addresses = 1};
	struct why_seen_facts f;

	place.addresses[0] = address(N6);
	assert_int_equal(why_seen_sum(s, &place, &f), 0);
	return f;
}

static inline void check_session(const struct why_seen_facts *f)
{
	const struct why_counts *up = &f->ways[WHY_UPLINK], *down = &f->ways[WHY_DOWNLINK];
	struct addr gnb = address(GNB), dn = address(DN);

	assert_int_equal(up->arrived, 10);
	assert_int_equal(up->device, 10);
	assert_int_equal(up->left, 10);
	assert_int_equal(down->arrived, 8);
	assert_int_equal(down->device, 8);
	assert_int_equal(down->left, 8);
	assert_string_equal(up->in, "n3");
	assert_string_equal(up->out, "n6");
	assert_true(up->has_peer && addr_equal(&up->peer, &gnb));
	assert_true(down->has_peer && addr_equal(&down->peer, &gnb));
	assert_int_equal(down->teid, DOWNLINK_TEID);
	assert_int_equal(up->qfi, 9);
	assert_true(addr_equal(&up->far_end, &dn));
	assert_int_equal(up->other_teid + up->other_ue + up->malformed, 0);
	assert_false(f->translated);
}
