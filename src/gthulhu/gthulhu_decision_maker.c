/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A node's decision maker: intents for the commands of a pod, and in later versions policies for the
 * commands of the node. It finds the processes itself. */
#include <errno.h>

#include "buf.h"
#include "cleanup.h"
#include "gthulhu_cycle.h"
#include "gthulhu_messages.h"

#define INTENTS_PATH "/api/v1/intents"
#define POLICIES_PATH "/api/v1/node-intents"
#define ALL "{\"all\":true}"

static const char cannot_merge[] =
	"api.mode is merge, but a decision maker replaces all intents and lists none; set api.mode: own, "
	"or give api.url and api.user of its manager";
static const char serves_other[] =
	"the decision maker does not serve what was posted: another writer, or its manager, which replaces "
	"intents; then give api.url and api.user of the manager";

/* Whether the server's list has this process with priority. */
static bool boosts(const struct strategy_list *served, int32_t pid)
{
	for (size_t i = 0; i < served->len; i++)
		if (served->items[i].pid == pid && served->items[i].priority)
			return true;
	return false;
}

static bool is_wanted(const struct gthulhu *g, const struct strategy *s)
{
	struct intent one = intent_of(s);

	return s->priority && intents_has(&g->maker.wanted, &one);
}

/* By the leaders: older versions list no threads. A process that is not wanted any more is not boosted any more. */
static bool serves_what_is_wanted(const struct gthulhu *g, const struct strategy_list *served)
{
	for (size_t i = 0; i < g->maker.boosted.len; i++) {
		const struct strategy *s = &g->maker.boosted.items[i];

		if (s->pid == s->tgid && is_wanted(g, s) != boosts(served, s->pid))
			return false;
	}
	return true;
}

static void on_intents_read_back(struct gthulhu *g, const struct api_reply *reply)
{
	_cleanup_(strategy_list_free) struct strategy_list served = {0};
	struct err err;
	int r;

	if (gthulhu_failed(g, reply))
		return;
	r = gthulhu_read_list(reply->root, &served, &err);
	if (r < 0)
		gthulhu_fail_with(g, r, err.text);
	else
		gthulhu_read_back(g, serves_what_is_wanted(g, &served), serves_other);
}

static void on_all_sent(struct gthulhu *g)
{
	struct intent_list *held = &g->maker.held;

	held->len = 0;
	if (intents_merge(held, &g->maker.wanted) < 0) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	gthulhu_took(g);
	/* An empty list sends nothing: only reading it back shows whether the server still answers. */
	if (gthulhu_verify_is_due(g) || g->sent.len == 0)
		gthulhu_send(g, &(struct api_request){"GET", GTHULHU_STRATEGIES_PATH}, on_intents_read_back);
	else
		gthulhu_end(g);
}

static void on_policies_sent(struct gthulhu *g, const struct api_reply *reply)
{
	if (!gthulhu_failed(g, reply))
		on_all_sent(g);
}

/* Until the answer comes the server may hold what it held and what it gets. */
static void send_policies(struct gthulhu *g)
{
	_cleanup_(buf_free) struct buf body = {0};

	if (intents_count(&g->maker.wanted, true) > 0) {
		intents_write_policies(&body, &g->maker.wanted, g->priority, g->node);
		if (body.failed || intents_merge(&g->maker.held, &g->maker.wanted) < 0)
			gthulhu_fail_with(g, -ENOMEM, "out of memory");
		else
			gthulhu_send(g, &(struct api_request){"POST", POLICIES_PATH, body.data}, on_policies_sent);
	} else if (intents_count(&g->maker.held, true) > 0) {
		gthulhu_send(g, &(struct api_request){"DELETE", POLICIES_PATH, ALL}, on_policies_sent);
	} else {
		on_all_sent(g);
	}
}

static void on_intents_sent(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->no_route)
		api_session_forget(g->session);
	if (!gthulhu_failed(g, reply))
		send_policies(g);
}

static void send_intents(struct gthulhu *g, const struct intent_list *gone)
{
	_cleanup_(buf_free) struct buf body = {0};

	intents_write(&body, &g->maker.wanted, gone, g->priority, g->node);
	if (body.failed || intents_merge(&g->maker.held, &g->maker.wanted) < 0)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else
		gthulhu_send(g, &(struct api_request){"POST", INTENTS_PATH, body.data}, on_intents_sent);
}

/* The first version could not delete. */
static void on_intents_deleted(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->no_route)
		send_intents(g, &g->maker.held);
	else if (gthulhu_failed(g, reply))
		return;
	else if (intents_count(&g->maker.wanted, false) > 0)
		send_intents(g, NULL);
	else
		send_policies(g);
}

static bool some_intent_ends(const struct gthulhu *g)
{
	for (size_t i = 0; i < g->maker.held.len; i++)
		if (*g->maker.held.items[i].pod && !intents_has(&g->maker.wanted, &g->maker.held.items[i]))
			return true;
	return false;
}

static void send_wanted(struct gthulhu *g)
{
	bool ends;

	if (intents_make(&g->sent, g->maker.for_node, &g->maker.wanted) < 0 ||
	    (g->sent.len > 0 && strategy_list_copy(&g->maker.boosted, &g->sent) < 0)) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	gthulhu_inexpressible(g, g->maker.wanted.inexpressible);
	ends = some_intent_ends(g);
	if (ends && (!g->maker.replaces || intents_count(&g->maker.wanted, false) == 0))
		gthulhu_send(g, &(struct api_request){"DELETE", INTENTS_PATH, ALL}, on_intents_deleted);
	else if (intents_count(&g->maker.wanted, false) > 0)
		send_intents(g, NULL);
	else
		send_policies(g);
}

static void on_policies_hash(struct gthulhu *g, const struct api_reply *reply)
{
	g->maker.for_node = reply->r == 0;
	if (!reply->no_route && gthulhu_failed(g, reply))
		return;
	g->maker.asked = true;
	send_wanted(g);
}

static void on_intents_hash(struct gthulhu *g, const struct api_reply *reply)
{
	g->maker.replaces = reply->r == 0;
	if (reply->no_route || !gthulhu_failed(g, reply))
		gthulhu_send(g, &(struct api_request){"GET", POLICIES_PATH "/merkle"}, on_policies_hash);
}

/* Since intents have a hash they are replaced as a whole; policies came with theirs. */
static void decision_maker_cycle(struct gthulhu *g)
{
	if (g->mode == GTHULHU_MERGE)
		gthulhu_fail_with(g, -EINVAL, cannot_merge);
	else if (!g->maker.asked)
		gthulhu_send(g, &(struct api_request){"GET", INTENTS_PATH "/merkle"}, on_intents_hash);
	else
		send_wanted(g);
}

const struct protocol protocol_decision_maker = {"decision-maker", decision_maker_cycle};
