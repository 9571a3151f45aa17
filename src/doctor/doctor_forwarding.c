/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether packets of UEs are forwarded between the tunnels' device and N6. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "doctor_network.h"

static const char *end_of_uplink(const struct ue_device *d)
{
	return network_in_kernel(d) ? "decapsulation" : "the user-space UPF";
}

static void judge_ipv4(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	char setting[ADVICE_SYSCTL_MAX];
	struct check *c;

	if (f->ip_forward < 0 || !network_serves(d, UE_V4))
		return;
	c = network_check(f, r, "ip_forward", "ip_forward", d->name);
	check_set(c, CHECK_OK, "1");
	if (f->ip_forward && d->forwarding)
		return;
	check_set(c, CHECK_LIMITED, "0%s%s: uplink packets end after %s, at %s", f->ip_forward ? " at " : "",
		  f->ip_forward ? d->name : "", end_of_uplink(d), d->name);
	network_wrong(c, CHECK_LIMITED);
	check_remedy(c, "%ssysctl %s", f->inside,
		     f->ip_forward ? advice_sysctl(d->name, "forwarding=1", setting) : "net.ipv4.ip_forward=1");
}

/* ip6_forward() asks the setting of all interfaces, not the device's. */
static void judge_ipv6(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	struct check *c;

	if (f->ip6_forward < 0 || !network_serves(d, UE_V6))
		return;
	c = network_check(f, r, "IPv6 forwarding", "ip6_forward", d->name);
	check_set(c, CHECK_OK, "1");
	if (f->ip6_forward || d->force_ipv6)
		return;
	check_set(c, CHECK_LIMITED, "0: uplink packets of IPv6 end after %s, at %s", end_of_uplink(d), d->name);
	network_wrong(c, CHECK_LIMITED);
	check_remedy(c, "%ssysctl net.ipv6.conf.all.forwarding=1", f->inside);
}

struct way_out {
	const struct ue_device *device; /* the first whose way is the worst */
	enum ue_way way;
	unsigned others; /* routes */
	bool has_default;
};

/* What no request tells, the list of routes does. */
static struct way_out find_way_out(const struct netns_facts *f, int family)
{
	bool v6 = family == UE_V6;
	struct way_out out = {.others = v6 ? f->other_routes6 : f->other_routes,
			      .has_default = v6 ? f->default_route6 : f->default_route};

	for (size_t i = 0; i < f->n_devices; i++) {
		const struct ue_device *d = &f->devices[i];

		if (!network_serves(d, family) || (out.device && d->pools[family].way <= out.way))
			continue;
		out.device = d;
		out.way = d->pools[family].way;
	}
	if (out.device && out.way == UE_WAY_UNKNOWN)
		out.way = out.has_default ? UE_WAY_DEFAULT : UE_WAY_NONE;
	if (out.way == UE_WAY_NONE && out.others > (v6 ? 0 : 1)) /* one IPv4 network is N3's */
		out.way = UE_WAY_OTHER;
	return out;
}

static void judge_refusal(const struct netns_facts *f, const struct way_out *out, int family, struct check *c)
{
	char device[ADVICE_WORD_MAX], ue[ADDR_TEXT_MAX];
	const char *ip = family == UE_V6 ? "ip -6" : "ip";

	check_set(c, CHECK_LIMITED,
		  "a route says unreachable or prohibit to what comes in at %s: uplink packets end there",
		  out->device->name);
	check_remedy(c, "%s%s route get %s from %s iif %s, and %s rule, show which table", f->inside, ip,
		     family == UE_V6 ? "2001:db8::1" : "192.0.2.1", addr_format(&out->device->pools[family].ue, ue),
		     advice_word(out->device->name, device), ip);
}

