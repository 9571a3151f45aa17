/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is read of the memory of the gtp and gtp5g modules. First the outer addresses of a packet that is sent: types
 * that the module's own BTF places; where it has none, CO-RE finds none of them and their values are absent.
 * Then gtp5g's rules for a packet, which struct gtpu_layout places. Nothing here keeps state or decides. */
#pragma once

#include "direct.h"
#include "gtpu.h"
#include "gtpu_skb.h"
#include "kernel.h"
#include "packet_copy.h"

#define FAMILY_INET6 10 /* AF_INET6 */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct flowi4 {
	__u32 saddr;
	__u32 daddr;
};

struct in6_bytes {
	__u8 b[16];
};

struct flowi6 {
	struct in6_bytes saddr;
	struct in6_bytes daddr;
};

/* drivers/net/gtp.c. fl4 and fl6 share their place since Linux 6.12. */
struct gtp_pktinfo {
	struct sock *sk;
	struct flowi4 fl4;
	struct flowi6 fl6;
	__u16 gtph_port;
};

/* gtp5g include/pktinfo.h and include/far.h. */
struct outer_header_creation {
	__u16 port;
};

struct gtp5g_pktinfo {
	struct flowi4 fl4;
	struct outer_header_creation *hdr_creation;
};

#pragma clang attribute pop

static __always_inline void outer_v4(struct gtpu_record *r, __u32 src, __u32 dst)
{
	packet_map_v4(r->outer.src, src);
	packet_map_v4(r->outer.dst, dst);
	r->outer.family = 4;
	r->outer.proto = PACKET_UDP;
}

static __always_inline void fill_outer_ports(struct gtpu_record *r, __u16 port_be)
{
	r->outer.sport = r->outer.dport = bpf_ntohs(port_be);
	r->outer.ports = 1;
}

static __always_inline void fill_outer_gtp6(struct gtpu_record *r, const struct gtp_pktinfo *info)
{
	if (!bpf_core_field_exists(info->fl6))
		return;
	kernel_copy(r->outer.src, &info->fl6.saddr, 16);
	kernel_copy(r->outer.dst, &info->fl6.daddr, 16);
	r->outer.family = 6;
	r->outer.proto = PACKET_UDP;
	fill_outer_ports(r, KERNEL_GET(__u16, &info->gtph_port));
}

static __always_inline void fill_outer_gtp(struct gtpu_record *r, const struct gtp_pktinfo *info)
{
	struct sock *sk;

	if (!bpf_core_field_exists(info->fl4))
		return;
	sk = KERNEL_GET(struct sock *, &info->sk);
	if (KERNEL_GET(unsigned short, &sk->__sk_common.skc_family) == FAMILY_INET6) {
		fill_outer_gtp6(r, info);
		return;
	}
	outer_v4(r, KERNEL_GET(__u32, &info->fl4.saddr), KERNEL_GET(__u32, &info->fl4.daddr));
	fill_outer_ports(r, KERNEL_GET(__u16, &info->gtph_port));
}

static __always_inline void fill_outer_gtp5g(struct gtpu_record *r, const struct gtp5g_pktinfo *info)
{
	struct outer_header_creation *to;

	if (!bpf_core_field_exists(info->fl4) || !bpf_core_field_exists(info->hdr_creation))
		return;
	outer_v4(r, KERNEL_GET(__u32, &info->fl4.saddr), KERNEL_GET(__u32, &info->fl4.daddr));
	to = KERNEL_GET(struct outer_header_creation *, &info->hdr_creation);
	fill_outer_ports(r, KERNEL_GET(__u16, &to->port));
}

/* What gtp5g's rules say of a packet, read when its PDR is found: the rules are under RCU and the module is inside its
 * read-side section. */

/* Set before load. */
const volatile struct gtpu_layout layout = {};
bool quotas_known; /* those used up before the hooks came are in the map too */
bool quotas_lost;  /* a quota was used up or granted, of a URR that could not be read */
/* The places are a guess: only members that the module has confirmed are read. */
const volatile bool rules_checked = false;
__u32 rules_confirmed;		      /* bits of enum gtpu_member, by user space */
__u64 urrs_agreed, urrs_contradicted; /* lookups of a URR that gave the URR looked for, by its places, or another */

