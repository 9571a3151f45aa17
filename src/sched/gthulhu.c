/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "gthulhu_session.h"
#include "gthulhu_wire.h"
#include "retry.h"

#define CHANGE_EVERY_NS NSEC_PER_SEC
#define VERIFY_EVERY 6 /* posts */
#define NEUTRAL_TIME_NS (20 * NSEC_PER_MSEC)

static const struct retry_policy patient = {
	.base_ns = NSEC_PER_SEC,
	.cap_ns = 30 * NSEC_PER_SEC,
	.floor_ns = 200 * NSEC_PER_MSEC,
	.retry_after_cap_ns = 300 * NSEC_PER_SEC,
};

/* While the process waits to end. */
static const struct retry_policy hurried = {
	.base_ns = 200 * NSEC_PER_MSEC,
	.cap_ns = 500 * NSEC_PER_MSEC,
	.floor_ns = 100 * NSEC_PER_MSEC,
};

struct gthulhu {
	struct loop *loop;
	struct session *session;
	struct loop_source *timer, *deadline;
	uint64_t interval_ns;
	struct strategy_list wanted;
	struct strategy_list sent; /* by the POST under way or last made */

	bool active; /* there was something to say */
	bool in_doubt; /* a list was sent and no answer came: the server may hold it */
	bool busy;
	bool dirty; /* wanted is news to the server */
	bool backing_off;
	bool reposted; /* because what was read back differed */
	unsigned failures;
	unsigned verify_in; /* posts */
	uint64_t next_ns, last_post_ns; /* boot clock */

	bool withdrawing;
	gthulhu_done_fn done;
	void *done_data;

	struct gthulhu_stats stats;
	gthulhu_changed_fn changed;
	void *changed_data;
};

static void post(struct gthulhu *g);

static void plan(struct gthulhu *g)
{
	uint64_t now = clock_boot_ns(), due = g->next_ns;

	if (g->busy || (!g->active && !g->withdrawing)) {
		loop_set_timer(g->timer, 0, 0);
		return;
	}
	if (g->dirty && !g->backing_off)
		due = MIN(due, g->last_post_ns + CHANGE_EVERY_NS);
	loop_set_timer(g->timer, due > now ? due - now : 1, 0);
}

static void report(struct gthulhu *g, bool reachable, bool foreign)
{
	bool first = !reachable && g->stats.errors == 1;
	bool news = g->stats.reachable != reachable || g->stats.foreign != foreign || first;

	g->stats.reachable = reachable;
	g->stats.foreign = foreign;
	if (news && g->changed)
		g->changed(g->changed_data, &g->stats);
}

static void finish_withdrawal(struct gthulhu *g, int r)
{
	gthulhu_done_fn done = g->done;

	session_cancel(g->session);
	loop_set_timer(g->timer, 0, 0);
	loop_set_timer(g->deadline, 0, 0);
	g->withdrawing = g->active = g->busy = false;
	g->done = NULL;
	done(g->done_data, r);
}

static void end_cycle(struct gthulhu *g, bool foreign)
{
	g->busy = false;
	g->next_ns = g->last_post_ns + g->interval_ns;
	report(g, true, foreign);
	if (g->withdrawing && !g->dirty)
		finish_withdrawal(g, 0);
	else
		plan(g);
}

static void note_error(struct gthulhu *g, const char *text)
{
	g->stats.errors++;
	g->stats.last_error_ns = clock_boot_ns();
	snprintf(g->stats.last_error, sizeof(g->stats.last_error), "%s", text);
}

static uint64_t backoff_ns(const struct gthulhu *g, const struct session_reply *reply)
{
	struct retry_outcome outcome = {
		.attempt = g->failures,
		.status = reply->status,
		.retry_after_ns = reply->retry_after_ns,
		.reauthenticated = true,
	};
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = clock_boot_ns();
	return retry_decide(g->withdrawing ? &hurried : &patient, &outcome, random).wait_ns;
}

/* Without a token nothing was sent but the request for one. */
static void note_doubt(struct gthulhu *g)
{
	g->in_doubt |= !g->withdrawing && session_tokens(g->session) > 0;
}

static void fail(struct gthulhu *g, const struct session_reply *reply)
{
	note_error(g, reply->error);
	g->busy = false;
	g->dirty = g->backing_off = true;
	g->next_ns = clock_boot_ns() + backoff_ns(g, reply);
	g->failures++;
	if (reply->status == 0)
		note_doubt(g);
	report(g, false, g->stats.foreign);
	/* A server that never took a list has nothing to forget. */
	if (g->withdrawing && g->stats.posts == 0 && !g->in_doubt)
		finish_withdrawal(g, 0);
	else
		plan(g);
}

static void succeed(struct gthulhu *g)
{
	g->failures = 0;
	g->backing_off = false;
	g->stats.last_success_ns = clock_boot_ns();
	g->stats.tokens = session_tokens(g->session);
}

