/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP connections that the UE wants and that are never made: the UE repeats its SYN, and each SYN-ACK goes into the
 * downlink tunnel in vain. Other packets may pass. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "cleanup.h"
#include "why_internal.h"

#define SYN 0x02
#define ACK 0x10
#define KINDS_OF_SEGMENT 0x3f /* without the two flags of ECN */
#define REPEATED 2	      /* one SYN-ACK alone may still be on its way */

/* By the addresses and ports of the uplink. */
struct handshake {
	uint8_t flags[WHY_WAYS];
	uint64_t answers;
};

static struct event_tuple turned(const struct event_tuple *t)
{
	struct event_tuple r = *t;

	r.src = t->dst;
	r.dst = t->src;
	r.sport = t->dport;
	r.dport = t->sport;
	return r;
}

static int take(struct map *handshakes, const struct agg_flow *f, const struct addr *ue)
{
	const struct event_tuple *t = &f->key.inner;
	enum why_way way = why_row_way(&f->key);
	struct event_tuple key = way == WHY_UPLINK ? *t : turned(t);
	struct handshake *h;

	if (!addr_equal(&key.src, ue))
		return 0;
	h = map_put(handshakes, &key, NULL);
	if (!h)
		return -ENOMEM;
	h->flags[way] |= f->tcp_flags & KINDS_OF_SEGMENT;
	if (way == WHY_DOWNLINK)
		h->answers += f->segments;
	return 0;
}

int why_handshakes(const struct why_rows *rows, const struct why_place *place, struct why_seen_facts *ret)
{
	_cleanup_(cleanup_map) struct map *handshakes =
		map_new(sizeof(struct event_tuple), sizeof(struct handshake), rows->n + 1);
	const struct handshake *h;
	size_t cursor = 0;
	int r = handshakes ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < rows->n && ret->has_ue; i++)
		if (rows->flows[i]->key.inner.proto == IPPROTO_TCP && why_row_in_tunnel(rows, i, place))
			r = take(handshakes, rows->flows[i], &ret->ue);
	while (r == 0 && (h = map_next(handshakes, &cursor, NULL)))
		if (h->flags[WHY_UPLINK] == SYN && h->flags[WHY_DOWNLINK] == (SYN | ACK) && h->answers >= REPEATED)
			ret->ways[WHY_DOWNLINK].syn_acks += h->answers;
	return r;
}
