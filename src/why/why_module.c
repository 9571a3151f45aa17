/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the module's rows and exits say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "why_internal.h"

#define MODULE_KEYS_MAX 16384

struct module_key {
	char netns[AGG_NETNS_MAX];
	const char *verdict, *reason; /* static strings: one address each */
	struct addr ue, peer;
	uint64_t seid;
	uint32_t teid;
	uint16_t pdr_id;
	uint8_t way, qfi;
	bool has_netns, has_ue, has_teid, has_qfi, has_peer, has_pdr;
};

struct module_value {
	uint64_t packets;
};

static enum why_way way_of(const struct event *e)
{
	return e->direction == DIRECTION_DOWNLINK ? WHY_DOWNLINK : WHY_UPLINK;
}

static void set_addresses(const struct event *e, struct module_key *k)
{
	bool down = k->way == WHY_DOWNLINK;

	if (event_has(e, down ? F_INNER_DST : F_INNER_SRC)) {
		k->has_ue = true;
		k->ue = down ? e->inner.dst : e->inner.src;
	}
	if (event_has(e, down ? F_OUTER_DST : F_OUTER_SRC)) {
		k->has_peer = true;
		k->peer = down ? e->outer.dst : e->outer.src;
	}
}

static void make_key(const struct event *e, struct module_key *k)
{
	memset(k, 0, sizeof(*k));
	k->way = way_of(e);
	set_addresses(e, k);
	if (event_has(e, F_NETNS)) {
		k->has_netns = true;
		snprintf(k->netns, sizeof(k->netns), "%s", e->netns);
	}
	k->has_teid = event_has(e, F_GTP_TEID);
	k->teid = k->has_teid ? e->gtp.teid : 0;
	k->has_qfi = event_has(e, F_GTP_QFI);
	k->qfi = k->has_qfi ? e->gtp.qfi : 0;
	k->has_pdr = event_has(e, F_PDR_ID);
	k->pdr_id = k->has_pdr ? e->pdr_id : 0;
	k->seid = event_has(e, F_SEID) ? e->seid : 0;
	k->verdict = event_has(e, F_VERDICT) ? e->call.verdict : NULL;
	k->reason = event_has(e, F_REASON) ? e->reason : NULL;
}

static bool concerns(const struct why_marks *m, const struct module_key *k)
{
	if (m->has_ue && k->has_ue && addr_equal(&m->ue, &k->ue))
		return true;
	return k->has_teid && why_marks_teid(m, k->way, k->teid);
}

static void add_packets(struct why_seen *s, struct map *map, const struct module_key *k, uint64_t packets)
{
	struct module_value *v;

	/* Whose it is may be learned later where no address is known yet. */
	if (s->marks.has_ue && !concerns(&s->marks, k))
		return;
	v = map_put(map, k, NULL);
	if (v)
		v->packets += packets;
	else
		s->left_out += packets;
}

static void add_duration(struct why_seen *s, const struct module_key *k, uint64_t ns)
{
	if (!concerns(&s->marks, k))
		return;
	if (!s->durations[k->way])
		s->durations[k->way] = calloc(WHY_DURATIONS_MAX, sizeof(uint64_t));
	if (s->durations[k->way] && s->n_durations[k->way] < WHY_DURATIONS_MAX)
		s->durations[k->way][s->n_durations[k->way]++] = ns;
}

static void add_latency(struct why_seen *s, const struct event *e)
{
	size_t bucket = 0;

	while (bucket + 1 < WHY_LATENCY_BUCKETS && e->call.duration_ns >> (bucket + 1))
		bucket++;
	s->latency[way_of(e)][bucket] += e->packets;
}

static bool is_packet_function(const struct event *e)
{
	static const char *const names[] = {"gtp5g_encap_recv", "gtp5g_dev_xmit", "gtp_encap_recv", "gtp_dev_xmit"};

	for (size_t i = 0; event_has(e, F_FUNCTION) && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(e->call.function, names[i]))
			return true;
	return false;
}

static int maps(struct why_seen *s)
{
	if (!s->rows)
		s->rows = map_new(sizeof(struct module_key), sizeof(struct module_value), MODULE_KEYS_MAX);
	if (!s->exits)
		s->exits = map_new(sizeof(struct module_key), sizeof(struct module_value), MODULE_KEYS_MAX);
	return s->rows && s->exits ? 0 : -ENOMEM;
}

