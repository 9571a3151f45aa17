/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the rules of the kernel to the session in question. */
#pragma once

#include "gtp.h"
#include "rules.h"
#include "why.h"

struct why_question {
	bool by_ue;
	struct addr ue;
	uint32_t teid; /* of either direction */
};

/* gtp5g's session in a namespace: by a PDR's UE address, its F-TEID, or the TEID that its FAR sends
 * to. false: none, ret is untouched. */
bool why_find(const struct rules *rules, uint64_t netns, const struct why_question *q, struct why_session *ret);

/* Takes a PDP context into the session where the question fits; true: it does. */
bool why_find_pdp(const struct gtp_pdp *pdp, const struct why_question *q, struct why_session *s);
