/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_table.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "flow_row.h"
#include "map.h"
#include "plural.h"
#include "quality_table.h"
#include "table_text.h"

/* Tunnels, messages, flows. */
enum section { SECTION_TUNNELS, SECTION_MESSAGES, SECTION_FLOWS, SECTIONS };

struct table {
	const struct agg_flows *flows;
	const struct agg_flow **sorted; /* owned */
	size_t n;
	struct layout layout;
	size_t top;			  /* rows of each section */
	size_t tunnels;			  /* not rows: a tunnel of several QoS flows is one */
	struct agg_flow kinds[AGG_KINDS]; /* without the twins, with what is not listed */
	struct agg_flow twins;
	size_t rows[SECTIONS], rows_once[SECTIONS]; /* all, and without the twins */
};

static enum section section_of(enum agg_kind kind)
{
	return kind == AGG_TUNNEL ? SECTION_TUNNELS : kind == AGG_MESSAGE ? SECTION_MESSAGES : SECTION_FLOWS;
}

static void sum_add(struct agg_flow *sum, const struct agg_flow *f)
{
	sum->packets += f->packets;
	sum->bytes += f->bytes;
	sum->packets_per_s += f->packets_per_s;
	sum->bytes_per_s += f->bytes_per_s;
}

static void sum_take(struct agg_flow *sum, const struct agg_flow *f)
{
	sum->packets -= MIN(sum->packets, f->packets);
	sum->bytes -= MIN(sum->bytes, f->bytes);
	sum->packets_per_s = MAX(0, sum->packets_per_s - f->packets_per_s);
	sum->bytes_per_s = MAX(0, sum->bytes_per_s - f->bytes_per_s);
}

/* The same tunnel has rows by QoS flow, by CPU, by VLAN. */
struct tunnel_id {
	char netns[AGG_NETNS_MAX], interface[EVENT_NAME_MAX];
	uint32_t ifindex, teid, vni;
	uint8_t dir, pad[3];
	struct addr src, dst;
};

static int count_tunnels(struct table *t)
{
	struct map *seen = map_new(sizeof(struct tunnel_id), 1, t->n + 1);
	struct tunnel_id id;

	if (!seen)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		const struct agg_flow_key *k = &t->sorted[i]->key;

		if (agg_flow_kind(k) != AGG_TUNNEL || !k->has_gtp || t->sorted[i]->twin)
			continue;
		memset(&id, 0, sizeof(id));
		memcpy(id.netns, k->netns, sizeof(id.netns));
		memcpy(id.interface, k->interface, sizeof(id.interface));
		id.ifindex = k->ifindex;
		id.teid = k->teid;
		id.vni = k->vni;
		id.dir = k->dir;
		id.src = k->outer.src;
		id.dst = k->outer.dst;
		map_put(seen, &id, NULL);
	}
	t->tunnels = map_len(seen);
	map_free(seen);
	return 0;
}

static void add_up(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct agg_flow *f = t->sorted[i];
		enum agg_kind kind = agg_flow_kind(&f->key);

		t->rows[section_of(kind)]++;
		if (!f->twin)
			t->rows_once[section_of(kind)]++;
		if (!f->twin)
			sum_add(&t->kinds[kind], f);
		else if (kind == AGG_FLOW_INSIDE || kind == AGG_FLOW_PLAIN)
			sum_add(&t->twins, f);
	}
	for (enum agg_kind kind = 0; kind < AGG_KINDS; kind++)
		sum_add(&t->kinds[kind], agg_flows_rest(t->flows, kind));
}

/* What the flows are, and so what tunnels, messages and the others are. A message is a flow of its outer addresses too;
 * where rows are chosen by a TEID that flow is not among them. */
