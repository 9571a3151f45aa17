/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The decision: what became of a packet, from what was seen of it and nothing else. What two causes share is
 * unknown. decide() alone writes verdict and reason, once, at the packet's end; it reads the record and struct seen.
 * gtp5g: src/gtpu/encap.c and dev.c of its version; gtp: drivers/net/gtp.c. */
#pragma once

#include "gtpu_packet.h"

/* Set before load. */
const volatile __u8 downlink_codes = GTPU_CODES_UNKNOWN; /* enum gtpu_codes */
/* Before 0.9.11 a packet that the backlog refuses has no code of its own: netif_rx()'s return shows it. */
const volatile bool refusal_has_code = true;

#define ETHERTYPE_IPV4 0x0800
#define PKT_TO_APP 1
#define PKT_DROPPED -1
#define PKT_DROPPED_AND_FREED -2
#define ENOENT_RETURN -2
#define EBADMSG_RETURN -74
#define GTPU_TYPE_ECHO 1
#define GTPU_TYPE_T_PDU 255

static __always_inline int verdict(struct gtpu_record *r, __u8 v)
{
	r->verdict = v;
	return 0;
}

static __always_inline int dropped(struct gtpu_record *r, __u8 reason)
{
	r->verdict = GTPU_DROPPED;
	r->reason = reason;
	return 0;
}

static __always_inline bool far_does(const struct gtpu_record *r, __u16 action)
{
	return r->has & GTPU_HAS_FAR && (r->far_action & FAR_ACTION_MASK) == action;
}

static __always_inline __u8 far_drop_reason(const struct seen *s)
{
	if (s->rule & RULE_QUOTA)
		return GTPU_QUOTA;
	return s->rule & RULE_QUOTA_UNKNOWN ? GTPU_REASON_UNKNOWN : GTPU_FAR_DROP;
}

/* A URR that waits for the start of traffic stops the first packet on its way to N9, and only there. */
static __always_inline __u8 stopped_reason(const struct seen *s)
{
	bool start = s->what & SEEN_EXHAUSTED && !(s->rule & RULE_CREATES_NONE) && !(s->what & SEEN_N9_ENTRY);

	if (s->what & SEEN_RED)
		return start ? GTPU_REASON_UNKNOWN : GTPU_QER_RED;
	if (s->what & SEEN_N9 && s->n9 < 0)
		return GTPU_NO_ROUTE;
	return start && s->rule & RULE_CREATES ? GTPU_QUOTA : GTPU_REASON_UNKNOWN;
}

static __always_inline __u8 malformed_reason(const struct gtpu_record *r, const struct seen *s)
{
	switch (s->head) {
	case HEAD_GTPU_SHORT:
		return GTPU_MALFORMED_SHORT;
	case HEAD_GTPU_LENGTH:
		return GTPU_MALFORMED_LENGTH;
	case HEAD_GTPU_EXTENSION:
		return GTPU_MALFORMED_EXTENSION;
	}
	return GTPU_REASON_UNKNOWN;
}

/* Dropped on the uplink: the first of the module's checks that says no. */
static __always_inline __u8 uplink_reason(const struct gtpu_record *r, const struct seen *s)
{
	if (r->gtp.type == GTPU_TYPE_ECHO)
		return GTPU_NO_ROUTE;
	if (!(s->what & SEEN_LOOKUP))
		return malformed_reason(r, s);
	if (s->what & SEEN_NO_PDR)
		return s->head == HEAD_GTPU_INNER ? GTPU_MALFORMED_INNER : GTPU_NO_PDR;
	if (s->rule & RULE_NO_FAR)
		return GTPU_NO_FAR;
	if (!is_confirmed(GTPU_MEMBER_REMOVAL))
		return stopped_reason(s);
	if (s->rule & RULE_NO_REMOVAL)
		return GTPU_NO_OUTER_HEADER_REMOVAL;
	if (far_does(r, FAR_ACTION_DROP))
		return far_drop_reason(s);
	if (far_does(r, FAR_ACTION_FORW) && s->rule & RULE_UL_CLOSED)
		return GTPU_GATE_CLOSED;
	return stopped_reason(s);
}

