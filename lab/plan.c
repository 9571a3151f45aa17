/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define TEID_UPLINK_BASE 0x00010000U
#define TEID_DOWNLINK_BASE 0x00020000U

#define PRECEDENCE_DEFAULT 255
#define PRECEDENCE_RULE 128

static const char *const upf_kinds[] = {
	[LAB_UPF_USER] = "user",
	[LAB_UPF_GTP] = "gtp",
	[LAB_UPF_GTP5G] = "gtp5g",
};

static const struct {
	const char *name, *comm;
} node_kinds[] = {
	[LAB_NODE_UE] = {"ue", "nr-ue"},
	[LAB_NODE_GNB] = {"gnb", "nr-gnb"},
	[LAB_NODE_UPF] = {"upf", "upf"},
	[LAB_NODE_DN] = {"dn", "dn"},
};

static struct addr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return addr_from_v4(htonl(a << 24 | b << 16 | c << 8 | d));
}

/* fd00:<b>:0:<subnet>::<host>, b as its four hexadecimal digits. */
static struct addr v6(unsigned b, unsigned subnet, unsigned host)
{
	return (struct addr){.b = {[0] = 0xfd,
				   [3] = b,
				   [6] = subnet >> 8,
				   [7] = subnet & 0xff,
				   [14] = host >> 8,
				   [15] = host & 0xff}};
}

static bool name_is_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	size_t len = strnlen(name, LAB_NAME_MAX);

	return len > 0 && len < LAB_NAME_MAX && name[0] != '-' && strspn(name, allowed) == len;
}

static int check_range(const char *option, unsigned value, unsigned max, struct err *err)
{
	if (value >= 1 && value <= max)
		return 0;
	return err_set(err, -EINVAL, "%s %u is out of range: 1 to %u", option, value, max);
}

static int check_flows(const struct lab_options *o, struct err *err)
{
	if (lab_core_traits(o->core)->flow_rules && o->upf == LAB_UPF_GTP && o->flows > 1)
		return err_set(err, -EINVAL, "--flows %u: --core %s with --upf %s makes one", o->flows,
			       lab_core_name(o->core), lab_upf_kind_name(o->upf));
	return check_range("--flows", o->flows, LAB_FLOWS_MAX, err);
}

static int check_options(const struct lab_options *o, struct err *err)
{
	int r;

	if (!name_is_valid(o->name))
		return err_set(err, -EINVAL,
			       "--name '%.*s' does not do: up to %d letters, digits, '-' and '_', not "
			       "beginning with '-'",
			       LAB_NAME_MAX, o->name, LAB_NAME_MAX - 1);
	r = check_range("--ues", o->ues, LAB_UES_MAX, err);
	if (r < 0)
		return r;
	r = check_range("--gnbs", o->gnbs, LAB_GNBS_MAX, err);
	if (r < 0)
		return r;
	if (o->sessions != LAB_SESSIONS_ALL && o->sessions > o->ues)
		return err_set(err, -EINVAL, "--sessions %u are more than the UEs: %u", o->sessions, o->ues);
	return check_flows(o, err);
}

/* A namespace and a link of its own, and numbers that no other UE has. */
static void plan_ue_alone(struct lab_ue *ue, const char *name)
{
	unsigned u = ue->index;

	snprintf(ue->netns, sizeof(ue->netns), "%s-ue%u", name, u);
	snprintf(ue->device, sizeof(ue->device), LAB_UE_DEVICE "0");
	snprintf(ue->radio, sizeof(ue->radio), "rls");
	snprintf(ue->gnb_radio, sizeof(ue->gnb_radio), "ue%u", u);
	ue->radio_address = v4(10, 200, u, 2);
	ue->gnb_radio_address = v4(10, 200, u, 1);
	ue->teid_uplink = TEID_UPLINK_BASE + u;
	ue->teid_downlink = TEID_DOWNLINK_BASE + u;
}

