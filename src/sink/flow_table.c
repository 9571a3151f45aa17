/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_table.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include "cleanup.h"

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

static void place(const struct agg_flow_key *k, char text[static 96])
{
	snprintf(text, 96, "%s%s%s %s", k->netns, k->netns[0] ? "/" : "", k->interface,
		 !k->has_dir ? "" : k->dir == DIR_EGRESS ? "out" : "in");
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

static void pair(const struct event_tuple *t, bool with_ports, char text[static PAIR_MAX])
{
	char src[ENDPOINT_MAX], dst[ENDPOINT_MAX], type[24] = "";

	if (with_ports && is_icmp(t)) {
		snprintf(type, sizeof(type), " type %u code %u", t->sport, t->dport);
		with_ports = false;
	}
	endpoint(&t->src, t->sport, with_ports, src);
	endpoint(&t->dst, t->dport, with_ports, dst);
	snprintf(text, PAIR_MAX, "%s > %s%s", src, dst, type);
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

static void tunnel_line(const struct agg_flow *f, struct buf *out)
{
	char where[96], ends[PAIR_MAX];

	place(&f->key, where);
	pair(&f->key.outer, false, ends);
	buf_printf(out, "%-22s ", where);
	teid_and_qfi(&f->key, out);
	buf_printf(out, "%-51s ", ends);
	rates(f, out);
}

static void flow_line(const struct agg_flow *f, struct buf *out)
{
	const struct event_tuple *t = f->key.has_inner ? &f->key.inner : &f->key.outer;
	char where[96], ends[PAIR_MAX], proto[8];

	place(&f->key, where);
	pair(t, t->sport || t->dport || is_icmp(t), ends);
	buf_printf(out, "%-22s ", where);
	teid_and_qfi(&f->key, out);
	buf_printf(out, "%-6s %-44s ", event_proto_name(t->proto, proto), ends);
	rates(f, out);
}

static void section(const struct agg_flow *const *sorted, size_t n, bool tunnels, size_t top,
		    struct buf *out)
{
	size_t shown = 0, of = 0;

	for (size_t i = 0; i < n; i++) {
		if (sorted[i]->key.tunnel != tunnels)
			continue;
		of++;
		if (shown == top)
			continue;
		shown++;
		if (tunnels)
			tunnel_line(sorted[i], out);
		else
			flow_line(sorted[i], out);
	}
	if (of > shown)
		buf_printf(out, "(%zu more)\n", of - shown);
	if (!of)
		buf_str(out, "(none yet)\n");
}

void flow_table_print(const struct agg_flows *flows, size_t top, struct buf *out)
{
	_cleanup_free_ const struct agg_flow **sorted = NULL;
	size_t n;

	if (agg_flows_sorted(flows, &sorted, &n) < 0) {
		out->failed = true;
		return;
	}
	buf_printf(out, "%-22s %10s %4s  %-51s %7s %7s %7s %7s\n", "TUNNELS", "TEID", "QFI", "OUTER",
		   "PKT/S", "BIT/S", "PACKETS", "BYTES");
	section(sorted, n, true, top, out);
	buf_printf(out, "%-22s %10s %4s  %-6s %-44s %7s %7s %7s %7s\n", "FLOWS", "TEID", "QFI",
		   "PROTO", "INNER, OR OUTER WHERE THERE IS NO TUNNEL", "PKT/S", "BIT/S", "PACKETS",
		   "BYTES");
	section(sorted, n, false, top, out);
}
