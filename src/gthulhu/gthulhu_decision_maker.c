/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A node's decision maker: intents for the commands of a pod, and in later versions policies for the
 * commands of the node. It finds the processes itself. */
#include <errno.h>

#include "buf.h"
#include "cleanup.h"
#include "gthulhu_cycle.h"
#include "gthulhu_maker.h"
#include "gthulhu_messages.h"

#define ALL "{\"all\":true}"

static const char cannot_merge[] =
	"api.mode is merge, but a decision maker replaces all intents and lists none; set api.mode: own, "
	"or give api.url and api.user of its manager";

static void send_wanted(struct gthulhu *g);

static void end_sending(struct gthulhu *g)
{
	size_t listed = g->stats.entries;

	gthulhu_took(g);
	/* An empty list sends nothing: only reading it back shows whether the server still answers. */
	if (gthulhu_verify_is_due(g) || g->sent.len == 0) {
		maker_read_back(g);
		return;
	}
	g->stats.entries = listed;
	gthulhu_end(g);
}

static void on_all_sent(struct gthulhu *g)
{
	struct decision_maker_state *m = &g->maker;
	bool changed = !intents_same(&m->held, &m->wanted);

	m->held.len = 0;
	if (intents_merge(&m->held, &m->wanted) < 0 || strategy_list_copy(&m->told, &g->sent) < 0)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else if (m->replaces && (changed || !m->knows_own))
		maker_remember(g, end_sending);
	else
		end_sending(g);
}

static void on_policies_sent(struct gthulhu *g, const struct api_reply *reply)
{
	if (!gthulhu_failed(g, reply))
		on_all_sent(g);
}

/* The server may hold what it held and what it gets, until the answer comes. */
static bool hold_wanted(struct gthulhu *g)
{
	g->maker.knows_own &= intents_same(&g->maker.held, &g->maker.wanted);
	return intents_merge(&g->maker.held, &g->maker.wanted) == 0;
}

static void send_policies(struct gthulhu *g)
{
	_cleanup_(buf_free) struct buf body = {0};
	struct decision_maker_state *m = &g->maker;

	if (intents_count(&m->wanted, true) > 0) {
		intents_write_policies(&body, &m->wanted, g->priority, g->node);
		if (body.failed || !hold_wanted(g))
			gthulhu_fail_with(g, -ENOMEM, "out of memory");
		else
			gthulhu_send(g, &(struct api_request){"POST", MAKER_POLICIES_PATH, body.data},
				     on_policies_sent);
	} else if (m->for_node && (maker_has(g, MAKER_POLICIES) || intents_count(&m->held, true) > 0)) {
		gthulhu_send(g, &(struct api_request){"DELETE", MAKER_POLICIES_PATH, ALL}, on_policies_sent);
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
	if (body.failed || !hold_wanted(g))
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else
		gthulhu_send(g, &(struct api_request){"POST", MAKER_INTENTS_PATH, body.data}, on_intents_sent);
}

/* A server that adds what is posted is told what ends. */
static void send_to_adding_server(struct gthulhu *g)
{
	if (g->maker.no_delete)
		send_intents(g, &g->maker.held);
	else if (intents_count(&g->maker.wanted, false) > 0)
		send_intents(g, NULL);
	else
		send_policies(g);
}

/* The first version could not delete. */
static void on_deleted(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->no_route) {
		g->maker.no_delete = true;
		gthulhu_add_note(g, NOTE_NO_DELETE);
	} else if (gthulhu_failed(g, reply)) {
		return;
	}
	send_to_adding_server(g);
}

static void on_ended_deleted(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->no_route)
		on_deleted(g, reply);
	else if (!gthulhu_failed(g, reply))
		send_wanted(g);
}

static bool some_intent_ends(const struct gthulhu *g)
{
	for (size_t i = 0; i < g->maker.held.len; i++)
		if (*g->maker.held.items[i].pod && !intents_has(&g->maker.wanted, &g->maker.held.items[i]))
			return true;
	return false;
}

static bool is_sent(const struct gthulhu *g, const struct strategy *s)
{
	for (size_t i = 0; i < g->sent.len; i++)
		if (g->sent.items[i].pid == s->pid && g->sent.items[i].start_time == s->start_time)
			return true;
	return false;
}

/* Removes from the list that the server was told of the last leader that has ended. */
static bool take_ended(struct gthulhu *g, struct strategy *ret)
{
	struct strategy_list *told = &g->maker.told;

	while (told->len > 0) {
		*ret = told->items[--told->len];
		if (ret->pid == ret->tgid && *ret->pod && !is_sent(g, ret))
			return true;
	}
	return false;
}

/* Such a server resolves an intent when it comes, and keeps each process for ever: its number may be another's. */
static void tell_adding_server(struct gthulhu *g)
{
	_cleanup_(buf_free) struct buf body = {0};
	struct strategy ended;

	if (!g->maker.no_delete && (g->withdrawing || some_intent_ends(g))) {
		gthulhu_send(g, &(struct api_request){"DELETE", MAKER_INTENTS_PATH, ALL}, on_deleted);
	} else if (!g->maker.no_delete && take_ended(g, &ended)) {
		intents_write_ended(&body, &ended);
		if (body.failed)
			gthulhu_fail_with(g, -ENOMEM, "out of memory");
		else
			gthulhu_send(g, &(struct api_request){"DELETE", MAKER_INTENTS_PATH, body.data},
				     on_ended_deleted);
	} else {
		send_to_adding_server(g);
	}
}

/* DELETE would leave a list that some servers resolve again; an empty POST empties it in all that replace. */
static void send_wanted(struct gthulhu *g)
{
	struct decision_maker_state *m = &g->maker;
	struct intent_reach reach = maker_reach(g);

	if (intents_make(&g->sent, &reach, &m->wanted) < 0 ||
	    (g->sent.len > 0 && strategy_list_copy(&m->boosted, &g->sent) < 0)) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	gthulhu_inexpressible(g, m->wanted.inexpressible);
	if (!m->replaces)
		tell_adding_server(g);
	else if (intents_count(&m->wanted, false) > 0 || maker_has(g, MAKER_INTENTS) ||
		 intents_count(&m->held, false) > 0)
		send_intents(g, NULL);
	else
		send_policies(g);
}

static void decision_maker_cycle(struct gthulhu *g)
{
	if (g->mode == GTHULHU_MERGE)
		gthulhu_fail_with(g, -EINVAL, cannot_merge);
	else
		maker_look(g, send_wanted);
}

const struct protocol protocol_decision_maker = {"decision-maker", decision_maker_cycle};
