/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "peers.h"

#include <netinet/in.h>
#include <string.h>

static struct addr client_of(const struct sockaddr *sa)
{
	struct addr a = {0};

	if (sa && sa->sa_family == AF_INET) {
		a = addr_from_v4(((const struct sockaddr_in *)sa)->sin_addr.s_addr);
	} else if (sa && sa->sa_family == AF_INET6) {
		memcpy(a.b, &((const struct sockaddr_in6 *)sa)->sin6_addr, sizeof(a.b));
		if (!addr_is_v4(&a))
			memset(a.b + 8, 0, 8);
	}
	return a;
}

/* Of all connections of this client. */
static void set_same(struct peers *peers, const struct addr *client, unsigned same)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (peers->places[i].open && addr_equal(&peers->places[i].client, client))
			peers->places[i].same = same;
}

static unsigned count(const struct peers *peers, const struct addr *client)
{
	unsigned n = 0;

	for (size_t i = 0; i < PEERS_MAX; i++)
		n += peers->places[i].open && addr_equal(&peers->places[i].client, client);
	return n;
}

struct peer *peers_add(struct peers *peers, int fd, const struct sockaddr *client)
{
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &peers->places[i];

		if (p->open)
			continue;
		*p = (struct peer){.fd = fd, .client = client_of(client), .open = true};
		set_same(peers, &p->client, count(peers, &p->client));
		peers->len++;
		return p;
	}
	return NULL;
}

void peers_remove(struct peers *peers, struct peer *peer)
{
	if (!peer)
		return;
	peer->open = false;
	peers->len--;
	set_same(peers, &peer->client, count(peers, &peer->client));
}

static int rank(const struct peer *p)
{
	return p->trusted ? 1 + p->busy : 0;
}

static bool goes_before(const struct peer *a, const struct peer *b)
{
	if (rank(a) != rank(b))
		return rank(a) < rank(b);
	if (a->same != b->same)
		return a->same > b->same;
	return a->since_ns < b->since_ns;
}

struct peer *peers_least(struct peers *peers)
{
	struct peer *least = NULL;

	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &peers->places[i];

		if (p->open && (!least || goes_before(p, least)))
			least = p;
	}
	return least;
}
