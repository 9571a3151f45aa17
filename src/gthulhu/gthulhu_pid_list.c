/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server that takes a list of PIDs, which each POST replaces. */
#include <errno.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "gthulhu_cycle.h"
#include "gthulhu_messages.h"

#define NEUTRAL_TIME_NS (20 * NSEC_PER_MSEC)
/* After which a list that cannot be read is posted without others' entries. */
#define UNREADABLE_TRIES 3

static const char another_writer[] =
	"another writer has replaced the server's list, and teide puts its own back at each interval; end the other "
	"writer, or set api.mode: merge";
static const char emptied[] =
	"the server had lost the list: it was restarted, or another writer emptied it; teide puts its own back at each "
	"interval";
static const char left_out[] =
	"another writer leaves teide's strategies out of the server's list, and teide puts them back at each interval; "
	"end the other writer, or let it merge";

static bool has_pid(const struct strategy_list *list, int32_t pid)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].pid == pid)
			return true;
	return false;
}

static void on_list_read_back(struct gthulhu *g, const struct api_reply *reply)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	struct err err;
	int r;

	if (gthulhu_failed(g, reply))
		return;
	r = gthulhu_read_list(reply->root, &list, &err);
	if (r < 0)
		gthulhu_fail_with(g, r, err.text);
	else
		gthulhu_read_back(g, strategy_list_same(&list, &g->pid_list.body),
				  "the server's list is not the one posted: another writer, or several "
				  "servers behind api.url");
}

static void on_list_posted(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->no_route && api_session_assume(g->session, GTHULHU_DECISION_MAKER)) {
		gthulhu_set_protocol(g, &protocol_decision_maker);
		g->protocol->cycle(g);
		return;
	}
	if (gthulhu_failed(g, reply)) {
		g->pid_list.knows_own = false;
		return;
	}
	gthulhu_took(g);
	g->pid_list.knows_own = true;
	if (strategy_list_copy(&g->pid_list.ours, &g->sent) < 0)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else if (gthulhu_verify_is_due(g))
		gthulhu_send(g, &(struct api_request){"GET", GTHULHU_STRATEGIES_PATH}, on_list_read_back);
	else
		gthulhu_end(g);
}

/* The server answers an empty list with null, which the scheduler takes for "no news" and keeps every
 * boost; some servers refuse it. One entry that boosts no process takes the others back: a number that no
 * process has, without priority. */
static int make_list(struct gthulhu *g, const struct strategy_list *others)
{
	struct strategy neutral = {.pid = GTHULHU_NO_PROCESS, .execution_time_ns = NEUTRAL_TIME_NS};
	struct strategy_list *body = &g->pid_list.body;
	int r = strategy_list_copy(body, &g->sent);

	for (size_t i = 0; others && r == 0 && i < others->len; i++)
		if (strategy_list_add(body, others->items[i]) == -ENOMEM)
			r = -ENOMEM;
	if (r == 0 && body->len == 0)
		r = strategy_list_add(body, neutral);
	/* Until the answer comes it may hold what it held and what it gets. */
	for (size_t i = 0; r == 0 && i < g->sent.len; i++)
		if (!has_pid(&g->pid_list.ours, g->sent.items[i].pid) &&
		    strategy_list_put(&g->pid_list.ours, g->sent.items[i]) == -ENOMEM)
			r = -ENOMEM;
	return r;
}

static void post_list(struct gthulhu *g, const struct strategy_list *others)
{
	_cleanup_(buf_free) struct buf body = {0};

	if (make_list(g, others) == 0)
		gthulhu_write_list(&body, &g->pid_list.body);
	if (!body.data || body.failed)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else
		gthulhu_send(g, &(struct api_request){"POST", GTHULHU_STRATEGIES_PATH, body.data}, on_list_posted);
}

/* Others' entries go along as the pids that they were resolved to; those of processes that have ended,
 * an earlier self's among them, do not. */
