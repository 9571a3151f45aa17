// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* As much of gtp5g's generic netlink as it takes to list the rules, to replace or remove FARs, and to give a PDR
 * another precedence. */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "standin.h"

enum { CMD_ADD_PDR = 1, CMD_ADD_FAR = 2, CMD_DEL_FAR = 5, CMD_GET_PDR = 7, CMD_GET_FAR = 8, CMD_GET_QER = 9 };
enum { CMD_GET_URR = 14, CMD_GET_BAR = 15, CMD_GET_VERSION = 16 };
enum { ATTR_LINK = 1, ATTR_MAX = 32 };
enum { FAR_ACTION = 4, FAR_PARAMETER = 5, FAR_SEID = 7 };
enum { PARAMETER_CREATION = 1, PARAMETER_FLAGS = 3, PARAMETER_MAX = 16 };
enum { CREATION_DESCRIPTION = 1, CREATION_TEID, CREATION_PEER, CREATION_PORT, CREATION_MAX = 16 };
enum { PDR_PRECEDENCE = 4, PDR_PDI, PDR_REMOVAL, PDR_FAR_ID, PDR_QER_ID = 10, PDR_SEID = 11, PDR_URR_ID };
enum { PDI_UE = 1, PDI_F_TEID = 2, PDI_SDF = 3, SDF_FLOW = 1, F_TEID_TEID = 1, F_TEID_ADDRESS = 2 };
enum { FLOW_ACTION = 1, FLOW_DIRECTION, FLOW_PROTOCOL, FLOW_SRC, FLOW_SRC_MASK, FLOW_DEST, FLOW_DEST_MASK };
enum { URR_METHOD = 4, URR_TRIGGER, URR_PERIOD, URR_INFO, URR_SEID, URR_THRESHOLD };
enum { VOLUME_FLAGS = 1, VOLUME_TOTAL, VOLUME_UPLINK, VOLUME_DOWNLINK };

#define SNDEM 0x02
#define FLOW_PERMIT 1
#define FLOW_OUT 2
#define FLOW_IP 0xff
#define METHOD_VOLUME 0x2
#define TRIGGERS 0x300			   /* periodic, volume threshold */
#define THIRTY_SECONDS (u32)30000000000ULL /* as go-upf writes it: what is left of nanoseconds in 32 bits */
#define VOLUME_BOTH_WAYS 0x6		   /* uplink and downlink, no total */
#define VOLUME 500000
#define URRS 2

/* As gtp5g's begins. */
struct gtp5g_emark_pktinfo {
	u32 teid;
	u32 peer_addr;
	u32 local_addr;
	u32 role_addr;
};

struct genl_family gtp5g_family;

bool genl_here(const struct genl_info *info)
{
	const struct rules *r = rules_at(0);

	return info->attrs[ATTR_LINK] && r->pdr.dev && nla_get_u32(info->attrs[ATTR_LINK]) == r->pdr.dev->ifindex &&
	       net_eq(genl_info_net((struct genl_info *)info), dev_net(r->pdr.dev));
}

/* As gtp5g does, by a function that a tracer can see. */
static struct rules *find_by_pdr(u64 seid, u16 id)
{
	struct pdr *pdr = find_pdr_by_id(netdev_priv(rules_at(0)->pdr.dev), seid, id);

	return pdr ? container_of(pdr, struct rules, pdr) : NULL;
}

static struct rules *find(const struct genl_info *info, int seid_attr, bool pdr)
{
	const struct nlattr *seid = info->attrs[seid_attr], *id = info->attrs[ATTR_ID];
	struct rules *r;
	unsigned int i;

	if (!genl_here(info) || !seid || !id)
		return NULL;
	if (pdr)
		return find_by_pdr(nla_get_u64(seid), nla_get_u16(id));
	for (i = 0; (r = rules_at(i)); i++)
		if (r->far.seid == nla_get_u64(seid) && r->far.id == nla_get_u32(id))
			return r;
	return NULL;
}

static bool exists(const struct rules *r, bool pdr)
{
	return r->pdr.dev && (pdr || rcu_access_pointer(r->pdr.far));
}

/* What a packet for the old peer would be: it is not sent. */
KEPT void gtp5g_fwd_emark_skb_ipv4(struct sk_buff *skb, struct net_device *dev, struct gtp5g_emark_pktinfo *info)
{
	consume_skb(skb);
}