void why_module_add(struct why_seen *s, const struct event *e)
{
	struct module_key k;

	if (!is_packet_function(e) || !event_has(e, F_DIRECTION) || maps(s) < 0)
		return;
	make_key(e, &k);
	switch (e->kind) {
	case KIND_SESSION:
		s->by_rows = true;
		add_packets(s, s->rows, &k, e->packets);
		break;
	case KIND_EXIT:
		add_packets(s, s->exits, &k, 1);
		if (event_has(e, F_DURATION_NS))
			add_duration(s, &k, e->call.duration_ns);
		break;
	case KIND_LATENCY:
		if (!event_has(e, F_STAGE))
			add_latency(s, e);
		break;
	default:
		break;
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void add_outcome(struct why_counts *c, const struct module_key *k, uint64_t packets)
{
	size_t i = 0;

	c->module += packets;
	while (i < c->n_outcomes &&
	       !(same_text(c->outcomes[i].verdict, k->verdict) && same_text(c->outcomes[i].reason, k->reason)))
		i++;
	if (i == WHY_OUTCOMES_MAX)
		return;
	if (i == c->n_outcomes)
		c->outcomes[c->n_outcomes++] = (struct why_outcome){k->verdict, k->reason, 0};
	c->outcomes[i].packets += packets;
}

/* The rule and the tunnel of what has most packets. */
struct best {
	uint64_t rule, peer;
};

static void add_key(struct why_counts *c, struct best *best, const struct module_key *k, uint64_t packets)
{
	add_outcome(c, k, packets);
	if (k->has_pdr && packets > best->rule) {
		best->rule = packets;
		c->has_rule = true;
		c->seid = k->seid;
		c->pdr_id = k->pdr_id;
	}
	if (!k->has_peer || packets <= best->peer)
		return;
	best->peer = packets;
	c->has_peer = true;
	c->peer = k->peer;
	if (k->has_teid) {
		c->has_teid = true;
		c->teid = k->teid;
	}
	c->has_qfi = k->has_qfi;
	c->qfi = k->qfi;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sum_durations(const struct why_seen *s, enum why_way way, struct why_latency *ret)
{
	size_t n = s->n_durations[way];

	qsort(s->durations[way], n, sizeof(uint64_t), compare_u64);
	ret->packets = n;
	ret->median_ns = s->durations[way][(n - 1) / 2];
	ret->p99_ns = s->durations[way][(n - 1) * 99 / 100];
}

static uint64_t bucket_of(const uint64_t *buckets, uint64_t rank)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < WHY_LATENCY_BUCKETS; i++) {
		sum += buckets[i];
		if (sum > rank)
			return UINT64_C(2) << i;
	}
	return 0;
}

static void sum_latency(const struct why_seen *s, enum why_way way, struct why_latency *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < WHY_LATENCY_BUCKETS; i++)
		n += s->latency[way][i];
	if (!n)
		return;
	ret->packets = n;
	ret->median_ns = bucket_of(s->latency[way], (n - 1) / 2);
	ret->p99_ns = bucket_of(s->latency[way], (n - 1) / 100 * 99 + (n - 1) % 100 * 99 / 100);
	ret->at_most = ret->all_sessions = true;
}

int why_module_sum(const struct why_seen *s, const struct why_place *place, const struct why_marks *m,
		   struct why_seen_facts *ret)
{
	const struct map *map = s->by_rows ? s->rows : s->exits;
	struct best best[WHY_WAYS] = {{0}};
	const struct module_value *v;
	size_t cursor = 0;
	const void *key;

	while (map && (v = map_next(map, &cursor, &key))) {
		const struct module_key *k = key;

		if (concerns(m, k) && (!k->has_netns || why_place_is(place, k->netns)))
			add_key(&ret->ways[k->way], &best[k->way], k, v->packets);
	}
	for (int way = 0; way < WHY_WAYS; way++) {
		struct why_latency *latency = &ret->ways[way].latency;

		if (s->n_durations[way])
			sum_durations(s, way, latency);
		else if (ret->ways[way].module)
			sum_latency(s, way, latency);
	}
	ret->by_rows = s->by_rows;
	ret->events_lost = s->by_rows ? 0 : s->lost;
	return 0;
}
