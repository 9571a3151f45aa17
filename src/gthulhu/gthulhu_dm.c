/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A node's decision maker: intents for the commands of a pod, and in later versions policies for the
 * commands of the node. It finds the processes itself. */
#include <errno.h>

#include "buf.h"
#include "cleanup.h"
#include "gthulhu_core.h"
#include "gthulhu_wire.h"

#define INTENTS_PATH "/api/v1/intents"
#define POLICIES_PATH "/api/v1/node-intents"
#define ALL "{\"all\":true}"

static const char no_merging[] =
	"api.mode is merge, but a decision maker replaces all intents and lists none; set api.mode: own, "
	"or give api.url and api.user of its manager";
static const char not_as_told[] =
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

static bool is_told(const struct gthulhu *g, const struct strategy *s)
{
	struct intent one = intent_of(s);

	return s->priority && intents_has(&g->dm.now, &one);
}

/* By the leaders: older versions list no threads. Whom nobody asked for any more is boosted no more. */
static bool is_as_told(const struct gthulhu *g, const struct strategy_list *served)
{
	for (size_t i = 0; i < g->dm.boosted.len; i++) {
		const struct strategy *s = &g->dm.boosted.items[i];

		if (s->pid == s->tgid && is_told(g, s) != boosts(served, s->pid))
			return false;
	}
	return true;
}

static void on_read_back(struct gthulhu *g, const struct session_reply *reply)
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
		gthulhu_read_back(g, is_as_told(g, &served), not_as_told);
}

static void told(struct gthulhu *g)
{
	struct intent_list *told = &g->dm.told;

	told->len = 0;
	if (intents_merge(told, &g->dm.now) < 0) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	gthulhu_took(g);
	/* An empty list sends nothing: only reading it back shows whether the server still answers. */
	if (gthulhu_verify_is_due(g) || g->sent.len == 0)
		gthulhu_send(g, &(struct session_request){"GET", GTHULHU_STRATEGIES_PATH}, on_read_back);
	else
		gthulhu_end(g);
}

static void on_policies(struct gthulhu *g, const struct session_reply *reply)
{
	if (!gthulhu_failed(g, reply))
		told(g);
}

static void send_policies(struct gthulhu *g)
{
	_cleanup_(buf_free) struct buf body = {0};

	if (intents_count(&g->dm.now, true) > 0) {
		intents_write_policies(&body, &g->dm.now, g->priority, g->node);
		if (body.failed)
			gthulhu_fail_with(g, -ENOMEM, "out of memory");
		else
			gthulhu_send(g, &(struct session_request){"POST", POLICIES_PATH, body.data},
				     on_policies);
	} else if (intents_count(&g->dm.told, true) > 0) {
		gthulhu_send(g, &(struct session_request){"DELETE", POLICIES_PATH, ALL}, on_policies);
	} else {
		told(g);
	}
}

static void on_intents(struct gthulhu *g, const struct session_reply *reply)
{
	if (reply->no_route)
		session_forget(g->session);
	if (!gthulhu_failed(g, reply))
		send_policies(g);
}

static void send_intents(struct gthulhu *g, const struct intent_list *gone)
{
	_cleanup_(buf_free) struct buf body = {0};

	intents_write(&body, &g->dm.now, gone, g->priority, g->node);
	if (body.failed || intents_merge(&g->dm.told, &g->dm.now) < 0)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else
		gthulhu_send(g, &(struct session_request){"POST", INTENTS_PATH, body.data}, on_intents);
}

/* The first version could not delete. */
static void on_deleted(struct gthulhu *g, const struct session_reply *reply)
{
	if (reply->no_route)
		send_intents(g, &g->dm.told);
	else if (gthulhu_failed(g, reply))
		return;
	else if (intents_count(&g->dm.now, false) > 0)
		send_intents(g, NULL);
	else
		send_policies(g);
}

static bool something_goes(const struct gthulhu *g)
{
	for (size_t i = 0; i < g->dm.told.len; i++)
		if (*g->dm.told.items[i].pod && !intents_has(&g->dm.now, &g->dm.told.items[i]))
			return true;
	return false;
}

static void tell(struct gthulhu *g)
{
	bool goes;

	if (intents_make(&g->sent, g->dm.for_node, &g->dm.now) < 0 ||
	    (g->sent.len > 0 && strategy_list_copy(&g->dm.boosted, &g->sent) < 0)) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	gthulhu_inexpressible(g, g->dm.now.inexpressible);
	goes = something_goes(g);
	if (goes && (!g->dm.replaces || intents_count(&g->dm.now, false) == 0))
		gthulhu_send(g, &(struct session_request){"DELETE", INTENTS_PATH, ALL}, on_deleted);
	else if (intents_count(&g->dm.now, false) > 0)
		send_intents(g, NULL);
	else
		send_policies(g);
}

static void on_policies_root(struct gthulhu *g, const struct session_reply *reply)
{
	g->dm.for_node = reply->r == 0;
	if (!reply->no_route && gthulhu_failed(g, reply))
		return;
	g->dm.asked = true;
	tell(g);
}

static void on_intents_root(struct gthulhu *g, const struct session_reply *reply)
{
	g->dm.replaces = reply->r == 0;
	if (reply->no_route || !gthulhu_failed(g, reply))
		gthulhu_send(g, &(struct session_request){"GET", POLICIES_PATH "/merkle"},
			     on_policies_root);
}

/* Since intents have a hash they are replaced as a whole; policies came with theirs. */
static void cycle(struct gthulhu *g)
{
	if (g->mode == GTHULHU_MERGE)
		gthulhu_fail_with(g, -EINVAL, no_merging);
	else if (!g->dm.asked)
		gthulhu_send(g, &(struct session_request){"GET", INTENTS_PATH "/merkle"},
			     on_intents_root);
	else
		tell(g);
}

const struct era era_decision_maker = {"decision-maker", cycle};
