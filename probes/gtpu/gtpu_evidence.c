/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtpu_evidence.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define BIT(member) (1U << (member))
#define GATE_BITS 0x5 /* TS 29.244 8.2.7, as gtp5g keeps them */
#define QFI_MAX 63
#define NETNS_MIN 0xf0000000u /* inodes of namespaces begin there: no other number is one by chance */

/* gtp5g takes a PDR's QFI, gate and policing QER from its QERs when the PDR is made: a QER that changes later differs.
 */
static const struct {
	const char *name, *key;
	unsigned agreed; /* so many PDRs at least */
	bool varied;	 /* on more than one value */
	bool copied;	 /* some may contradict */
	unsigned needs;	 /* these are confirmed */
	unsigned beside; /* the same struct's before it and the next: one of them displaced may mean that this is too */
} members[GTPU_MEMBERS] = {
	[GTPU_MEMBER_PDR] = {"SEID and PDR", "pdr", 2, true, false, 0, 0},
	[GTPU_MEMBER_REMOVAL] = {"Outer Header Removal", "outer_header_removal", 2, true, false, BIT(GTPU_MEMBER_PDR),
				 0},
	[GTPU_MEMBER_FAR] = {"FAR", "far", 2, true, false, BIT(GTPU_MEMBER_PDR), 0},
	[GTPU_MEMBER_QERS] = {"QER", "qer", 2, false, false, BIT(GTPU_MEMBER_PDR),
			      BIT(GTPU_MEMBER_REMOVAL) | BIT(GTPU_MEMBER_FAR) | BIT(GTPU_MEMBER_QFI)},
	[GTPU_MEMBER_QFI] = {"QFI", "qfi", 2, false, true, BIT(GTPU_MEMBER_PDR),
			     BIT(GTPU_MEMBER_REMOVAL) | BIT(GTPU_MEMBER_FAR) | BIT(GTPU_MEMBER_QERS) |
				     BIT(GTPU_MEMBER_POLICER) | BIT(GTPU_MEMBER_GATE)},
	[GTPU_MEMBER_POLICER] = {"policing QER", "policer", 2, false, true, BIT(GTPU_MEMBER_PDR),
				 BIT(GTPU_MEMBER_REMOVAL) | BIT(GTPU_MEMBER_FAR) | BIT(GTPU_MEMBER_QERS) |
					 BIT(GTPU_MEMBER_QFI) | BIT(GTPU_MEMBER_GATE)},
	[GTPU_MEMBER_GATE] = {"gate", "gate", 2, true, true, BIT(GTPU_MEMBER_PDR), 0},
	[GTPU_MEMBER_URRS] = {"URR", "urr", 2, false, false, BIT(GTPU_MEMBER_PDR),
			      BIT(GTPU_MEMBER_REMOVAL) | BIT(GTPU_MEMBER_FAR) | BIT(GTPU_MEMBER_QERS) |
				      BIT(GTPU_MEMBER_QFI) | BIT(GTPU_MEMBER_POLICER) | BIT(GTPU_MEMBER_GATE)},
	[GTPU_MEMBER_ACTION] = {"FAR action", "far_action", 2, false, false,
				BIT(GTPU_MEMBER_PDR) | BIT(GTPU_MEMBER_FAR), BIT(GTPU_MEMBER_CREATION)},
	[GTPU_MEMBER_CREATION] = {"Outer Header Creation", "outer_header_creation", 2, true, false,
				  BIT(GTPU_MEMBER_PDR) | BIT(GTPU_MEMBER_FAR), 0},
	[GTPU_MEMBER_DEVICE] = {"device", "device", 1, false, false, 0, 0},
};

const char *gtpu_member_name(unsigned member)
{
	return member < GTPU_MEMBERS ? members[member].name : NULL;
}

const char *gtpu_member_key(unsigned member)
{
	return member < GTPU_MEMBERS ? members[member].key : NULL;
}

const char *gtpu_member_names(unsigned mask, char text[static GTPU_MEMBER_NAMES_MAX])
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned m = 0; m < GTPU_MEMBERS; m++)
		if (mask & BIT(m) && at < GTPU_MEMBER_NAMES_MAX)
			at += (size_t)snprintf(text + at, GTPU_MEMBER_NAMES_MAX - at, "%s%s", at ? ", " : "",
					       members[m].name);
	return text;
}

unsigned gtpu_members_of(const struct gtpu_layout *l)
{
	const struct {
		unsigned member;
		uint16_t places[2];
	} all[] = {
		{GTPU_MEMBER_PDR, {l->pdr_seid, l->pdr_id}},
		{GTPU_MEMBER_REMOVAL, {l->pdr_outer_header_removal}},
		{GTPU_MEMBER_FAR, {l->pdr_far, l->far_id}},
		{GTPU_MEMBER_QERS, {l->pdr_qer_ids, l->pdr_qer_num}},
		{GTPU_MEMBER_QFI, {l->pdr_qfi}},
		{GTPU_MEMBER_POLICER, {l->pdr_qer_with_rate, l->qer_id}},
		{GTPU_MEMBER_GATE, {l->qer_ul_dl_gate == GTPU_NOWHERE ? l->pdr_ul_dl_gate : l->qer_ul_dl_gate}},
		{GTPU_MEMBER_URRS, {l->pdr_urr_ids, l->pdr_urr_num}},
		{GTPU_MEMBER_ACTION, {l->far_action}},
		{GTPU_MEMBER_CREATION, {l->far_fwd_param, l->fwd_param_hdr_creation}},
		{GTPU_MEMBER_DEVICE, {l->dev_net_device}},
	};
	unsigned mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].places[0] != GTPU_NOWHERE && all[i].places[1] != GTPU_NOWHERE)
			mask |= BIT(all[i].member);
	return mask;
}

