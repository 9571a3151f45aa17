/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gtp5g.h"
#include "vec.h"

#define PLACES_MAX 1024

struct rules_item {
	uint64_t netns;
	struct gtp5g_rule rule;
};

struct rules {
	struct rules_place *places;
	struct rules_item *items;
	size_t n_places, len, max;
	size_t left_out, ambiguous;
};

struct rules *rules_new(size_t max)
{
	struct rules *t = calloc(1, sizeof(*t));

	if (t)
		t->max = max;
	return t;
}

void rules_free(struct rules *t)
{
	if (!t)
		return;
	free(t->places);
	free(t->items);
	free(t);
}

int rules_add_place(struct rules *t, const struct rules_place *place)
{
	if (t->n_places == PLACES_MAX)
		return -ENOSPC;
	if (!VEC_ROOM(t->places, t->n_places))
		return -ENOMEM;
	t->places[t->n_places++] = *place;
	return 0;
}

int rules_add(struct rules *t, uint64_t netns, const struct gtp5g_rule *rule)
{
	if (t->len == t->max) {
		t->left_out++;
		return -ENOSPC;
	}
	if (!VEC_ROOM(t->items, t->len)) {
		t->left_out++;
		return -ENOMEM;
	}
	/* Bytes, padding included: rules are compared as bytes. */
	memset(&t->items[t->len], 0, sizeof(*t->items));
	t->items[t->len].netns = netns;
	memcpy(&t->items[t->len].rule, rule, sizeof(*rule));
	t->len++;
	return 0;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *a, const void *b)
{
	const struct rules_item *x = a, *y = b;
	int r = order(x->netns, y->netns);

	if (!r)
		r = order(x->rule.kind, y->rule.kind);
	if (!r)
		r = order(x->rule.seid, y->rule.seid);
	return r ? r : order(x->rule.id, y->rule.id);
}

/* Ties by contents, so that of two the same one stays each time. */
static int compare_all(const void *a, const void *b)
{
	int r = compare(a, b);

	return r ? r : memcmp(a, b, sizeof(struct rules_item));
}

void rules_sort(struct rules *t)
{
	size_t n = 0;

	if (t->len)
		qsort(t->items, t->len, sizeof(*t->items), compare_all);
	for (size_t i = 0; i < t->len; i++) {
		if (n && !compare(&t->items[n - 1], &t->items[i])) {
			t->ambiguous += memcmp(&t->items[n - 1], &t->items[i], sizeof(*t->items)) != 0;
			continue;
		}
		if (n != i)
			memcpy(&t->items[n], &t->items[i], sizeof(*t->items));
		n++;
	}
	t->len = n;
}

size_t rules_ambiguous(const struct rules *t)
{
	return t->ambiguous;
}

size_t rules_left_out(const struct rules *t)
{
	return t->left_out;
}

size_t rules_places(const struct rules *t)
{
	return t->n_places;
}

const struct rules_place *rules_place(const struct rules *t, size_t i)
{
	return &t->places[i];
}

const struct rules_place *rules_place_of(const struct rules *t, uint64_t netns)
{
	for (size_t i = 0; i < t->n_places; i++)
		if (t->places[i].netns == netns)
			return &t->places[i];
	return NULL;
}