/* Neither dropped nor given to the socket, which is also what buffering says of itself. */
static __always_inline int uplink_taken(struct gtpu_record *r, const struct seen *s)
{
	if (r->gtp.type == GTPU_TYPE_ECHO)
		return verdict(r, GTPU_ECHO_ANSWERED);
	if (s->what & SEEN_BUFFERED)
		return verdict(r, GTPU_BUFFERED);
	/* Only a T-PDU is kept. */
	if (far_does(r, FAR_ACTION_BUFF))
		return r->gtp.type == GTPU_TYPE_T_PDU ? verdict(r, GTPU_BUFFERED) : dropped(r, GTPU_REASON_UNKNOWN);
	if (s->what & SEEN_N9_ENTRY)
		return verdict(r, GTPU_FORWARDED_N9);
	if (is_hooked(NETIF_RX) && s->what & SEEN_N6)
		return verdict(r, GTPU_FORWARDED_N6);
	if (!far_does(r, FAR_ACTION_FORW) || (!refusal_has_code && !(s->rule & RULE_CREATES)))
		return verdict(r, GTPU_VERDICT_UNKNOWN);
	if (s->rule & RULE_CREATES_NONE)
		return verdict(r, GTPU_FORWARDED_N6);
	return verdict(r, s->rule & RULE_CREATES ? GTPU_FORWARDED_N9 : GTPU_FORWARDED);
}

/* Each function that could have taken it was hooked, and none did: but for buffering, which may not be seen. */
static __always_inline bool stopped_somewhere(const struct gtpu_record *r, const struct seen *s)
{
	return is_hooked(NETIF_RX) && is_hooked(IP_XMIT) && s->what & SEEN_PDR && r->has & GTPU_HAS_FAR &&
	       r->far_action != GTPU_ACTION_UNKNOWN && !far_does(r, FAR_ACTION_BUFF) &&
	       !(s->what & (SEEN_N6_ENTRY | SEEN_N9_ENTRY));
}

/* Before 0.9.2 the module itself does not tell what became of a packet: what stops it, or is seen to
 * take it, does. An Echo Request that is not answered goes to the socket there. */
static __always_inline int uplink_without_action(struct gtpu_record *r, const struct seen *s)
{
	__u8 reason;

	if (s->what & SEEN_BUFFERED)
		return verdict(r, GTPU_BUFFERED);
	if (s->what & SEEN_N9 && s->n9 >= 0)
		return verdict(r, GTPU_FORWARDED_N9);
	if (is_hooked(NETIF_RX) && s->what & SEEN_N6)
		return verdict(r, GTPU_FORWARDED_N6);
	if (downlink_codes != GTPU_CODES_FAR_ACTION)
		return verdict(r, GTPU_VERDICT_UNKNOWN);
	if (r->gtp.type == GTPU_TYPE_ECHO)
		return verdict(r, GTPU_ECHO_ANSWERED);
	reason = uplink_reason(r, s);
	if (reason == GTPU_REASON_UNKNOWN && !stopped_somewhere(r, s))
		return verdict(r, GTPU_VERDICT_UNKNOWN);
	return dropped(r, reason);
}

static __always_inline int decide_gtp5g_uplink(struct gtpu_record *r, const struct seen *s)
{
	if (r->ret == PKT_TO_APP)
		return verdict(r, GTPU_TO_USER);
	if (is_hooked(NETIF_RX) && s->what & SEEN_REFUSED)
		return dropped(r, GTPU_BACKLOG_FULL);
	if (!(s->what & SEEN_ACTION))
		return uplink_without_action(r, s);
	if (!s->action)
		return uplink_taken(r, s);
	if (s->action == PKT_DROPPED)
		return dropped(r, uplink_reason(r, s));
	if (s->action == PKT_DROPPED_AND_FREED)
		return dropped(r, GTPU_BACKLOG_FULL);
	return verdict(r, GTPU_VERDICT_UNKNOWN);
}

static __always_inline __u8 downlink_reason(const struct gtpu_record *r, const struct seen *s)
{
	switch (s->handled) {
	case ENOENT_RETURN:
		if (s->what & SEEN_NO_PDR)
			return GTPU_NO_PDR;
		return s->rule & RULE_NO_FAR ? GTPU_NO_FAR : GTPU_REASON_UNKNOWN;
	case EBADMSG_RETURN:
		if (s->rule & RULE_CREATES_NONE)
			return GTPU_NO_RAN_ADDRESS;
		return s->rule & RULE_CREATES ? GTPU_NO_ROUTE : GTPU_REASON_UNKNOWN;
	case PKT_DROPPED:
		if (far_does(r, FAR_ACTION_DROP))
			return far_drop_reason(s);
		if (far_does(r, FAR_ACTION_FORW) && s->rule & RULE_DL_CLOSED)
			return GTPU_GATE_CLOSED;
		return s->what & SEEN_RED ? GTPU_QER_RED : GTPU_REASON_UNKNOWN;
	}
	return GTPU_REASON_UNKNOWN;
}