/* The SMF gives a session's tunnels TEIDs of which the uplink's is every fourth; each gNB counts its own. */
static void plan_ue_beside(struct lab_ue *ue, const char *name, unsigned gnbs)
{
	unsigned u = ue->index, g = ue->gnb;

	snprintf(ue->netns, sizeof(ue->netns), "%s-ue", name);
	snprintf(ue->device, sizeof(ue->device), LAB_UE_DEVICE "%u", u - 1);
	if (g == 1)
		snprintf(ue->radio, sizeof(ue->radio), "rls");
	else
		snprintf(ue->radio, sizeof(ue->radio), "rls-%u", g);
	snprintf(ue->gnb_radio, sizeof(ue->gnb_radio), "rls");
	ue->radio_address = v4(10, 200, g, 2);
	ue->gnb_radio_address = v4(10, 200, g, 1);
	ue->teid_uplink = 4 * u - 2;
	ue->teid_downlink = (u - 1) / gnbs + 1;
}

static void plan_ue(struct lab_plan *plan, const char *name, unsigned u)
{
	struct lab_ue *ue = &plan->ues[u - 1];

	ue->index = u;
	ue->gnb = (u - 1) % plan->options.gnbs + 1;
	ue->session = u <= plan->options.sessions;
	ue->address = v4(10, 60, 0, u);
	ue->address6 = v6(0x60, u, 1);
	if (plan->core->one_ue_netns)
		plan_ue_beside(ue, name, plan->options.gnbs);
	else
		plan_ue_alone(ue, name);
}

static void plan_gnb(struct lab_plan *plan, const char *name, unsigned g)
{
	struct lab_gnb *gnb = &plan->gnbs[g - 1];

	gnb->index = g;
	snprintf(gnb->netns, sizeof(gnb->netns), "%s-gnb%u", name, g);
	snprintf(gnb->n3, sizeof(gnb->n3), "n3");
	if (g == 1)
		snprintf(gnb->upf_n3, sizeof(gnb->upf_n3), "n3");
	else
		snprintf(gnb->upf_n3, sizeof(gnb->upf_n3), "n3-%u", g);
	gnb->n3_address = v4(10, 100, g, 2);
	gnb->upf_n3_address = v4(10, 100, g, 1);
}

static void plan_core(struct lab_plan *plan, const char *name)
{
	snprintf(plan->upf_netns, sizeof(plan->upf_netns), "%s-upf", name);
	snprintf(plan->dn_netns, sizeof(plan->dn_netns), "%s-dn", name);
	snprintf(plan->n6, sizeof(plan->n6), "n6");
	plan->upf_n6_address = v4(10, 70, 0, 1);
	plan->upf_n6_address6 = v6(0x70, 0, 1);
	plan->dn_address = v4(10, 70, 0, 2);
	plan->dn_address6 = v6(0x70, 0, 2);
	plan->ue_pool = v4(10, 60, 0, 0);
	plan->ue_pool6 = v6(0x60, 0, 0);
}

int lab_plan_make(const struct lab_options *options, struct lab_plan *ret, struct err *err)
{
	int r = check_options(options, err);

	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	ret->options = *options;
	ret->options.sessions = MIN(options->sessions, options->ues);
	ret->core = lab_core_traits(options->core);
	ret->plain_gtpu = options->upf == LAB_UPF_GTP;
	plan_core(ret, options->name);
	for (unsigned g = 1; g <= options->gnbs; g++)
		plan_gnb(ret, options->name, g);
	for (unsigned u = 1; u <= options->ues; u++)
		plan_ue(ret, options->name, u);
	return 0;
}

uint8_t lab_flow_dscp(const struct lab_plan *plan, unsigned flow)
{
	unsigned dscp = plan->core->flow_rules ? 0 : flow - 1;

	return dscp < LAB_QFI_DEFAULT ? dscp : dscp + 1;
}

uint8_t lab_flow_qfi(const struct lab_plan *plan, unsigned flow)
{
	return lab_dscp_qfi(plan, lab_flow_dscp(plan, flow));
}

