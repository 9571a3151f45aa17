/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cluster's manager: one strategy for pods, or in later versions one policy for this node, which is
 * created, updated and deleted. The manager lists the rules of a user; each cycle begins with that list. */
#include <errno.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "gthulhu_cycle.h"

#define STEPS_MAX 16
#define UNSEEN_NS (300 * NSEC_PER_SEC)

static const char whole_cluster[] = "a strategy without api.pod_labels and api.pod_namespaces would be for every pod "
				    "of the cluster: set one of them, or "
				    "give api.user the right to node scheduling policies";
static const char another_admin[] =
	"another user of the manager changes or deletes teide's rule, and teide puts it back at each interval";

static const char *const paths[][2] = {
	{"/api/v1/strategies", "/api/v1/strategies/self"},
	{"/api/v1/node-scheduling-policies", "/api/v1/node-scheduling-policies/self"},
};

static void list_rules(struct gthulhu *g);

static const char *rules_path(const struct gthulhu *g, bool self)
{
	return paths[g->manager.for_node][self];
}

static void on_rule_changed(struct gthulhu *g, const struct api_reply *reply)
{
	if (!gthulhu_failed(g, reply))
		list_rules(g);
}

static void on_rule_created(struct gthulhu *g, const struct api_reply *reply)
{
	if (gthulhu_failed(g, reply))
		return;
	g->manager.unseen_until_ns = clock_boot_ns() + UNSEEN_NS;
	list_rules(g);
}

static void send_change(struct gthulhu *g, const char *method, const struct buf *body, gthulhu_step step)
{
	struct api_request request = {method, rules_path(g, false), body->data, step == on_rule_created};

	if (body->failed)
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
	else
		gthulhu_send(g, &request, step);
}

static void delete_rule(struct gthulhu *g, const char *id)
{
	_cleanup_(buf_free) struct buf body = {0};

	rule_write_id(&body, g->manager.for_node, id);
	send_change(g, "DELETE", &body, on_rule_changed);
}

/* The first version could not update: the list that follows finds an update to do again. */
static void on_rule_updated(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->no_route)
		g->manager.no_put = true;
	if (reply->no_route || !gthulhu_failed(g, reply))
		list_rules(g);
}

static void create_rule(struct gthulhu *g, const struct rule_wish *wish)
{
	_cleanup_(buf_free) struct buf body = {0};

	if (clock_boot_ns() < g->manager.unseen_until_ns) {
		gthulhu_fail_with(g, -EPROTO,
				  "the manager took what was created but does not list it; nothing more "
				  "is created for 5 minutes");
		return;
	}
	rule_write(&body, wish, NULL);
	send_change(g, "POST", &body, on_rule_created);
}

static void update_rule(struct gthulhu *g, const struct rule_wish *wish, const char *id)
{
	_cleanup_(buf_free) struct buf body = {0};

	if (g->manager.no_put) {
		delete_rule(g, id);
		return;
	}
	rule_write(&body, wish, id);
	send_change(g, "PUT", &body, on_rule_updated);
}

/* Without a change of the wish, a step is due to another writer; the first one is due to an earlier run. */
static void judge_step(struct gthulhu *g, const struct rule_step *step)
{
	if (!g->manager.settled || g->withdrawing)
		return;
	if (step->what == RULE_DONE)
		gthulhu_undisturbed(g);
	else if (g->manager.steps == 0)
		gthulhu_overwritten(g, another_admin);
}

static void take_rule_step(struct gthulhu *g, const struct rule_wish *wish, const struct rule_step *step)
{
	if (step->what != RULE_CREATE)
		g->manager.unseen_until_ns = 0;
	judge_step(g, step);
	if (step->what == RULE_DELETE && g->withdrawing && g->manager.no_policies)
		gthulhu_add_note(g, NOTE_KEEPS_SERVING);
	if (step->what == RULE_DONE) {
		g->manager.settled = true;
		if (g->manager.steps > 0 || g->stats.posts == 0)
			gthulhu_took(g);
		gthulhu_read_back(g, true, "");
	} else if (g->manager.steps++ >= STEPS_MAX) {
		gthulhu_fail_with(g, -EBUSY, "another writer changes this user's rules at the manager");
	} else if (step->what == RULE_CREATE) {
		create_rule(g, wish);
	} else if (step->what == RULE_UPDATE) {
		update_rule(g, wish, step->id);
	} else {
		delete_rule(g, step->id);
	}
}

static void on_rules_listed(struct gthulhu *g, const struct api_reply *reply)
{
	struct manager_state *m = &g->manager;
	struct rule_wish wish = {
		.node = m->for_node,
		.owner = m->for_node ? g->node : g->owner,
		.command = m->command.data,
		.priority = g->priority,
		.execution_time_ns = m->execution_time_ns,
		.labels = &g->pod_labels,
		.namespaces = &g->pod_namespaces,
	};
	struct rule_step step;
	struct err err;
	int r;

	if (reply->no_route) /* no manager any more */
		api_session_forget(g->session);
	if (gthulhu_failed(g, reply))
		return;
	r = rule_plan(reply->root, &wish, &step, &err);
	if (r < 0)
		gthulhu_fail_with(g, r, err.text);
	else
		take_rule_step(g, &wish, &step);
}

static void list_rules(struct gthulhu *g)
{
	gthulhu_send(g, &(struct api_request){"GET", rules_path(g, true)}, on_rules_listed);
}

static bool is_as_before(const struct manager_state *m, const struct intent_list *now)
{
	_cleanup_(buf_free) struct buf command = {0};
	uint64_t time;

	rule_command(now, m->for_node, &command, &time);
	return command.data && m->command.data && !strcmp(command.data, m->command.data) &&
	       time == m->execution_time_ns;
}

static void plan_rule(struct gthulhu *g)
{
	_cleanup_(intent_list_free) struct intent_list now = {0};
	struct manager_state *m = &g->manager;
	const struct intent_reach reach = {.any_pod = !m->for_node, .for_node = m->for_node, .threads = m->for_node};
	int r = intents_make(&g->sent, &reach, &now);

	m->settled &= is_as_before(m, &now);
	buf_free(&m->command);
	if (r == 0)
		rule_command(&now, m->for_node, &m->command, &m->execution_time_ns);
	if (r < 0 || m->command.failed) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	gthulhu_inexpressible(g, now.inexpressible);
	/* A manager that has policies, of which the user has no right, looks at no command. */
	if (m->command.data && !m->for_node && !m->no_policies && !g->pod_labels.len && !g->pod_namespaces.len)
		gthulhu_fail_with(g, -EINVAL, whole_cluster);
	else
		list_rules(g);
}

/* A user may have no right to policies and one to strategies. */
static void on_policies_listed(struct gthulhu *g, const struct api_reply *reply)
{
	bool refused = reply->no_route || gthulhu_lacks_right(reply);

	g->manager.for_node = !refused;
	g->manager.no_policies = reply->no_route;
	if (!refused && gthulhu_failed(g, reply))
		return;
	g->manager.asked = true;
	plan_rule(g);
}

static void manager_cycle(struct gthulhu *g)
{
	g->manager.steps = 0;
	if (g->manager.asked)
		plan_rule(g);
	else
		gthulhu_send(g, &(struct api_request){"GET", paths[1][1]}, on_policies_listed);
}

const struct protocol protocol_manager = {"manager", manager_cycle};
