/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* By what a session's packets are known: the UE's address, and the TEIDs of each way. */
#include "why_internal.h"

bool why_marks_teid(const struct why_marks *m, enum why_way way, uint32_t teid)
{
	for (size_t i = 0; i < m->n[way]; i++)
		if (m->teids[way][i] == teid)
			return true;
	return false;
}

void why_marks_add(struct why_marks *m, enum why_way way, uint32_t teid)
{
	if (m->n[way] < WHY_TEIDS_MAX && !why_marks_teid(m, way, teid))
		m->teids[way][m->n[way]++] = teid;
}

void why_marks_session(struct why_marks *m, const struct why_session *s)
{
	if (s->has_ue) {
		m->has_ue = true;
		m->ue = s->ue;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct why_pdr *p = &s->pdrs[i];

		if (p->has_teid) {
			why_marks_add(m, p->way, p->teid);
			m->told |= p->way == WHY_UPLINK;
		}
		if (p->has_peer)
			why_marks_add(m, p->way, p->peer_teid);
	}
}
