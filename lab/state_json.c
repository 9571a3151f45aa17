/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "cleanup.h"
#include "jsonw.h"
#include "state.h"

struct writer {
	struct jw *j;
	const struct lab_plan *plan;
	const struct lab_state *state;
	bool (*is_alive)(const struct lab_process *process);
};

static void put_address(struct jw *j, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	jw_string(j, key, addr_format(a, text));
}

static void put_prefix(struct jw *j, const char *key, const struct addr *a, unsigned prefix)
{
	char text[ADDR_TEXT_MAX], with_prefix[ADDR_TEXT_MAX + 4];

	snprintf(with_prefix, sizeof(with_prefix), "%s/%u", addr_format(a, text), prefix);
	jw_string(j, key, with_prefix);
}

static void put_node(const struct writer *w, enum lab_node_kind kind, unsigned index)
{
	const struct lab_process *p = lab_state_process(w->state, kind, index);

	jw_string(w->j, "netns", lab_plan_netns(w->plan, kind, index));
	if (!p)
		return;
	jw_i64(w->j, "pid", p->ref.pid);
	jw_u64(w->j, "start_time", p->ref.start_time);
	if (w->is_alive)
		jw_bool(w->j, "alive", w->is_alive(p));
}

static void put_pdr(struct jw *j, const struct lab_pdr *pdr)
{
	char filter[LAB_FILTER_MAX];

	jw_object(j, NULL);
	jw_string(j, "direction", pdr->downlink ? "downlink" : "uplink");
	jw_u64(j, "id", pdr->id);
	jw_u64(j, "far", pdr->id);
	jw_u64(j, "precedence", pdr->precedence);
	jw_string(j, "filter", lab_pdr_filter(pdr, filter));
	jw_array(j, "qers");
	for (size_t i = 0; i < ARRAY_SIZE(pdr->qers); i++)
		jw_u64(j, NULL, pdr->qers[i]);
	jw_array_end(j);
	jw_object_end(j);
}

/* The gtp module has none. */
static void put_pdrs(const struct writer *w, const struct lab_ue *ue)
{
	if (!w->plan->core->flow_rules || w->plan->options.upf == LAB_UPF_GTP)
		return;
	jw_array(w->j, "pdrs");
	for (unsigned f = 1; f <= w->plan->options.flows; f++) {
		const struct lab_pdr pair[] = {lab_plan_pdr(w->plan, ue, f, false), lab_plan_pdr(w->plan, ue, f, true)};

		for (size_t i = 0; i < ARRAY_SIZE(pair); i++)
			put_pdr(w->j, &pair[i]);
	}
	jw_array_end(w->j);
}

static void put_session(const struct writer *w, const struct lab_ue *ue)
{
	struct jw *j = w->j;

	jw_string(j, "interface", ue->device);
	put_address(j, "address", &ue->address);
	if (w->plan->options.inner_ipv6)
		put_address(j, "address6", &ue->address6);
	jw_u64(j, "teid_uplink", ue->teid_uplink);
	jw_u64(j, "teid_downlink", ue->teid_downlink);
	put_pdrs(w, ue);
}

static void put_ue(const struct writer *w, const struct lab_ue *ue)
{
	struct jw *j = w->j;

	jw_object(j, NULL);
	jw_u64(j, "index", ue->index);
	put_node(w, LAB_NODE_UE, ue->index);
	if (ue->session)
		put_session(w, ue);
	jw_u64(j, "gnb", ue->gnb);
	put_address(j, "radio_address", &ue->radio_address);
	jw_object_end(j);
}

static void put_gnb(const struct writer *w, const struct lab_gnb *gnb)
{
	struct jw *j = w->j;

	jw_object(j, NULL);
	jw_u64(j, "index", gnb->index);
	put_node(w, LAB_NODE_GNB, gnb->index);
	jw_string(j, "interface", gnb->n3);
	put_address(j, "n3_address", &gnb->n3_address);
	jw_string(j, "upf_interface", gnb->upf_n3);
	put_address(j, "upf_n3_address", &gnb->upf_n3_address);
	jw_object_end(j);
}

static void put_upf(const struct writer *w)
{
	const struct lab_plan *plan = w->plan;
	struct jw *j = w->j;

	jw_object(j, "upf");
	jw_string(j, "kind", lab_upf_kind_name(plan->options.upf));
	put_node(w, LAB_NODE_UPF, 1);
	jw_array(j, "interfaces");
	for (unsigned g = 0; g < plan->options.gnbs; g++)
		jw_string(j, NULL, plan->gnbs[g].upf_n3);
	jw_string(j, NULL, plan->n6);
	jw_string(j, NULL, LAB_UPF_DEVICE);
	jw_array_end(j);
	jw_bool(j, "pdu_session_container", !plan->plain_gtpu);
	put_prefix(j, "ue_pool", &plan->ue_pool, LAB_UE_POOL_PREFIX);
	if (plan->options.inner_ipv6)
		put_prefix(j, "ue_pool6", &plan->ue_pool6, LAB_UE_POOL_PREFIX6);
	jw_object_end(j);
}

static void put_dn(const struct writer *w)
{
	jw_object(w->j, "dn");
	put_node(w, LAB_NODE_DN, 1);
	jw_string(w->j, "interface", w->plan->n6);
	put_address(w->j, "address", &w->plan->dn_address);
	if (w->plan->options.inner_ipv6)
		put_address(w->j, "address6", &w->plan->dn_address6);
	jw_object_end(w->j);
}

static void put_flows(const struct writer *w)
{
	jw_array(w->j, "flows");
	for (unsigned f = 1; f <= w->plan->options.flows; f++) {
		jw_object(w->j, NULL);
		jw_u64(w->j, "qfi", lab_flow_qfi(w->plan, f));
		jw_u64(w->j, "dscp", lab_flow_dscp(w->plan, f));
		if (w->plan->core->flow_rules) {
			const struct addr of_flow = lab_flow_address(w->plan, f);

			put_address(w->j, "address", &of_flow);
		}
		jw_object_end(w->j);
	}
	jw_array_end(w->j);
}

void lab_state_keys(struct jw *j, const struct lab_plan *plan, const struct lab_state *state,
		    bool (*is_alive)(const struct lab_process *process))
{
	const struct writer w = {.j = j, .plan = plan, .state = state, .is_alive = is_alive};

	jw_string(j, "name", plan->options.name);
	jw_bool(j, "up", state->up);
	jw_string(j, "boot_id", state->boot_id);
	jw_string(j, "core", lab_core_name(plan->options.core));
	jw_bool(j, "inner_ipv6", plan->options.inner_ipv6);
	put_flows(&w);
	jw_array(j, "ues");
	for (unsigned u = 0; u < plan->options.ues; u++)
		put_ue(&w, &plan->ues[u]);
	jw_array_end(j);
	jw_array(j, "gnbs");
	for (unsigned g = 0; g < plan->options.gnbs; g++)
		put_gnb(&w, &plan->gnbs[g]);
	jw_array_end(j);
	put_upf(&w);
	put_dn(&w);
}