static void judge_way_out(const struct netns_facts *f, int family, struct report *r)
{
	struct way_out out = find_way_out(f, family);
	struct check *c;

	if (!out.device)
		return;
	c = network_check(f, r, family == UE_V6 ? "way to N6 (IPv6)" : "way to N6", family == UE_V6 ? "n6_ipv6" : "n6",
			  "");
	check_set(c, CHECK_OK, "%s; the way back (a route to this node, or NAT here) is the data network's",
		  out.way == UE_WAY_DEFAULT ? "a default route" : "routes to networks beside");
	if (out.way == UE_WAY_DEFAULT || out.way == UE_WAY_OTHER)
		return;
	network_wrong(c, out.way == UE_WAY_REFUSED || !out.others ? CHECK_LIMITED : CHECK_INFO);
	if (out.way == UE_WAY_REFUSED) {
		judge_refusal(f, &out, family, c);
		return;
	}
	/* Of a UPF with one interface it may be N6's too. */
	if (out.others)
		check_set(c, CHECK_INFO, "no default route, and one network alone: is the data network in it?");
	else
		check_set(c, CHECK_LIMITED, "no default route, and no other: uplink packets find no data network");
	check_remedy(c,
		     "%sip %sroute add default via GATEWAY; and, without a route back to the UE pool, "
		     "masquerade on N6",
		     f->inside, family == UE_V6 ? "-6 " : "");
}

static void advise_accepting(const struct user_plane *u, const struct ue_device *d, int family, struct check *c)
{
	const char *tool = family == UE_V6 ? "ip6tables" : "iptables", *chain = u->forward[family].chain;
	const char *inside = u->net.inside;
	char device[ADVICE_WORD_MAX];

	advice_word(d->name, device);
	if (strncmp(chain, "chain FORWARD of", strlen("chain FORWARD of")) != 0)
		check_remedy(c,
			     "where no rule of it accepts them, let it accept packets from and to the device: %snft "
			     "list ruleset",
			     inside);
	else
		check_remedy(c,
			     "where no rule of it accepts them: %s%s -I FORWARD -i %s -j ACCEPT; %s%s -I FORWARD -o %s "
			     "-j ACCEPT",
			     inside, tool, device, inside, tool, device);
}

/* What the rules of the chain accept is not read: a policy that drops is normal where Docker is. */
static void judge_policy(const struct user_plane *u, const struct ue_device *d, int family, struct report *r)
{
	const struct forward_policy *p = &u->forward[family];
	bool v6 = family == UE_V6;
	struct check *c;

	if (p->unknown || !network_serves(d, family))
		return;
	c = network_check(&u->net, r, v6 ? "packet filter (IPv6)" : "packet filter",
			  v6 ? "packet_filter_ipv6" : "packet_filter", d->name);
	check_set(c, CHECK_OK, "no chain drops what is forwarded by its policy");
	if (!p->drops)
		return;
	c->state = p->empty    ? CHECK_LIMITED
		   : p->counts ? network_judge_counter(p->dropped, p->dropped + u->net.forwarded)
			       : CHECK_INFO;
	check_set(c, c->state, "%s drops by its policy %s%s", p->chain,
		  p->empty ? "every packet that is forwarded" : "what none of its rules accepts",
		  p->counts ? ": so far " : "");
	if (p->counts)
		snprintf(c->detail + strlen(c->detail), sizeof(c->detail) - strlen(c->detail), "%" PRIu64 " packets",
			 p->dropped);
	if (c->state == CHECK_OK)
		return;
	network_wrong(c, c->state);
	advise_accepting(u, d, family, c);
}

void network_judge_forwarding(const struct user_plane *u, struct report *r)
{
	for (size_t i = 0; i < u->net.n_devices; i++) {
		const struct ue_device *d = &u->net.devices[i];

		judge_ipv4(&u->net, d, r);
		judge_ipv6(&u->net, d, r);
		judge_policy(u, d, UE_V4, r);
		judge_policy(u, d, UE_V6, r);
	}
	judge_way_out(&u->net, UE_V4, r);
	judge_way_out(&u->net, UE_V6, r);
}
