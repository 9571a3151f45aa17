/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "retry.h"

#define CHANGE_EVERY_NS NSEC_PER_SEC
#define VERIFY_EVERY 6 /* posts */
#define HOST_MAX 256

enum note { NOTE_SAMPLE_KEY = 1, NOTE_INEXPRESSIBLE = 2 };

static const struct era *const eras[] = {
	[GTHULHU_A] = &era_a,
	[GTHULHU_DECISION_MAKER] = &era_decision_maker,
	[GTHULHU_MANAGER] = &era_manager,
};

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
	g->in_doubt |= g->changing && !g->withdrawing && session_tokens(g->session) > 0;
}

void gthulhu_fail(struct gthulhu *g, const struct session_reply *reply)
{
	note_error(g, reply->error);
	g->busy = false;
	g->dirty = g->backing_off = true;
	g->next_ns = clock_boot_ns() + backoff_ns(g, reply);
	g->failures++;
	if (reply->status == 0)
		note_doubt(g);
	/* It may come back as another version. */
	g->dm.asked = g->manager.asked = g->manager.no_put = false;
	report(g, false, g->stats.foreign);
	/* A server that never took a list has nothing to forget. */
	if (g->withdrawing && g->stats.posts == 0 && !g->in_doubt)
		finish_withdrawal(g, 0);
	else
		plan(g);
}

void gthulhu_fail_with(struct gthulhu *g, int r, const char *text)
{
	g->changing = false;
	gthulhu_fail(g, &(struct session_reply){.r = r, .error = text});
}

bool gthulhu_failed(struct gthulhu *g, const struct session_reply *reply)
{
	if (reply->r < 0)
		gthulhu_fail(g, reply);
	return reply->r < 0;
}

static void tell_notes(struct gthulhu *g)
{
	unsigned notes = g->note ? g->notes : 0;
	char text[256];

	g->notes &= ~notes;
	if (notes & NOTE_SAMPLE_KEY)
		g->note(g->note_data, GTHULHU_SAMPLE_KEY_NOTE);
	if (!(notes & NOTE_INEXPRESSIBLE))
		return;
	snprintf(text, sizeof(text),
		 "%zu of %zu threads cannot be told to this server (%s): its API wants processes of "
		 "pods, with priority and a printable name",
		 g->stats.inexpressible, g->sent.len, gthulhu_era_name(g->stats.era));
	g->note(g->note_data, text);
}

static void tell(struct gthulhu *g, enum note note)
{
	g->notes |= note & ~g->noted;
	g->noted |= note;
	tell_notes(g);
}

static void succeed(struct gthulhu *g)
{
	g->failures = 0;
	g->backing_off = false;
	g->stats.last_success_ns = clock_boot_ns();
	g->stats.tokens = session_tokens(g->session);
}

void gthulhu_took(struct gthulhu *g)
{
	succeed(g);
	g->stats.posts++;
	g->stats.entries = g->sent.len - MIN(g->stats.inexpressible, g->sent.len);
}

bool gthulhu_verify_is_due(struct gthulhu *g)
{
	if (g->verify_in > 0) {
		g->verify_in--;
		return false;
	}
	g->verify_in = VERIFY_EVERY;
	return true;
}

void gthulhu_end(struct gthulhu *g)
{
	end_cycle(g, g->stats.foreign);
}

/* A stale cache is cured by one more POST; what remains has another cause. */
static void differs(struct gthulhu *g, const char *whose_fault)
{
	bool again = g->reposted;

	g->stats.mismatches++;
	g->verify_in = 0;
	if (again)
		note_error(g, whose_fault);
	if (!again || g->withdrawing)
		g->dirty = true;
	g->reposted = !again;
	end_cycle(g, again || g->stats.foreign);
}

void gthulhu_read_back(struct gthulhu *g, bool same, const char *whose_fault)
{
	succeed(g);
	if (!same) {
		differs(g, whose_fault);
		return;
	}
	g->stats.verified++;
	g->reposted = false;
	end_cycle(g, false);
}

void gthulhu_inexpressible(struct gthulhu *g, size_t n)
{
	g->stats.inexpressible = n;
	if (n > 0)
		tell(g, NOTE_INEXPRESSIBLE);
}

void gthulhu_set_era(struct gthulhu *g, const struct era *era)
{
	if (g->era != era)
		g->dm.asked = g->manager.asked = false;
	g->era = era;
	g->stats.era = session_era(g->session);
}

