/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "parse.h"

static int set_teid(struct event_filter *f, const char *text, struct err *err)
{
	uint64_t n = 0;
	int r = *text ? parse_u64(text, 0, UINT32_MAX, &n, err) : 0;

	if (r < 0)
		return r;
	f->by_teid = *text;
	f->teid = (uint32_t)n;
	return 0;
}

static int set_qfi(struct event_filter *f, const char *text, struct err *err)
{
	uint64_t n = 0;
	int r = *text ? parse_u64(text, 0, 63, &n, err) : 0; /* 6 bits, TS 38.415 5.5.3.3 */

	if (r < 0)
		return r;
	f->by_qfi = *text;
	f->qfi = (uint8_t)n;
	return 0;
}

static int set_port(struct event_filter *f, const char *text, struct err *err)
{
	uint64_t n = 0;
	int r = *text ? parse_u64(text, 1, UINT16_MAX, &n, err) : 0;

	if (r == 0)
		f->port = (uint16_t)n;
	return r;
}

static void make_mask(struct addr *mask, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned here = bits > i * 8 ? MIN(bits - i * 8, 8U) : 0;

		mask->b[i] = (uint8_t)(0xff00 >> here);
	}
}

static int set_address(struct event_filter *f, const char *text, struct err *err)
{
	const char *slash = strchrnul(text, '/');
	char address[ADDR_TEXT_MAX];
	struct addr a = {0};
	uint64_t bits;
	int r = 0;

	f->by_address = false;
	if (!*text)
		return 0;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if ((size_t)(slash - text) >= sizeof(address) || addr_parse(address, &a) < 0)
		return err_set(err, -EINVAL, "'%s' is not an IP address, nor one with a prefix as 10.60.0.0/16", text);
	bits = addr_is_v4(&a) ? 32 : 128;
	if (*slash)
		r = parse_u64(slash + 1, 0, bits, &bits, err);
	if (r < 0)
		return err_prefix(err, r, "length of the prefix");
	make_mask(&f->mask, (unsigned)bits + (addr_is_v4(&a) ? 96 : 0));
	for (size_t i = 0; i < 16; i++)
		f->address.b[i] = a.b[i] & f->mask.b[i];
	f->by_address = true;
	return 0;
}

static int set_ue(struct event_filter *f, const char *text, struct err *err)
{
	f->by_ue = *text;
	if (*text && addr_parse(text, &f->ue) < 0)
		return err_set(err, -EINVAL, "'%s' is not an IP address, such as 10.60.0.1", text);
	return 0;
}

static int set_proto(struct event_filter *f, const char *text, struct err *err)
{
	static const uint8_t known[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP};
	char name[8];
	uint64_t n;
	int r;

	f->by_proto = *text;
	if (!*text)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(text, event_proto_name(known[i], name))) {
			f->proto = known[i];
			return 0;
		}
	}
	r = parse_u64(text, 0, UINT8_MAX, &n, err);
	if (r < 0)
		return err_prefix(err, r, "write tcp, udp, icmp, icmpv6, sctp or a number");
	f->proto = (uint8_t)n;
	return 0;
}

/* The first of the two words is 0, the second 1. */
static int set_one_of(const char *const words[2], const char *text, bool *by, uint8_t *ret, struct err *err)
{
	*by = *text;
	if (!*text)
		return 0;
	*ret = strcmp(text, words[0]) != 0;
	if (*ret && strcmp(text, words[1]) != 0)
		return err_set(err, -EINVAL, "'%s' is not understood; write %s or %s", text, words[0], words[1]);
	return 0;
}

static int set_direction(struct event_filter *f, const char *text, struct err *err)
{
	return set_one_of((const char *const[]){"uplink", "downlink"}, text, &f->by_direction, &f->direction, err);
}

static int set_dir(struct event_filter *f, const char *text, struct err *err)
{
	return set_one_of((const char *const[]){"ingress", "egress"}, text, &f->by_dir, &f->dir, err);
}

int event_filter_set(struct event_filter *f, const char *key, const char *value, struct err *err)
{
	static const struct {
		const char *key;
		int (*set)(struct event_filter *f, const char *text, struct err *err);
	} words[] = {
		{"teid", set_teid}, {"qfi", set_qfi},	  {"address", set_address},	{"ue", set_ue},
		{"port", set_port}, {"proto", set_proto}, {"direction", set_direction}, {"dir", set_dir},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].key, key))
			continue;
		int r = words[i].set(f, value, err);

		return r < 0 ? err_prefix(err, r, "%s", key) : 0;
	}
	return err_set(err, -ENOENT, "no filter '%s'", key);
}

static bool is_within(const struct event_filter *f, const struct addr *a)
{
	for (size_t i = 0; i < 16; i++)
		if ((a->b[i] & f->mask.b[i]) != f->address.b[i])
			return false;
	return true;
}

static bool has_address(const struct event_filter *f, const struct event *e)
{
	return (event_has(e, F_OUTER_SRC) && is_within(f, &e->outer.src)) ||
	       (event_has(e, F_OUTER_DST) && is_within(f, &e->outer.dst)) ||
	       (event_has(e, F_INNER_SRC) && is_within(f, &e->inner.src)) ||
	       (event_has(e, F_INNER_DST) && is_within(f, &e->inner.dst));
}

static bool has_ue(const struct event_filter *f, const struct event *e)
{
	return (event_has(e, F_INNER_SRC) && addr_equal(&e->inner.src, &f->ue)) ||
	       (event_has(e, F_INNER_DST) && addr_equal(&e->inner.dst, &f->ue));
}

/* ICMP has its type and code in place of the ports. */
static bool tuple_has_port(const struct event_tuple *t, bool known, uint16_t port)
{
	return known && t->proto != IPPROTO_ICMP && t->proto != IPPROTO_ICMPV6 &&
	       (t->sport == port || t->dport == port);
}

static bool has_port(const struct event_filter *f, const struct event *e)
{
	return tuple_has_port(&e->outer, event_has(e, F_OUTER_SPORT) || event_has(e, F_OUTER_DPORT), f->port) ||
	       tuple_has_port(&e->inner, event_has(e, F_INNER_SPORT), f->port);
}

static bool has_proto(const struct event_filter *f, const struct event *e)
{
	return (event_has(e, F_OUTER_PROTO) && e->outer.proto == f->proto) ||
	       (event_has(e, F_INNER_PROTO) && e->inner.proto == f->proto);
}

bool event_filter_passes(const struct event_filter *f, const struct event *e)
{
	if (f->by_teid && !(event_has(e, F_GTP_TEID) && e->gtp.teid == f->teid))
		return false;
	if (f->by_qfi && !(event_has(e, F_GTP_QFI) && e->gtp.qfi == f->qfi))
		return false;
	if (f->by_direction && !(event_has(e, F_DIRECTION) && e->direction == f->direction))
		return false;
	if (f->by_dir && !(event_has(e, F_DIR) && e->dir == f->dir))
		return false;
	return (!f->by_address || has_address(f, e)) && (!f->by_ue || has_ue(f, e)) && (!f->port || has_port(f, e)) &&
	       (!f->by_proto || has_proto(f, e));
}
