/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_row.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "ns.h"
#include "table_text.h"

#define PLACE_DEFAULT 22
#define PLACE_MOST 40 /* also where there is no terminal: a container's name can have 64 characters */
#define PLACE_LEAST 11
#define ENDS_DEFAULT 44
#define ENDS_LEAST 22
#define TUNNEL_WIDTH (10 + 1 + 3 + 1) /* TEID and QFI, with their blanks */
#define PROTO_WIDTH 7
#define QFI_WIDTH 4
#define CPU_WIDTH 5
#define NARROW 100 /* columns below which numbers stand closer */
#define ENDPOINT_MAX (ADDR_TEXT_MAX + 8)
#define TAGS_MAX 64
#define SHORTEST 12 /* columns that two addresses keep, whatever else a row says */

/* Whose interface: the pod's where it is known, else the namespace's. Here it is the end of a pod's pair. "=": its
 * packets are counted at another row too. */
static size_t place(const struct layout *l, const struct agg_flow *f, char text[static PLACE_MAX])
{
	const struct agg_flow_key *k = &f->key;
	const char *dir = !k->has_dir ? "" : k->dir == DIR_EGRESS ? " out" : " in", *twin = f->twin ? " =" : "";
	const char *owner = f->owner[0] ? f->owner : k->netns;
	char raw[PLACE_RAW_MAX];

	if (!strcmp(k->netns, l->own))
		snprintf(raw, sizeof(raw), "%s%s%s%s%s", k->interface, f->owner[0] ? "=" : "", f->owner, dir, twin);
	else
		snprintf(raw, sizeof(raw), "%s%s%s%s%s", owner, owner[0] ? "/" : "", k->interface, dir, twin);
	escape_text_to(text, PLACE_MAX, raw);
	shorten_middle(text, PLACE_MOST);
	return strlen(text);
}

