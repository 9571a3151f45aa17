/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp5g_rules.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "nl.h"

enum { CMD_GET_VERSION = 16 };
enum { ATTR_VERSION = 0 };
enum { ATTR_LINK = 1, ATTR_ID = 3 };

enum form { U8, U16, U32, U64, ID8, ID16, ACTION, IPV4, IDS, PRESENT, NEST, FIRST8, FIRST32, FIRST_IPV4, PORTS, FLOW };

struct fields;

struct field {
	uint16_t type;
	enum form form;
	size_t offset; /* in struct gtp5g_rule */
	uint32_t has;
	const struct fields *nest;
};

struct fields {
	size_t n;
	const struct field *items;
};

#define AT(member) offsetof(struct gtp5g_rule, member)
#define FIELDS(...)                                                                                                    \
	{                                                                                                              \
		sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field), (const struct field[])             \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}

static const struct fields f_teid =
	FIELDS({1, U32, AT(pdr.teid), GTP5G_HAS_TEID}, {2, IPV4, AT(pdr.local), GTP5G_HAS_LOCAL});
static const struct fields flow =
	FIELDS({1, U8, AT(pdr.flow.action)}, {2, U8, AT(pdr.flow.direction)}, {3, U8, AT(pdr.flow.protocol)},
	       {4, FIRST_IPV4, AT(pdr.flow.from.address)}, {5, FIRST32, AT(pdr.flow.from.mask)},
	       {6, FIRST_IPV4, AT(pdr.flow.to.address)}, {7, FIRST32, AT(pdr.flow.to.mask)},
	       {8, PORTS, AT(pdr.flow.from.ports)}, {9, PORTS, AT(pdr.flow.to.ports)});
static const struct fields sdf = FIELDS({1, FLOW, 0, GTP5G_HAS_FLOW, &flow});
static const struct fields pdi =
	FIELDS({1, IPV4, AT(pdr.ue), GTP5G_HAS_UE}, {2, NEST, 0, 0, &f_teid}, {3, NEST, 0, GTP5G_HAS_SDF, &sdf},
	       {4, U8, AT(pdr.source), GTP5G_HAS_SOURCE}, {6, PRESENT, 0, GTP5G_HAS_FRAMED_ROUTES});
static const struct fields creation =
	FIELDS({2, U32, AT(far.teid), GTP5G_HAS_TEID}, {3, IPV4, AT(far.peer), GTP5G_HAS_PEER},
	       {4, U16, AT(far.port), GTP5G_HAS_PORT});
static const struct fields forwarding = FIELDS({1, NEST, 0, 0, &creation});
static const struct fields mbr = FIELDS({1, U32, AT(qer.mbr.ul_high)}, {2, U8, AT(qer.mbr.ul_low)},
					{3, U32, AT(qer.mbr.dl_high)}, {4, U8, AT(qer.mbr.dl_low)});
static const struct fields gbr = FIELDS({1, U32, AT(qer.gbr.ul_high)}, {2, U8, AT(qer.gbr.ul_low)},
					{3, U32, AT(qer.gbr.dl_high)}, {4, U8, AT(qer.gbr.dl_low)});
static const struct fields threshold = FIELDS({1, U8, AT(urr.threshold.flags)}, {2, U64, AT(urr.threshold.total)},
					      {3, U64, AT(urr.threshold.uplink)}, {4, U64, AT(urr.threshold.downlink)});
static const struct fields quota = FIELDS({1, U8, AT(urr.quota.flags)}, {2, U64, AT(urr.quota.total)},
					  {3, U64, AT(urr.quota.uplink)}, {4, U64, AT(urr.quota.downlink)});

