/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "cleanup.h"
#include "gtpu_run.h"

static const struct gtpu_hook table[] = {
	{{"gtp", "gtp_encap_recv", .required = true, .exits = true}, GTP_ENCAP_RECV, GTPU_UPLINK, .packet = true},
	{{"gtp", "gtp_dev_xmit", .required = true, .exits = true}, GTP_DEV_XMIT, GTPU_DOWNLINK, .packet = true},
	/* 6.8 and later; before, it is inlined into gtp_build_skb_ip4. */
	{{"gtp", "gtp_push_header", .exits = true}, GTP_PUSH_HEADER, GTPU_DOWNLINK, .pushes = true},
	{{"gtp", "gtp_build_skb_ip4", .exits = true}, GTP_BUILD_SKB_IP4, GTPU_DOWNLINK, .pushes = true},
	{{"gtp", "gtp_rx", .exits = true}, GTP_RX, GTPU_UPLINK, .verdict = true},
	{{"gtp5g", "gtp5g_encap_recv", .required = true, .exits = true}, GTP5G_ENCAP_RECV, GTPU_UPLINK, .packet = true},
	{{"gtp5g", "gtp5g_dev_xmit", .required = true, .exits = true}, GTP5G_DEV_XMIT, GTPU_DOWNLINK, .packet = true},
	{{"gtp5g", "gtp5g_handle_skb_ipv4", .exits = true}, GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, .verdict = true},
	{{"gtp5g", "gtp5g_push_header", .exits = true}, GTP5G_PUSH_HEADER, GTPU_DOWNLINK, .pushes = true},
	{{"gtp5g", "gtp5g_xmit_skb_ipv4", .exits = true}, GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK},
	{{"gtp5g", "pdr_find_by_gtp1u", .exits = true}, PDR_FIND_BY_GTP1U, GTPU_UPLINK, .verdict = true},
	{{"gtp5g", "pdr_find_by_ipv4", .exits = true}, PDR_FIND_BY_IPV4, GTPU_DOWNLINK, .verdict = true},
	{{"gtp5g", "pdr_find_by_framed_route", .exits = true},
	 PDR_FIND_BY_FRAMED_ROUTE,
	 GTPU_DOWNLINK,
	 .verdict = true},
	{{"gtp5g", "policePacket", .exits = true}, POLICE_PACKET, GTPU_UPLINK, .verdict = true},
	{{"gtp5g", "netlink_send"}, NETLINK_SEND, GTPU_UPLINK},
	{{"gtp5g", "update_usage_statistic"}, UPDATE_USAGE_STATISTIC, GTPU_UPLINK},
	{{"gtp5g", "ip_xmit", .exits = true}, IP_XMIT, GTPU_UPLINK, .verdict = true},
	{{"gtp5g", "gtp1u_udp_encap_recv", .exits = true}, GTP1U_UDP_ENCAP_RECV, GTPU_UPLINK, .detail = true},
	{{"gtp5g", "gtp5g_rx", .exits = true}, GTP5G_RX, GTPU_UPLINK, .detail = true},
	{{"gtp5g", "gtp5g_fwd_skb_ipv4", .exits = true}, GTP5G_FWD_SKB_IPV4, GTPU_DOWNLINK, .detail = true},
	/* Seldom called too, but one call that a kprobe misses would make the reasons of all later drops wrong. */
	{{"gtp5g", "urr_quota_exhaust_action"}, URR_QUOTA_EXHAUST_ACTION, GTPU_UPLINK},
	{{"gtp5g", "urr_reverse_quota_exhaust_action"}, URR_REVERSE_QUOTA_EXHAUST_ACTION, GTPU_UPLINK},
	{{NULL, "iptunnel_xmit"}, IPTUNNEL_XMIT, GTPU_DOWNLINK, .without_btf = true},
	{{NULL, "netif_rx", .exits = true}, NETIF_RX, GTPU_UPLINK, .verdict = true, .refuses = true},
	{{"gtp5g", "gtp5g_genl_add_pdr", .sleeps = true, .seldom = true}, GTP5G_GENL_ADD_PDR, .rules = true},
	{{"gtp5g", "gtp5g_genl_add_far", .sleeps = true, .seldom = true}, GTP5G_GENL_ADD_FAR, .rules = true},
	{{"gtp5g", "gtp5g_genl_add_qer", .sleeps = true, .seldom = true}, GTP5G_GENL_ADD_QER, .rules = true},
	{{"gtp5g", "gtp5g_genl_add_urr", .sleeps = true, .seldom = true}, GTP5G_GENL_ADD_URR, .rules = true},
	{{"gtp5g", "gtp5g_genl_add_bar", .sleeps = true, .seldom = true}, GTP5G_GENL_ADD_BAR, .rules = true},
	{{"gtp5g", "gtp5g_genl_del_pdr", .sleeps = true, .seldom = true}, GTP5G_GENL_DEL_PDR, .rules = true},
	{{"gtp5g", "gtp5g_genl_del_far", .sleeps = true, .seldom = true}, GTP5G_GENL_DEL_FAR, .rules = true},
	{{"gtp5g", "gtp5g_genl_del_qer", .sleeps = true, .seldom = true}, GTP5G_GENL_DEL_QER, .rules = true},
	{{"gtp5g", "gtp5g_genl_del_urr", .sleeps = true, .seldom = true}, GTP5G_GENL_DEL_URR, .rules = true},
	{{"gtp5g", "gtp5g_genl_del_bar", .sleeps = true, .seldom = true}, GTP5G_GENL_DEL_BAR, .rules = true},
	{{"gtp5g", "gtp5g_fwd_emark_skb_ipv4", .sleeps = true, .seldom = true},
	 GTP5G_FWD_EMARK_SKB_IPV4,
	 GTPU_DOWNLINK,
	 .rules = true},
};

static bool of_module(const struct gtpu_hook *h, const char *module, const struct module_facts *facts)
{
	if (h->hook.module)
		return !strcmp(h->hook.module, module);
	if (h->refuses)
		return !strcmp(module, "gtp5g") && !gtpu_refusal_has_code(facts->version);
	return !h->without_btf || !facts->btf;
}

/* The hooks inside a packet's way are worth their cost when they are asked for, or fill what the
 * packet's exit says. */
static bool wanted(const struct gtpu_hook *h, const struct gtpu_options *options)
{
	if (h->rules)
		return true;
	if (h->detail && !options->each_function)
		return false;
	return h->packet || options->each_function || options->exit;
}

static bool wants_exit(const struct gtpu_hook *h, const struct gtpu_options *options)
{
	return h->hook.exits && options->exit && (h->packet || h->pushes || h->verdict || options->each_function);
}

size_t gtpu_hooks(const char *module, const struct gtpu_options *options, const struct module_facts *facts,
		  struct gtpu_hook *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table) && n < max; i++) {
		const struct gtpu_hook *h = &table[i];

		if (!of_module(h, module, facts) || !wanted(h, options))
			continue;
		ret[n] = *h;
		ret[n++].hook.exits = wants_exit(h, options);
	}
	return n;
}

static const struct gtpu_hook *by_id(uint32_t func_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].func_id == func_id)
			return &table[i];
	return NULL;
}

const char *gtpu_function_name(uint32_t func_id)
{
	const struct gtpu_hook *h = by_id(func_id);

	return h ? h->hook.function : NULL;
}

enum gtpu_direction gtpu_function_direction(uint32_t func_id)
{
	const struct gtpu_hook *h = by_id(func_id);

	return h && h->direction == GTPU_DOWNLINK ? GTPU_DOWNLINK : GTPU_UPLINK;
}
