/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "topology.h"

#include <errno.h>
#include <poll.h>

#include "cleanup.h"
#include "netns_mount.h"
#include "ns.h"
#include "rtnl.h"
#include "sysctl.h"

struct job {
	const struct lab_plan *plan;
	const struct lab_ue *ue;
	const struct lab_gnb *gnb;
};

struct interface {
	const char *name;
	const struct addr *address;
	unsigned prefix;
	const struct addr *address6; /* NULL: no IPv6 on it */
};

static bool has_ipv6(const struct lab_plan *plan)
{
	return plan->options.inner_ipv6;
}

static int set_up(const struct interface *i, struct err *err)
{
	int r = 0;

	/* Router solicitations and multicast reports would be counted with the lab's traffic. */
	if (!i->address6)
		r = lab_sysctl_optional("1", err, "ipv6/conf/%s/disable_ipv6", i->name);
	if (r < 0)
		return r;
	r = rtnl_addr_add(i->name, i->address, i->prefix, err);
	if (r < 0)
		return r;
	if (i->address6)
		r = rtnl_addr_add(i->name, i->address6, LAB_N6_PREFIX6, err);
	return r < 0 ? r : rtnl_link_set_up(i->name, true, err);
}

static int add_veth(const char *name, const char *peer_name, const char *peer_netns, struct err *err)
{
	_cleanup_close_ int ns = ns_open(peer_netns, err);

	return ns < 0 ? ns : rtnl_veth_add(name, LAB_MTU, peer_name, ns, err);
}

/* The inner packets of a decapsulating device arrive against the route back, and the first NS of a
 * forwarded packet would wait for the link-local address's duplicate detection. */
static const char *const namespace_settings[][2] = {
	{"ipv4/conf/all/rp_filter", "0"},
	{"ipv4/conf/default/rp_filter", "0"},
	{"ipv6/conf/all/accept_dad", "0"},
	{"ipv6/conf/default/accept_dad", "0"},
};

static int setup_namespace(void *data, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespace_settings); i++) {
		int r = lab_sysctl_optional(namespace_settings[i][1], err, "%s", namespace_settings[i][0]);

		if (r < 0)
			return r;
	}
	return rtnl_link_set_up("lo", true, err);
}

static int setup_ue(void *data, struct err *err)
{
	const struct job *job = data;
	const struct lab_ue *ue = job->ue;
	const struct interface radio = {ue->radio, &ue->radio_address, LAB_RADIO_PREFIX, NULL};
	int r = add_veth(ue->radio, ue->gnb_radio, job->plan->gnbs[ue->gnb - 1].netns, err);

	return r < 0 ? r : set_up(&radio, err);
}

static int setup_gnb(void *data, struct err *err)
{
	const struct job *job = data;
	const struct lab_gnb *gnb = job->gnb;
	const struct interface n3 = {gnb->n3, &gnb->n3_address, LAB_N3_PREFIX, NULL};
	int r = add_veth(gnb->n3, gnb->upf_n3, job->plan->upf_netns, err);

	if (r < 0)
		return r;
	r = set_up(&n3, err);
	for (unsigned u = 0; r >= 0 && u < job->plan->options.ues; u++) {
		const struct lab_ue *ue = &job->plan->ues[u];
		const struct interface radio = {ue->gnb_radio, &ue->gnb_radio_address, LAB_RADIO_PREFIX, NULL};

		if (ue->gnb == gnb->index && lab_ue_is_first(job->plan, ue))
			r = set_up(&radio, err);
	}
	return r;
}

static int setup_upf(void *data, struct err *err)
{
	const struct lab_plan *plan = ((const struct job *)data)->plan;
	const struct interface n6 = {plan->n6, &plan->upf_n6_address, LAB_N6_PREFIX,
				     has_ipv6(plan) ? &plan->upf_n6_address6 : NULL};
	int r = lab_sysctl("1", err, "ipv4/ip_forward");

	if (r < 0)
		return r;
	if (has_ipv6(plan))
		r = lab_sysctl("1", err, "ipv6/conf/all/forwarding");
	if (r < 0)
		return r;
	for (unsigned g = 0; r >= 0 && g < plan->options.gnbs; g++) {
		const struct lab_gnb *gnb = &plan->gnbs[g];
		const struct interface n3 = {gnb->upf_n3, &gnb->upf_n3_address, LAB_N3_PREFIX, NULL};

		r = set_up(&n3, err);
	}
	if (r < 0)
		return r;
	r = add_veth(plan->n6, plan->n6, plan->dn_netns, err);
	return r < 0 ? r : set_up(&n6, err);
}