/* gtp5g's attributes as its fill functions write them; a SEID of 0 is left out. */
static const struct {
	uint8_t get; /* the command */
	const char *name;
	uint8_t seid; /* the attribute */
	struct fields fields;
} kinds[GTP5G_RULE_KINDS] = {
	[GTP5G_RULE_PDR] = {7, "PDRs", 11,
			    FIELDS({3, ID16, AT(id), GTP5G_HAS_ID}, {4, U32, AT(pdr.precedence), GTP5G_HAS_PRECEDENCE},
				   {5, NEST, 0, 0, &pdi}, {6, U8, AT(pdr.removal), GTP5G_HAS_REMOVAL},
				   {7, U32, AT(pdr.far_id), GTP5G_HAS_FAR_ID}, {10, IDS, AT(pdr.qers)},
				   {11, U64, AT(seid)}, {12, IDS, AT(pdr.urrs)})},
	[GTP5G_RULE_FAR] = {8, "FARs", 7,
			    FIELDS({3, U32, AT(id), GTP5G_HAS_ID}, {4, ACTION, AT(far.action), GTP5G_HAS_ACTION},
				   {5, NEST, 0, 0, &forwarding}, {7, U64, AT(seid)})},
	[GTP5G_RULE_QER] = {9, "QERs", 13,
			    FIELDS({3, U32, AT(id), GTP5G_HAS_ID}, {4, U8, AT(qer.gate), GTP5G_HAS_GATE},
				   {5, NEST, 0, GTP5G_HAS_MBR, &mbr}, {6, NEST, 0, GTP5G_HAS_GBR, &gbr},
				   {9, U8, AT(qer.qfi), GTP5G_HAS_QFI}, {13, U64, AT(seid)})},
	[GTP5G_RULE_URR] = {14, "URRs", 8,
			    FIELDS({3, U32, AT(id), GTP5G_HAS_ID}, {4, U8, AT(urr.method), GTP5G_HAS_METHOD},
				   {5, U32, AT(urr.trigger), GTP5G_HAS_TRIGGER},
				   {6, U32, AT(urr.period), GTP5G_HAS_PERIOD}, {7, FIRST8, AT(urr.info)},
				   {8, U64, AT(seid)}, {9, NEST, 0, GTP5G_HAS_THRESHOLD, &threshold},
				   {10, NEST, 0, GTP5G_HAS_QUOTA, &quota})},
	[GTP5G_RULE_BAR] = {15, "BARs", 6,
			    FIELDS({3, ID8, AT(id), GTP5G_HAS_ID}, {4, U8, AT(bar.delay), GTP5G_HAS_DELAY},
				   {5, U16, AT(bar.count), GTP5G_HAS_COUNT}, {6, U64, AT(seid)})},
};

static int parse_fields(const void *start, size_t len, const struct fields *fields, struct gtp5g_rule *rule);

/* Where the module looks at the first bytes alone: go-upf writes an address "any" in 16 bytes, and a byte in 8. */
static int copy_first(const void *payload, size_t len, size_t want, void *to)
{
	if (len < want)
		return -EPROTO;
	memcpy(to, payload, want);
	return 0;
}

static int copy(const void *payload, size_t len, size_t want, void *to)
{
	if (len != want)
		return -EPROTO;
	memcpy(to, payload, want);
	return 0;
}

/* Little or big endian: the narrow number is widened as a number. */
static int widen(const void *payload, size_t len, size_t want, uint32_t *to)
{
	uint8_t u8;
	uint16_t u16;

	if (len != want)
		return -EPROTO;
	if (want == sizeof(u8)) {
		memcpy(&u8, payload, sizeof(u8));
		*to = u8;
	} else {
		memcpy(&u16, payload, sizeof(u16));
		*to = u16;
	}
	return 0;
}

static int parse_ipv4(const void *payload, size_t len, struct addr *to)
{
	uint32_t v4;

	if (copy_first(payload, len, sizeof(v4), &v4) < 0)
		return -EPROTO;
	*to = addr_from_v4(v4);
	return 0;
}

static int parse_id_of_list(const void *payload, size_t len, struct gtp5g_ids *to)
{
	uint32_t id;

	if (copy(payload, len, sizeof(id), &id) < 0)
		return -EPROTO;
	if (to->n < GTP5G_IDS_MAX)
		to->ids[to->n++] = id;
	else
		to->left_out++;
	return 0;
}

/* Each has one port in its upper and one in its lower half; which is the first depends on the writer. */
static int parse_ports(const void *payload, size_t len, struct gtp5g_ports *to)
{
	size_t n = len / sizeof(uint32_t);

	if (len % sizeof(uint32_t))
		return -EPROTO;
	memset(to, 0, sizeof(*to));
	to->n = (uint16_t)MIN(n, (size_t)GTP5G_PORTS_MAX);
	to->left_out = (uint16_t)(n - to->n);
	for (size_t i = 0; i < to->n; i++) {
		uint32_t range;

		memcpy(&range, (const char *)payload + i * sizeof(range), sizeof(range));
		to->ranges[i].first = (uint16_t)MIN(range & 0xffff, range >> 16);
		to->ranges[i].last = (uint16_t)MAX(range & 0xffff, range >> 16);
	}
	return 0;
}

