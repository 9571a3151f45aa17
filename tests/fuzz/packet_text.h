/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the packet cursor has read, in the words of tests/bpf/flow_cases.py. */
#pragma once

#include "addr.h"
#include "buf.h"
#include "flow/flow_run.h"
#include "packet_user.h"

static inline void packet_text_tuple(struct buf *out, const char *name, const struct record_tuple *t, bool whole)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	buf_printf(out, " %s=", name);
	if (!t->family) {
		buf_str(out, "-");
		return;
	}
	memcpy(a.b, t->src, 16);
	buf_printf(out, "%s,", addr_format(&a, text));
	memcpy(a.b, t->dst, 16);
	buf_str(out, addr_format(&a, text));
	if (!whole)
		return;
	buf_printf(out, ",%u", t->proto);
	if (t->ports)
		buf_printf(out, ",%u,%u", t->sport, t->dport);
	else
		buf_str(out, ",-,-");
}

static inline void packet_text_number(struct buf *out, const char *name, bool there, uint32_t value)
{
	if (there)
		buf_printf(out, " %s=%u", name, value);
	else
		buf_printf(out, " %s=-", name);
}

static inline void packet_text_layers(struct buf *out, const struct packet *p)
{
	static const char *const overlays[] = {"-", "vxlan", "geneve"};

	buf_printf(out, "head=%s overlay=%s", flow_head_name(p->head), overlays[p->overlay >> RECORD_OVERLAY_SHIFT]);
	if (p->overlay)
		buf_printf(out, ":%u", p->overlay & RECORD_VNI_MASK);
	buf_str(out, " vlan=");
	for (int i = 0; i < p->vlans; i++)
		buf_printf(out, "%s%u", i ? "," : "", p->vlan[i]);
	if (!p->vlans)
		buf_str(out, "-");
}

static inline void packet_text(struct buf *out, const struct packet *p)
{
	const struct record_gtp *g = &p->gtp;
	bool gtp = p->head == HEAD_GTPU || p->head == HEAD_GTPU_MESSAGE;
	bool container = gtp && g->flags & RECORD_GTP_QFI;

	if (p->head >= HEAD_SKIPPED) {
		buf_printf(out, "head=%s", flow_head_name(p->head));
		return;
	}
	packet_text_layers(out, p);
	packet_text_tuple(out, "outer", &p->outer, p->head != HEAD_IPV6_CHAIN);
	packet_text_tuple(out, "inner", &p->inner, true);
	packet_text_number(out, "tcp", p->tcp, p->tcp_flags);
	packet_text_number(out, "teid", gtp, g->teid);
	packet_text_number(out, "type", gtp, g->type);
	packet_text_number(out, "qfi", container, g->qfi);
	packet_text_number(out, "seq", gtp && g->flags & RECORD_GTP_SEQ, g->seq);
	packet_text_number(out, "pdu", container, g->pdu_type);
	packet_text_number(out, "rqi", container && !g->pdu_type, g->rqi);
	packet_text_number(out, "ppi", gtp && g->flags & RECORD_GTP_PPI, g->ppi);
}
