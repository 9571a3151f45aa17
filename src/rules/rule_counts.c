/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rule_counts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define UDP_LEN 8
/* UDP and GTP-U header; with the optional fields and the extension headers that the module reads. */
#define HEADERS_MIN 16
#define HEADERS_MAX 64

static void add(struct event_count *sum, const struct event *row)
{
	sum->packets += row->packets;
	sum->bytes += row->bytes;
}

static bool is(const char *value, const char *want)
{
	return value && !strcmp(value, want);
}

/* Where a row belongs beside the sum of all; NULL: nowhere. */
#define PLACE_OF(side, row)                                                                                            \
	(is((row)->call.verdict, "buffered")			       ? &(side)->buffered                             \
	 : is((row)->call.verdict, "echo_answered")		       ? &(side)->echo                                 \
	 : is((row)->call.verdict, "unknown")			       ? &(side)->unknown                              \
	 : is((row)->reason, "qer_red")				       ? &(side)->qer_red                              \
	 : is((row)->reason, "backlog_full")			       ? &(side)->backlog_full                         \
	 : is((row)->reason, "far_drop") || is((row)->reason, "quota") ? &(side)->far_drop                             \
								       : NULL)

#define ADD_ROW(side, row)                                                                                             \
	do {                                                                                                           \
		struct event_count *place_ = PLACE_OF(side, row);                                                      \
                                                                                                                       \
		add(&(side)->all, row);                                                                                \
		if (place_)                                                                                            \
			add(place_, row);                                                                              \
		if ((row)->call.verdict && !strncmp((row)->call.verdict, "forwarded", 9))                              \
			add(&(side)->forwarded, row);                                                                  \
		if (is((row)->call.verdict, "forwarded_n9"))                                                           \
			add(&(side)->forwarded_n9, row);                                                               \
	} while (0)

bool rule_counts_add(struct rule_counts *c, const struct event *row)
{
	if (row->kind != KIND_SESSION)
		return false;
	if (is(row->call.function, "gtp5g_encap_recv"))
		ADD_ROW(&c->uplink, row);
	else if (is(row->call.function, "gtp5g_dev_xmit"))
		ADD_ROW(&c->downlink, row);
	else
		return false;
	return true;
}

static void because(struct counts_row *row, const char *reason, uint64_t amount)
{
	if (!amount || row->n_because == COUNTS_REASONS_MAX)
		return;
	row->because[row->n_because].reason = reason;
	row->because[row->n_because++].amount = (int64_t)amount;
}

/* What is left when all reasons are taken off, at the best of the times that the module was read. */
static int64_t rest(const struct counts_row *row)
{
	int64_t want = (int64_t)row->teide;

	for (size_t i = 0; i < row->n_because; i++)
		want += row->because[i].amount;
	if (want < (int64_t)row->module)
		return (int64_t)row->module - want;
	return want > (int64_t)row->module_most ? (int64_t)row->module_most - want : 0;
}

/* Something of unknown size that makes the module count more, by least to most (less: it counts less). Of what would
 * do, the amount that explains most: of a module read at different times, the first reading. */
static void allow(struct counts_row *row, const char *reason, int64_t least, int64_t most)
{
	int64_t want = (int64_t)row->teide, low, high;

	if (!rest(row) || row->n_because == COUNTS_REASONS_MAX)
		return;
	for (size_t i = 0; i < row->n_because; i++)
		want += row->because[i].amount;
	low = MAX(least, (int64_t)row->module - want);
	high = MIN(most, (int64_t)row->module_most - want);
	if (low > high)
		return;
	row->because[row->n_because].reason = reason;
	row->because[row->n_because++].amount = low;
}

static void tell(struct counts_row *row, counts_fn visit, void *data)
{
	row->unexplained = rest(row);
	visit(row, data);
}

struct reading {
	const char *counter;
	uint64_t before[2], after[2];
};

/* false: it went back. */
static bool begin(struct counts_row *row, const struct reading *r, uint64_t teide)
{
	if (r->before[1] < r->after[0] || r->after[1] < r->before[0])
		return false;
	*row = (struct counts_row){.counter = r->counter,
				   .module = r->before[1] - r->after[0],
				   .module_most = r->after[1] - r->before[0],
				   .teide = teide};
	return true;
}