/* Without masks whole addresses are compared. */
static int parse_flow(const void *payload, size_t len, const struct fields *fields, struct gtp5g_rule *rule)
{
	rule->pdr.flow.from.mask = rule->pdr.flow.to.mask = UINT32_MAX;
	return parse_fields(payload, len, fields, rule);
}

/* One or two bytes, by what the last FAR was written with. */
static int parse_action(const void *payload, size_t len, uint16_t *to)
{
	uint32_t action;

	if ((len != 1 && len != 2) || widen(payload, len, len, &action) < 0)
		return -EPROTO;
	*to = action;
	return 0;
}

static int parse_field(const struct field *f, const void *payload, size_t len, struct gtp5g_rule *rule)
{
	void *to = (char *)rule + f->offset;

	switch (f->form) {
	case U8:
		return copy(payload, len, sizeof(uint8_t), to);
	case U16:
		return copy(payload, len, sizeof(uint16_t), to);
	case U32:
		return copy(payload, len, sizeof(uint32_t), to);
	case U64:
		return copy(payload, len, sizeof(uint64_t), to);
	case ID8:
		return widen(payload, len, sizeof(uint8_t), to);
	case ID16:
		return widen(payload, len, sizeof(uint16_t), to);
	case ACTION:
		return parse_action(payload, len, to);
	case FIRST8:
		return copy_first(payload, len, sizeof(uint8_t), to);
	case FIRST32:
		return copy_first(payload, len, sizeof(uint32_t), to);
	case IPV4:
		return len == sizeof(uint32_t) ? parse_ipv4(payload, len, to) : -EPROTO;
	case FIRST_IPV4:
		return parse_ipv4(payload, len, to);
	case PORTS:
		return parse_ports(payload, len, to);
	case IDS:
		return parse_id_of_list(payload, len, to);
	case PRESENT:
		return 0;
	case NEST:
		return parse_fields(payload, len, f->nest, rule);
	case FLOW:
		return parse_flow(payload, len, f->nest, rule);
	}
	return -EPROTO;
}

static int parse_attr(const struct nlattr *attr, const struct fields *fields, struct gtp5g_rule *rule)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct field *f = &fields->items[i];

		if (f->type != mnl_attr_get_type(attr))
			continue;
		if (parse_field(f, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), rule) < 0)
			return -EPROTO;
		rule->has |= f->has;
		return 0;
	}
	return 0; /* of a newer module, or the padding before 64 bits */
}

static int parse_fields(const void *start, size_t len, const struct fields *fields, struct gtp5g_rule *rule)
{
	const char *at = start;

	while (len) {
		const struct nlattr *attr = (const void *)at;
		size_t step;

		if (len < sizeof(*attr) || attr->nla_len < sizeof(*attr) || attr->nla_len > len)
			return -EPROTO;
		if (parse_attr(attr, fields, rule) < 0)
			return -EPROTO;
		step = MIN(len, (size_t)MNL_ALIGN(attr->nla_len));
		at += step;
		len -= step;
	}
	return 0;
}

int gtp5g_rule_parse(enum gtp5g_rule_kind kind, const struct nlmsghdr *nlh, struct gtp5g_rule *ret)
{
	struct gtp5g_rule rule;
	size_t header = mnl_nlmsg_size(MNL_ALIGN(sizeof(struct genlmsghdr)));

	memset(&rule, 0, sizeof(rule));
	rule.kind = kind;
	if (nlh->nlmsg_len < header)
		return -EPROTO;
	if (parse_fields((const char *)nlh + header, nlh->nlmsg_len - header, &kinds[kind].fields, &rule) < 0 ||
	    !(rule.has & GTP5G_HAS_ID))
		return -EPROTO;
	memcpy(ret, &rule, sizeof(rule));
	return 0;
}

/* The module adds a QER or URR that is named once more only once. */
static void drop_repeated(struct gtp5g_ids *ids)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ids->n; i++) {
		uint32_t k = 0;

		while (k < n && ids->ids[k] != ids->ids[i])
			k++;
		if (k == n)
			ids->ids[n++] = ids->ids[i];
	}
	memset(ids->ids + n, 0, (ids->n - n) * sizeof(ids->ids[0]));
	ids->n = n;
}

