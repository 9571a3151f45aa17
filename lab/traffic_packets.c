/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "traffic_stream.h"

#define EXACT_PATIENCE_NS (10 * NSEC_PER_SEC)
#define PACED_PATIENCE_NS (5 * NSEC_PER_SEC) /* of a busy machine */
#define STREAMS_MAX (2 * LAB_FLOWS_MAX + 2)

/* One UE's sending, as it goes. */
struct engine {
	struct traffic_worker *worker;
	struct traffic_stream *streams;
	struct pollfd *fds; /* the streams' and, behind them, the stop descriptor */
	unsigned count;
	unsigned turn; /* the stream that sends next */
	uint64_t sent, answered;
	uint64_t interval_ns; /* 0: as the window allows */
	uint64_t next_ns;     /* when the next probe is due */
	uint64_t end_ns;      /* no probe after it */
	uint64_t heard_ns;    /* when something was last sent or received */
};

static bool is_exact(const struct engine *e)
{
	return e->worker->options->count > 0;
}

static bool is_sending(const struct engine *e, uint64_t now)
{
	return is_exact(e) ? e->sent < e->worker->options->count : now < e->end_ns;
}

static int open_streams(struct engine *e)
{
	struct traffic_worker *w = e->worker;
	static const enum traffic_kind order[] = {TRAFFIC_UDP4, TRAFFIC_UDP6, TRAFFIC_ICMP4, TRAFFIC_ICMP6};

	for (unsigned k = 0; k < ARRAY_SIZE(order); k++) {
		bool icmp = k >= 2;
		unsigned flows = icmp ? 1 : w->plan->options.flows;

		if (!traffic_wants(w->options, w->plan, k & 1) || (icmp && is_exact(e)))
			continue;
		for (unsigned f = 1; f <= flows; f++) {
			struct traffic_stream *s = &e->streams[e->count++];
			int r = traffic_stream_open(s, w, order[k], f, &w->err);

			if (r < 0)
				return r;
			e->fds[e->count - 1] = (struct pollfd){.fd = s->fd, .events = POLLIN};
		}
	}
	e->fds[e->count] = (struct pollfd){.fd = w->stop_fd, .events = POLLIN};
	return e->count ? 0 : err_set(&w->err, -EINVAL, "the lab carries no such family inside");
}

static int send_one(struct engine *e, uint64_t now)
{
	struct traffic_stream *s = &e->streams[e->turn];
	int r = traffic_stream_send(s, &e->worker->result);

	if (r == -EAGAIN || r == -ENOBUFS || r == -ECONNREFUSED)
		return 0;
	if (r < 0)
		return err_set(&e->worker->err, r, "%s: cannot send: %s", e->worker->netns, err_name(r));
	e->turn = (e->turn + 1) % e->count;
	e->sent++;
	e->heard_ns = now;
	e->next_ns += e->interval_ns;
	return 0;
}

static bool may_send(const struct engine *e, uint64_t now)
{
	if (!is_sending(e, now))
		return false;
	return is_exact(e) ? e->sent - e->answered < e->worker->window : now >= e->next_ns;
}

/* Until the next probe is due or patience ends; replies end it early. */
static int wait_ms(const struct engine *e, uint64_t now)
{
	uint64_t patience = is_exact(e) ? EXACT_PATIENCE_NS : PACED_PATIENCE_NS;
	uint64_t until = e->heard_ns + patience;

	if (!is_exact(e) && is_sending(e, now))
		until = MIN(e->next_ns, e->end_ns);
	return until <= now ? 0 : (int)((until - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
}

static bool is_over(const struct engine *e, uint64_t now)
{
	uint64_t patience = is_exact(e) ? EXACT_PATIENCE_NS : PACED_PATIENCE_NS;

	if (!is_exact(e) && is_sending(e, now))
		return false;
	return (!is_sending(e, now) && e->sent == e->answered) || now >= e->heard_ns + patience;
}

/* -ECANCELED when interrupted. */
static int receive_all(struct engine *e, uint64_t now)
{
	int n = poll(e->fds, e->count + 1, wait_ms(e, now));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (e->fds[e->count].revents)
		return -ECANCELED;
	for (unsigned i = 0; i < e->count; i++) {
		unsigned taken = 0;

		if (e->fds[i].revents)
			taken = traffic_stream_receive(&e->streams[i], &e->worker->result);
		e->answered += taken;
		if (taken)
			e->heard_ns = clock_monotonic_ns();
	}
	return 0;
}

static int run(struct engine *e)
{
	for (;;) {
		uint64_t now = clock_monotonic_ns();
		int r;

		if (is_over(e, now))
			return 0;
		r = may_send(e, now) ? send_one(e, now) : receive_all(e, now);
		if (r < 0)
			return r;
	}
}

int traffic_run_packets(struct traffic_worker *w)
{
	_cleanup_free_ struct traffic_stream *streams = calloc(STREAMS_MAX, sizeof(*streams));
	_cleanup_free_ struct pollfd *fds = calloc(STREAMS_MAX + 1, sizeof(*fds));
	uint64_t now = clock_monotonic_ns();
	struct engine e = {
		.worker = w,
		.streams = streams,
		.fds = fds,
		.interval_ns = w->rate ? NSEC_PER_SEC / w->rate : 0,
		.next_ns = now,
		.end_ns = now + w->options->duration_ns,
		.heard_ns = now,
	};
	int r;

	if (!streams || !fds)
		return err_set(&w->err, -ENOMEM, "out of memory");
	r = open_streams(&e);
	if (r == 0)
		r = run(&e);
	for (unsigned i = 0; i < e.count; i++)
		traffic_stream_close(&streams[i]);
	return r == -ECANCELED ? 0 : r;
}