static int keep_others(struct gthulhu *g, const struct strategy_list *served, struct strategy_list *ret)
{
	for (size_t i = 0; i < served->len; i++) {
		const struct strategy *s = &served->items[i];

		if (s->pid != GTHULHU_NO_PROCESS && !has_pid(&g->pid_list.ours, s->pid) && !has_pid(&g->sent, s->pid) &&
		    gthulhu_is_alive(s->pid) && strategy_list_add(ret, *s) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* A server that was restarted, or that answers again, has lost its list without another writer. */
static void judge_list(struct gthulhu *g, bool same, const char *text)
{
	if (!g->pid_list.knows_own)
		return;
	if (same)
		gthulhu_undisturbed(g);
	else if (!g->pid_list.after_failure)
		gthulhu_overwritten(g, text);
	g->pid_list.after_failure = false;
}

static bool has_all_of_ours(const struct gthulhu *g, const struct strategy_list *served)
{
	for (size_t i = 0; i < g->pid_list.ours.len; i++)
		if (!has_pid(served, g->pid_list.ours.items[i].pid))
			return false;
	return true;
}

/* Some servers hang up instead of an answer for as long as a malformed list stands. */
static void post_unread(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->status == 0 && ++g->pid_list.unread < UNREADABLE_TRIES && !g->withdrawing) {
		gthulhu_fail(g, reply);
		return;
	}
	if (reply->status == 0)
		gthulhu_add_note(g, NOTE_UNREADABLE);
	post_list(g, NULL);
}

static void on_others_listed(struct gthulhu *g, const struct api_reply *reply)
{
	_cleanup_(strategy_list_free) struct strategy_list served = {0}, others = {0};
	struct err err;
	int r;

	if (reply->r < 0 && (reply->no_route || reply->status == 0)) {
		post_unread(g, reply);
		return;
	}
	if (gthulhu_failed(g, reply))
		return;
	g->pid_list.unread = 0;
	r = gthulhu_read_list(reply->root, &served, &err);
	if (r == 0 && keep_others(g, &served, &others) < 0)
		r = err_set(&err, -ENOMEM, "out of memory");
	if (r < 0) {
		gthulhu_fail_with(g, r, err.text);
		return;
	}
	judge_list(g, has_all_of_ours(g, &served), left_out);
	post_list(g, &others);
}

static bool boosts_any(const struct strategy_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].priority)
			return true;
	return false;
}

/* What cannot be read is replaced all the same. */
static void on_list_looked_at(struct gthulhu *g, const struct api_reply *reply)
{
	_cleanup_(strategy_list_free) struct strategy_list served = {0};

	if (reply->r == 0 && gthulhu_read_list(reply->root, &served, NULL) == 0) {
		judge_list(g, strategy_list_same(&served, &g->pid_list.body), served.len ? another_writer : emptied);
		if (g->stats.posts == 0 && boosts_any(&served) && !strategy_list_same(&served, &g->sent))
			gthulhu_add_note(g, NOTE_REPLACES);
	}
	post_list(g, NULL);
}

/* A POST hides what another writer did before it; a change is not kept waiting. */
static bool look_is_due(struct gthulhu *g)
{
	uint64_t began = g->last_post_ns, next = g->pid_list.looked_ns + g->interval_ns;

	if (g->withdrawing || g->failures > 0 || (g->pid_list.looked_ns && began < next))
		return false;
	g->pid_list.looked_ns = began;
	return true;
}

static void pid_list_cycle(struct gthulhu *g)
{
	g->pid_list.after_failure |= g->failures > 0;
	if (g->mode == GTHULHU_MERGE)
		gthulhu_send(g, &(struct api_request){"GET", GTHULHU_STRATEGIES_PATH}, on_others_listed);
	else if (look_is_due(g))
		gthulhu_send(g, &(struct api_request){"GET", GTHULHU_STRATEGIES_PATH}, on_list_looked_at);
	else
		post_list(g, NULL);
}

const struct protocol protocol_pid_list = {"pid-list", pid_list_cycle};
