// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* gtp5g's generic netlink, as far as it lists QERs. */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "standin.h"

enum { QER_GATE = 4, QER_MBR = 5, QER_QFI = 9, QER_SEID = 13 };
enum { MBR_UPLINK_HIGH32 = 1, MBR_UPLINK_LOW8, MBR_DOWNLINK_HIGH32, MBR_DOWNLINK_LOW8 };

static const struct qer *find_qer(const struct genl_info *info)
{
	const struct nlattr *seid = info->attrs[QER_SEID], *id = info->attrs[ATTR_ID];
	const struct qer *qer;
	unsigned int i;

	if (!genl_here(info) || !seid || !id)
		return NULL;
	for (i = 0; (qer = rules_qer(i)); i++)
		if (qer->seid == nla_get_u64(seid) && qer->id == nla_get_u32(id))
			return qer;
	return NULL;
}

static int fill_mbr(struct sk_buff *skb, const struct kbps *mbr)
{
	struct nlattr *nest = nla_nest_start(skb, QER_MBR);

	if (!nest || nla_put_u32(skb, MBR_UPLINK_HIGH32, mbr->ul_high) ||
	    nla_put_u8(skb, MBR_UPLINK_LOW8, mbr->ul_low) || nla_put_u32(skb, MBR_DOWNLINK_HIGH32, mbr->dl_high) ||
	    nla_put_u8(skb, MBR_DOWNLINK_LOW8, mbr->dl_low))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_qer(struct sk_buff *skb, const struct qer *qer)
{
	if (nla_put_u32(skb, ATTR_ID, qer->id) || nla_put_u8(skb, QER_GATE, qer->ul_dl_gate) ||
	    nla_put_u8(skb, QER_QFI, qer->qfi) || nla_put_u64_64bit(skb, QER_SEID, qer->seid, 0))
		return -EMSGSIZE;
	return fill_mbr(skb, &qer->mbr);
}

static int answer_qer(struct sk_buff *skb, const struct genl_info *info)
{
	const struct qer *qer = find_qer(info);
	void *header;

	if (!qer)
		return -ENOENT;
	header = genlmsg_put(skb, info->snd_portid, info->snd_seq, &gtp5g_family, 0, info->genlhdr->cmd);
	if (!header || fill_qer(skb, qer))
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return 0;
}

int genl_get_qer(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	int err;

	if (!skb)
		return -ENOMEM;
	rtnl_lock();
	err = answer_qer(skb, info);
	rtnl_unlock();
	if (!err)
		return genlmsg_reply(skb, info);
	nlmsg_free(skb);
	return err;
}

static bool dump_qer(struct sk_buff *skb, struct netlink_callback *cb, const struct qer *qer)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &gtp5g_family, NLM_F_MULTI, 0);

	if (!header)
		return false;
	if (fill_qer(skb, qer)) {
		genlmsg_cancel(skb, header);
		return false;
	}
	genlmsg_end(skb, header);
	return true;
}

int genl_dump_qer(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;
	const struct qer *qer;

	rtnl_lock();
	dev = rules_at(0)->pdr.dev;
	for (; dev && net_eq(sock_net(skb->sk), dev_net(dev)) && (qer = rules_qer(cb->args[0])); cb->args[0]++)
		if (qer->seid && !dump_qer(skb, cb, qer))
			break;
	rtnl_unlock();
	return skb->len;
}
