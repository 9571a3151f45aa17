/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_maker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "gthulhu_messages.h"

static const char serves_other[] =
	"the decision maker does not serve what was posted: another writer, or its manager, which replaces "
	"intents; then give api.url and api.user of the manager";
static const char another_writer[] =
	"another writer, or its manager, has replaced the decision maker's intents or policies, and teide puts its own "
	"back at each interval; end the other writer, or give api.url and api.user of the manager";
static const char emptied[] =
	"the decision maker had lost the intents or policies: it was restarted, or its manager took them back; teide "
	"puts its own back at each interval; with a manager give api.url and api.user of the manager";

#define RUNTIME_PATH "/api/v1/runtime-config"

static const char *const root_paths[MAKER_ROOTS] = {MAKER_INTENTS_PATH "/merkle", MAKER_POLICIES_PATH "/merkle"};

struct intent_reach maker_reach(const struct gthulhu *g)
{
	const struct decision_maker_state *m = &g->maker;

	return (struct intent_reach){.for_node = m->for_node, .threads = m->for_node && m->threads != LEADERS_ONLY};
}

bool maker_has(const struct gthulhu *g, enum maker_root what)
{
	return *g->maker.roots[what];
}

/* The root of an empty tree is the hash of nothing; before the first policy some servers have none. */
static void take_root(struct gthulhu *g, enum maker_root what, const struct api_reply *reply)
{
	static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	const json_t *data = json_object_get(reply->root, "data");
	const char *root = json_string_value(json_object_get(data, "rootHash")) ?: "";

	snprintf(g->maker.roots[what], sizeof(g->maker.roots[what]), "%s", strcmp(root, nothing) ? root : "");
}

static void compare_roots(struct gthulhu *g)
{
	struct decision_maker_state *m = &g->maker;
	bool none = !*m->roots[MAKER_INTENTS] && !*m->roots[MAKER_POLICIES];

	if (!m->knows_own && g->stats.posts == 0 && !none)
		gthulhu_add_note(g, NOTE_REPLACES);
	if (!m->knows_own || g->withdrawing)
		return;
	if (!memcmp(m->roots, m->own_roots, sizeof(m->roots)))
		gthulhu_undisturbed(g);
	else if (!none || !m->after_failure)
		gthulhu_overwritten(g, none ? emptied : another_writer);
	m->after_failure = false;
}

static void finish_look(struct gthulhu *g)
{
	struct decision_maker_state *m = &g->maker;

	m->asked = true;
	if (m->remembering) {
		memcpy(m->own_roots, m->roots, sizeof(m->roots));
		m->knows_own = true;
		m->after_failure = false;
	} else {
		compare_roots(g);
	}
	m->next(g);
}

/* A node can be without a scheduler of Gthulhu's, or merely be monitored. */
static void on_runtime_config(struct gthulhu *g, const struct api_reply *reply)
{
	const json_t *data = json_object_get(reply->root, "data");
	const char *mode = json_string_value(json_object_get(data, "mode")) ?: "";

	if (reply->r < 0 && reply->status == 0) {
		gthulhu_fail(g, reply);
		return;
	}
	if (!strcmp(mode, "none") || json_is_false(json_object_get(data, "schedulerEnabled")))
		gthulhu_add_note(g, NOTE_NO_SCHEDULER);
	finish_look(g);
}

static void on_policies_root(struct gthulhu *g, const struct api_reply *reply)
{
	g->maker.for_node = reply->r == 0;
	if (!reply->no_route && gthulhu_failed(g, reply))
		return;
	take_root(g, MAKER_POLICIES, reply);
	if (g->maker.for_node && !g->maker.asked)
		gthulhu_send(g, &(struct api_request){"GET", RUNTIME_PATH}, on_runtime_config);
	else
		finish_look(g);
}

static void on_intents_root(struct gthulhu *g, const struct api_reply *reply)
{
	struct decision_maker_state *m = &g->maker;

	m->replaces = reply->r == 0;
	if (!reply->no_route && gthulhu_failed(g, reply))
		return;
	take_root(g, MAKER_INTENTS, reply);
	if (!m->asked || m->for_node)
		gthulhu_send(g, &(struct api_request){"GET", root_paths[MAKER_POLICIES]}, on_policies_root);
	else
		finish_look(g);
}

