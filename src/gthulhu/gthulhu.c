/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "gthulhu_cycle.h"
#include "gthulhu_messages.h"

#define HOST_MAX 256

static const char *const protocols[] = {"auto", "pid-list", "decision-maker", "manager", NULL};
static const struct old_choice old_protocols[] = {{"a", "pid-list"}, {0}};
static const char *const modes[] = {"own", "merge", NULL};

#define FIELD(name) offsetof(struct gthulhu_options, name)

static const struct config_option table[] = {
	{"enabled", OPTION_BOOL, FIELD(enabled), "true", .help = "send strategies to a Gthulhu-compatible API server"},
	{"url", OPTION_STRING, FIELD(url), "http://gthulhu-api:80",
	 .help = "the API server; one that serves this node, not one of many behind a name", .is_url = true,
	 .old_env = "API_ENDPOINT"},
	{"protocol", OPTION_CHOICE, FIELD(protocol), "auto", .choices = protocols,
	 .help = "which of Gthulhu's APIs the server has: pid-list (one list of PIDs that each POST "
		 "replaces), decision-maker (a node's, which takes intents for pods), manager (the cluster's, "
		 "which takes strategies of users); auto asks the server",
	 .old_key = "era", .old_choices = old_protocols},
	{"mode", OPTION_CHOICE, FIELD(mode), "own", .choices = modes,
	 .help = "whether the server's list is ours as a whole, or to be sent with what others wrote, "
		 "which becomes plain PIDs; a decision maker cannot merge, a manager always does"},
	{"interval", OPTION_DURATION, FIELD(interval_ns), "10s", .min = NSEC_PER_SEC, .max = 3600 * NSEC_PER_SEC,
	 .help = "how often the list is sent again; a change is sent at once", .old_env = "SEND_INTERVAL"},
	{"timeout", OPTION_DURATION, FIELD(timeout_ns), "5s", .min = 100 * NSEC_PER_MSEC, .max = 300 * NSEC_PER_SEC,
	 .help = "of one request with its answer"},
	{"public_key_path", OPTION_STRING, FIELD(public_key_path), "/var/lib/teide/public_key.pem",
	 .help = "PEM file of the API server's public key, which buys a token", .old_env = "PUBLIC_KEY_PATH"},
	{"user", OPTION_STRING, FIELD(user), "", .help = "of a manager"},
	{"password_file", OPTION_STRING, FIELD(password_file), "",
	 .help = "file with that user's password on its first line"},
	{"priority", OPTION_U64, FIELD(priority), "1", .min = 1, .max = 9,
	 .help = "how strong a boost is where the server takes a number: 1 is the strongest"},
	{"node", OPTION_STRING, FIELD(node), "", .help = "this node's name in the cluster; empty: the host's name"},
	{"pod_labels", OPTION_LIST, FIELD(pod_labels), "",
	 .help = "KEY=VALUE of the pods that a manager's strategy is for; empty: any pod of the cluster, which some "
		 "managers are "
		 "not asked for"},
	{"pod_namespaces", OPTION_LIST, FIELD(pod_namespaces), "",
	 .help = "namespaces of the pods that a manager's strategy is for; empty: any"},
	{"ca_file", OPTION_STRING, FIELD(ca_file), "",
	 .help = "PEM file of the CAs to trust for https; empty: the system's"},
	{"cert_file", OPTION_STRING, FIELD(cert_file), "", .help = "PEM file of a client certificate; empty: none"},
	{"key_file", OPTION_STRING, FIELD(key_file), "", .help = "PEM file of the client certificate's key"},
	{0},
};

static int check_api(const struct config *config, struct err *err)
{
	const struct gthulhu_options *api = config_get(config, "api");
	_cleanup_free_ char *base = NULL;

	return api->enabled ? gthulhu_base_url(api->url, &base, err) : 0;
}