/* clang-format off */
#define READING(m, name) \
	{#name, {(m)->before[0].name, (m)->before[1].name}, {(m)->after[0].name, (m)->after[1].name}}
/* clang-format on */

/* The module counts an uplink packet when its header is off: one to N9 keeps it. */
static int compare_uplink(const struct pdr_readings *m, const struct rule_counts *t, bool n9, counts_fn visit,
			  void *data)
{
	const struct reading packets = READING(m, ul_packets), bytes = READING(m, ul_bytes);
	const struct event_count none = {0}, *red = n9 ? &none : &t->uplink.qer_red;
	uint64_t n = t->uplink.forwarded.packets - t->uplink.forwarded_n9.packets;
	uint64_t length = t->uplink.forwarded.bytes - t->uplink.forwarded_n9.bytes;
	uint64_t headers = n + red->packets + t->uplink.backlog_full.packets;
	struct counts_row row;

	if (!begin(&row, &packets, n))
		return -ESTALE;
	because(&row, "qer_red", red->packets);
	because(&row, "backlog_full", t->uplink.backlog_full.packets);
	allow(&row, "verdict_unknown", 0, (int64_t)t->uplink.unknown.packets);
	tell(&row, visit, data);
	if (!begin(&row, &bytes, length))
		return -ESTALE;
	because(&row, "qer_red", red->bytes);
	because(&row, "backlog_full", t->uplink.backlog_full.bytes);
	if (t->uplink.unknown.packets)
		allow(&row, "verdict_unknown", 0, (int64_t)t->uplink.unknown.bytes);
	allow(&row, "outer_header", -(int64_t)(headers * HEADERS_MAX), -(int64_t)(headers * HEADERS_MIN));
	tell(&row, visit, data);
	return 0;
}

/* The module counts a downlink packet before it polices it. */
static int compare_downlink(const struct pdr_readings *m, const struct rule_counts *t, counts_fn visit, void *data)
{
	const struct reading packets = READING(m, dl_packets), bytes = READING(m, dl_bytes);
	struct counts_row row;

	if (!begin(&row, &packets, t->downlink.forwarded.packets))
		return -ESTALE;
	because(&row, "qer_red", t->downlink.qer_red.packets);
	tell(&row, visit, data);
	if (!begin(&row, &bytes, t->downlink.forwarded.bytes))
		return -ESTALE;
	because(&row, "qer_red", t->downlink.qer_red.bytes);
	tell(&row, visit, data);
	return 0;
}

/* Of what is dropped the module counts what the FAR drops, and what it could not hand to user space. */
static int compare_drops(const struct pdr_readings *m, const struct rule_counts *t, counts_fn visit, void *data)
{
	const struct reading up = READING(m, ul_drops), down = READING(m, dl_drops);
	struct counts_row row;

	if (!begin(&row, &up, t->uplink.far_drop.packets))
		return -ESTALE;
	allow(&row, "not_buffered", 0, (int64_t)t->uplink.buffered.packets);
	tell(&row, visit, data);
	if (!begin(&row, &down, t->downlink.far_drop.packets))
		return -ESTALE;
	allow(&row, "not_buffered", 0, (int64_t)t->downlink.buffered.packets);
	tell(&row, visit, data);
	return 0;
}

int rule_counts_compare_pdr(const struct pdr_readings *module, const struct rule_counts *teide, bool n9,
			    counts_fn visit, void *data)
{
	int r = compare_uplink(module, teide, n9, visit, data);

	if (r == 0)
		r = compare_downlink(module, teide, visit, data);
	return r ? r : compare_drops(module, teide, visit, data);
}

static bool counts_only_sent(const char *version)
{
	unsigned major, minor, patch;

	if (sscanf(version, "%u.%u.%u", &major, &minor, &patch) != 3)
		return false;
	return major > 0 || minor > 9 || (minor == 9 && patch >= 16);
}

static int compare_received(const struct usage_readings *m, const struct rule_counts *t, counts_fn visit, void *data)
{
	const struct reading readings[] = {READING(m, ul_rx_packets), READING(m, ul_rx_bytes),
					   READING(m, dl_rx_packets), READING(m, dl_rx_bytes)};
	const uint64_t teide[] = {t->uplink.all.packets, t->uplink.all.bytes - UDP_LEN * t->uplink.all.packets,
				  t->downlink.all.packets, t->downlink.all.bytes};
	struct counts_row row;

	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		if (!begin(&row, &readings[i], teide[i]))
			return -ESTALE;
		tell(&row, visit, data);
	}
	return 0;
}

int rule_counts_compare_usage(const struct usage_readings *module, const struct rule_counts *teide, const char *version,
			      counts_fn visit, void *data)
{
	const struct reading up = READING(module, ul_tx_packets), down = READING(module, dl_tx_packets);
	struct counts_row row;
	int r = compare_received(module, teide, visit, data);

	if (r < 0 || !counts_only_sent(version))
		return r;
	if (!begin(&row, &up, teide->uplink.forwarded.packets))
		return -ESTALE;
	/* It calls forwarded what it took, on the uplink. */
	because(&row, "buffered", teide->uplink.buffered.packets);
	because(&row, "echo_answered", teide->uplink.echo.packets);
	tell(&row, visit, data);
	if (!begin(&row, &down, teide->downlink.forwarded.packets))
		return -ESTALE;
	tell(&row, visit, data);
	return 0;
}
