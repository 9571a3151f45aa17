/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the places of gtp5g's rules are right, where they are not of its own BTF: the PDRs that
 * packets met must be among those that the module itself tells over netlink. */
#pragma once

#include "devices.h"
#include "gtpu_run.h"

enum gtpu_trust {
	GTPU_TRUST_UNASKED, /* nothing to be checked, or nobody to ask */
	GTPU_TRUST_OPEN,
	GTPU_TRUST_AGREED,
	GTPU_TRUST_REFUTED,
};

#define GTPU_CHECK_PDRS 16 /* at most, of one collection */

struct gtpu_check {
	enum gtpu_trust trust;
	struct {
		uint64_t seid;
		uint32_t netns;
		uint16_t pdr_id;
		bool agreed;
	} pdrs[GTPU_CHECK_PDRS]; /* met since the last comparison */
	size_t n;
	unsigned contradicted, rounds; /* PDRs that the module does not know, and in how many comparisons */
};

/* A PDR may go between its packet and the question: some at one time prove nothing. */
static inline enum gtpu_trust gtpu_trust_of(unsigned agreed, unsigned contradicted, unsigned rounds)
{
	if (agreed)
		return GTPU_TRUST_AGREED;
	return contradicted >= 3 && rounds >= 3 ? GTPU_TRUST_REFUTED : GTPU_TRUST_OPEN;
}

void gtpu_check_note(struct gtpu_check *c, const struct gtpu_session_key *key);
/* Asks the module in the namespaces of its devices about the PDRs noted. */
void gtpu_check_compare(struct gtpu_check *c, const struct device_list *devices);
