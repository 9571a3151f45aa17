/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "gthulhu_cycle.h"
#include "gthulhu_messages.h"

DEFINE_CLEANUP(struct loop *, loop, loop_free)
DEFINE_CLEANUP(struct api_session *, session, api_session_free)

struct show {
	struct loop *loop;
	struct api_session *session;
	struct gthulhu_view *view;
	struct err *err;
	bool over;
	int r;
};

void gthulhu_view_free(struct gthulhu_view *view)
{
	strategy_list_free(&view->list);
	free(view->rules);
	*view = (struct gthulhu_view){0};
}

static void end_show(struct show *show, int r)
{
	show->over = true;
	show->r = r;
}

static void ask_server(struct show *show, const char *path, api_reply_fn fn)
{
	api_session_call(show->session, &(struct api_request){"GET", path}, fn, show);
}

/* A process of an intent and of a policy comes twice. */
static void drop_duplicates(struct strategy_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->len; i++) {
		size_t k = 0;

		while (k < kept && list->items[k].pid != list->items[i].pid)
			k++;
		if (k == kept)
			list->items[kept++] = list->items[i];
		else
			list->items[k].priority |= list->items[i].priority;
	}
	list->len = kept;
}

static void on_list(void *data, const struct api_reply *reply)
{
	struct show *show = data;

	int r;

	if (reply->r < 0) {
		end_show(show, err_set(show->err, reply->r, "%s", reply->error));
		return;
	}
	r = gthulhu_read_list(reply->root, &show->view->list, show->err);
	drop_duplicates(&show->view->list);
	end_show(show, r);
}

static void on_strategies(void *data, const struct api_reply *reply)
{
	struct show *show = data;

	if (reply->r < 0)
		end_show(show, err_set(show->err, reply->r, "%s", reply->error));
	else
		end_show(show, rule_read(reply->root, false, show->view, show->err));
}

/* Earlier managers have none; and a user may have no right to see them. */
static void on_policies(void *data, const struct api_reply *reply)
{
	struct show *show = data;
	int r = 0;

	if (reply->r == 0)
		r = rule_read(reply->root, true, show->view, show->err);
	else if (!reply->no_route && !gthulhu_lacks_right(reply))
		r = err_set(show->err, reply->r, "%s", reply->error);
	if (r < 0)
		end_show(show, r);
	else
		ask_server(show, "/api/v1/strategies/self", on_strategies);
}

static void on_token(void *data, const struct api_reply *reply)
{
	struct show *show = data;

	show->view->protocol = api_session_protocol(show->session);
	if (api_session_has_sample_key(show->session))
		show->view->note = GTHULHU_SAMPLE_KEY_NOTE;
	if (reply->r < 0)
		end_show(show, err_set(show->err, reply->r, "%s", reply->error));
	else if (show->view->protocol == GTHULHU_MANAGER)
		ask_server(show, "/api/v1/node-scheduling-policies/self", on_policies);
	else
		ask_server(show, GTHULHU_STRATEGIES_PATH, on_list);
}

/* Pids of another machine's server are not this machine's. */
bool gthulhu_is_here(const char *url)
{
	static const char *const hosts[] = {"127.", "localhost", "[::1]"};
	const char *host = strstr(url, "://");

	for (size_t i = 0; host && i < ARRAY_SIZE(hosts); i++)
		if (!strncmp(host + 3, hosts[i], strlen(hosts[i])))
			return true;
	return false;
}

static bool lists(const struct strategy_list *list, int32_t pid)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].pid == pid && list->items[i].priority)
			return true;
	return false;
}

void gthulhu_count_threads(const struct strategy_list *list, size_t *ret_listed, size_t *ret_all)
{
	*ret_listed = *ret_all = 0;
	for (size_t i = 0; i < list->len; i++) {
		_cleanup_(proc_thread_list_free) struct proc_thread_list threads = {0};
		int32_t leader;

		if (!list->items[i].priority || proc_leader("", list->items[i].pid, &leader) < 0 ||
		    leader != list->items[i].pid || proc_threads("", leader, STRATEGY_MAX, &threads) < 0)
			continue;
		*ret_all += threads.len;
		for (size_t k = 0; k < threads.len; k++)
			*ret_listed += lists(list, threads.items[k].tid);
	}
}

int gthulhu_show(const struct gthulhu_options *options, struct gthulhu_view *ret, struct err *err)
{
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	_cleanup_(cleanup_session) struct api_session *session = NULL;
	struct show show = {.loop = loop, .view = ret, .err = err};
	int r;

	if (!loop)
		return err_set(err, -ENOMEM, "out of memory or descriptors");
	r = api_session_new(&session, loop, options, err);
	if (r < 0)
		return r;
	show.session = session;
	api_session_call(session, &(struct api_request){.method = NULL}, on_token, &show);
	while (!show.over && r == 0)
		r = loop_once(loop, -1);
	return r < 0 ? err_set(err, r, "event loop: %s", err_name(r)) : show.r;
}
