/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of processes by the real /proc: a process leaves it when it has ended, and not because teide
 * has no descriptor left to read it by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "process_watch.h"
#include "process_watch_options.h"

static const struct option_section *const sections[] = {&processes_section, &sched_section};

struct scene {
	struct config *config;
	struct process_watch *process_watch;
	pid_t gnb;
};

static pid_t start_gnb(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "nr-gnb");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(config_load(&s->config, sections, ARRAY_SIZE(sections), NULL, NULL), 0);
	assert_int_equal(config_set(s->config, "sched.evidence", "name", NULL), 0);
	assert_int_equal(process_watch_new(&s->process_watch, s->config, NULL), 0);
	s->gnb = start_gnb();
	*state = s;
	return 0;
}

static void end_gnb(struct scene *s)
{
	kill(s->gnb, SIGKILL);
	waitpid(s->gnb, NULL, 0);
}

static int teardown(void **state)
{
	struct scene *s = *state;

	end_gnb(s);
	process_watch_free(s->process_watch);
	config_free(s->config);
	free(s);
	return 0;
}

static const struct process *look(struct scene *s, uint64_t now_s, int *ret, struct err *err)
{
	*ret = process_watch_look(s->process_watch, now_s * NSEC_PER_SEC, err);
	return processes_find(process_watch_processes(s->process_watch), s->gnb);
}

static struct rlimit leave_no_descriptor(void)
{
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rlimit before, limit;

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit){.rlim_cur = (rlim_t)lowest, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void without_descriptors_nothing_is_forgotten(void **state)
{
	struct scene *s = *state;
	struct rlimit before;
	struct err err = {0};
	const struct process *p;
	size_t threads;
	int r;

	p = look(s, 1, &r, &err);
	assert_non_null(p);
	threads = p->n_threads;
	assert_int_equal(threads, 1);
	before = leave_no_descriptor();
	p = look(s, 2, &r, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(r < 0);
	assert_non_null(strstr(err.text, strerror(EMFILE)));
	assert_non_null(p);
	assert_int_equal(p->n_threads, threads);
	assert_true(process_watch_missed(s->process_watch).processes_unreadable > 0);
	assert_non_null(look(s, 3, &r, &err));
	end_gnb(s);
	assert_null(look(s, 4, &r, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_descriptors_nothing_is_forgotten, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
