/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "traffic.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "ns.h"
#include "signals.h"
#include "traffic_internal.h"

/* Of all UEs together, unless asked for more. */
#define GENTLE_RATE_UE 100
#define GENTLE_RATE_ALL 2000
#define GENTLE_BYTES_ALL (4 << 20)

/* Echoes on their way in the exact mode: well within every queue of the path. */
#define WINDOW_UE 32
#define WINDOW_ALL 256

struct job {
	struct traffic_worker worker;
	pthread_t id;
	bool started;
	int r;
};

struct crew {
	struct job *jobs; /* owned */
	unsigned count;
	int stop_fd;
	sigset_t previous;
};

static int run_in_netns(struct traffic_worker *w)
{
	_cleanup_close_ int ns = ns_open(w->netns, &w->err);
	int r = ns < 0 ? ns : ns_join(ns, &w->err);

	return r < 0 ? r : w->run(w);
}

static void *job_main(void *data)
{
	struct job *job = data;

	job->r = run_in_netns(&job->worker);
	return NULL;
}

static void add(struct crew *crew, const struct traffic_worker *base, unsigned index, const char *netns,
		int (*run)(struct traffic_worker *w))
{
	struct traffic_worker *w = &crew->jobs[crew->count++].worker;

	*w = *base;
	w->index = index;
	w->netns = netns;
	w->run = run;
}

static bool selects(const struct lab_traffic_options *o, const struct lab_plan *plan, unsigned gnb)
{
	return !o->ue || plan->ues[o->ue - 1].gnb == gnb;
}

static void recruit(struct crew *crew, const struct traffic_worker *base)
{
	const struct lab_traffic_options *o = base->options;
	const struct lab_plan *plan = base->plan;
	bool by_gnb = o->malformed || o->signalling;
	bool packets = !by_gnb && (o->count || !o->downloads);
	bool downloads = !by_gnb && (o->downloads || (!o->count && o->download_bytes));

	for (unsigned g = 1; g <= plan->options.gnbs; g++) {
		if (!selects(o, plan, g))
			continue;
		if (o->malformed)
			add(crew, base, g, plan->gnbs[g - 1].netns, traffic_run_malformed);
		if (o->signalling)
			add(crew, base, g, plan->gnbs[g - 1].netns, traffic_run_signalling);
	}
	for (unsigned u = 1; u <= plan->options.ues; u++) {
		if ((o->ue && o->ue != u) || !plan->ues[u - 1].session)
			continue;
		if (packets)
			add(crew, base, u, plan->ues[u - 1].netns, traffic_run_packets);
		if (downloads)
			add(crew, base, u, plan->ues[u - 1].netns, traffic_run_downloads);
	}
}

/* Blocked in all threads and never read: the descriptor stays readable for each of them. */
static int block_signals(struct crew *crew, struct err *err)
{
	sigset_t set;

	end_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, &crew->previous);
	crew->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (crew->stop_fd >= 0)
		return 0;
	pthread_sigmask(SIG_SETMASK, &crew->previous, NULL);
	return err_set(err, -errno, "cannot take signals: %s", strerror(errno));
}

static void unblock_signals(struct crew *crew)
{
	struct signalfd_siginfo info;

	while (read(crew->stop_fd, &info, sizeof(info)) > 0)
		;
	cleanup_close(&crew->stop_fd);
	pthread_sigmask(SIG_SETMASK, &crew->previous, NULL);
}

static void work(struct crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++) {
		struct job *job = &crew->jobs[i];

		job->worker.stop_fd = crew->stop_fd;
		job->started = !pthread_create(&job->id, NULL, job_main, job);
		if (!job->started)
			job->r = err_set(&job->worker.err, -EAGAIN, "%s: cannot start a thread", job->worker.netns);
	}
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->jobs[i].started)
			pthread_join(crew->jobs[i].id, NULL);
}

static void add_count(struct traffic_count *sum, const struct traffic_count *c)
{
	sum->sent += c->sent;
	sum->received += c->received;
	sum->bytes_sent += c->bytes_sent;
	sum->bytes_received += c->bytes_received;
	sum->bad += c->bad;
}

