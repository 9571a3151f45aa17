/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "runq_crew.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BURN_NS 3000000

static void stay_on_one_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static uint64_t own_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void burn(void)
{
	uint64_t end = own_cpu_ns() + BURN_NS;

	while (own_cpu_ns() < end)
		;
}

static void *short_life(void *crew)
{
	const struct crew *c = crew;
	char byte = 'c';

	prctl(PR_SET_NAME, "begun-later");
	burn();
	assert_int_equal(write(c->done[1], &byte, 1), 1);
	pause();
	return NULL;
}

/* Short sleeps between, so that there are wake-ups and preemptions of both. */
static void work(struct crew *c, bool first)
{
	const struct timespec nap = {.tv_nsec = 100000};
	pthread_t other;

	if (first)
		assert_int_equal(pthread_create(&other, NULL, short_life, c), 0);
	for (int i = 0; i < CREW_BURNS; i++) {
		burn();
		if (i % 4 == first)
			nanosleep(&nap, NULL);
		else if (i % 4 == 2)
			sched_yield();
	}
}

struct worker {
	struct crew *crew;
	int number;
};

static void *worker(void *data)
{
	const struct worker *w = data;
	bool first = w->number == 0;
	char byte;

	while (read(w->crew->go[w->number][0], &byte, 1) == 1) {
		work(w->crew, first);
		first = false;
		if (write(w->crew->done[1], &byte, 1) != 1)
			break;
	}
	return NULL;
}

static void be_the_crew(struct crew *c)
{
	struct worker workers[CREW_WORKERS];
	pthread_t threads[CREW_WORKERS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < CREW_WORKERS; i++) {
		workers[i] = (struct worker){c, i};
		pthread_create(&threads[i], NULL, worker, &workers[i]);
	}
	for (;;)
		pause();
}

void crew_start(struct crew *c)
{
	stay_on_one_cpu();
	for (int i = 0; i < CREW_WORKERS; i++)
		assert_int_equal(pipe(c->go[i]), 0);
	assert_int_equal(pipe(c->done), 0);
	c->pid = fork();
	if (c->pid == 0)
		be_the_crew(c);
}

void crew_work(struct crew *c)
{
	char byte = 'g';

	for (int i = 0; i < CREW_WORKERS; i++)
		assert_int_equal(write(c->go[i][1], &byte, 1), 1);
}

void crew_end(struct crew *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	for (int i = 0; i < CREW_WORKERS; i++) {
		close(c->go[i][0]);
		close(c->go[i][1]);
	}
	close(c->done[0]);
	close(c->done[1]);
}
