/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_table.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "ns.h"
#include "quality_table.h"

#define ENDPOINT_MAX (ADDR_TEXT_MAX + 8)

/* "950", "1.2k", "34M": three significant digits are enough for a live view. */
static const char *human(double value, char text[static 16])
{
	static const char units[] = " kMGT";
	size_t u = 0;

	while (value >= 1000 && u < sizeof(units) - 2) {
		value /= 1000;
		u++;
	}
	if (u)
		snprintf(text, 16, value < 10 ? "%.2f%c" : value < 100 ? "%.1f%c" : "%.0f%c", value,
			 units[u]);
	else
		snprintf(text, 16, "%.0f", value);
	return text;
}

#define PLACE_MIN 22
#define PLACE_RAW_MAX 96
#define PLACE_MAX ESCAPED_MAX(PLACE_RAW_MAX)

static bool is_own(const char *netns)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, ns_inode_self());
	return !strcmp(netns, text);
}

/* Whose interface: the pod's where it is known, else the namespace's. Here it is the end of a pod's pair. */
static size_t place(const struct agg_flow *f, char text[static PLACE_MAX])
{
	const struct agg_flow_key *k = &f->key;
	const char *dir = !k->has_dir ? "" : k->dir == DIR_EGRESS ? "out" : "in";
	const char *owner = f->owner[0] ? f->owner : k->netns;
	char raw[PLACE_RAW_MAX];

	if (is_own(k->netns))
		snprintf(raw, sizeof(raw), "%s%s%s %s", k->interface, f->owner[0] ? "=" : "", f->owner, dir);
	else
		snprintf(raw, sizeof(raw), "%s%s%s %s", owner, owner[0] ? "/" : "", k->interface, dir);
	return strlen(escape_text_to(text, PLACE_MAX, raw));
}

static void endpoint(const struct addr *a, uint16_t port, bool with_port,
		     char text[static ENDPOINT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	addr_format(a, ip);
	if (with_port)
		snprintf(text, ENDPOINT_MAX, addr_is_v4(a) ? "%s:%u" : "[%s]:%u", ip, port);
	else
		snprintf(text, ENDPOINT_MAX, "%s", ip);
}

#define PAIR_MAX (2 * ENDPOINT_MAX + 32)

static bool is_icmp(const struct event_tuple *t)
{
	return t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6;
}

/* The last room characters of a text say more than the first ones. */
static void cut(char *text, size_t room)
{
	size_t len = strlen(text);

	if (len <= room || !room)
		return;
	memmove(text, text + len - room, room + 1);
	text[0] = '~';
}

/* Both, into room columns: what one does not need is the other's. */
static void cut_both(char *src, char *dst, size_t room)
{
	size_t half = room / 2, of_src = strlen(src), of_dst = strlen(dst);

	if (of_src + of_dst <= room)
		return;
	cut(src, MAX(half, room > of_dst ? room - of_dst : 0));
	cut(dst, room - MIN(room, strlen(src)));
}

/* width: 0 for as wide as it is. */
static void pair(const struct event_tuple *t, bool with_ports, size_t width, char text[static PAIR_MAX])
{
	char src[ENDPOINT_MAX], dst[ENDPOINT_MAX], type[32] = "";

	if (with_ports && is_icmp(t)) {
		snprintf(type, sizeof(type), " %u/%u", t->sport, t->dport);
		with_ports = false;
	}
	endpoint(&t->src, t->sport, with_ports, src);
	endpoint(&t->dst, t->dport, with_ports, dst);
	if (width)
		cut_both(src, dst, width - MIN(width, 3 + strlen(type)));
	snprintf(text, PAIR_MAX, "%s > %s%s", src, dst, type);
}

/* How wide the columns are that give way. */
struct layout {
	const struct flow_view *view;
	size_t place, ends, proto;
	size_t top;
};

#define NUMBERS_WIDTH (4 * 8)  /* packets/s, bits/s, packets, bytes */
#define TUNNEL_WIDTH (10 + 1 + 4 + 2) /* TEID and QFI */
#define PROTO_WIDTH 7
#define CPU_WIDTH 5
#define ENDS_MIN 24
#define ENDS_DEFAULT 44

/* One cell, cut to its width where there is a terminal: the end of a text tells it from others. */
static void cell(struct buf *out, const struct layout *l, const char *text, size_t width)
{
	size_t len = strlen(text);

	if (!l->view->width || len <= width) {
		buf_printf(out, "%-*s ", (int)width, text);
		return;
	}
	for (text += len - width + 1; (*text & 0xc0) == 0x80;) /* within a character */
		text++;
	buf_printf(out, "~%-*s ", (int)width - 1, text);
}

static void teid_and_qfi(const struct agg_flow_key *k, struct buf *out)
{
	char qfi[8] = "-";

	if (k->has_qfi)
		snprintf(qfi, sizeof(qfi), "%u", k->qfi);
	if (k->has_gtp)
		buf_printf(out, "0x%08x %4s  ", k->teid, qfi);
	else
		buf_printf(out, "%10s %4s  ", "-", "-");
}

static void rates(const struct agg_flow *f, struct buf *out)
{
	char pps[16], bps[16], packets[16], bytes[16];

	buf_printf(out, "%7s %7s %7s %7s\n", human(f->packets_per_s, pps),
		   human(f->bytes_per_s * 8, bps), human((double)f->packets, packets),
		   human((double)f->bytes, bytes));
}

static bool is_other(const struct agg_flow *f)
{
	return !f->key.has_outer && !f->key.has_inner;
}

static void line(const struct layout *l, const struct agg_flow *f, struct buf *out)
{
	const struct event_tuple *t = f->key.has_inner ? &f->key.inner : &f->key.outer;
	char where[PLACE_MAX], ends[PAIR_MAX] = "(no room for these)", proto[8] = "";
	bool ports = !f->key.tunnel && (t->sport || t->dport || is_icmp(t));
	size_t width = l->ends + (f->key.tunnel ? PROTO_WIDTH : 0);

	place(f, where);
	cell(out, l, where, l->place);
	if (l->view->per_cpu)
		buf_printf(out, "%4u ", f->key.cpu);
	teid_and_qfi(&f->key, out);
	if (!is_other(f))
		pair(t, ports, l->view->width ? width : 0, ends);
	if (!f->key.tunnel)
		buf_printf(out, "%-6s ", is_other(f) ? "-" : event_proto_name(t->proto, proto));
	cell(out, l, ends, width);
	rates(f, out);
}

static void heading(const struct layout *l, bool tunnels, struct buf *out)
{
	const char *ends = l->ends >= ENDS_DEFAULT ? "INNER, OR OUTER WHERE THERE IS NO TUNNEL" : "INNER, OR OUTER";

	cell(out, l, tunnels ? "TUNNELS" : "FLOWS", l->place);
	if (l->view->per_cpu)
		buf_printf(out, "%4s ", "CPU");
	buf_printf(out, "%10s %4s  ", "TEID", "QFI");
	if (!tunnels)
		buf_printf(out, "%-6s ", "PROTO");
	cell(out, l, tunnels ? "OUTER" : ends, l->ends + (tunnels ? PROTO_WIDTH : 0));
	buf_printf(out, "%7s %7s %7s %7s\n", "PKT/S", "BIT/S", "PACKETS", "BYTES");
}

static void section(const struct layout *l, const struct agg_flow *const *sorted, size_t n, bool tunnels, struct buf *out)
{
	size_t shown = 0, of = 0;

	heading(l, tunnels, out);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i]->key.tunnel != tunnels)
			continue;
		of++;
		if (shown == l->top)
			continue;
		shown++;
		line(l, sorted[i], out);
	}
	if (of > shown)
		buf_printf(out, "(%zu more)\n", of - shown);
	if (!of)
		buf_str(out, "(none yet)\n");
}

