/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "aside.h"

#include <pthread.h>
#include <signal.h>

struct call {
	int (*run)(int argc, char **argv);
	int argc;
	char **argv;
	sigset_t signals; /* blocked by whoever started the program */
	int exit_code;
};

static void *call(void *data)
{
	struct call *c = data;

	pthread_sigmask(SIG_SETMASK, &c->signals, NULL);
	c->exit_code = c->run(c->argc, c->argv);
	return NULL;
}

int run_aside(int (*run)(int argc, char **argv), int argc, char **argv)
{
	struct call c = {.run = run, .argc = argc, .argv = argv};
	pthread_t thread;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &c.signals);
	if (pthread_create(&thread, NULL, call, &c))
		call(&c);
	else
		pthread_join(thread, NULL);
	return c.exit_code;
}
