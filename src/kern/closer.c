/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "closer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thread.h"

struct closer {
	pthread_t thread;
	atomic_bool done;
	size_t n;
	int fds[];
};

static void close_descriptors(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void *close_in_thread(void *data)
{
	struct closer *c = data;

	close_descriptors(c->fds, c->n);
	atomic_store(&c->done, true);
	return NULL;
}

struct closer *closer_new(const int *fds, size_t n)
{
	struct closer *c = calloc(1, sizeof(*c) + n * sizeof(c->fds[0]));

	if (c) {
		memcpy(c->fds, fds, n * sizeof(c->fds[0]));
		c->n = n;
	}
	if (c && !thread_start(&c->thread, close_in_thread, c))
		return c;
	close_descriptors(fds, n);
	free(c);
	return NULL;
}

bool closer_done(const struct closer *c)
{
	return !c || atomic_load(&c->done);
}

void closer_free(struct closer *c)
{
	if (!c)
		return;
	pthread_join(c->thread, NULL);
	free(c);
}
