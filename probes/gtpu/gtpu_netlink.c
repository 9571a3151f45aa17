/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gtp5g itself says of its rules, over netlink. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "genl.h"
#include "gtp5g_rules.h"
#include "gtpu_run.h"
#include "log.h"

#define INACTIVE 0x02 /* of Measurement Information (TS 29.244 8.2.68): as gtp5g sets it then */

void gtpu_check_note(struct gtpu_check *c, const struct gtpu_session_key *key)
{
	size_t i = 0;

	if (c->trust != GTPU_TRUST_OPEN || !(key->has & GTPU_HAS_PDR))
		return;
	while (i < c->n &&
	       (c->pdrs[i].seid != key->seid || c->pdrs[i].pdr_id != key->pdr_id || c->pdrs[i].netns != key->netns))
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
		if (c->pdrs[i].netns == q->netns && c->pdrs[i].seid == rule->seid && c->pdrs[i].pdr_id == rule->id)
			c->pdrs[i].agreed = true;
}

static int ask_pdrs_here(void *data, struct err *err)
{
	struct question *q = data;
	struct gtp5g_rules_visitor v = {.visit = on_pdr, .data = q};
	int r = gtp5g_rules_dump(q->family, GTP5G_RULE_PDR, &v, err);

	return r < 0 || v.left_out ? -1 : 0;
}

/* What one namespace's rules say of the PDRs met there. */
static void judge_pdrs(struct gtpu_check *c, const struct question *q, unsigned *agreed)
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
		    netns_visit("", &d->netns, ask_pdrs_here, &q, &err) >= 0)
			judge_pdrs(c, &q, &agreed);
	}
	c->trust = gtpu_trust_of(agreed, c->contradicted, c->rounds);
	c->n = 0;
	if (c->trust == GTPU_TRUST_AGREED)
		log_debug("gtpu: the module knows %u of the PDRs that packets met", agreed);
}

struct quotas {
	int map_fd;
	uint16_t family;
	uint32_t netns;
	int found;
};

static void on_urr(const struct gtp5g_rule *rule, void *data)
{
	struct quotas *q = data;
	struct gtpu_quota_key key = {.seid = rule->seid, .urr_id = rule->id, .netns = q->netns};
	uint64_t before_us = 0;

	if (rule->urr.info & INACTIVE && !bpf_map_update_elem(q->map_fd, &key, &before_us, BPF_ANY))
		q->found++;
}

static int find_quotas_here(void *data, struct err *err)
{
	struct quotas *q = data;
	struct gtp5g_rules_visitor v = {.visit = on_urr, .data = q};

	return gtp5g_rules_dump(q->family, GTP5G_RULE_URR, &v, err);
}

int gtpu_quotas_find(int map_fd, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	struct quotas q = {.map_fd = map_fd};
	int r = genl_family("gtp5g", &q.family, err);

	if (r >= 0)
		r = netns_list_all("", &list, err);
	for (size_t i = 0; r >= 0 && i < list.len; i++) {
		q.netns = (uint32_t)list.items[i].inode;
		r = netns_visit("", &list.items[i], find_quotas_here, &q, err);
		if (r == -ESRCH) /* it went meanwhile */
			r = 0;
	}
	return r < 0 ? r : q.found;
}