static void endpoint(const struct addr *a, uint16_t port, bool with_port, char text[static ENDPOINT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	addr_format(a, ip);
	if (with_port)
		snprintf(text, ENDPOINT_MAX, addr_is_v4(a) ? "%s:%u" : "[%s]:%u", ip, port);
	else
		snprintf(text, ENDPOINT_MAX, "%s", ip);
}

static bool is_icmp(const struct event_tuple *t)
{
	return t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6;
}

/* Both, into room columns: what one does not need is the other's. */
static void shorten_both(char *src, char *dst, size_t room)
{
	size_t half = room / 2, of_src = strlen(src), of_dst = strlen(dst);

	if (of_src + of_dst <= room)
		return;
	shorten_begin(src, MAX(half, room > of_dst ? room - of_dst : 0));
	shorten_begin(dst, room - MIN(room, strlen(src)));
}

/* What else tells a row from others: ICMP's type and code, VLANs, the overlay's network. */
static void tags(const struct agg_flow_key *k, const struct event_tuple *t, char text[static TAGS_MAX])
{
	size_t n = 0;

	text[0] = '\0';
	if (!k->tunnel && is_icmp(t))
		n += (size_t)snprintf(text + n, TAGS_MAX - n, " %u/%u", t->sport, t->dport);
	if (k->has_vlan)
		n += (size_t)snprintf(text + n, TAGS_MAX - n, " vlan %u", k->vlan);
	if (k->has_inner_vlan)
		n += (size_t)snprintf(text + n, TAGS_MAX - n, ".%u", k->inner_vlan);
	if (k->has_vni)
		snprintf(text + n, TAGS_MAX - n, " %s %u", k->overlay, k->vni);
}

static bool has_ends(const struct agg_flow *f)
{
	return f->key.has_outer || f->key.has_inner;
}

/* width: 0 for as wide as it is. */
static size_t ends(const struct agg_flow *f, size_t width, char text[static ENDS_MAX])
{
	const struct event_tuple *t = f->key.has_inner ? &f->key.inner : &f->key.outer;
	char src[ENDPOINT_MAX], dst[ENDPOINT_MAX], behind[TAGS_MAX];
	bool ports = !f->key.tunnel && !is_icmp(t) && (t->sport || t->dport);

	if (!has_ends(f)) {
		snprintf(text, ENDS_MAX, "%s",
			 f->key.tunnel && f->key.has_gtp ? "(of several)" : "(no room for these)");
		return strlen(text);
	}
	tags(&f->key, t, behind);
	endpoint(&t->src, t->sport, ports, src);
	endpoint(&t->dst, t->dport, ports, dst);
	if (width)
		shorten_both(src, dst, width > 3 + strlen(behind) + SHORTEST ? width - 3 - strlen(behind) : SHORTEST);
	snprintf(text, ENDS_MAX, "%s > %s%s", src, dst, behind);
	return strlen(text);
}

static const char *message_name(uint8_t type, char text[static 24])
{
	switch (type) { /* TS 29.281 6.1 */
	case 1:
		return "echo request";
	case 2:
		return "echo response";
	case 26:
		return "error indication";
	case 31:
		return "extension headers";
	case 253:
		return "tunnel status";
	case 254:
		return "end marker";
	}
	snprintf(text, 24, "message %u", type);
	return text;
}

#define MESSAGE_WIDTH 18

/* Behind a message's name, which has no column there. */
static void stacked_ends(const struct layout *l, const struct agg_flow *f, enum agg_kind kind,
			 char text[static ENDS_MAX])
{
	char name[24], pair[ENDS_MAX];
	const char *message = kind == AGG_MESSAGE ? message_name(f->key.type, name) : "";
	size_t taken = *message ? strlen(message) + 1 : 0;

	ends(f, l->view->width > taken ? l->view->width - taken : 1, pair);
	snprintf(text, ENDS_MAX, "%s%s%.*s", message, *message ? " " : "", (int)(ENDS_MAX - sizeof(name) - 2), pair);
}

/* The columns between place and ends; of a message its name stands for QFI and protocol. */
static void add_middle(const struct layout *l, const struct agg_flow *f, enum agg_kind kind, struct buf *out)
{
	const struct event_tuple *t = f->key.has_inner ? &f->key.inner : &f->key.outer;
	const struct agg_flow_key *k = &f->key;
	char qfi[8] = "-", text[24];

	if (k->has_qfi)
		snprintf(qfi, sizeof(qfi), "%u", k->qfi);
	if (k->has_gtp)
		buf_printf(out, "0x%08x ", k->teid);
	else
		buf_printf(out, "%10s ", "-");
	if (kind == AGG_MESSAGE)
		buf_printf(out, "%-*s", l->stacked ? 0 : MESSAGE_WIDTH, l->stacked ? "" : message_name(k->type, text));
	else
		buf_printf(out, "%3s ", qfi);
	if (kind == AGG_FLOW_INSIDE || kind == AGG_FLOW_PLAIN)
		buf_printf(out, "%-6s ", has_ends(f) ? event_proto_name(t->proto, text) : "-");
}

/* Of the columns from TEID to ends the messages' name takes more than QFI and protocol, tunnels have no protocol. */
static size_t ends_width(const struct layout *l, enum agg_kind kind)
{
	if (kind == AGG_TUNNEL)
		return l->ends + PROTO_WIDTH;
	if (kind != AGG_MESSAGE)
		return l->ends;
	return l->ends - MIN(l->ends, MESSAGE_WIDTH - PROTO_WIDTH - QFI_WIDTH);
}

static void add_numbers(const struct layout *l, const struct agg_flow *f, char text[static NUMBERS_MAX])
{
	char pps[HUMAN_MAX] = "-", bps[HUMAN_MAX] = "-", packets[HUMAN_MAX], bytes[HUMAN_MAX];
	int w = (int)l->number;

	if (l->rated) {
		human(f->packets_per_s, pps);
		human(f->bytes_per_s * 8, bps);
	}
	snprintf(text, NUMBERS_MAX, "%*s %*s %*s %*s", w, pps, w, bps, w, human((double)f->packets, packets), w,
		 human((double)f->bytes, bytes));
}

/* Numbers stand at the end of the line, or of one of their own. */
static void put_stacked(const struct layout *l, const char *about, const char *numbers, struct buf *out)
{
	size_t room = l->view->width - MIN(l->view->width, strlen(numbers) + 1);
	_cleanup_(buf_free) struct buf padded = {0};

	buf_printf(&padded, "%-*s", (int)room, about);
	table_line(out, l->view->width, padded.data ?: "", numbers);
}

struct row_texts {
	struct buf *about; /* what stands before the ends */
	const char *ends, *numbers;
	size_t width; /* of the ends */
};

static void put_row(const struct layout *l, const struct row_texts *row, struct buf *out)
{
	if (l->stacked) {
		table_line(out, l->view->width, row->about->data ?: "", "");
		put_stacked(l, row->ends, row->numbers, out);
		return;
	}
	buf_printf(row->about, "%-*s", (int)row->width, row->ends);
	table_line(out, l->view->width, row->about->data ?: "", row->numbers);
}

void flow_row(const struct layout *l, const struct agg_flow *f, struct buf *out)
{
	enum agg_kind kind = agg_flow_kind(&f->key);
	size_t width = ends_width(l, kind);
	char where[PLACE_MAX], ends_text[ENDS_MAX], numbers[NUMBERS_MAX];
	_cleanup_(buf_free) struct buf about = {0};

	place(l, f, where);
	shorten_middle(where, l->place);
	if (l->stacked)
		stacked_ends(l, f, kind, ends_text);
	else
		ends(f, l->view->width ? width : 0, ends_text);
	add_numbers(l, f, numbers);
	buf_printf(&about, "%-*s ", (int)l->place, where);
	if (l->view->per_cpu)
		buf_printf(&about, "%4u ", f->key.cpu);
	add_middle(l, f, kind, &about);
	put_row(l, &(struct row_texts){&about, ends_text, numbers, width}, out);
}

void flow_row_heading(const struct layout *l, enum agg_kind kind, struct buf *out)
{
	static const char *const titles[AGG_KINDS] = {"TUNNELS", "GTP-U MESSAGES", "FLOWS", "FLOWS"};
	const char *of_flows = l->ends >= ENDS_DEFAULT ? "INNER, OR OUTER WHERE THERE IS NO TUNNEL" : "INNER, OR OUTER";
	bool flows = kind == AGG_FLOW_INSIDE || kind == AGG_FLOW_PLAIN;
	_cleanup_(buf_free) struct buf about = {0};
	char numbers[NUMBERS_MAX], title[PLACE_MAX];
	int w = (int)l->number;

	snprintf(title, sizeof(title), "%s", titles[kind]);
	shorten_middle(title, l->place);
	buf_printf(&about, "%-*s ", (int)l->place, title);
	if (l->view->per_cpu)
		buf_printf(&about, "%4s ", "CPU");
	buf_printf(&about, "%10s ", "TEID");
	if (kind == AGG_MESSAGE)
		buf_printf(&about, "%-*s", l->stacked ? 0 : MESSAGE_WIDTH, l->stacked ? "" : "MESSAGE");
	else
		buf_printf(&about, "%3s %-*s", "QFI", flows ? PROTO_WIDTH : 0, flows ? "PROTO" : "");
	snprintf(numbers, sizeof(numbers), "%*s %*s %*s %*s", w, "PKT/S", w, "BIT/S", w, w < 7 ? "PKTS" : "PACKETS", w,
		 "BYTES");
	put_row(l, &(struct row_texts){&about, flows ? of_flows : "OUTER", numbers, ends_width(l, kind)}, out);
}

/* Of a line up to its numbers. */
static size_t about_width(const struct layout *l)
{
	return l->place + 1 + (l->view->per_cpu ? CPU_WIDTH : 0) + TUNNEL_WIDTH + PROTO_WIDTH + l->ends;
}

void flow_row_sum(const struct layout *l, const char *about, const struct agg_flow *sum, struct buf *out)
{
	char numbers[NUMBERS_MAX], text[PLACE_MAX + ENDS_MAX];

	add_numbers(l, sum, numbers);
	if (l->stacked) {
		put_stacked(l, about, numbers, out);
		return;
	}
	snprintf(text, sizeof(text), "%-*s", (int)MIN(about_width(l), sizeof(text) - 1), about);
	table_line(out, l->view->width, text, numbers);
}

static void widest(struct layout *l, const struct agg_flow *const *shown, size_t n)
{
	char text[MAX(PLACE_MAX, ENDS_MAX)];

	for (size_t i = 0; i < n; i++) {
		enum agg_kind kind = agg_flow_kind(&shown[i]->key);
		size_t more = ends_width(l, kind) - l->ends, len = ends(shown[i], 0, text);

		l->ends = MAX(l->ends, len - MIN(len, more));
		l->place = MAX(l->place, place(l, shown[i], text));
	}
}

void layout_make(struct layout *l, const struct flow_view *view, const struct agg_flow *const *shown, size_t n)
{
	size_t fixed = TUNNEL_WIDTH + PROTO_WIDTH + (view->per_cpu ? CPU_WIDTH : 0) + 2, room;

	l->view = view;
	snprintf(l->own, sizeof(l->own), "%" PRIu64, ns_inode_self());
	l->number = view->width && view->width < NARROW ? 5 : 7;
	l->place = PLACE_DEFAULT;
	l->ends = ENDS_DEFAULT;
	widest(l, shown, n);
	if (!view->width)
		return;
	fixed += 4 * l->number + 3;
	l->stacked = view->width < fixed + PLACE_LEAST + ENDS_LEAST;
	if (l->stacked) {
		room = view->width - MIN(view->width, TUNNEL_WIDTH + PROTO_WIDTH + 1 + (view->per_cpu ? CPU_WIDTH : 0));
		l->place = MIN(l->place, MAX(room, 4));
		return;
	}
	room = view->width - fixed;
	if (l->place + l->ends <= room)
		return;
	l->place = MIN(l->place, MAX(PLACE_LEAST, MAX(room / 3, room > l->ends ? room - l->ends : 0)));
	l->ends = room - l->place;
}
