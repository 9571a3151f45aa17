/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp5g_qers.h"

#include <stdio.h>

#include "gtp5g.h"

#define VERSION(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

enum gtp5g_qer_era gtp5g_qer_era(const char *text)
{
	unsigned major, minor, patch, version;

	if (sscanf(text, "%3u.%3u.%3u", &major, &minor, &patch) != 3)
		return GTP5G_QERS_LAST_POLICES;
	version = VERSION(major, minor, patch);
	if (version >= VERSION(0, 9, 2))
		return GTP5G_QERS_LAST_POLICES;
	if (version >= VERSION(0, 8, 9))
		return GTP5G_QERS_FIRST_POLICES;
	return version >= VERSION(0, 8, 6) ? GTP5G_QERS_FIRST_POLICES_WITHOUT_GATES : GTP5G_QERS_NONE_POLICES;
}

static bool has_rates(const struct gtp5g_rate *r)
{
	return gtp5g_kbps(r->ul_high, r->ul_low) && gtp5g_kbps(r->dl_high, r->dl_low);
}

static bool becomes_policer(struct gtp5g_qers *qers, const struct gtp5g_rule *qer)
{
	if (qers->era == GTP5G_QERS_NONE_POLICES || !has_rates(&qer->qer.mbr))
		return false;
	return qers->era == GTP5G_QERS_LAST_POLICES || !qers->polices;
}

static void close_gates(struct gtp5g_qers *qers, const struct gtp5g_rule *qer)
{
	uint8_t closed = qer->qer.gate & (GTP5G_GATE_UPLINK_CLOSED | GTP5G_GATE_DOWNLINK_CLOSED);
	uint8_t news = closed & ~qers->gate;

	if (news & GTP5G_GATE_UPLINK_CLOSED)
		qers->uplink_closer = qer->id;
	if (news & GTP5G_GATE_DOWNLINK_CLOSED)
		qers->downlink_closer = qer->id;
	qers->gate |= closed;
}

void gtp5g_qers_add(struct gtp5g_qers *qers, const struct gtp5g_rule *qer)
{
	bool polices = becomes_policer(qers, qer);

	if (!qers->qfi)
		qers->qfi = qer->qer.qfi;
	if (polices) {
		qers->polices = true;
		qers->policer = qer->id;
	}
	if (qers->era == GTP5G_QERS_LAST_POLICES || (qers->era == GTP5G_QERS_FIRST_POLICES && polices))
		close_gates(qers, qer);
}