static void print_totals(const struct table *t, struct buf *out)
{
	const struct agg_flow *kinds = t->kinds;
	struct agg_flow all = {0}, rest = {0};
	char pps[HUMAN_MAX] = "-", bps[HUMAN_MAX] = "-";
	const char *where = " at the interfaces watched";

	sum_add(&rest, &kinds[AGG_FLOW_INSIDE]);
	sum_add(&rest, &kinds[AGG_FLOW_PLAIN]);
	sum_take(&rest, &kinds[AGG_TUNNEL]);
	sum_take(&rest, &kinds[AGG_MESSAGE]);
	sum_add(&all, &kinds[AGG_TUNNEL]);
	sum_add(&all, &kinds[AGG_MESSAGE]);
	sum_add(&all, &rest);
	if (t->layout.rated) {
		human(all.packets_per_s, pps);
		human(all.bytes_per_s * 8, bps);
	}
	if (t->layout.view->width && t->layout.view->width < 76)
		where = "";
	buf_printf(out, "%zu tunnel%s, %zu flow%s,%s%s packets/s, %s bit/s%s\n", t->tunnels, plural(t->tunnels),
		   t->rows_once[SECTION_FLOWS], plural(t->rows_once[SECTION_FLOWS]), t->layout.stacked ? "\n" : " ",
		   pps, bps, where);
	flow_row_sum(&t->layout, "all packets", &all, out);
	flow_row_sum(&t->layout, "  in tunnels (G-PDU)", &kinds[AGG_TUNNEL], out);
	if (kinds[AGG_MESSAGE].packets)
		flow_row_sum(&t->layout, "  other GTP-U messages", &kinds[AGG_MESSAGE], out);
	flow_row_sum(&t->layout, "  without GTP-U", &rest, out);
	if (t->twins.packets)
		flow_row_sum(&t->layout, "(rows with =: seen again at another interface, in no sum)", &t->twins, out);
}

/* Rows beyond those shown, then what is in no row any more. */
static void print_unlisted(const struct table *t, enum section s, const struct agg_flow *more, size_t n,
			   struct buf *out)
{
	struct agg_flow gone = {0};
	char about[64];

	for (enum agg_kind kind = 0; kind < AGG_KINDS; kind++)
		if (section_of(kind) == s)
			sum_add(&gone, agg_flows_rest(t->flows, kind));
	snprintf(about, sizeof(about), "(%zu more)", n);
	if (n)
		flow_row_sum(&t->layout, about, more, out);
	if (gone.packets)
		flow_row_sum(&t->layout, "(idle, or without room in the table)", &gone, out);
}

static void print_section(const struct table *t, enum section s, struct buf *out)
{
	static const enum agg_kind of[SECTIONS] = {AGG_TUNNEL, AGG_MESSAGE, AGG_FLOW_PLAIN};
	struct agg_flow more = {0};
	size_t seen = 0;

	if (s == SECTION_MESSAGES && !t->rows[s])
		return;
	flow_row_heading(&t->layout, of[s], out);
	for (size_t i = 0; i < t->n; i++) {
		const struct agg_flow *f = t->sorted[i];

		if (section_of(agg_flow_kind(&f->key)) != s)
			continue;
		if (seen++ < t->top)
			flow_row(&t->layout, f, out);
		else if (!f->twin)
			sum_add(&more, f);
	}
	print_unlisted(t, s, &more, t->rows[s] - MIN(t->rows[s], t->top), out);
	if (!t->rows[s])
		buf_str(out, "(none yet)\n");
}

/* A section's rows: what is left of the terminal by totals, headings and what is not listed. */
static size_t fitting(const struct flow_view *view, const struct table *t)
{
	size_t sections = t->rows[SECTION_MESSAGES] ? 3 : 2, taken = 6 + 3 * sections;
	size_t lines = t->layout.stacked ? 2 : 1;

	if (view->top)
		return view->top;
	if (!view->height)
		return 20;
	return MAX(3, (view->height - MIN(view->height, taken)) / sections / lines);
}

/* The rows that will be printed are laid out, not those thousands that will not. */
static int lay_out(struct table *t, const struct flow_view *view)
{
	_cleanup_free_ const struct agg_flow **shown = calloc(t->n + 1, sizeof(*shown));
	size_t seen[SECTIONS] = {0}, n = 0;

	if (!shown)
		return -1;
	for (size_t i = 0; i < t->n; i++)
		if (seen[section_of(agg_flow_kind(&t->sorted[i]->key))]++ < t->top)
			shown[n++] = t->sorted[i];
	layout_make(&t->layout, view, shown, n);
	return 0;
}

void flow_table_print(const struct agg_flows *flows, const struct agg_quality *quality, const struct flow_view *view,
		      struct buf *out)
{
	struct table t = {.flows = flows, .layout.rated = agg_flows_rated(flows)};
	_cleanup_free_ const struct agg_flow **sorted = NULL;

	if (agg_flows_sorted(flows, view->sort, &sorted, &t.n) < 0) {
		out->failed = true;
		return;
	}
	t.sorted = sorted;
	add_up(&t);
	layout_make(&t.layout, view, NULL, 0);
	t.top = fitting(view, &t);
	if (count_tunnels(&t) < 0 || lay_out(&t, view) < 0) {
		out->failed = true;
		return;
	}
	print_totals(&t, out);
	for (enum section s = 0; s < SECTIONS; s++)
		print_section(&t, s, out);
	quality_table_print(quality, &(struct quality_view){.top = t.top, .width = view->width}, out);
}