static void send_end_marker(struct rules *r, struct gtp5g_emark_pktinfo *old)
{
	struct sk_buff *skb = netdev_alloc_skb(r->pdr.dev, 64);

	if (skb)
		gtp5g_fwd_emark_skb_ipv4(skb, r->pdr.dev, old);
}

static int replace_creation(struct rules *r, struct nlattr *nest, bool marker)
{
	struct outer_header_creation *creation = &r->hdr_creation;
	struct gtp5g_emark_pktinfo old = {.teid = creation->teid, .peer_addr = creation->peer_addr_ipv4.s_addr};
	struct nlattr *attrs[CREATION_MAX + 1];
	int err = nla_parse_nested(attrs, CREATION_MAX, nest, NULL, NULL);

	if (err)
		return err;
	if (!attrs[CREATION_TEID] || !attrs[CREATION_PEER] || !attrs[CREATION_PORT])
		return -EINVAL;
	creation->teid = (__force u32)htonl(nla_get_u32(attrs[CREATION_TEID]));
	creation->peer_addr_ipv4.s_addr = nla_get_be32(attrs[CREATION_PEER]);
	creation->port = (__force u16)htons(nla_get_u16(attrs[CREATION_PORT]));
	if (marker)
		send_end_marker(r, &old);
	return 0;
}

static int replace(struct rules *r, struct genl_info *info)
{
	struct nlattr *attrs[PARAMETER_MAX + 1], *flags;
	int err;

	if (info->attrs[FAR_ACTION])
		r->far.action = nla_get_u16(info->attrs[FAR_ACTION]);
	if (!info->attrs[FAR_PARAMETER])
		return 0;
	err = nla_parse_nested(attrs, PARAMETER_MAX, info->attrs[FAR_PARAMETER], NULL, NULL);
	if (err || !attrs[PARAMETER_CREATION])
		return err;
	flags = attrs[PARAMETER_FLAGS];
	return replace_creation(r, attrs[PARAMETER_CREATION], flags && nla_get_u8(flags) & SNDEM);
}

/* A PDR may be repeated by itself, as the control plane does. */
KEPT int gtp5g_genl_add_pdr(struct sk_buff *skb, struct genl_info *info)
{
	struct rules *r;
	int err = 0;

	rtnl_lock();
	r = find(info, PDR_SEID, true);
	if (!r)
		err = -ENOENT;
	else if (info->nlhdr->nlmsg_flags & NLM_F_EXCL)
		err = -EEXIST;
	else if (info->attrs[PDR_PRECEDENCE])
		r->pdr.precedence = nla_get_u32(info->attrs[PDR_PRECEDENCE]);
	rtnl_unlock();
	return err;
}

KEPT int gtp5g_genl_add_far(struct sk_buff *skb, struct genl_info *info)
{
	struct rules *r;
	int err;

	rtnl_lock();
	r = find(info, FAR_SEID, false);
	if (!r)
		err = -ENOENT;
	else if (info->nlhdr->nlmsg_flags & NLM_F_EXCL)
		err = -EEXIST;
	else
		err = replace(r, info);
	rtnl_unlock();
	return err;
}

KEPT int gtp5g_genl_del_far(struct sk_buff *skb, struct genl_info *info)
{
	struct rules *r;
	int err = -ENOENT;

	rtnl_lock();
	r = find(info, FAR_SEID, false);
	if (r && exists(r, false)) {
		RCU_INIT_POINTER(r->pdr.far, NULL);
		err = 0;
	}
	rtnl_unlock();
	return err;
}