uint8_t lab_dscp_qfi(const struct lab_plan *plan, uint8_t dscp)
{
	if (plan->core->qfi)
		return (uint8_t)plan->core->qfi;
	return dscp ? dscp : LAB_QFI_DEFAULT;
}

/* As free5GC's SMF has it: the session's QER comes before those of its flows, and which of the two a PDR lists first is
 * not the same for the default flow and a flow rule. */
struct lab_pdr lab_plan_pdr(const struct lab_plan *plan, const struct lab_ue *ue, unsigned flow, bool downlink)
{
	unsigned flows = plan->options.flows, before = (ue->index - 1) * flows + flow - 1;
	unsigned session_qer = (ue->index - 1) * (flows + 1) + 1, flow_qer = session_qer + flow;
	bool is_default = flow == 1;

	return (struct lab_pdr){
		.downlink = downlink,
		.id = 2 * before + 1 + downlink,
		.precedence = is_default ? PRECEDENCE_DEFAULT : PRECEDENCE_RULE,
		.qers = {is_default ? flow_qer : session_qer, is_default ? session_qer : flow_qer},
		.remote = is_default ? v4(0, 0, 0, 0) : lab_flow_address(plan, flow),
	};
}

const char *lab_pdr_filter(const struct lab_pdr *pdr, char text[static LAB_FILTER_MAX])
{
	char remote[ADDR_TEXT_MAX];

	if (addr_v4(&pdr->remote))
		snprintf(text, LAB_FILTER_MAX, "permit out ip from %s/32 to assigned",
			 addr_format(&pdr->remote, remote));
	else
		snprintf(text, LAB_FILTER_MAX, "permit out ip from any to assigned");
	return text;
}

struct addr lab_flow_address(const struct lab_plan *plan, unsigned flow)
{
	return plan->core->flow_rules ? v4(10, 70, 0, flow + 1) : plan->dn_address;
}

unsigned lab_address_flow(const struct lab_plan *plan, const struct addr *remote)
{
	for (unsigned f = 2; f <= plan->options.flows; f++) {
		struct addr of_flow = lab_flow_address(plan, f);

		if (plan->core->flow_rules && addr_equal(&of_flow, remote))
			return f;
	}
	return 1;
}

bool lab_ue_is_first(const struct lab_plan *plan, const struct lab_ue *ue)
{
	return !plan->core->one_ue_netns || ue->index == ue->gnb;
}

const char *lab_upf_kind_name(enum lab_upf_kind kind)
{
	return upf_kinds[kind];
}

int lab_upf_kind_parse(const char *text, enum lab_upf_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(upf_kinds); i++) {
		if (strcmp(text, upf_kinds[i]))
			continue;
		*ret = i;
		return 0;
	}
	return -EINVAL;
}

const char *lab_node_kind_name(enum lab_node_kind kind)
{
	return node_kinds[kind].name;
}

int lab_node_kind_parse(const char *text, enum lab_node_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(node_kinds); i++) {
		if (strcmp(text, node_kinds[i].name))
			continue;
		*ret = i;
		return 0;
	}
	return -EINVAL;
}

const char *lab_node_comm(enum lab_node_kind kind)
{
	return node_kinds[kind].comm;
}

unsigned lab_plan_nodes(const struct lab_plan *plan, enum lab_node_kind kind)
{
	if (kind == LAB_NODE_UE)
		return plan->options.ues;
	return kind == LAB_NODE_GNB ? plan->options.gnbs : 1;
}

const char *lab_plan_netns(const struct lab_plan *plan, enum lab_node_kind kind, unsigned index)
{
	if (index < 1 || index > lab_plan_nodes(plan, kind))
		return NULL;
	switch (kind) {
	case LAB_NODE_UE:
		return plan->ues[index - 1].netns;
	case LAB_NODE_GNB:
		return plan->gnbs[index - 1].netns;
	case LAB_NODE_UPF:
		return plan->upf_netns;
	case LAB_NODE_DN:
		return plan->dn_netns;
	}
	return NULL;
}