int gtp5g_rule_apply(const void *attrs, size_t len, struct gtp5g_rule *rule)
{
	struct gtp5g_rule changed;

	memcpy(&changed, rule, sizeof(changed));
	if (parse_fields(attrs, len, &kinds[rule->kind].fields, &changed) < 0)
		return -EPROTO;
	if (rule->kind == GTP5G_RULE_PDR) {
		drop_repeated(&changed.pdr.qers);
		drop_repeated(&changed.pdr.urrs);
	}
	memcpy(rule, &changed, sizeof(changed));
	return 0;
}

struct dump {
	enum gtp5g_rule_kind kind;
	struct gtp5g_rules_visitor *visitor;
	size_t visited;
};

static int on_rule(const struct nlmsghdr *nlh, void *data)
{
	struct dump *d = data;
	struct gtp5g_rule rule;

	if (gtp5g_rule_parse(d->kind, nlh, &rule) < 0) {
		d->visitor->malformed++;
	} else if (d->visited == GTP5G_RULES_MAX) {
		d->visitor->left_out++;
	} else {
		d->visited++;
		d->visitor->visit(&rule, d->visitor->data);
	}
	return MNL_CB_OK;
}

int gtp5g_rules_dump(uint16_t family, enum gtp5g_rule_kind kind, struct gtp5g_rules_visitor *visitor, struct err *err)
{
	struct dump d = {.kind = kind, .visitor = visitor};
	struct nl_message m;
	char what[32];

	snprintf(what, sizeof(what), "gtp5g: listing %s", kinds[kind].name);
	nl_begin_generic(&m, family, kinds[kind].get, NLM_F_DUMP);
	return nl_request(&m, on_rule, &d, what, err);
}

struct one {
	enum gtp5g_rule_kind kind;
	struct gtp5g_rule rule;
	bool found;
};

static int on_one(const struct nlmsghdr *nlh, void *data)
{
	struct one *o = data;

	if (gtp5g_rule_parse(o->kind, nlh, &o->rule) == 0)
		o->found = true;
	return MNL_CB_OK;
}

/* Numbers as wide as the module reads them. */
static void put_id(struct nl_message *m, const struct gtp5g_rule *rule)
{
	if (rule->kind == GTP5G_RULE_PDR)
		mnl_attr_put_u16(m->h, ATTR_ID, (uint16_t)rule->id);
	else if (rule->kind == GTP5G_RULE_BAR)
		mnl_attr_put_u8(m->h, ATTR_ID, (uint8_t)rule->id);
	else
		mnl_attr_put_u32(m->h, ATTR_ID, rule->id);
}

int gtp5g_rule_get(uint16_t family, unsigned ifindex, struct gtp5g_rule *rule, struct err *err)
{
	struct one one = {.kind = rule->kind};
	struct nl_message m;
	char what[96];
	int r;

	snprintf(what, sizeof(what), "gtp5g: asking for %u of session 0x%llx among the %s", rule->id,
		 (unsigned long long)rule->seid, kinds[rule->kind].name);
	nl_begin_generic(&m, family, kinds[rule->kind].get, 0);
	mnl_attr_put_u32(m.h, ATTR_LINK, ifindex);
	put_id(&m, rule);
	mnl_attr_put_u64(m.h, kinds[rule->kind].seid, rule->seid);
	r = nl_request(&m, on_one, &one, what, err);
	if (r < 0)
		return r;
	if (!one.found || one.rule.seid != rule->seid || one.rule.id != rule->id)
		return err_set(err, -EPROTO, "%s: the answer is not that rule", what);
	memcpy(rule, &one.rule, sizeof(one.rule));
	return 0;
}

static int on_version(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	char *version = data;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(struct genlmsghdr)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == ATTR_VERSION && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			snprintf(version, GTP5G_VERSION_MAX, "%s", mnl_attr_get_str(attr));
	}
	return MNL_CB_OK;
}

int gtp5g_version(uint16_t family, char version[static GTP5G_VERSION_MAX], struct err *err)
{
	char found[GTP5G_VERSION_MAX] = "";
	struct nl_message m;
	int r;

	nl_begin_generic(&m, family, CMD_GET_VERSION, 0);
	r = nl_request(&m, on_version, found, "gtp5g: asking for its version", err);
	if (r < 0)
		return r;
	if (!found[0])
		return err_set(err, -EPROTO, "gtp5g: its answer has no version");
	memcpy(version, found, sizeof(found));
	return 0;
}