static void on_reply(void *data, const struct session_reply *reply)
{
	struct gthulhu *g = data;

	g->step(g, reply);
}

void gthulhu_send(struct gthulhu *g, const struct session_request *request, gthulhu_step step)
{
	g->step = step;
	g->changing = request->method && strcmp(request->method, "GET");
	session_call(g->session, request, on_reply, g);
}

static void begin(struct gthulhu *g)
{
	gthulhu_set_era(g, eras[session_era(g->session)]);
	g->era->cycle(g);
}

static void on_token(struct gthulhu *g, const struct session_reply *reply)
{
	if (!gthulhu_failed(g, reply))
		begin(g);
}

static int choose(struct gthulhu *g)
{
	g->stats.inexpressible = 0;
	if (!g->withdrawing)
		return gthulhu_living(&g->wanted, &g->sent, &g->stats.ended);
	strategy_list_clear(&g->sent);
	return 0;
}

static void cycle(struct gthulhu *g)
{
	g->busy = true;
	g->dirty = false;
	g->last_post_ns = clock_boot_ns();
	if (choose(g) < 0)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else if (session_era(g->session) == GTHULHU_AUTO)
		gthulhu_send(g, &(struct session_request){.method = NULL}, on_token);
	else
		begin(g);
}

static void on_timer(void *data)
{
	struct gthulhu *g = data;

	if (g->withdrawing && !g->active)
		finish_withdrawal(g, 0);
	else if (!g->busy)
		cycle(g);
}

static void on_deadline(void *data)
{
	finish_withdrawal(data, -ETIMEDOUT);
}

static int copy_names(struct string_list *to, const struct string_list *from)
{
	int r = 0;

	for (size_t i = 0; i < from->len && r == 0; i++)
		r = string_list_add(to, from->items[i]);
	return r;
}

/* A manager's strategy gets a name that tells it from those of other nodes. */
static int name_node(struct gthulhu *g, const char *node)
{
	char host[HOST_MAX] = "";

	if (!*node && gethostname(host, sizeof(host) - 1) < 0)
		return -errno;
	g->node = strdup(*node ? node : host);
	if (!g->node || asprintf(&g->owner, "teide-%s", g->node) < 0)
		return -ENOMEM;
	return 0;
}

static int set_up(struct gthulhu *g, const struct gthulhu_options *options, struct err *err)
{
	int r;

	g->interval_ns = options->interval_ns;
	g->priority = options->priority;
	g->mode = options->mode;
	r = session_new(&g->session, g->loop, options, err);
	if (r < 0)
		return r;
	if (session_has_sample_key(g->session))
		tell(g, NOTE_SAMPLE_KEY);
	g->timer = loop_add_timer(g->loop, 0, 0, on_timer, g);
	g->deadline = loop_add_timer(g->loop, 0, 0, on_deadline, g);
	if (!g->timer || !g->deadline || name_node(g, options->node) < 0 ||
	    copy_names(&g->pod_labels, &options->pod_labels) < 0 ||
	    copy_names(&g->pod_namespaces, &options->pod_namespaces) < 0)
		return err_set(err, -ENOMEM, "out of memory or descriptors");
	return 0;
}

int gthulhu_start(struct gthulhu **ret, struct loop *loop, const struct gthulhu_options *options,
		  gthulhu_changed_fn changed, void *data, struct err *err)
{
	struct gthulhu *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	g->backend.ops = &gthulhu_ops;
	g->loop = loop;
	g->changed = changed;
	g->changed_data = data;
	r = set_up(g, options, err);
	if (r < 0) {
		gthulhu_free(g);
		return r;
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
	strategy_list_free(&g->a.ours);
	strategy_list_free(&g->a.body);
	intent_list_free(&g->dm.now);
	intent_list_free(&g->dm.told);
	strategy_list_free(&g->dm.boosted);
	buf_free(&g->manager.command);
	string_list_free(&g->pod_labels);
	string_list_free(&g->pod_namespaces);
	free(g->node);
	free(g->owner);
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

void gthulhu_on_note(struct gthulhu *g, gthulhu_note_fn fn, void *data)
{
	g->note = fn;
	g->note_data = data;
	tell_notes(g);
}

const char *gthulhu_era_name(enum gthulhu_era era)
{
	return era == GTHULHU_AUTO ? "auto" : eras[era]->name;
}
