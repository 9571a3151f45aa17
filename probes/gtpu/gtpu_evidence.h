/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the places of gtp5g's rules are right, where they are not of the module's own BTF: what they hold of some
 * PDRs, against what the module says of these over netlink. Pure. */
#pragma once

#include <stdbool.h>

#include "gtp5g_rules.h"
#include "gtpu.h"

/* A PDR with its FAR and QERs as the module lists them. */
struct gtpu_rules_told {
	uint64_t seid;
	uint32_t id, netns;
	const struct gtp5g_pdr_rule *pdr;
	bool removes; /* the outer header */
	bool has_far, creates;
	uint16_t far_action;
	bool qers_known; /* the four below */
	bool polices;
	uint32_t policer; /* 0: none polices */
	uint8_t gate, qfi;
};

/* Of one member, over all PDRs compared. */
struct gtpu_evidence {
	unsigned agreed; /* with a value that tells something: a 0 may stand anywhere */
	unsigned contradicted;
	uint64_t first;
	bool varied; /* agreed on more than one value */
};

/* Bits of enum gtpu_member. What is in neither is open. */
struct gtpu_judgement {
	unsigned confirmed, refuted;
};

/* The members that the layout has places for. */
unsigned gtpu_members_of(const struct gtpu_layout *layout);

/* Adds what one PDR shows. */
void gtpu_evidence_add(struct gtpu_evidence e[static GTPU_MEMBERS], const struct gtpu_rules_told *told,
		       const struct gtpu_sample *sample);

/* Whether it shows a place to be wrong: the rule may have changed between two answers, so that it is asked again. */
bool gtpu_evidence_contradicts(const struct gtpu_rules_told *told, const struct gtpu_sample *sample, unsigned members);

struct gtpu_judgement gtpu_evidence_judge(const struct gtpu_evidence e[static GTPU_MEMBERS], unsigned members);

/* For people, and as a word of the ledger. Static. */
const char *gtpu_member_name(unsigned member);
const char *gtpu_member_key(unsigned member);

#define GTPU_MEMBER_NAMES_MAX 128

/* The names of the members of the mask; "" for none. */
const char *gtpu_member_names(unsigned mask, char text[static GTPU_MEMBER_NAMES_MAX]);
