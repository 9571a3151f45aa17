/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "gtp.h"
#include "log.h"
#include "netns_hidden.h"
#include "ns.h"
#include "plural.h"
#include "rtnl.h"
#include "rtnl_look.h"
#include "rules_scan.h"
#include "why_cli.h"

#define UE_TUN_PATTERN "uesimtun*" /* UERANSIM's: the other end, a UE */

DEFINE_CLEANUP(struct rules *, rules, rules_free)

int why_inside(const struct why_site *site, int (*f)(void *data, struct err *err), void *data, struct err *err)
{
	return netns_visit("", &site->ns, f, data, err);
}

static bool has_carrier(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	memcpy(request.ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
	return fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_RUNNING;
}

static void take_device(struct why_site *s, const struct rtnl_link *link)
{
	struct ue_device *d = &s->netns.devices[0];
	enum why_upf upf = !strcmp(link->kind, "gtp5g") ? WHY_UPF_GTP5G
			   : !strcmp(link->kind, "gtp") ? WHY_UPF_GTP
							: WHY_UPF_USER;

	if (fnmatch(UE_TUN_PATTERN, link->name, 0) == 0)
		s->ue_here = true;
	if (upf == WHY_UPF_USER && (strcmp(link->kind, "tun") != 0 || fnmatch(UE_TUN_PATTERN, link->name, 0) == 0))
		return;
	if (s->device[0] && upf <= s->upf)
		return;
	s->upf = upf;
	s->netns.n_devices = 1;
	*d = (struct ue_device){.mtu = link->mtu, .up = link->up};
	memcpy(d->name, link->name, sizeof(d->name));
	memcpy(d->kind, link->kind, sizeof(d->kind));
	memcpy(s->device, link->name, sizeof(s->device));
}

static void on_link(const struct rtnl_link *link, void *data)
{
	struct why_site *s = data;
	struct why_link *l;

	take_device(s, link);
	if (s->n_links == WHY_LINKS_MAX) {
		s->links_left_out++;
		if (strcmp(link->name, s->device) != 0)
			return;
		s->n_links--; /* the device is worth more than another interface */
	}
	l = &s->links[s->n_links++];
	*l = (struct why_link){.ifindex = link->ifindex, .mtu = link->mtu};
	memcpy(l->name, link->name, sizeof(l->name));
	l->up = link->up && has_carrier(l->name);
	l->xdp = link->xdp_program != 0;
}

static void on_address(unsigned ifindex, const struct addr *addr, void *data)
{
	struct why_site *s = data;

	for (size_t i = 0; i < s->n_links; i++)
		if (s->links[i].ifindex == ifindex)
			s->links[i].addressed = true;
	if (s->n_addresses == WHY_ADDRESSES_MAX)
		return;
	s->owners[s->n_addresses] = ifindex;
	s->addresses[s->n_addresses++] = *addr;
}

static int read_here(void *data, struct err *err)
{
	struct why_site *s = data;
	int r;

	s->n_links = s->links_left_out = s->n_addresses = 0;
	s->ue_here = false;
	s->device[0] = '\0';
	s->netns = (struct netns_facts){.port = s->port};
	r = rtnl_link_list(on_link, s, err);
	if (r >= 0)
		r = rtnl_addr_list(on_address, s, err);
	if (r >= 0)
		netns_facts_read("", &s->netns);
	return r;
}

int why_read_site(struct why_site *site, struct err *err)
{
	return why_inside(site, read_here, site, err);
}

struct pdps {
	const struct why_question *q;
	struct why_session *session;
};

static void on_pdp(const struct gtp_pdp *pdp, void *data)
{
	struct pdps *p = data;

	why_find_pdp(pdp, p->q, p->session);
}

static int read_pdps(void *data, struct err *err)
{
	return gtp_pdp_list(on_pdp, data, err);
}

static void name_it(struct why_site *s)
{
	int len = sizeof(s->name) - 1;

	netns_name("", s->ns.inode, s->event_name);
	snprintf(s->inode, sizeof(s->inode), "%" PRIu64, s->ns.inode);
	if (s->own) {
		snprintf(s->name, sizeof(s->name), "%.*s", len, s->ns.name[0] ? s->ns.name : "this node");
		return;
	}
	if (s->ns.name[0])
		snprintf(s->name, sizeof(s->name), "%.*s", len, s->ns.name);
	else
		snprintf(s->name, sizeof(s->name), "pid:%d", s->ns.pid);
	advice_inside(&s->ns, s->inside);
}

/* While sites are looked for. */
struct scan {
	const struct why_question *q;
	const struct rules *rules; /* of gtp5g; NULL: none */
	struct why_sites *sites;
	struct why_site candidate;
	uint16_t port;	    /* UDP port of GTP-U */
	bool sockets_alone; /* also where there is no device, only a socket at that port */
	bool any;	    /* the namespace was named */
	size_t failed;
	int why;	/* of the last that failed */
	struct err err; /* its text */
};

static void count_failure(struct scan *s, int r)
{
	if (r >= 0 || r == -ESRCH) /* it went meanwhile */
		return;
	s->failed++;
	s->why = r;
}

static void find_session(struct scan *s, struct why_site *site)
{
	struct pdps pdps = {.q = s->q, .session = &site->session};
	const struct rules_place *place;

	if (site->upf == WHY_UPF_GTP)
		count_failure(s, why_inside(site, read_pdps, &pdps, &s->err));
	if (site->upf != WHY_UPF_GTP5G || !s->rules)
		return;
	why_find(s->rules, site->ns.inode, s->q, &site->session);
	place = rules_place_of(s->rules, site->ns.inode);
	if (place)
		snprintf(site->version, sizeof(site->version), "%s", place->version);
}

static bool is_site(const struct scan *s, const struct why_site *site)
{
	if (s->any || site->upf != WHY_UPF_USER)
		return true;
	if (!site->netns.sockets)
		return false;
	/* nr-gnb has such a socket too. */
	return site->device[0] || (s->sockets_alone && !site->netns.ran && !site->ue_here);
}

static void add_other(struct why_sites *sites, const char *name)
{
	size_t len = strlen(sites->others);

	snprintf(sites->others + len, sizeof(sites->others) - len, "%s%s", len ? ", " : "", name);
}

/* One whose kernel has the session makes all others needless. */
static void add_site(struct scan *s)
{
	struct why_sites *sites = s->sites;

	find_session(s, &s->candidate);
	if (sites->n && sites->items[0].session.known) {
		if (s->candidate.session.known)
			add_other(sites, s->candidate.name);
		return;
	}
	if (s->candidate.session.known)
		sites->n = 0;
	if (sites->n == WHY_SITES_MAX) {
		sites->left_out++;
		return;
	}
	memcpy(&sites->items[sites->n++], &s->candidate, sizeof(s->candidate));
}

/* Where the UE of the question is on this node too: at a TUN device of UERANSIM. */
static void find_ue(struct scan *s, const struct why_site *site)
{
	struct why_sites *sites = s->sites;

	if (!s->q->by_ue || !site->ue_here || sites->ue_at[0])
		return;
	for (size_t i = 0; i < site->n_addresses; i++) {
		if (!addr_equal(&site->addresses[i], &s->q->ue))
			continue;
		snprintf(sites->ue_at, sizeof(sites->ue_at), "%s", site->name);
		memcpy(sites->ue_inside, site->inside, sizeof(site->inside));
		sites->ue_ns = site->ns;
		for (size_t l = 0; l < site->n_links; l++)
			if (site->links[l].ifindex == site->owners[i])
				memcpy(sites->ue_device, site->links[l].name, sizeof(sites->ue_device));
	}
}

static void visit(struct scan *s, const struct netns *ns)
{
	struct why_site *c = &s->candidate;
	int r;

	memset(c, 0, sizeof(*c));
	c->ns = *ns;
	c->port = s->port;
	c->own = ns->inode == ns_inode_self();
	name_it(c);
	r = why_read_site(c, &s->err);
	if (r == -ESRCH)
		return;
	count_failure(s, r);
	s->sites->looked_at += r >= 0;
	if (r >= 0)
		find_ue(s, c);
	if (r >= 0 && is_site(s, c))
		add_site(s);
}

/* The list's entry of a namespace that was named, or one made for it. */
static int visit_named(struct scan *s, const struct netns_list *list, const char *spec, struct err *err)
{
	_cleanup_close_ int fd = ns_open(spec, err);
	const struct netns *ns;

	if (fd < 0)
		return fd;
	ns = netns_find(list, ns_inode(fd));
	if (!ns)
		return err_set(err, -ENOENT, "network namespace '%s' has no name and no process", spec);
	s->any = true;
	visit(s, ns);
	return 0;
}

static int visit_all(struct scan *s, const char *netns, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	int r = netns_list_all("", &list, err);

	if (r >= 0 && netns)
		return visit_named(s, &list, netns, err);
	for (size_t i = 0; r >= 0 && i < list.len; i++)
		visit(s, &list.items[i]);
	s->sockets_alone = true;
	for (size_t i = 0; r >= 0 && !s->sites->n && i < list.len; i++)
		visit(s, &list.items[i]);
	return r;
}

int why_scan(const struct why_task *task, struct why_sites *ret, struct err *err)
{
	const char *netns = task->netns;
	_cleanup_(cleanup_rules) struct rules *rules = NULL;
	size_t hidden = 0;
	struct scan s = {.q = task->q,
			 .sites = ret,
			 .port = (uint16_t)config_number(task->settings->config, "probes.flow", "gtp_port")};
	int r = rules_scan(netns, NULL, &rules, err);

	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	s.rules = rules;
	memset(ret, 0, sizeof(*ret));
	r = visit_all(&s, netns, err);
	if (r < 0 || ret->n)
		return r;
	if (s.failed)
		return err_set(err, s.why, "%.900s%s", s.err.text, err_root_hint(s.why));
	r = netns ? 0 : netns_hidden("", &hidden, err);
	if (r < 0)
		return r;
	if (hidden)
		return err_set(err, -EPERM, "the network namespace%s of %zu process%s " NETNS_HIDDEN_ADVICE,
			       plural(hidden), hidden, hidden == 1 ? "" : "es");
	return err_set(
		err, -EOPNOTSUPP,
		"no UPF that teide knows: no gtp or gtp5g device, and no socket at UDP %u but a gNB's, in %s; start "
		"the UPF, or try: teide lab up",
		s.port, netns ? netns : "any network namespace");
}
