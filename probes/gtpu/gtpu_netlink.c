/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtpu_check.h"

#include <string.h>

#include "genl.h"
#include "gtp5g_rules.h"
#include "log.h"

void gtpu_check_note(struct gtpu_check *c, const struct gtpu_session_key *key)
{
	size_t i = 0;

	if (c->trust != GTPU_TRUST_OPEN || !(key->has & GTPU_HAS_PDR))
		return;
	while (i < c->n && (c->pdrs[i].seid != key->seid || c->pdrs[i].pdr_id != key->pdr_id ||
			    c->pdrs[i].netns != key->netns))
		i++;
	if (i == GTPU_CHECK_PDRS)
		return;
	c->pdrs[i].seid = key->seid;
	c->pdrs[i].pdr_id = key->pdr_id;
	c->pdrs[i].netns = key->netns;
	c->pdrs[i].agreed = false;
	c->n = MAX(c->n, i + 1);
}

struct question {
	struct gtpu_check *check;
	uint16_t family;
	uint32_t netns;
	size_t rules;
};

static void on_pdr(const struct gtp5g_rule *rule, void *data)
{
	struct question *q = data;
	struct gtpu_check *c = q->check;

	q->rules++;
	for (size_t i = 0; i < c->n; i++)
		if (c->pdrs[i].netns == q->netns && c->pdrs[i].seid == rule->seid &&
		    c->pdrs[i].pdr_id == rule->id)
			c->pdrs[i].agreed = true;
}

static int ask_here(void *data, struct err *err)
{
	struct question *q = data;
	size_t malformed = 0, left_out = 0;
	int r = gtp5g_rules_dump(q->family, GTP5G_RULE_PDR, on_pdr, q, &malformed, &left_out, err);

	return r < 0 || left_out ? -1 : 0;
}

/* What one namespace's rules say of the PDRs met there. */
static void judge(struct gtpu_check *c, const struct question *q, unsigned *agreed)
{
	unsigned contradicted = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->pdrs[i].netns != q->netns)
			continue;
		*agreed += c->pdrs[i].agreed;
		contradicted += !c->pdrs[i].agreed;
	}
	/* Without a rule left they have gone with their session. */
	if (!q->rules || !contradicted)
		return;
	c->contradicted += contradicted;
	c->rounds++;
}

void gtpu_check_compare(struct gtpu_check *c, const struct device_list *devices)
{
	unsigned agreed = 0;
	uint16_t family;
	struct err err;

	if (c->trust != GTPU_TRUST_OPEN || !c->n)
		return;
	if (genl_family("gtp5g", &family, &err) < 0) {
		log_debug("gtpu: places of the rules not checked: %s", err.text);
		c->trust = GTPU_TRUST_UNASKED;
		return;
	}
	for (size_t i = 0; i < devices->len; i++) {
		const struct device *d = &devices->items[i];
		struct question q = {.check = c, .family = family, .netns = (uint32_t)d->netns.inode};

		if (!strcmp(d->kind, gtpu_modules[GTPU_GTP5G]) &&
		    netns_visit("", &d->netns, ask_here, &q, &err) >= 0)
			judge(c, &q, &agreed);
	}
	c->trust = gtpu_trust_of(agreed, c->contradicted, c->rounds);
	c->n = 0;
	if (c->trust == GTPU_TRUST_AGREED)
		log_debug("gtpu: the module knows %u of the PDRs that packets met", agreed);
}