/* The first item that does not come before the key. */
static size_t lower_bound(const struct rules *t, const struct rules_item *key)
{
	size_t low = 0, high = t->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&t->items[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct rules_item key_of(uint64_t netns, enum gtp5g_rule_kind kind, uint64_t seid, uint32_t id)
{
	return (struct rules_item){.netns = netns, .rule = {.kind = kind, .seid = seid, .id = id}};
}

static bool same_group(const struct rules_item *item, uint64_t netns, enum gtp5g_rule_kind kind)
{
	return item->netns == netns && item->rule.kind == kind;
}

const struct rules_item *rules_first(const struct rules *t, uint64_t netns, enum gtp5g_rule_kind kind)
{
	const struct rules_item key = key_of(netns, kind, 0, 0);
	size_t i = lower_bound(t, &key);

	return i < t->len && same_group(&t->items[i], netns, kind) ? &t->items[i] : NULL;
}

const struct rules_item *rules_next(const struct rules *t, const struct rules_item *item)
{
	const struct rules_item *next = item + 1;

	if (next == t->items + t->len || !same_group(next, item->netns, item->rule.kind))
		return NULL;
	return next;
}

const struct gtp5g_rule *rules_get(const struct rules_item *item)
{
	return &item->rule;
}

static const struct rules_item *find_item(const struct rules *t, const struct rules_item *key)
{
	size_t i = lower_bound(t, key);

	return i < t->len && !compare(&t->items[i], key) ? &t->items[i] : NULL;
}

const struct gtp5g_rule *rules_find(const struct rules *t, uint64_t netns, enum gtp5g_rule_kind kind, uint64_t seid,
				    uint32_t id)
{
	const struct rules_item key = key_of(netns, kind, seid, id), *item = find_item(t, &key);

	return item ? &item->rule : NULL;
}

static int make_room(struct rules *t, size_t at)
{
	static const struct gtp5g_rule none;
	int r = rules_add(t, 0, &none);

	if (r == 0)
		memmove(&t->items[at + 1], &t->items[at], (t->len - 1 - at) * sizeof(*t->items));
	return r;
}

int rules_put(struct rules *t, uint64_t netns, const struct gtp5g_rule *rule)
{
	const struct rules_item key = key_of(netns, rule->kind, rule->seid, rule->id);
	size_t at = lower_bound(t, &key);
	int r = 0;

	if (at == t->len || compare(&t->items[at], &key))
		r = make_room(t, at);
	if (r < 0)
		return r;
	memset(&t->items[at], 0, sizeof(*t->items));
	t->items[at].netns = netns;
	memcpy(&t->items[at].rule, rule, sizeof(*rule));
	return 0;
}

void rules_remove(struct rules *t, uint64_t netns, const struct gtp5g_rule *rule)
{
	const struct rules_item key = key_of(netns, rule->kind, rule->seid, rule->id);
	size_t at = lower_bound(t, &key);

	if (at == t->len || compare(&t->items[at], &key))
		return;
	t->len--;
	memmove(&t->items[at], &t->items[at + 1], (t->len - at) * sizeof(*t->items));
}

void rules_qers(const struct rules *t, uint64_t netns, const struct gtp5g_rule *pdr, struct gtp5g_qers *ret)
{
	const struct rules_place *place = rules_place_of(t, netns);

	*ret = (struct gtp5g_qers){.era = gtp5g_qer_era(place ? place->version : "")};
	for (uint32_t i = 0; i < pdr->pdr.qers.n; i++) {
		const struct gtp5g_rule *qer = rules_find(t, netns, GTP5G_RULE_QER, pdr->seid, pdr->pdr.qers.ids[i]);

		if (qer)
			gtp5g_qers_add(ret, qer);
	}
}

const struct gtp5g_rule *rules_pdr_of_far(const struct rules *t, uint64_t netns, const struct gtp5g_rule *far)
{
	const struct rules_item key = key_of(netns, GTP5G_RULE_PDR, far->seid, 0);
	const struct gtp5g_rule *found = NULL;

	for (size_t i = lower_bound(t, &key); i < t->len; i++) {
		const struct gtp5g_rule *pdr = &t->items[i].rule;

		if (!same_group(&t->items[i], netns, GTP5G_RULE_PDR) || pdr->seid != far->seid)
			break;
		if (!(pdr->has & GTP5G_HAS_FAR_ID) || pdr->pdr.far_id != far->id)
			continue;
		if (pdr->has & GTP5G_HAS_UE)
			return pdr;
		found = found ? found : pdr;
	}
	return found;
}

enum rules_direction rules_direction(const struct gtp5g_rule *pdr, const struct gtp5g_rule *far)
{
	if (pdr->has & GTP5G_HAS_SOURCE && pdr->pdr.source == GTP5G_ACCESS)
		return RULES_UPLINK;
	if (pdr->has & GTP5G_HAS_SOURCE && pdr->pdr.source == GTP5G_CORE)
		return RULES_DOWNLINK;
	if (!(pdr->has & GTP5G_HAS_TEID))
		return pdr->has & GTP5G_HAS_UE ? RULES_DOWNLINK : RULES_UNKNOWN;
	return far && !(far->has & GTP5G_HAS_TEID) ? RULES_UPLINK : RULES_UNKNOWN;
}

static void forget_source(struct gtp5g_rule *rule)
{
	if (rule->kind != GTP5G_RULE_PDR)
		return;
	rule->has &= ~(uint32_t)GTP5G_HAS_SOURCE;
	rule->pdr.source = 0;
}

bool rules_same(const struct gtp5g_rule *a, const struct gtp5g_rule *b)
{
	struct gtp5g_rule x, y;

	if (!((a->has ^ b->has) & GTP5G_HAS_SOURCE))
		return !memcmp(a, b, sizeof(*a));
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	forget_source(&x);
	forget_source(&y);
	return !memcmp(&x, &y, sizeof(x));
}

static bool has_tunnel(const struct gtp5g_rule *rule)
{
	const uint32_t both = GTP5G_HAS_TEID | GTP5G_HAS_PEER;

	return rule->kind == GTP5G_RULE_FAR && (rule->has & both) == both;
}

static bool far_acts(const struct gtp5g_rule *far, uint16_t action)
{
	return far->has & GTP5G_HAS_ACTION && far->far.action & action;
}

enum rules_event rules_beside(const struct gtp5g_rule *before, const struct gtp5g_rule *after, bool end_marker)
{
	if (!has_tunnel(before) || !has_tunnel(after))
		return RULES_CHANGED;
	if (!addr_equal(&before->far.peer, &after->far.peer))
		return RULES_HANDOVER;
	if (end_marker && before->far.teid != after->far.teid)
		return RULES_HANDOVER;
	if (far_acts(before, GTP5G_ACTION_BUFF) && !far_acts(after, GTP5G_ACTION_BUFF) &&
	    far_acts(after, GTP5G_ACTION_FORW))
		return RULES_RESUMED;
	return RULES_CHANGED;
}

static void diff_both(const struct rules_item *before, const struct rules_item *after,
		      void (*visit)(const struct rules_change *change, void *data), void *data)
{
	struct rules_change change = {
		.event = RULES_CHANGED, .netns = after->netns, .before = &before->rule, .after = &after->rule};

	if (rules_same(&before->rule, &after->rule))
		return;
	visit(&change, data);
	change.event = rules_beside(&before->rule, &after->rule, false);
	if (change.event != RULES_CHANGED)
		visit(&change, data);
}

static bool is_complete(const struct rules *t)
{
	for (size_t i = 0; i < t->n_places; i++)
		if (t->places[i].malformed || t->places[i].left_out)
			return false;
	return !t->left_out;
}

void rules_diff(const struct rules *before, const struct rules *after,
		void (*visit)(const struct rules_change *change, void *data), void *data)
{
	bool complete = is_complete(before) && is_complete(after);
	size_t b = 0, a = 0;

	while (b < before->len || a < after->len) {
		int r = b == before->len ? 1 : a == after->len ? -1 : compare(&before->items[b], &after->items[a]);
		const struct rules_item *old = r <= 0 ? &before->items[b++] : NULL;
		const struct rules_item *new = r >= 0 ? &after->items[a++] : NULL;

		if (old && new)
			diff_both(old, new, visit, data);
		else if (old && complete)
			visit(&(struct rules_change){.event = RULES_REMOVED, .netns = old->netns, .before = &old->rule},
			      data);
		else if (complete && new)
			visit(&(struct rules_change){.event = RULES_CREATED, .netns = new->netns, .after = &new->rule},
			      data);
	}
}

int rules_keep(struct rules *t, const struct rules *before, uint64_t netns)
{
	const struct rules_place *place = rules_place_of(before, netns);
	int r = place ? rules_add_place(t, place) : 0;

	for (size_t i = 0; !r && i < before->len; i++)
		if (before->items[i].netns == netns)
			r = rules_add(t, netns, &before->items[i].rule);
	return r;
}