/* value: 0 tells nothing where it agrees. */
static void note(struct gtpu_evidence *e, bool same, uint64_t value)
{
	if (!same) {
		e->contradicted++;
	} else if (value) {
		if (!e->agreed++)
			e->first = value;
		e->varied |= value != e->first;
	}
}

static bool same_ids(const struct gtp5g_ids *told, uint32_t n, const uint32_t ids[static GTPU_SAMPLE_IDS])
{
	if (n != told->n + told->left_out)
		return false;
	for (uint32_t i = 0; i < n && i < GTPU_SAMPLE_IDS; i++)
		if (ids[i] != told->ids[i])
			return false;
	return true;
}

static void add_far(struct gtpu_evidence e[static GTPU_MEMBERS], const struct gtpu_rules_told *t,
		    const struct gtpu_sample *s)
{
	bool same = s->has_far == t->has_far && (!t->has_far || s->far_id == t->pdr->far_id);

	note(&e[GTPU_MEMBER_FAR], same, t->has_far ? t->pdr->far_id : 0);
	if (!same || !t->has_far)
		return;
	note(&e[GTPU_MEMBER_ACTION], s->far_action == t->far_action, t->far_action);
	note(&e[GTPU_MEMBER_CREATION], s->creates == t->creates, 1 + t->creates);
}

/* What a QFI or gate cannot be is no copy that was made before. */
static void add_copies(struct gtpu_evidence e[static GTPU_MEMBERS], const struct gtpu_rules_told *t,
		       const struct gtpu_sample *s)
{
	if (s->qfi > QFI_MAX)
		e[GTPU_MEMBER_QFI].contradicted += 2 * s->qfi;
	if (s->gate & ~GATE_BITS)
		e[GTPU_MEMBER_GATE].contradicted += 2 * s->gate;
	if (!t->qers_known)
		return;
	note(&e[GTPU_MEMBER_QFI], s->qfi == t->qfi, t->qfi);
	note(&e[GTPU_MEMBER_POLICER], s->polices == t->polices && s->policer == t->policer, 1 + t->policer);
	note(&e[GTPU_MEMBER_GATE], s->gate == t->gate, 1 + t->gate);
}

static void add_unread(struct gtpu_evidence e[static GTPU_MEMBERS], const struct gtpu_sample *s)
{
	for (unsigned m = 0; m < GTPU_MEMBERS; m++)
		e[m].contradicted += s->unread >> m & 1;
}

void gtpu_evidence_add(struct gtpu_evidence e[static GTPU_MEMBERS], const struct gtpu_rules_told *t,
		       const struct gtpu_sample *s)
{
	uint32_t qers = t->pdr->qers.n;

	add_unread(e, s);
	note(&e[GTPU_MEMBER_PDR], s->seid == t->seid && s->id == t->id, t->seid ? t->id : 0);
	note(&e[GTPU_MEMBER_REMOVAL], s->removes == t->removes, 1 + t->removes);
	add_far(e, t, s);
	note(&e[GTPU_MEMBER_QERS], same_ids(&t->pdr->qers, s->qers, s->qer_ids), qers ? t->pdr->qers.ids[0] : 0);
	add_copies(e, t, s);
	/* A session without URRs has no other sign of their place. */
	note(&e[GTPU_MEMBER_URRS], same_ids(&t->pdr->urrs, s->urrs, s->urr_ids), 1 + t->pdr->urrs.n);
	note(&e[GTPU_MEMBER_DEVICE], s->netns == t->netns, t->netns >= NETNS_MIN ? t->netns : 0);
}

static bool is_refuted(const struct gtpu_evidence *e, unsigned member)
{
	return members[member].copied ? e->contradicted > e->agreed : e->contradicted > 0;
}

bool gtpu_evidence_contradicts(const struct gtpu_rules_told *told, const struct gtpu_sample *sample, unsigned mask)
{
	struct gtpu_evidence e[GTPU_MEMBERS] = {0};

	gtpu_evidence_add(e, told, sample);
	for (unsigned m = 0; m < GTPU_MEMBERS; m++)
		if (mask & BIT(m) && !members[m].copied && e[m].contradicted)
			return true;
	return false;
}

static bool is_proved(const struct gtpu_evidence *e, unsigned member, unsigned refuted)
{
	if (refuted & BIT(member) || e->agreed < members[member].agreed)
		return false;
	return e->varied || (!members[member].varied && !(refuted & members[member].beside));
}

struct gtpu_judgement gtpu_evidence_judge(const struct gtpu_evidence e[static GTPU_MEMBERS], unsigned mask)
{
	struct gtpu_judgement j = {0};

	for (unsigned m = 0; m < GTPU_MEMBERS; m++)
		if (mask & BIT(m) && is_refuted(&e[m], m))
			j.refuted |= BIT(m);
	for (unsigned m = 0; m < GTPU_MEMBERS; m++)
		if (mask & BIT(m) && (j.confirmed & members[m].needs) == members[m].needs &&
		    is_proved(&e[m], m, j.refuted))
			j.confirmed |= BIT(m);
	return j;
}