static void ask_roots(struct gthulhu *g, bool remembering, void (*next)(struct gthulhu *g))
{
	g->maker.remembering = remembering;
	g->maker.next = next;
	/* A decision maker has roots since it replaces intents as a whole. */
	if (g->maker.asked && !g->maker.replaces)
		next(g);
	else
		gthulhu_send(g, &(struct api_request){"GET", root_paths[MAKER_INTENTS]}, on_intents_root);
}

void maker_look(struct gthulhu *g, void (*next)(struct gthulhu *g))
{
	ask_roots(g, false, next);
}

void maker_remember(struct gthulhu *g, void (*next)(struct gthulhu *g))
{
	ask_roots(g, true, next);
}

/* Whether the server's list has this thread with priority. */
static bool boosts(const struct strategy_list *served, int32_t pid)
{
	for (size_t i = 0; i < served->len; i++)
		if (served->items[i].pid == pid && served->items[i].priority)
			return true;
	return false;
}

static bool is_wanted(const struct gthulhu *g, const struct strategy *s)
{
	struct intent_reach reach = maker_reach(g);
	struct intent one;

	return intent_of(s, &reach, &one) && intents_has(&g->maker.wanted, &one);
}

/* By the leaders: a server that lists no other threads can do no more. A process that is not wanted any more is not
 * boosted any more. A withdrawal empties the list, if the server can. */
static bool serves_what_is_wanted(const struct gthulhu *g, const struct strategy_list *served)
{
	const struct strategy_list *boosted = &g->maker.boosted;

	if (g->withdrawing && !g->maker.no_delete)
		return served->len == 0;
	for (size_t i = 0; i < boosted->len; i++) {
		const struct strategy *s = &boosted->items[i];

		if (s->pid == s->tgid && is_wanted(g, s) != boosts(served, s->pid) && gthulhu_is_alive(s->pid))
			return false;
	}
	return true;
}

static bool was_sent(const struct gthulhu *g, int32_t pid)
{
	for (size_t i = 0; i < g->sent.len; i++)
		if (g->sent.items[i].pid == pid)
			return true;
	return false;
}

/* Threads that the list names with priority and this run does not, each once. */
static size_t count_strangers(const struct gthulhu *g, const struct strategy_list *served)
{
	size_t n = 0;

	for (size_t i = 0; i < served->len; i++) {
		struct strategy_list before = {.items = served->items, .len = i};
		const struct strategy *s = &served->items[i];

		n += s->priority && !was_sent(g, s->pid) && !boosts(&before, s->pid);
	}
	return n;
}

/* No version number tells whether policies match threads; a listed thread does. Until then policies for the threads
 * of pods are sent too, which a server that lists leaders alone would apply to others of the name. */
static void judge_threads(struct gthulhu *g, const struct strategy_list *served)
{
	struct decision_maker_state *m = &g->maker;
	size_t threads = 0, listed = 0;

	for (size_t i = 0; i < g->sent.len; i++) {
		const struct strategy *s = &g->sent.items[i];

		if (s->pid == s->tgid || !is_wanted(g, s))
			continue;
		threads++;
		listed += boosts(served, s->pid);
	}
	if (!m->for_node || m->threads != THREADS_NOT_KNOWN || threads == 0)
		return;
	m->threads = listed ? THREADS_LISTED : LEADERS_ONLY;
	if (m->threads == LEADERS_ONLY) {
		g->dirty = true;
		g->verify_in = 0;
	}
}

static void count_coverage(struct gthulhu *g, const struct strategy_list *served)
{
	size_t listed = 0;

	for (size_t i = 0; i < g->sent.len; i++)
		listed += boosts(served, g->sent.items[i].pid);
	judge_threads(g, served);
	g->stats.entries = listed;
	if (!g->dirty)
		gthulhu_covers(g, listed, count_strangers(g, served));
}

static void on_list_read_back(struct gthulhu *g, const struct api_reply *reply)
{
	_cleanup_(strategy_list_free) struct strategy_list served = {0};
	struct err err;
	bool same;
	int r;

	if (gthulhu_failed(g, reply))
		return;
	r = gthulhu_read_list(reply->root, &served, &err);
	if (r < 0) {
		gthulhu_fail_with(g, r, err.text);
		return;
	}
	same = serves_what_is_wanted(g, &served);
	if (same)
		count_coverage(g, &served);
	gthulhu_read_back(g, same, serves_other);
}

void maker_read_back(struct gthulhu *g)
{
	gthulhu_send(g, &(struct api_request){"GET", GTHULHU_STRATEGIES_PATH}, on_list_read_back);
}