static void add_result(struct traffic_result *sum, const struct traffic_result *r)
{
	for (unsigned k = 0; k < TRAFFIC_KINDS; k++)
		add_count(&sum->kinds[k], &r->kinds[k]);
	for (unsigned f = 0; f <= LAB_FLOWS_MAX; f++)
		add_count(&sum->flows[f], &r->flows[f]);
	for (unsigned k = 0; k < LAB_MALFORMED_KINDS; k++)
		sum->malformed[k] += r->malformed[k];
	sum->signalling.echo_requests += r->signalling.echo_requests;
	sum->signalling.echo_responses += r->signalling.echo_responses;
	sum->signalling.end_markers += r->signalling.end_markers;
	sum->signalling.unknown_teids += r->signalling.unknown_teids;
	sum->tcp.begun += r->tcp.begun;
	sum->tcp.done += r->tcp.done;
	sum->tcp.failed += r->tcp.failed;
	sum->tcp.bytes += r->tcp.bytes;
}

static int check_exact(const struct lab_traffic_options *o, const struct traffic_result *t, struct err *err)
{
	uint64_t sent = t->kinds[TRAFFIC_UDP4].sent + t->kinds[TRAFFIC_UDP6].sent;
	uint64_t received = t->kinds[TRAFFIC_UDP4].received + t->kinds[TRAFFIC_UDP6].received;

	if (t->signalling.echo_responses != t->signalling.echo_requests)
		return err_set(err, -EIO, "%" PRIu64 " of %" PRIu64 " Echo Requests were answered",
			       t->signalling.echo_responses, t->signalling.echo_requests);
	if (!o->count || sent == received)
		return 0;
	return err_set(err, -EIO, "%" PRIu64 " of %" PRIu64 " datagrams were not echoed", sent - received, sent);
}

static int sum_up(const struct crew *crew, const struct traffic_worker *base, uint64_t elapsed_ns, struct err *err)
{
	struct traffic_result total = {};
	const struct job *failed = NULL;

	for (unsigned i = 0; i < crew->count; i++) {
		add_result(&total, &crew->jobs[i].worker.result);
		if (crew->jobs[i].r < 0 && !failed)
			failed = &crew->jobs[i];
	}
	traffic_report(base->plan, base->options, &total, elapsed_ns);
	if (failed)
		return err_set(err, failed->r, "%s", failed->worker.err.text);
	return check_exact(base->options, &total, err);
}

/* What one cannot say without knowing how many UEs there are. */
static struct lab_traffic_options settle(const struct lab_plan *plan, const struct lab_traffic_options *given)
{
	struct lab_traffic_options o = *given;
	unsigned ues = o.ue ? 1 : plan->options.ues;

	if (!o.rate)
		o.rate = MAX(1U, MIN((unsigned)GENTLE_RATE_UE, GENTLE_RATE_ALL / ues));
	if (!o.downloads && o.download_bytes * ues > GENTLE_BYTES_ALL && !given->rate)
		o.download_bytes = GENTLE_BYTES_ALL / ues;
	return o;
}

int lab_traffic(const struct lab_plan *plan, const struct lab_traffic_options *given, struct err *err)
{
	const struct lab_traffic_options o = settle(plan, given);
	const struct traffic_worker base = {
		.plan = plan,
		.options = &o,
		.rate = o.rate,
		.window = MIN(WINDOW_UE, WINDOW_ALL / (o.ue ? 1 : plan->options.ues)),
	};
	_cleanup_free_ struct job *jobs = calloc(2 * (plan->options.ues + plan->options.gnbs), sizeof(*jobs));
	struct crew crew = {.jobs = jobs};
	uint64_t start_ns;
	int r;

	if (!jobs)
		return err_oom(err);
	if (o.ue > plan->options.ues)
		return err_set(err, -EINVAL, "--ue %u: the lab '%s' has %u", o.ue, plan->options.name,
			       plan->options.ues);
	if (o.ue ? !plan->ues[o.ue - 1].session : !plan->options.sessions)
		return err_set(err, -EINVAL, "--ue %u: it has no PDU session", o.ue ?: 1);
	recruit(&crew, &base);
	r = block_signals(&crew, err);
	if (r < 0)
		return r;
	start_ns = clock_monotonic_ns();
	work(&crew);
	unblock_signals(&crew);
	return sum_up(&crew, &base, clock_monotonic_ns() - start_ns, err);
}