static __always_inline int decide_codes(struct gtpu_record *r, const struct seen *s)
{
	if (downlink_codes == GTPU_CODES_VERDICT && s->handled == PKT_TO_APP)
		return verdict(r, GTPU_BUFFERED);
	if (downlink_codes == GTPU_CODES_VERDICT && !s->handled)
		return verdict(r, GTPU_FORWARDED);
	if (downlink_codes == GTPU_CODES_FAR_ACTION && s->handled == FAR_ACTION_FORW)
		return verdict(r, GTPU_FORWARDED);
	if (downlink_codes == GTPU_CODES_FAR_ACTION && s->handled == FAR_ACTION_BUFF)
		return verdict(r, GTPU_BUFFERED);
	if (downlink_codes == GTPU_CODES_FAR_ACTION && s->handled == FAR_ACTION_DROP)
		return dropped(r, far_drop_reason(s));
	return verdict(r, GTPU_VERDICT_UNKNOWN);
}

static __always_inline int decide_gtp5g_downlink(struct gtpu_record *r, const struct seen *s)
{
	if (s->what & SEEN_HANDLED)
		return s->handled < 0 ? dropped(r, downlink_reason(r, s)) : decide_codes(r, s);
	if (s->what & SEEN_HANDLING || !is_hooked(GTP5G_HANDLE_SKB_IPV4) || s->protocol == ETHERTYPE_IPV4)
		return verdict(r, GTPU_VERDICT_UNKNOWN);
	return dropped(r, GTPU_NOT_IPV4);
}

/* An Echo Request returns 0 when it is answered and when it is not. */
static __always_inline int decide_gtp_uplink(struct gtpu_record *r, const struct seen *s)
{
	if (r->ret == 1)
		return verdict(r, GTPU_TO_USER);
	if (s->what & SEEN_RX)
		return s->gtp ? dropped(r, GTPU_REASON_UNKNOWN) : verdict(r, GTPU_FORWARDED);
	if (s->what & SEEN_RX_ENTRY || !is_hooked(GTP_RX) || r->gtp.type != GTPU_TYPE_T_PDU)
		return verdict(r, GTPU_VERDICT_UNKNOWN);
	return dropped(r, malformed_reason(r, s));
}

static __always_inline int decide_gtp_downlink(struct gtpu_record *r, const struct seen *s)
{
	if (s->what & SEEN_PUSHED)
		return verdict(r, GTPU_FORWARDED);
	if (!(s->what & SEEN_BUILT))
		return is_hooked(GTP_PUSH_HEADER) && !(s->what & SEEN_PUSHING) ? dropped(r, GTPU_REASON_UNKNOWN)
									       : verdict(r, GTPU_VERDICT_UNKNOWN);
	if (s->gtp == ENOENT_RETURN)
		return dropped(r, GTPU_NO_PDR);
	return dropped(r, s->gtp == EBADMSG_RETURN ? GTPU_NO_ROUTE : GTPU_REASON_UNKNOWN);
}

static __always_inline int decide_outcome(struct gtpu_record *r, const struct seen *s)
{
	switch (r->func_id) {
	case GTP5G_ENCAP_RECV:
		return decide_gtp5g_uplink(r, s);
	case GTP5G_DEV_XMIT:
		return decide_gtp5g_downlink(r, s);
	case GTP_ENCAP_RECV:
		return decide_gtp_uplink(r, s);
	}
	return decide_gtp_downlink(r, s);
}

static __noinline int decide(struct gtpu_record *r, const struct seen *s)
{
	decide_outcome(r, s);
	/* A PDR's own gate does not say which of its QERs closes it. */
	if (r->reason == GTPU_GATE_CLOSED && s->rule & RULE_QERS && layout.qer_ul_dl_gate == GTPU_NOWHERE) {
		r->has &= ~GTPU_HAS_QER;
		r->qer_id = 0;
	}
	return 0;
}
