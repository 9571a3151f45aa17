/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a record of the ring to an event. The record is not trusted. */
#include <string.h>

#include "cleanup.h"
#include "flow_run.h"
#include "record_event.h"

static const char *const head_names[HEAD_MAX] = {
	[HEAD_IP] = "ip",
	[HEAD_FRAGMENT] = "fragment",
	[HEAD_L4_SHORT] = "l4_short",
	[HEAD_IPV6_CHAIN] = "ipv6_chain",
	[HEAD_OVERLAY] = "overlay",
	[HEAD_GTPU_MESSAGE] = "gtpu_message",
	[HEAD_GTPU_SHORT] = "gtpu_short",
	[HEAD_GTPU_VERSION] = "gtpu_version",
	[HEAD_GTPU_LENGTH] = "gtpu_length",
	[HEAD_GTPU_EXTENSION] = "gtpu_extension",
	[HEAD_GTPU_INNER] = "gtpu_inner",
	[HEAD_GTPU_BUNDLE] = "gtpu_bundle",
	[HEAD_GTPU] = "gtpu",
	[HEAD_NOT_IP] = "not_ip",
	[HEAD_MPLS] = "mpls",
	[HEAD_PPPOE] = "pppoe",
	[HEAD_VLAN_DEPTH] = "vlan_depth",
	[HEAD_SHORT] = "short",
	[HEAD_IP_SHORT] = "ip_short",
	[HEAD_IP_BAD] = "ip_bad",
};

const char *flow_head_name(unsigned head)
{
	return head < HEAD_MAX && head_names[head] ? head_names[head] : "unknown";
}

void flow_event_place(const struct probe_run *run, uint32_t attachment, struct event *e)
{
	const struct flow_attachment *a = &run->attachments[attachment];
	const struct flow_interface *i = &run->interfaces[attachment / 2];

	memcpy(e->interface, a->target->interface, sizeof(e->interface));
	e->ifindex = a->target->ifindex;
	e->netns = a->target->netns_text;
	e->netns_inode = a->target->netns_inode;
	e->dir = a->egress ? DIR_EGRESS : DIR_INGRESS;
	event_set(e, F_INTERFACE);
	event_set(e, F_IFINDEX);
	event_set(e, F_NETNS);
	event_set(e, F_DIR);
	if (!i->peer[0] || (i->loops && a->egress))
		return;
	e->peer = i->peer;
	e->peer_netns_inode = i->peer_netns_inode;
	event_set(e, F_PEER);
	e->flow.twin_turned = i->turned;
	if (i->twin || i->loops)
		event_set(e, F_TWIN);
}

void flow_event_vlan(struct event *e, uint8_t vlans, const uint16_t vlan[2])
{
	if (!vlans)
		return;
	e->flow.vlan = vlan[0];
	event_set(e, F_VLAN);
	if (vlans < 2)
		return;
	e->flow.inner_vlan = vlan[1];
	event_set(e, F_INNER_VLAN);
}

void flow_event_overlay(struct event *e, uint32_t overlay)
{
	static const char *const names[] = {[OVERLAY_VXLAN] = "vxlan", [OVERLAY_GENEVE] = "geneve"};
	uint32_t kind = overlay >> RECORD_OVERLAY_SHIFT;

	if (!kind || kind >= ARRAY_SIZE(names))
		return;
	e->flow.overlay = names[kind];
	e->flow.vni = overlay & RECORD_VNI_MASK;
	event_set(e, F_OVERLAY);
	event_set(e, F_VNI);
}

void flow_event_direction(struct event *e, uint8_t pdu_type)
{
	if (pdu_type > 1)
		return;
	e->direction = pdu_type ? DIRECTION_UPLINK : DIRECTION_DOWNLINK;
	event_set(e, F_DIRECTION);
}

static bool sound_header(const struct probe_run *run, const struct record_hdr *h, size_t len)
{
	return h->size == len && h->version == RECORD_VERSION && h->probe == run->probe_id;
}

static bool sound(const struct probe_run *run, const struct flow_record *r, size_t len)
{
	return len == sizeof(*r) && sound_header(run, &r->hdr, len) && r->hdr.kind == FLOW_PACKET &&
	       r->attachment < run->n_attachments && r->head < HEAD_MAX && r->vlans <= 2;
}

static bool decode_newcomer(const struct probe_run *run, const void *record, size_t len, struct event *ret)
{
	const struct flow_newcomer *r = record;

	if (len != sizeof(*r) || !sound_header(run, &r->hdr, len) || r->hdr.kind != FLOW_NEWCOMER ||
	    r->attachment >= run->n_attachments)
		return false;
	*ret = (struct event){.probe = "flow", .kind = KIND_NEWCOMER};
	event_take_header(ret, &r->hdr);
	flow_event_place(run, r->attachment, ret);
	return true;
}

bool flow_decode(const struct probe_run *run, const void *record, size_t len, struct event *ret)
{
	const struct flow_record *r = record;

	if (len == sizeof(struct flow_newcomer))
		return decode_newcomer(run, record, len, ret);
	if (!sound(run, r, len))
		return false;
	*ret = (struct event){.probe = "flow", .kind = KIND_PACKET, .len = r->len};
	event_set(ret, F_LEN);
	event_take_header(ret, &r->hdr);
	flow_event_place(run, r->attachment, ret);
	flow_event_vlan(ret, r->vlans, r->vlan);
	flow_event_overlay(ret, r->overlay);
	if (r->tcp)
		event_take_tcp(ret, r->tcp_flags);
	event_take_gtp(ret, &r->gtp);
	if (event_has(ret, F_GTP_QFI))
		flow_event_direction(ret, r->gtp.pdu_type);
	event_take_outer(ret, &r->outer);
	event_take_inner(ret, &r->inner);
	if (r->head != HEAD_IP && r->head != HEAD_GTPU && r->head != HEAD_GTPU_MESSAGE) {
		ret->reason = flow_head_name(r->head);
		event_set(ret, F_REASON);
	}
	return true;
}