/* Of what the rows tell; flows and tunnels are the same packets, so that flows alone are added up. */
static void totals(const struct agg_flow *const *sorted, size_t n, struct buf *out)
{
	double packets = 0, bytes = 0;
	size_t tunnels = 0;
	char pps[16], bps[16];

	for (size_t i = 0; i < n; i++) {
		tunnels += sorted[i]->key.tunnel;
		if (sorted[i]->key.tunnel || sorted[i]->twin)
			continue;
		packets += sorted[i]->packets_per_s;
		bytes += sorted[i]->bytes_per_s;
	}
	buf_printf(out, "%zu tunnels, %zu flows, %s packets/s, %s bit/s at the interfaces watched\n", tunnels, n - tunnels,
		   human(packets, pps), human(bytes * 8, bps));
}

/* A table's lines: what is left of the terminal by totals, headings and "more". */
static size_t fitting(const struct flow_view *view)
{
	if (view->top)
		return view->top;
	return view->height > 12 ? (view->height - 6) / 2 : view->height ? 3 : 20;
}

static struct layout lay_out(const struct flow_view *view, const struct agg_flow *const *sorted, size_t n)
{
	struct layout l = {.view = view, .place = PLACE_MIN, .ends = ENDS_DEFAULT, .top = fitting(view)};
	size_t fixed = TUNNEL_WIDTH + PROTO_WIDTH + NUMBERS_WIDTH + 2 + (view->per_cpu ? CPU_WIDTH : 0);
	char text[PLACE_MAX];

	for (size_t i = 0; i < n; i++)
		l.place = MAX(l.place, place(sorted[i], text));
	if (!view->width)
		return l;
	/* the place gives way to what is the least of ends, never below what it always had */
	if (l.place + fixed + ENDS_MIN > view->width)
		l.place = MAX(PLACE_MIN, view->width > fixed + ENDS_MIN ? view->width - fixed - ENDS_MIN : 0);
	l.ends = MAX(ENDS_MIN, view->width > fixed + l.place ? view->width - fixed - l.place : 0);
	return l;
}

void flow_table_print(const struct agg_flows *flows, const struct agg_quality *quality, const struct flow_view *view,
		      struct buf *out)
{
	_cleanup_free_ const struct agg_flow **sorted = NULL;
	struct layout l;
	size_t n;

	if (agg_flows_sorted(flows, view->sort, &sorted, &n) < 0) {
		out->failed = true;
		return;
	}
	l = lay_out(view, sorted, n);
	totals(sorted, n, out);
	section(&l, sorted, n, true, out);
	section(&l, sorted, n, false, out);
	quality_table_print(quality, l.top, out);
}
