/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rule_values.h"

#include <arpa/inet.h>
#include <stdio.h>

#define PERIOD_MAX_S (7 * 24 * 3600)

/* 10^9 = SECOND_ODD << SECOND_SHIFT: the low 32 bits of whole seconds in nanoseconds are a multiple of a power of two,
 * and the odd part can be divided by. */
#define SECOND_SHIFT 9
#define SECOND_ODD 1953125u

#define DELAY_UNIT_MS 50
#define DELAY_CUT_BITS 0x7f /* 0 in the low bits of DELAY_UNIT_MS in nanoseconds */

static void put_mask(uint32_t mask, struct buf *out)
{
	const struct addr a = addr_from_v4(mask);
	uint32_t bits = ntohl(mask);
	char text[ADDR_TEXT_MAX];

	if (~bits & (~bits + 1))
		buf_printf(out, " mask %s", addr_format(&a, text));
	else
		buf_printf(out, "/%d", __builtin_popcount(bits));
}

static void put_ports(const struct gtp5g_ports *ports, struct buf *out)
{
	for (uint16_t i = 0; i < ports->n; i++) {
		buf_printf(out, "%c%u", i ? ',' : ' ', ports->ranges[i].first);
		if (ports->ranges[i].last != ports->ranges[i].first)
			buf_printf(out, "-%u", ports->ranges[i].last);
	}
	if (ports->left_out)
		buf_printf(out, " (and %u more)", ports->left_out);
}

static void put_end(const struct gtp5g_flow_end *end, struct buf *out)
{
	char text[ADDR_TEXT_MAX];

	if (end->mask) {
		buf_str(out, addr_format(&end->address, text));
		put_mask(end->mask, out);
	} else {
		buf_str(out, "any");
	}
	put_ports(&end->ports, out);
}

static void put_word(const char *const words[], size_t n, unsigned value, struct buf *out)
{
	if (value < n && words[value])
		buf_printf(out, "%s ", words[value]);
	else
		buf_printf(out, "%u ", value);
}

void rule_flow_text(const struct gtp5g_rule *pdr, struct buf *out)
{
	static const char *const actions[] = {[GTP5G_FLOW_PERMIT] = "permit"};
	static const char *const directions[] = {[GTP5G_FLOW_IN] = "in", [GTP5G_FLOW_OUT] = "out"};
	static const char *const protocols[] = {[GTP5G_FLOW_ANY_PROTOCOL] = "ip"};
	const struct gtp5g_flow *flow = &pdr->pdr.flow;

	put_word(actions, 2, flow->action, out);
	put_word(directions, 3, flow->direction, out);
	put_word(protocols, GTP5G_FLOW_ANY_PROTOCOL + 1, flow->protocol, out);
	buf_str(out, "from ");
	put_end(&flow->from, out);
	buf_str(out, " to ");
	put_end(&flow->to, out);
}

/* The inverse of an odd number modulo 2^32: each step doubles the bits that are right, and an odd number's own are 3.
 */
static uint32_t invert(uint32_t odd)
{
	uint32_t x = odd;

	for (int bits = 3; bits < 32; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

/* 0: no whole seconds. */
static uint32_t seconds_of_low_nanoseconds(uint32_t value)
{
	if (value & ((1u << SECOND_SHIFT) - 1))
		return 0;
	return ((value >> SECOND_SHIFT) * invert(SECOND_ODD)) & (UINT32_MAX >> SECOND_SHIFT);
}

bool rule_period(const struct gtp5g_rule *urr, uint32_t *ret_s)
{
	uint32_t value = urr->urr.period, cut = seconds_of_low_nanoseconds(value);
	bool is_seconds = value && value <= PERIOD_MAX_S, is_cut = cut && cut <= PERIOD_MAX_S;

	if (!(urr->has & GTP5G_HAS_PERIOD) || is_seconds == is_cut)
		return false;
	*ret_s = is_cut ? cut : value;
	return true;
}

bool rule_delay(const struct gtp5g_rule *bar, uint32_t *ret_ms)
{
	if (!(bar->has & GTP5G_HAS_DELAY) || !(bar->bar.delay & DELAY_CUT_BITS))
		return false;
	*ret_ms = bar->bar.delay * DELAY_UNIT_MS;
	return true;
}