static int setup_dn(void *data, struct err *err)
{
	const struct lab_plan *plan = ((const struct job *)data)->plan;
	const struct interface n6 = {plan->n6, &plan->dn_address, LAB_N6_PREFIX,
				     has_ipv6(plan) ? &plan->dn_address6 : NULL};
	int r = set_up(&n6, err);

	for (unsigned f = 2; r >= 0 && f <= plan->options.flows && plan->core->flow_rules; f++) {
		struct addr of_flow = lab_flow_address(plan, f);

		r = rtnl_addr_add(plan->n6, &of_flow, LAB_N6_PREFIX, err);
	}
	if (r < 0)
		return r;
	r = rtnl_route_add(&plan->ue_pool, LAB_UE_POOL_PREFIX, &plan->upf_n6_address, plan->n6, err);
	if (r < 0 || !has_ipv6(plan))
		return r;
	return rtnl_route_add(&plan->ue_pool6, LAB_UE_POOL_PREFIX6, &plan->upf_n6_address6, plan->n6, err);
}

int lab_topology_each(const struct lab_plan *plan, int (*fn)(const char *netns, void *data), void *data)
{
	static const enum lab_node_kind kinds[] = {LAB_NODE_DN, LAB_NODE_UPF, LAB_NODE_GNB, LAB_NODE_UE};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		unsigned n = lab_plan_nodes(plan, kinds[k]);

		if (kinds[k] == LAB_NODE_UE && plan->core->one_ue_netns)
			n = 1;
		for (unsigned i = 1; i <= n; i++) {
			int r = fn(lab_plan_netns(plan, kinds[k], i), data);

			if (r)
				return r;
		}
	}
	return 0;
}

struct making {
	int cancel_fd;
	struct err *err;
};

static int check_cancel(int cancel_fd, struct err *err)
{
	struct pollfd p = {.fd = cancel_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0 ? err_set(err, -EINTR, "interrupted") : 0;
}

static int make_namespace(const char *netns, void *data)
{
	const struct making *m = data;
	int r = check_cancel(m->cancel_fd, m->err);

	return r < 0 ? r : lab_netns_add(netns, setup_namespace, NULL, m->err);
}

int lab_topology_make(const struct lab_plan *plan, int cancel_fd, struct err *err)
{
	struct making m = {.cancel_fd = cancel_fd, .err = err};
	struct job job = {.plan = plan};
	int r = lab_topology_each(plan, make_namespace, &m);

	for (unsigned u = 0; r >= 0 && u < plan->options.ues; u++) {
		job.ue = &plan->ues[u];
		if (!lab_ue_is_first(plan, job.ue))
			continue;
		r = check_cancel(cancel_fd, err);
		if (r >= 0)
			r = lab_netns_call(job.ue->netns, setup_ue, &job, err);
	}
	for (unsigned g = 0; r >= 0 && g < plan->options.gnbs; g++) {
		job.gnb = &plan->gnbs[g];
		r = check_cancel(cancel_fd, err);
		if (r >= 0)
			r = lab_netns_call(job.gnb->netns, setup_gnb, &job, err);
	}
	if (r >= 0)
		r = lab_netns_call(plan->upf_netns, setup_upf, &job, err);
	return r < 0 ? r : lab_netns_call(plan->dn_netns, setup_dn, &job, err);
}

struct removing {
	int first;
	struct err *err;
};

static int remove_namespace(const char *netns, void *data)
{
	struct removing *rm = data;
	int r = lab_netns_remove(netns, rm->first < 0 ? NULL : rm->err);

	if (r < 0 && !rm->first)
		rm->first = r;
	return 0;
}

int lab_topology_remove(const struct lab_plan *plan, struct err *err)
{
	struct removing rm = {.err = err};

	lab_topology_each(plan, remove_namespace, &rm);
	return rm.first;
}