static __always_inline bool is_confirmed(__u32 member)
{
	return !rules_checked || rules_confirmed & 1U << member;
}

/* A lookup that another one interrupts, or that goes on at another CPU, may seem to contradict. By a wrong place hardly
 * any agrees: SEID and id are compared. */
static __always_inline bool urrs_confirmed(void)
{
	return !rules_checked || urrs_agreed > urrs_contradicted;
}

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
#define RULE_QERS 0x100 /* the PDR has several */

#define URRS_MAX 8 /* of a PDR; with more, a quota that is not among these is unknown */

/* 0, or not known. */
#define RULE_READ(to, from, place)                                                                                     \
	({                                                                                                             \
		__u32 place_ = layout.place;                                                                           \
                                                                                                                       \
		place_ == GTPU_NOWHERE ? -1 : kernel_copy(&(to), (const void *)((from) + place_), sizeof(to));         \
	})

/* The same, without direct reads from the copy of the rule's beginning, where it reaches that far. */
#define RULE_TAKE(to, rule, place)                                                                                     \
	({                                                                                                             \
		__u32 at_ = layout.place;                                                                              \
		int r_ = 0;                                                                                            \
                                                                                                                       \
		if (at_ == GTPU_NOWHERE)                                                                               \
			r_ = -1;                                                                                       \
		else if (!direct_reads && at_ <= RULE_BYTES - sizeof(to))                                              \
			packet_copy(&(to), (rule)->bytes + at_, sizeof(to));                                           \
		else                                                                                                   \
			r_ = kernel_copy(&(to), (const void *)((rule)->address + at_), sizeof(to));                    \
		r_;                                                                                                    \
	})

/* A rule is read at once: one probe read costs as much as that of all its fields. */
#define RULE_BYTES 160

struct rule_copy {
	__u64 address;
	__u8 bytes[RULE_BYTES];
};

static __always_inline int rule_copy(struct rule_copy *rule, __u64 address)
{
	rule->address = address;
	if (direct_reads)
		return 0;
	return bpf_probe_read_kernel(rule->bytes, sizeof(rule->bytes), (const void *)address);
}

static __always_inline __u8 rule_far(struct gtpu_record *r, struct rule_copy *rule, __u64 far)
{
	__u64 parameter, creation;

	if (rule_copy(rule, far) || RULE_TAKE(r->far_id, rule, far_id))
		return 0;
	if (!is_confirmed(GTPU_MEMBER_ACTION) || RULE_TAKE(r->far_action, rule, far_action))
		r->far_action = GTPU_ACTION_UNKNOWN;
	r->has |= GTPU_HAS_FAR;
	if (!is_confirmed(GTPU_MEMBER_CREATION) || RULE_TAKE(parameter, rule, far_fwd_param))
		return 0;
	if (!parameter)
		return RULE_CREATES_NONE;
	if (RULE_READ(creation, parameter, fwd_param_hdr_creation))
		return 0;
	return creation ? RULE_CREATES : RULE_CREATES_NONE;
}

/* The QER that polices; 0: none, or not known. */
static __always_inline __u64 rule_policer(const struct rule_copy *rule)
{
	__u64 qer;

	return is_confirmed(GTPU_MEMBER_POLICER) && !RULE_TAKE(qer, rule, pdr_qer_with_rate) ? qer : 0;
}

static __always_inline void rule_first_qer(struct gtpu_record *r, const struct rule_copy *rule)
{
	__u64 ids;

	if (!RULE_TAKE(ids, rule, pdr_qer_ids) && !kernel_copy(&r->qer_id, (const void *)ids, sizeof(r->qer_id)))
		r->has |= GTPU_HAS_QER;
}

/* The QER that polices, else the PDR's first. Which of several polices may not be known. */
static __always_inline __u16 rule_qer(struct gtpu_record *r, const struct rule_copy *rule, __u64 policer)
{
	__u16 several;
	__u32 n;

	if (is_confirmed(GTPU_MEMBER_QFI) && !RULE_TAKE(r->rule_qfi, rule, pdr_qfi) && r->rule_qfi)
		r->has |= GTPU_HAS_RULE_QFI;
	if (!is_confirmed(GTPU_MEMBER_QERS) || RULE_TAKE(n, rule, pdr_qer_num) || !n)
		return 0;
	several = n > 1 ? RULE_QERS : 0;
	if (policer) {
		if (!RULE_READ(r->qer_id, policer, qer_id))
			r->has |= GTPU_HAS_QER;
		return several;
	}
	if (!several || is_confirmed(GTPU_MEMBER_POLICER) || layout.pdr_qer_with_rate == GTPU_NOWHERE)
		rule_first_qer(r, rule);
	return several;
}

