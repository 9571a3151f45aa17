/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which interfaces carry N3. A rule's peer, a gNB or another UPF, is reached by one of them; a PDR's F-TEID and a bound
 * socket have the address of one. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "cleanup.h"
#include "doctor_user_plane.h"
#include "genl.h"
#include "gtp.h"
#include "gtp5g_rules.h"
#include "rtnl_look.h"
#include "sock_diag.h"

#define ENDS_MAX 64 /* peers, and local addresses: of more the first are enough */

struct ends {
	struct addr items[ENDS_MAX];
	size_t len;
};

struct search {
	struct user_plane *plane;
	struct ends peers, f_teids, sockets; /* addresses of others; of PDRs' F-TEIDs; to which sockets are bound */
	bool any_address;		     /* a socket is bound to all */
	bool f_teid_is_here;		     /* one's address is this namespace's: no NAT is before the UPF */
};

static bool is_any(const struct addr *a)
{
	return addr_is_zero(a) || (addr_is_v4(a) && !addr_v4(a));
}

static bool is_among(const struct ends *ends, const struct addr *a)
{
	for (size_t i = 0; i < ends->len; i++)
		if (addr_equal(&ends->items[i], a))
			return true;
	return false;
}

static void add_end(struct ends *ends, const struct addr *a)
{
	if (ends->len < ENDS_MAX && !is_any(a) && !is_among(ends, a))
		ends->items[ends->len++] = *a;
}

static void on_pdr(const struct gtp5g_rule *rule, void *data)
{
	struct search *s = data;

	if (rule->has & GTP5G_HAS_LOCAL)
		add_end(&s->f_teids, &rule->pdr.local);
}

static void on_far(const struct gtp5g_rule *rule, void *data)
{
	struct search *s = data;

	if (rule->has & GTP5G_HAS_PEER)
		add_end(&s->peers, &rule->far.peer);
}

static void on_qer(const struct gtp5g_rule *rule, void *data)
{
	const struct gtp5g_rate *mbr = &rule->qer.mbr;
	struct search *s = data;

	s->plane->qers++;
	if (rule->has & GTP5G_HAS_MBR)
		s->plane->limits += mbr->ul_high || mbr->dl_high || mbr->ul_low || mbr->dl_low;
}

static void read_gtp5g(struct search *s)
{
	static void (*const visits[])(const struct gtp5g_rule *rule, void *data) = {
		[GTP5G_RULE_PDR] = on_pdr,
		[GTP5G_RULE_FAR] = on_far,
		[GTP5G_RULE_QER] = on_qer,
	};
	uint16_t family;

	if (genl_family("gtp5g", &family, NULL) < 0)
		return;
	for (size_t kind = 0; kind < ARRAY_SIZE(visits); kind++) {
		struct gtp5g_rules_visitor v = {.visit = visits[kind], .data = s};

		(void)gtp5g_rules_dump(family, (enum gtp5g_rule_kind)kind, &v, NULL);
	}
}

static void on_pdp(const struct gtp_pdp *pdp, void *data)
{
	struct search *s = data;

	add_end(&s->peers, &pdp->peer);
}

static void on_socket(const struct udp_socket *socket, void *data)
{
	struct search *s = data;

	if (socket->local_port != (s->plane->net.port ? s->plane->net.port : GTPU_PORT))
		return;
	s->any_address |= is_any(&socket->local);
	add_end(&s->sockets, &socket->local);
}

/* Where there is none its module is not asked: the question could load it. */
static bool has_device(const struct user_plane *u, const char *kind)
{
	for (size_t i = 0; i < u->net.n_devices; i++)
		if (!strcmp(u->net.devices[i].kind, kind))
			return true;
	return false;
}

static void mark_n3(struct user_plane *u, unsigned ifindex)
{
	struct plane_link *l = user_plane_link(u, ifindex);

	if (!l)
		return;
	l->n3 = true;
	u->n3_known = true;
}

static void mark_ways(struct search *s)
{
	struct rtnl_way way;

	for (size_t i = 0; i < s->peers.len; i++)
		if (rtnl_way_to(&s->peers.items[i], &way, NULL) == 0)
			mark_n3(s->plane, way.ifindex);
}

/* All of 127.0.0.0/8 is the loopback's, and most of it is on no list. */
static bool mark_loopback(struct user_plane *u, const struct ends *ends)
{
	bool any = false;

	for (size_t i = 0; i < ends->len; i++)
		any |= addr_is_v4(&ends->items[i]) && ntohl(addr_v4(&ends->items[i])) >> 24 == IN_LOOPBACKNET;
	if (any)
		mark_n3(u, LOOPBACK_IFINDEX);
	return any;
}

static void on_address(unsigned ifindex, const struct addr *addr, void *data)
{
	struct search *s = data;
	struct plane_link *l = user_plane_link(s->plane, ifindex);

	if (l)
		l->ipv4 |= addr_is_v4(addr);
	s->f_teid_is_here |= is_among(&s->f_teids, addr);
	if (is_among(&s->f_teids, addr) || is_among(&s->sockets, addr))
		mark_n3(s->plane, ifindex);
}

/* N6 alone, where there is another, is not N3. */
static void take_all(struct user_plane *u)
{
	size_t others = 0;

	for (size_t i = 0; i < u->n_links; i++)
		others += u->links[i].up && u->links[i].ethernet && !u->links[i].n6;
	for (size_t i = 0; i < u->n_links; i++)
		u->links[i].n3 = u->links[i].up && u->links[i].ethernet && !(others && u->links[i].n6);
}

static bool are_unheard(const struct search *s)
{
	bool heard = s->any_address || !s->f_teid_is_here;

	for (size_t i = 0; i < s->f_teids.len; i++)
		heard |= is_among(&s->sockets, &s->f_teids.items[i]);
	return !heard;
}

void user_plane_find_n3(struct user_plane *u)
{
	struct search s = {.plane = u};
	int r;

	if (has_device(u, "gtp5g"))
		read_gtp5g(&s);
	if (has_device(u, "gtp"))
		(void)gtp_pdp_list(on_pdp, &s, NULL);
	r = sock_diag_udp_list(on_socket, &s, NULL);
	mark_ways(&s);
	s.f_teid_is_here = mark_loopback(u, &s.f_teids);
	mark_loopback(u, &s.sockets);
	(void)rtnl_addr_list(on_address, &s, NULL);
	u->unheard = r == 0 && are_unheard(&s);
	if (!u->n3_known)
		take_all(u);
}