const struct option_section api_section = {
	.name = "api",
	.help = "the API server that strategies are sent to",
	.options = table,
	.size = sizeof(struct gthulhu_options),
	.check = check_api,
};

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
	r = api_session_new(&g->session, g->loop, options, err);
	if (r < 0)
		return r;
	if (api_session_has_sample_key(g->session))
		gthulhu_add_note(g, NOTE_SAMPLE_KEY);
	g->timer = loop_add_timer(g->loop, 0, 0, gthulhu_on_timer, g);
	g->deadline = loop_add_timer(g->loop, 0, 0, gthulhu_on_deadline, g);
	if (!g->timer || !g->deadline || name_node(g, options->node) < 0 ||
	    copy_names(&g->pod_labels, &options->pod_labels) < 0 ||
	    copy_names(&g->pod_namespaces, &options->pod_namespaces) < 0)
		return err_set(err, -ENOMEM, "out of memory or descriptors");
	return 0;
}

int gthulhu_start(struct gthulhu **ret, struct loop *loop, const struct gthulhu_options *options, struct err *err)
{
	struct gthulhu *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_oom(err);
	g->backend.ops = &gthulhu_ops;
	g->record.fd = -1;
	g->loop = loop;
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
	api_session_free(g->session);
	api_record_free(&g->record);
	loop_remove(g->timer);
	loop_remove(g->deadline);
	strategy_list_free(&g->wanted);
	strategy_list_free(&g->sent);
	strategy_list_free(&g->pid_list.ours);
	strategy_list_free(&g->pid_list.body);
	intent_list_free(&g->maker.wanted);
	intent_list_free(&g->maker.held);
	strategy_list_free(&g->maker.boosted);
	strategy_list_free(&g->maker.told);
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
	gthulhu_plan(g);
	return 0;
}

void gthulhu_withdraw(struct gthulhu *g, uint64_t deadline_ns, gthulhu_done_fn done, void *data)
{
	g->done = done;
	g->done_data = data;
	if (g->busy)
		gthulhu_record_doubt(g);
	g->withdrawing = g->dirty = true;
	g->busy = g->backing_off = g->reposted = false;
	g->failures = 0;
	g->verify_in = 0;
	g->next_ns = 0;
	api_session_cancel(g->session);
	loop_set_timer(g->deadline, MAX(deadline_ns, 1), 0);
	gthulhu_plan(g);
}

void gthulhu_get_stats(const struct gthulhu *g, struct gthulhu_stats *ret)
{
	*ret = g->stats;
}

void gthulhu_on_change(struct gthulhu *g, gthulhu_changed_fn fn, void *data)
{
	g->changed = fn;
	g->changed_data = data;
}

void gthulhu_on_note(struct gthulhu *g, gthulhu_note_fn fn, void *data)
{
	g->note = fn;
	g->note_data = data;
	gthulhu_report_notes(g);
}

static struct gthulhu *gthulhu_of(struct backend *b)
{
	return (struct gthulhu *)b;
}

static int backend_set(struct backend *b, const struct strategy_list *list)
{
	return gthulhu_set(gthulhu_of(b), list);
}

static void backend_withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	gthulhu_withdraw(gthulhu_of(b), deadline_ns, done, data);
}

static void backend_stats(const struct backend *b, struct backend_stats *ret)
{
	const struct gthulhu_stats *s = &((const struct gthulhu *)b)->stats;

	*ret = (struct backend_stats){
		.working = s->reachable && !s->foreign,
		.entries = s->entries,
		.applied = s->posts,
		.errors = s->errors,
		.last_success_ns = s->last_success_ns,
		.last_error_ns = s->last_error_ns,
	};
	snprintf(ret->last_error, sizeof(ret->last_error), "%s", s->last_error);
}

static void backend_free(struct backend *b)
{
	gthulhu_free(gthulhu_of(b));
}

const struct backend_ops gthulhu_ops = {
	.name = "gthulhu",
	.set = backend_set,
	.withdraw = backend_withdraw,
	.stats = backend_stats,
	.free = backend_free,
};

struct backend *gthulhu_backend(struct gthulhu *g)
{
	return &g->backend;
}