/* Of the gtp5g device. */
static __always_inline int netns_of_gtp(__u64 gtp, __u32 *ret)
{
	__u64 dev;

	if (RULE_READ(dev, gtp, dev_net_device))
		return -1;
	*ret = netns_of_device((const struct net_device *)dev);
	return 0;
}

static __always_inline __u8 quota_of(__u64 ids, __u32 n, struct gtpu_quota_key *key)
{
	__u32 i;

	for (i = 0; i < URRS_MAX && i < n; i++) {
		if (kernel_copy(&key->urr_id, (const void *)(ids + 4ULL * i), sizeof(key->urr_id)))
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

	if (!is_confirmed(GTPU_MEMBER_URRS) || RULE_READ(n, pdr, pdr_urr_num))
		return RULE_QUOTA_UNKNOWN;
	if (!n)
		return 0;
	if (!is_confirmed(GTPU_MEMBER_DEVICE) || quotas_lost || RULE_READ(ids, pdr, pdr_urr_ids) ||
	    netns_of_gtp(gtp, &key.netns))
		return RULE_QUOTA_UNKNOWN;
	return quota_of(ids, n, &key);
}

static __always_inline int gate_of(__u8 *ret, const struct rule_copy *rule, __u64 policer)
{
	__u8 gate = 0;
	int r;

	if (layout.qer_ul_dl_gate == GTPU_NOWHERE)
		r = RULE_TAKE(gate, rule, pdr_ul_dl_gate);
	else
		r = policer ? RULE_READ(gate, policer, qer_ul_dl_gate) : -1;
	*ret = gate;
	return r;
}

static __always_inline __u16 rule_gate(const struct rule_copy *rule, __u64 policer)
{
	__u16 closed = 0;
	__u8 gate;

	if (!is_confirmed(GTPU_MEMBER_GATE) || gate_of(&gate, rule, policer))
		return 0;
	if (gate & GATE_UL_CLOSED)
		closed |= RULE_UL_CLOSED;
	return gate & GATE_DL_CLOSED ? closed | RULE_DL_CLOSED : closed;
}

/* RULE_* */
static __noinline int rule_take(struct gtpu_record *r, struct rule_copy *rule, __u64 pdr, __u64 gtp)
{
	__u64 removal, far, policer;
	__u16 is;

	if (!is_confirmed(GTPU_MEMBER_PDR) || rule_copy(rule, pdr) || RULE_TAKE(r->seid, rule, pdr_seid) ||
	    RULE_TAKE(r->pdr_id, rule, pdr_id))
		return 0;
	r->has |= GTPU_HAS_PDR;
	policer = rule_policer(rule);
	is = rule_qer(r, rule, policer) | rule_gate(rule, policer);
	if (is_confirmed(GTPU_MEMBER_REMOVAL) && !RULE_TAKE(removal, rule, pdr_outer_header_removal) && !removal)
		is |= RULE_NO_REMOVAL;
	if (!is_confirmed(GTPU_MEMBER_FAR) || RULE_TAKE(far, rule, pdr_far))
		return is;
	is |= far ? rule_far(r, rule, far) : RULE_NO_FAR;
	if (r->has & GTPU_HAS_FAR && (r->far_action & FAR_ACTION_MASK) == FAR_ACTION_DROP)
		is |= rule_quota(r, pdr, gtp);
	return is;
}

/* Of a URR of the gtp5g device. */
static __always_inline int quota_key_of(struct gtpu_quota_key *key, __u64 urr, __u64 gtp)
{
	if (!urrs_confirmed() || RULE_READ(key->seid, urr, urr_seid) || RULE_READ(key->urr_id, urr, urr_id))
		return -1;
	return netns_of_gtp(gtp, &key->netns);
}