static int fill_far(struct sk_buff *skb, const struct rules *r)
{
	const struct outer_header_creation *creation = &r->hdr_creation;
	struct nlattr *parameter, *nest;

	if (nla_put_u32(skb, ATTR_ID, r->far.id) || nla_put_u16(skb, FAR_ACTION, r->far.action) ||
	    nla_put_u64_64bit(skb, FAR_SEID, r->far.seid, 0))
		return -EMSGSIZE;
	if (!rcu_access_pointer(r->far.fwd_param))
		return 0;
	parameter = nla_nest_start(skb, FAR_PARAMETER);
	nest = parameter ? nla_nest_start(skb, PARAMETER_CREATION) : NULL;
	if (!nest || nla_put_u16(skb, CREATION_DESCRIPTION, creation->description) ||
	    nla_put_u32(skb, CREATION_TEID, ntohl((__force __be32)creation->teid)) ||
	    nla_put_be32(skb, CREATION_PEER, creation->peer_addr_ipv4.s_addr) ||
	    nla_put_u16(skb, CREATION_PORT, ntohs((__force __be16)creation->port)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	nla_nest_end(skb, parameter);
	return 0;
}

static int fill_f_teid(struct sk_buff *skb, const struct local_f_teid *f_teid)
{
	struct nlattr *nest = nla_nest_start(skb, PDI_F_TEID);

	if (!nest || nla_put_u32(skb, F_TEID_TEID, ntohl((__force __be32)f_teid->teid)) ||
	    nla_put_be32(skb, F_TEID_ADDRESS, f_teid->gtpu_addr_ipv4.s_addr))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_mask(struct sk_buff *skb, int attr, __be32 mask)
{
	return mask == (__force __be32)~0 ? 0 : nla_put_be32(skb, attr, mask);
}

static int fill_flow(struct sk_buff *skb, const struct flow_description *flow)
{
	struct nlattr *sdf = nla_nest_start(skb, PDI_SDF);
	struct nlattr *nest = sdf ? nla_nest_start(skb, SDF_FLOW) : NULL;

	if (!nest || nla_put_u8(skb, FLOW_ACTION, FLOW_PERMIT) || nla_put_u8(skb, FLOW_DIRECTION, FLOW_OUT) ||
	    nla_put_u8(skb, FLOW_PROTOCOL, FLOW_IP) || nla_put_be32(skb, FLOW_SRC, flow->src.s_addr) ||
	    nla_put_be32(skb, FLOW_DEST, flow->dest.s_addr) || fill_mask(skb, FLOW_SRC_MASK, flow->src_mask) ||
	    fill_mask(skb, FLOW_DEST_MASK, flow->dest_mask))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	nla_nest_end(skb, sdf);
	return 0;
}

static int fill_pdi(struct sk_buff *skb, const struct rules *r)
{
	struct nlattr *pdi = nla_nest_start(skb, PDR_PDI);

	if (!pdi || nla_put_be32(skb, PDI_UE, r->ue.s_addr) || (r->pdi.f_teid && fill_f_teid(skb, r->pdi.f_teid)) ||
	    (r->has_flow && fill_flow(skb, &r->flow)))
		return -EMSGSIZE;
	nla_nest_end(skb, pdi);
	return 0;
}

static int fill_ids(struct sk_buff *skb, int attr, const u32 *ids, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (nla_put_u32(skb, attr, ids[i]))
			return -EMSGSIZE;
	return 0;
}

static int fill_pdr(struct sk_buff *skb, const struct rules *r)
{
	if (nla_put_u16(skb, ATTR_ID, r->pdr.id) || nla_put_u32(skb, PDR_PRECEDENCE, r->pdr.precedence) ||
	    nla_put_u32(skb, PDR_FAR_ID, r->far_id) || fill_ids(skb, PDR_QER_ID, r->pdr.qer_ids, r->pdr.qer_num) ||
	    fill_ids(skb, PDR_URR_ID, r->pdr.urr_ids, r->pdr.urr_num) ||
	    nla_put_u64_64bit(skb, PDR_SEID, r->pdr.seid, 0) ||
	    (r->pdr.outer_header_removal && nla_put_u8(skb, PDR_REMOVAL, 0)))
		return -EMSGSIZE;
	return fill_pdi(skb, r);
}

static int fill(struct sk_buff *skb, const struct genl_info *info, int seid_attr, bool pdr)
{
	struct rules *r = find(info, seid_attr, pdr);
	void *header;

	if (!r || !exists(r, pdr))
		return -ENOENT;
	header = genlmsg_put(skb, info->snd_portid, info->snd_seq, &gtp5g_family, 0, info->genlhdr->cmd);
	if (!header || (pdr ? fill_pdr(skb, r) : fill_far(skb, r)))
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return 0;
}

static int answer(struct genl_info *info, int seid_attr, bool pdr)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	int err;

	if (!skb)
		return -ENOMEM;
	rtnl_lock();
	err = fill(skb, info, seid_attr, pdr);
	rtnl_unlock();
	if (!err)
		return genlmsg_reply(skb, info);
	nlmsg_free(skb);
	return err;
}

static int get_pdr(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, PDR_SEID, true);
}

static int get_far(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, FAR_SEID, false);
}

