/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gtp5g's rules say of a packet, read when its PDR is found: the rules are under RCU and the
 * module is inside its read-side section. */
#pragma once

#include "gtpu.h"
#include "kernel.h"

/* Set before load. */
const volatile struct gtpu_layout layout = {};
bool quotas_known; /* those used up before the hooks came are in the map too */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GTPU_QUOTAS);
	__type(key, struct gtpu_quota_key);
	__type(value, __u64); /* since when, boot clock; 0: before we came */
} gtpu_quotas SEC(".maps");

#define FAR_ACTION_DROP 1
#define FAR_ACTION_FORW 2
#define FAR_ACTION_BUFF 4
#define FAR_ACTION_MASK 7
#define GATE_DL_CLOSED 0x1
#define GATE_UL_CLOSED 0x4

/* open_packet.rule: what is known of the rules beside what the record holds. */
#define RULE_NO_FAR 0x1
#define RULE_NO_REMOVAL 0x2
#define RULE_CREATES 0x4 /* an outer header */
#define RULE_CREATES_NONE 0x8
#define RULE_UL_CLOSED 0x10
#define RULE_DL_CLOSED 0x20
#define RULE_QUOTA 0x40 /* one of its URRs has used up its quota */
#define RULE_QUOTA_UNKNOWN 0x80

#define URRS_MAX 8 /* of a PDR; with more, a quota that is not among these is unknown */

/* 0, or not known. */
#define RULE_READ(to, from, place)                                                                 \
	(layout.place == GTPU_NOWHERE ?                                                            \
		 -1 :                                                                              \
		 bpf_probe_read_kernel(&(to), sizeof(to), (const void *)((from) + layout.place)))

static __always_inline __u8 rule_far(struct gtpu_record *r, __u64 far)
{
	__u64 parameter, creation;

	if (RULE_READ(r->far_id, far, far_id) || RULE_READ(r->far_action, far, far_action))
		return 0;
	r->has |= GTPU_HAS_FAR;
	if (RULE_READ(parameter, far, far_fwd_param))
		return 0;
	if (!parameter)
		return RULE_CREATES_NONE;
	if (RULE_READ(creation, parameter, fwd_param_hdr_creation))
		return 0;
	return creation ? RULE_CREATES : RULE_CREATES_NONE;
}

static __always_inline void rule_qer(struct gtpu_record *r, __u64 pdr)
{
	__u64 ids;
	__u32 n;

	if (!RULE_READ(r->rule_qfi, pdr, pdr_qfi) && r->rule_qfi)
		r->has |= GTPU_HAS_RULE_QFI;
	if (RULE_READ(n, pdr, pdr_qer_num) || !n || RULE_READ(ids, pdr, pdr_qer_ids))
		return;
	if (!bpf_probe_read_kernel(&r->qer_id, sizeof(r->qer_id), (const void *)ids))
		r->has |= GTPU_HAS_QER;
}

/* Of the gtp5g device. */
static __always_inline int netns_of_gtp(__u64 gtp, __u32 *ret)
{
	__u64 dev;

	if (RULE_READ(dev, gtp, dev_net_device))
		return -1;
	*ret = BPF_CORE_READ((const struct net_device *)dev, nd_net.net, ns.inum);
	return 0;
}

static __always_inline __u8 quota_of(__u64 ids, __u32 n, struct gtpu_quota_key *key)
{
	__u32 i;

	for (i = 0; i < URRS_MAX && i < n; i++) {
		if (bpf_probe_read_kernel(&key->urr_id, sizeof(key->urr_id),
					  (const void *)(ids + 4ULL * i)))
			return RULE_QUOTA_UNKNOWN;
		if (bpf_map_lookup_elem(&gtpu_quotas, key))
			return RULE_QUOTA;
	}
	return n > URRS_MAX || !quotas_known ? RULE_QUOTA_UNKNOWN : 0;
}

/* Why its FAR says DROP: the session's wish, or a URR without quota. */
static __noinline int rule_quota(const struct gtpu_record *r, __u64 pdr, __u64 gtp)
{
	struct gtpu_quota_key key = {.seid = r->seid};
	__u64 ids;
	__u32 n;

	if (RULE_READ(n, pdr, pdr_urr_num))
		return RULE_QUOTA_UNKNOWN;
	if (!n)
		return 0;
	if (RULE_READ(ids, pdr, pdr_urr_ids) || netns_of_gtp(gtp, &key.netns))
		return RULE_QUOTA_UNKNOWN;
	return quota_of(ids, n, &key);
}

/* RULE_* */
static __noinline int rule_take(struct gtpu_record *r, __u64 pdr, __u64 gtp)
{
	__u64 removal, far;
	__u8 gate, rule = 0;

	if (RULE_READ(r->seid, pdr, pdr_seid) || RULE_READ(r->pdr_id, pdr, pdr_id))
		return 0;
	r->has |= GTPU_HAS_PDR;
	rule_qer(r, pdr);
	if (!RULE_READ(removal, pdr, pdr_outer_header_removal) && !removal)
		rule |= RULE_NO_REMOVAL;
	if (!RULE_READ(gate, pdr, pdr_ul_dl_gate)) {
		rule |= gate & GATE_UL_CLOSED ? RULE_UL_CLOSED : 0;
		rule |= gate & GATE_DL_CLOSED ? RULE_DL_CLOSED : 0;
	}
	if (RULE_READ(far, pdr, pdr_far))
		return rule;
	rule |= far ? rule_far(r, far) : RULE_NO_FAR;
	if (r->has & GTPU_HAS_FAR && (r->far_action & FAR_ACTION_MASK) == FAR_ACTION_DROP)
		rule |= rule_quota(r, pdr, gtp);
	return rule;
}

/* Of a URR of the gtp5g device. */
static __always_inline int quota_key_of(struct gtpu_quota_key *key, __u64 urr, __u64 gtp)
{
	if (RULE_READ(key->seid, urr, urr_seid) || RULE_READ(key->urr_id, urr, urr_id))
		return -1;
	return netns_of_gtp(gtp, &key->netns);
}
