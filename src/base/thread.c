/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "thread.h"

#include <signal.h>

/* Less than a huge page (2 MiB), which the kernel would give a thread for its first few bytes. */
#define STACK_SIZE (1U << 20)

int thread_start(pthread_t *ret, void *(*fn)(void *data), void *data)
{
	pthread_attr_t attr;
	sigset_t all;
	int r = pthread_attr_init(&attr);

	if (r)
		return -r;
	sigfillset(&all);
	r = pthread_attr_setsigmask_np(&attr, &all);
	if (!r)
		r = pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (!r)
		r = pthread_create(ret, &attr, fn, data);
	pthread_attr_destroy(&attr);
	return -r;
}