static void dump_rules(struct sk_buff *skb, struct netlink_callback *cb, bool pdr)
{
	const struct rules *r;

	for (; (r = rules_at(cb->args[0])); cb->args[0]++) {
		void *header;

		if (!exists(r, pdr) || !net_eq(sock_net(skb->sk), dev_net(r->pdr.dev)))
			continue;
		header =
			genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &gtp5g_family, NLM_F_MULTI, 0);
		if (!header)
			break;
		if (pdr ? fill_pdr(skb, r) : fill_far(skb, r)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
	}
}

static int dump(struct sk_buff *skb, struct netlink_callback *cb, bool pdr)
{
	rtnl_lock();
	dump_rules(skb, cb, pdr);
	rtnl_unlock();
	return skb->len;
}

static int dump_pdr(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, true);
}

static int dump_far(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, false);
}

static int fill_volume(struct sk_buff *skb)
{
	struct nlattr *nest = nla_nest_start(skb, URR_THRESHOLD);

	if (!nest || nla_put_u8(skb, VOLUME_FLAGS, VOLUME_BOTH_WAYS) || nla_put_u64_64bit(skb, VOLUME_TOTAL, 0, 0) ||
	    nla_put_u64_64bit(skb, VOLUME_UPLINK, VOLUME, 0) || nla_put_u64_64bit(skb, VOLUME_DOWNLINK, VOLUME, 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_urr(struct sk_buff *skb, u32 id)
{
	if (nla_put_u32(skb, ATTR_ID, id) || nla_put_u8(skb, URR_METHOD, METHOD_VOLUME) ||
	    nla_put_u32(skb, URR_TRIGGER, TRIGGERS) || nla_put_u32(skb, URR_PERIOD, THIRTY_SECONDS) ||
	    nla_put_u8(skb, URR_INFO, 0) || nla_put_u64_64bit(skb, URR_SEID, FREE5GC_SEID, 0))
		return -EMSGSIZE;
	return fill_volume(skb);
}

static bool dump_one_urr(struct sk_buff *skb, struct netlink_callback *cb)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &gtp5g_family, NLM_F_MULTI, 0);

	if (!header)
		return false;
	if (fill_urr(skb, 1 + cb->args[0])) {
		genlmsg_cancel(skb, header);
		return false;
	}
	genlmsg_end(skb, header);
	return true;
}

/* Those of the session that free5GC makes, 1 to URRS. */
static int dump_urr(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;

	rtnl_lock();
	dev = rules_at(0)->pdr.dev;
	while (dev && net_eq(sock_net(skb->sk), dev_net(dev)) && cb->args[0] < URRS && dump_one_urr(skb, cb))
		cb->args[0]++;
	rtnl_unlock();
	return skb->len;
}

static int dump_none(struct sk_buff *skb, struct netlink_callback *cb)
{
	return skb->len;
}

static int get_version(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *header;

	if (!reply)
		return -ENOMEM;
	header = genlmsg_put(reply, info->snd_portid, info->snd_seq, &gtp5g_family, 0, CMD_GET_VERSION);
	if (!header || nla_put_string(reply, 0, "0.10.2")) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

/* clang-format off */
#define OP(command, do_it, dump_it)                                                                \
	{                                                                                          \
		.cmd = (command), .doit = (do_it), .dumpit = (dump_it), .flags = GENL_ADMIN_PERM,  \
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP,                   \
	}
/* clang-format on */

static const struct genl_ops ops[] = {
	OP(CMD_ADD_PDR, gtp5g_genl_add_pdr, NULL), OP(CMD_ADD_FAR, gtp5g_genl_add_far, NULL),
	OP(CMD_DEL_FAR, gtp5g_genl_del_far, NULL), OP(CMD_GET_PDR, get_pdr, dump_pdr),
	OP(CMD_GET_FAR, get_far, dump_far),	   OP(CMD_GET_QER, genl_get_qer, genl_dump_qer),
	OP(CMD_GET_URR, NULL, dump_urr),	   OP(CMD_GET_BAR, NULL, dump_none),
	OP(CMD_GET_VERSION, get_version, NULL),
};

struct genl_family gtp5g_family = {
	.name = "gtp5g",
	.maxattr = ATTR_MAX,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = ATTR_MAX,
};

int genl_begin(void)
{
	return genl_register_family(&gtp5g_family);
}

void genl_finish(void)
{
	genl_unregister_family(&gtp5g_family);
}