/* A stale cache is cured by one more POST; what remains has another cause. */
static void differs(struct gthulhu *g)
{
	bool again = g->reposted;

	g->stats.mismatches++;
	g->verify_in = 0;
	if (again)
		note_error(g, "the server's list is not the one posted: another writer, or several "
			      "servers behind api.url");
	if (!again || g->withdrawing)
		g->dirty = true;
	g->reposted = !again;
	end_cycle(g, again || g->stats.foreign);
}

static void on_read_back(void *data, const struct session_reply *reply)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	struct gthulhu *g = data;
	struct err err;
	int r = reply->r;

	if (r < 0) {
		fail(g, reply);
		return;
	}
	r = gthulhu_read_list(reply->root, &list, &err);
	if (r < 0) {
		fail(g, &(struct session_reply){.r = r, .error = err.text});
		return;
	}
	succeed(g);
	if (strategy_list_same(&list, &g->sent)) {
		g->stats.verified++;
		g->reposted = false;
		end_cycle(g, false);
	} else {
		differs(g);
	}
}

static void on_posted(void *data, const struct session_reply *reply)
{
	struct gthulhu *g = data;

	if (reply->r < 0) {
		fail(g, reply);
		return;
	}
	succeed(g);
	g->stats.posts++;
	g->stats.entries = g->sent.len;
	if (g->verify_in == 0) {
		g->verify_in = VERIFY_EVERY;
		session_call(g->session, "GET", GTHULHU_STRATEGIES_PATH, NULL, on_read_back, g);
		return;
	}
	g->verify_in--;
	end_cycle(g, g->stats.foreign);
}

/* What is sent: the list, or when it is empty one entry that boosts nobody (see gthulhu_withdraw). */
static int choose(struct gthulhu *g)
{
	struct strategy self = {.pid = getpid(), .execution_time_ns = NEUTRAL_TIME_NS};

	if (g->wanted.len > 0 && !g->withdrawing)
		return strategy_list_copy(&g->sent, &g->wanted);
	strategy_list_clear(&g->sent);
	return strategy_list_add(&g->sent, self);
}

static void post(struct gthulhu *g)
{
	_cleanup_(buf_free) struct buf body = {0};

	g->busy = true;
	g->last_post_ns = clock_boot_ns();
	if (choose(g) == 0)
		gthulhu_write_list(&body, &g->sent);
	if (!body.data || body.failed) {
		fail(g, &(struct session_reply){.r = -ENOMEM, .error = "out of memory"});
		return;
	}
	g->dirty = false;
	session_call(g->session, "POST", GTHULHU_STRATEGIES_PATH, body.data, on_posted, g);
}

static void on_timer(void *data)
{
	struct gthulhu *g = data;

	if (g->withdrawing && !g->active)
		finish_withdrawal(g, 0);
	else if (!g->busy)
		post(g);
}

static void on_deadline(void *data)
{
	finish_withdrawal(data, -ETIMEDOUT);
}

int gthulhu_start(struct gthulhu **ret, struct loop *loop, const struct gthulhu_options *options,
		  gthulhu_changed_fn changed, void *data, struct err *err)
{
	struct gthulhu *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	g->loop = loop;
	g->interval_ns = options->interval_ns;
	g->changed = changed;
	g->changed_data = data;
	r = session_new(&g->session, loop, options, err);
	if (r < 0) {
		gthulhu_free(g);
		return r;
	}
	g->timer = loop_add_timer(loop, 0, 0, on_timer, g);
	g->deadline = loop_add_timer(loop, 0, 0, on_deadline, g);
	if (!g->timer || !g->deadline) {
		gthulhu_free(g);
		return err_set(err, -ENOMEM, "out of memory or descriptors");
	}
	*ret = g;
	return 0;
}

void gthulhu_free(struct gthulhu *g)
{
	if (!g)
		return;
	session_free(g->session);
	loop_remove(g->timer);
	loop_remove(g->deadline);
	strategy_list_free(&g->wanted);
	strategy_list_free(&g->sent);
	free(g);
}

int gthulhu_set(struct gthulhu *g, const struct strategy_list *list)
{
	bool same = strategy_list_same(list, &g->wanted);
	int r = strategy_list_copy(&g->wanted, list);

	if (r < 0)
		return r;
	if (same && (g->active || list->len == 0))
		return 0;
	g->active |= list->len > 0;
	g->dirty = true;
	g->verify_in = 0;
	plan(g);
	return 0;
}

void gthulhu_withdraw(struct gthulhu *g, uint64_t deadline_ns, gthulhu_done_fn done, void *data)
{
	g->done = done;
	g->done_data = data;
	if (g->busy)
		note_doubt(g);
	g->withdrawing = g->dirty = true;
	g->busy = g->backing_off = g->reposted = false;
	g->failures = 0;
	g->verify_in = 0;
	g->next_ns = 0;
	session_cancel(g->session);
	loop_set_timer(g->deadline, MAX(deadline_ns, 1), 0);
	plan(g);
}

void gthulhu_get_stats(const struct gthulhu *g, struct gthulhu_stats *ret)
{
	*ret = g->stats;
}
