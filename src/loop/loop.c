/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "signals.h"

enum source_type { SOURCE_IO, SOURCE_TIMER, SOURCE_SIGNAL };

struct loop_source {
	struct loop *loop;
	struct loop_source *next;
	enum source_type type;
	int fd;
	bool owns_fd;
	bool dead; /* removed while its events may still be in the batch: freed after it */
	union {
		loop_io_fn io;
		loop_timer_fn timer;
		loop_signal_fn signal;
	} fn;
	void *data;
};

struct loop {
	int epoll_fd;
	bool running;
	int value;
	sigset_t blocked; /* by this loop: loop_free() unblocks them */
	struct loop_source *sources;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		free(loop);
		return NULL;
	}
	sigemptyset(&loop->blocked);
	return loop;
}

static void bury_dead(struct loop *loop)
{
	struct loop_source **link = &loop->sources;

	while (*link) {
		struct loop_source *s = *link;

		if (!s->dead) {
			link = &s->next;
			continue;
		}
		*link = s->next;
		free(s);
	}
}

/* A signal that came after loop_run() had its effect already: the program is ending. */
static void unblock_signals(struct loop *loop)
{
	const struct timespec now = {0};

	while (sigtimedwait(&loop->blocked, NULL, &now) > 0)
		;
	pthread_sigmask(SIG_UNBLOCK, &loop->blocked, NULL);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (struct loop_source *s = loop->sources; s; s = s->next)
		loop_remove(s);
	bury_dead(loop);
	if (!sigisemptyset(&loop->blocked))
		unblock_signals(loop);
	close(loop->epoll_fd);
	free(loop);
}

static struct loop_source *add(struct loop *loop, struct loop_source source, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	struct loop_source *s = malloc(sizeof(*s));

	if (s) {
		*s = source;
		s->loop = loop;
		ev.data.ptr = s;
	}
	if (!s || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0) {
		int saved = s ? errno : ENOMEM;

		if (source.owns_fd)
			close(source.fd);
		free(s);
		errno = saved;
		return NULL;
	}
	s->next = loop->sources;
	loop->sources = s;
	return s;
}

struct loop_source *loop_add_io(struct loop *loop, int fd, uint32_t epoll_events, loop_io_fn fn, void *data)
{
	return add(loop, (struct loop_source){.type = SOURCE_IO, .fd = fd, .fn.io = fn, .data = data}, epoll_events);
}

int loop_change_io(struct loop_source *source, uint32_t epoll_events)
{
	struct epoll_event ev = {.events = epoll_events, .data.ptr = source};

	return epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &ev) < 0 ? -errno : 0;
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NSEC_PER_SEC), .tv_nsec = (long)(ns % NSEC_PER_SEC)};
}

int loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns)
{
	struct itimerspec spec = {.it_value = to_timespec(first_ns), .it_interval = to_timespec(interval_ns)};

	/* A zero first expiry would disarm; "at once" is what is meant. */
	if (first_ns == 0 && interval_ns != 0)
		spec.it_value.tv_nsec = 1;
	return timerfd_settime(source->fd, 0, &spec, NULL) < 0 ? -errno : 0;
}

struct loop_source *loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_timer_fn fn,
				   void *data)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source *s;
	int r;

	if (fd < 0)
		return NULL;
	s = add(loop,
		(struct loop_source){.type = SOURCE_TIMER, .fd = fd, .owns_fd = true, .fn.timer = fn, .data = data},
		EPOLLIN);
	if (!s)
		return NULL;
	r = loop_set_timer(s, first_ns, interval_ns);
	if (r < 0) {
		loop_remove(s);
		errno = -r;
		return NULL;
	}
	return s;
}

static void block(struct loop *loop, const sigset_t *set)
{
	sigset_t before;

	pthread_sigmask(SIG_BLOCK, set, &before);
	for (int signo = 1; signo < NSIG; signo++)
		if (sigismember(set, signo) == 1 && !sigismember(&before, signo))
			sigaddset(&loop->blocked, signo);
}

struct loop_source *loop_add_end_signals(struct loop *loop, loop_signal_fn fn, void *data)
{
	sigset_t set;
	int fd;

	end_signals(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return NULL;
	block(loop, &set);
	return add(
		loop,
		(struct loop_source){.type = SOURCE_SIGNAL, .fd = fd, .owns_fd = true, .fn.signal = fn, .data = data},
		EPOLLIN);
}

void loop_remove(struct loop_source *source)
{
	if (!source || source->dead)
		return;
	epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->owns_fd)
		close(source->fd);
	source->dead = true;
}

static void dispatch(struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info;
	uint64_t expirations;

	switch (s->type) {
	case SOURCE_IO:
		s->fn.io(s->data, s->fd, events);
		break;
	case SOURCE_TIMER:
		if (read(s->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
			s->fn.timer(s->data);
		break;
	case SOURCE_SIGNAL:
		while (!s->dead && read(s->fd, &info, sizeof(info)) == sizeof(info))
			s->fn.signal(s->data, (int)info.ssi_signo);
		break;
	}
}

int loop_once(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[64];
	int n = epoll_wait(loop->epoll_fd, events, ARRAY_SIZE(events), timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct loop_source *s = events[i].data.ptr;

		if (!s->dead)
			dispatch(s, events[i].events);
	}
	bury_dead(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int r;

	loop->running = true;
	loop->value = 0;
	while (loop->running) {
		r = loop_once(loop, -1);
		if (r < 0)
			return r;
	}
	return loop->value;
}

void loop_stop(struct loop *loop, int value)
{
	loop->running = false;
	loop->value = value;
}
