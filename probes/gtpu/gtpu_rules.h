/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gtp5g's rules say of a packet, read when its PDR is found: the rules are under RCU and the
 * module is inside its read-side section. */
#pragma once

#include "gtpu.h"
#include "kernel.h"

/* Set before load. */
const volatile struct gtpu_layout layout = {};

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

/* RULE_* */
static __noinline int rule_take(struct gtpu_record *r, __u64 pdr)
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
	return rule | (far ? rule_far(r, far) : RULE_NO_FAR);
}
