/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* No packet has the TEID that was asked for: it may be of the direction that has not begun, of a session whose other
 * direction was seen; or the right one of a session that uses another, which the far end refuses. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "why_internal.h"

/* Which ways the packets of a UE's address went, and whether in a tunnel that the far end does not have. */
struct ways {
	bool seen[WHY_WAYS], refused;
};

struct teid_key {
	uint32_t way, teid;
};

/* The packets in one TEID: a UE may have several addresses there, of which one alone has answers. */
struct in_teid {
	bool whole;
	uint64_t packets; /* of the address with most */
	struct addr ue;
};

struct search {
	const struct why_place *place;
	const struct why_rows *rows;
	struct map *ues;     /* struct addr -> struct ways */
	struct map *teids;   /* struct teid_key -> struct in_teid */
	struct map *refused; /* struct teid_key: of Error Indications */
};

static const struct addr *ue_of(const struct agg_flow_key *k)
{
	return why_row_way(k) == WHY_UPLINK ? &k->inner.src : &k->inner.dst;
}

static struct teid_key key_of(const struct agg_flow_key *k)
{
	return (struct teid_key){.way = why_row_way(k), .teid = k->teid};
}

/* The gNB's come in, and are about a downlink tunnel. */
static int list_refused(const struct search *s, const struct agg_quality *errors)
{
	const struct agg_quality_entry **items = NULL;
	size_t n = 0;
	int r = agg_quality_sorted(errors, &items, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct agg_quality_key *k = &items[i]->key;
		const struct teid_key key = {.way = k->dir == DIR_INGRESS ? WHY_DOWNLINK : WHY_UPLINK, .teid = k->teid};

		if (k->kind == AGG_QUALITY_ERROR && k->has_teid && why_place_is(s->place, k->netns) &&
		    !map_put(s->refused, &key, NULL))
			r = -ENOMEM;
	}
	free(items);
	return r;
}

static int list_ues(const struct search *s)
{
	for (size_t i = 0; i < s->rows->n; i++) {
		const struct agg_flow_key *k = &s->rows->flows[i]->key;
		const struct teid_key key = key_of(k);
		struct ways *ways;

		if (!why_row_in_tunnel(s->rows, i, s->place))
			continue;
		ways = map_put(s->ues, ue_of(k), NULL);
		if (!ways)
			return -ENOMEM;
		ways->seen[why_row_way(k)] = true;
		ways->refused |= map_get(s->refused, &key) != NULL;
	}
	return 0;
}

static int add_to_teid(const struct search *s, const struct agg_flow *f)
{
	const struct teid_key key = key_of(&f->key);
	const struct ways *ways = map_get(s->ues, ue_of(&f->key));
	struct in_teid *t = map_put(s->teids, &key, NULL);

	if (!t)
		return -ENOMEM;
	t->whole |= ways && ways->seen[WHY_UPLINK] && ways->seen[WHY_DOWNLINK] && !ways->refused;
	if (f->packets > t->packets) {
		t->packets = f->packets;
		t->ue = *ue_of(&f->key);
	}
	return 0;
}

static bool has_half(const struct why_seen_facts *f, const struct addr *ue)
{
	for (size_t i = 0; i < f->n_halves; i++)
		if (addr_equal(&f->halves[i].ue, ue))
			return true;
	return false;
}

static void add_half(const struct teid_key *key, const struct in_teid *t, struct why_seen_facts *ret)
{
	struct why_half *half = &ret->halves[ret->n_halves];

	if (has_half(ret, &t->ue))
		return;
	if (ret->n_halves == WHY_HALVES_MAX) {
		ret->halves_left_out++;
		return;
	}
	*half = (struct why_half){.ue = t->ue, .way = (enum why_way)key->way, .teid = key->teid};
	ret->n_halves++;
}

static int find_halves(const struct search *s, const struct agg_quality *errors, struct why_seen_facts *ret)
{
	const struct in_teid *t;
	const void *key;
	size_t cursor = 0;
	int r = list_refused(s, errors);

	if (r == 0)
		r = list_ues(s);
	for (size_t i = 0; r == 0 && i < s->rows->n; i++)
		if (why_row_in_tunnel(s->rows, i, s->place))
			r = add_to_teid(s, s->rows->flows[i]);
	while (r == 0 && (t = map_next(s->teids, &cursor, &key)))
		if (!t->whole)
			add_half(key, t, ret);
	return r;
}

int why_halves(const struct why_seen *seen, const struct why_rows *rows, const struct why_place *place,
	       struct why_seen_facts *ret)
{
	_cleanup_(cleanup_map) struct map *ues = map_new(sizeof(struct addr), sizeof(struct ways), rows->n + 1);
	_cleanup_(cleanup_map) struct map *teids =
		map_new(sizeof(struct teid_key), sizeof(struct in_teid), rows->n + 1);
	_cleanup_(cleanup_map) struct map *refused = map_new(sizeof(struct teid_key), 1, WHY_ERRORS_MAX);
	const struct search s = {.place = place, .rows = rows, .ues = ues, .teids = teids, .refused = refused};

	return ues && teids && refused ? find_halves(&s, seen->errors, ret) : -ENOMEM;
}

const struct why_half *why_supposed(const struct why_facts *f)
{
	return f->seen.n_halves == 1 && !f->seen.halves_left_out ? &f->seen.halves[0] : NULL;
}

void why_name_half(const struct why_facts *f, const struct why_half *half, char *text, size_t size)
{
	char ue[ADDR_TEXT_MAX];

	snprintf(text, size, "UE %s, if TEID 0x%08x is of its session", addr_format(&half->ue, ue), f->teid);
}

static void list_halves(const struct why_seen_facts *seen, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < seen->n_halves && len < size; i++) {
		char ue[ADDR_TEXT_MAX];

		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
					addr_format(&seen->halves[i].ue, ue));
	}
}

void why_say_halves(const struct why_facts *f, const char *name, struct why_answer *a)
{
	const struct why_seen_facts *seen = &f->seen;
	char list[WHY_HALVES_MAX * (ADDR_TEXT_MAX + 2)], ue[ADDR_TEXT_MAX], more[40] = "";

	list_halves(seen, list, sizeof(list));
	if (seen->halves_left_out)
		snprintf(more, sizeof(more), " and %zu more", seen->halves_left_out);
	snprintf(a->verdict, sizeof(a->verdict),
		 "%s: no packet has it; each of these UEs has one direction alone, or a tunnel that is refused, and "
		 "the TEID "
		 "may be its: %s%s",
		 name, list, more);
	snprintf(a->advice, sizeof(a->advice),
		 "which UE has that TEID? The UPF's session list, or the gNB's; then ask for its address: teide why %s",
		 addr_format(&seen->halves[0].ue, ue));
}
