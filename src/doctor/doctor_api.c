/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_api.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "client.h"
#include "clock.h"
#include "gthulhu_messages.h"
#include "loop.h"
#include "plural.h"

#define CLOCK_TOLERANCE_S 30

DEFINE_CLEANUP(struct loop *, loop, loop_free)
DEFINE_CLEANUP(struct http_client *, client, http_client_free)

void doctor_judge_clock(int64_t date, int64_t now, struct report *r)
{
	int64_t ahead = date - now;
	struct check *c = report_add(r, CHECK_API, "its clock", "api.clock");

	check_set(c, CHECK_OK, "within %d s of this node's", CLOCK_TOLERANCE_S);
	if (ahead >= -CLOCK_TOLERANCE_S && ahead <= CLOCK_TOLERANCE_S)
		return;
	check_set(c, CHECK_INFO,
		  "%" PRId64 " s %s this node's: its tokens still work here, its logs do not "
		  "line up",
		  ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead of");
	check_remedy(c, "run a time service (chrony) on both");
}

struct asked {
	bool over;
	int64_t date;
};

static void on_answer(void *data, const struct http_response *response)
{
	struct asked *asked = data;

	asked->over = true;
	asked->date = response->date;
}

static int ask_date(const struct gthulhu_options *api, const char *base, struct asked *ret)
{
	const struct http_client_options http = {api->ca_file, api->cert_file, api->key_file};
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	_cleanup_(cleanup_client) struct http_client *client = NULL;
	const struct http_request request = {.method = "GET", .url = base, .timeout_ns = api->timeout_ns};
	int r;

	if (!loop)
		return -ENOMEM;
	r = http_client_new(&client, loop, &http, NULL);
	if (!r && !http_client_start(client, &request, on_answer, ret))
		r = -ENOMEM;
	while (!r && !ret->over)
		r = loop_once(loop, -1);
	return r;
}

/* Any answer has a date, also one that says there is nothing here. */
static void ask_clock(const struct gthulhu_options *api, struct report *r)
{
	_cleanup_free_ char *base = NULL;
	struct asked asked = {0};

	if (!gthulhu_base_url(api->url, &base, NULL) && !ask_date(api, base, &asked) && asked.date)
		doctor_judge_clock(asked.date, (int64_t)(clock_real_ns() / NSEC_PER_SEC), r);
}

/* The text of an error names the URL or the key's file. */
static void judge_failure(const struct gthulhu_options *api, int error, const struct err *err, struct check *c)
{
	check_set(c, CHECK_MISSING, "%.370s", err->text);
	/* What the text says of a file of its own is not about the server. */
	if (strstr(err->text, "api.password_file"))
		check_remedy(c,
			     "write the password of %s into the first line of a file that teide can read, and "
			     "give api.password_file its path",
			     api->user);
	else if (!strncmp(err->text, "public key", strlen("public key")))
		check_remedy(c, "copy the server's public_key.pem to this node, and give api.public_key_path its "
				"path");
	else if (error == -EACCES)
		check_remedy(c, "give api.public_key_path the public key of this very server, or of a "
				"manager api.user and api.password_file");
	else if (error == -EBADMSG)
		check_remedy(c, "see that api.url is a Gthulhu API server, and the key a PEM file");
	else
		check_remedy(c, "see that api.url is right and the server runs: curl URL/health");
}

static void judge_coverage(const struct gthulhu_view *view, struct check *c)
{
	size_t listed, all;

	gthulhu_count_threads(&view->list, &listed, &all);
	if (listed == all)
		return;
	check_set(
		c, CHECK_LIMITED,
		"reachable, took the key, lists %zu of the %zu threads of the processes that it boosts: in kernel mode "
		"the scheduler boosts no others",
		listed, all);
	check_remedy(c,
		     "let the scheduler run in user mode, or take a decision maker whose node policies match threads "
		     "(2026-08-17 or later)");
}

static void judge_view(const struct gthulhu_view *view, bool here, struct check *c)
{
	if (view->protocol == GTHULHU_MANAGER)
		check_set(c, CHECK_OK,
			  "reachable, took the password, is a manager, holds %zu rule%s of "
			  "this user",
			  view->n_rules, plural(view->n_rules));
	else
		check_set(c, CHECK_OK,
			  "reachable, took the key, speaks Gthulhu's API (%s), holds %zu "
			  "strateg%s",
			  gthulhu_protocol_name(view->protocol), view->list.len, view->list.len == 1 ? "y" : "ies");
	if (here && view->protocol == GTHULHU_DECISION_MAKER)
		judge_coverage(view, c);
}

static void judge_key(struct report *r)
{
	struct check *c = report_add(r, CHECK_API, "its key", "api.key");

	check_set(c, CHECK_LIMITED,
		  "the sample that Gthulhu ships: its private half is published, so that "
		  "anybody can have a token");
	check_remedy(c, "give the server a key of its own: openssl genrsa, jwt.private_key_path");
}

void doctor_api(const struct gthulhu_options *api, const char *why, struct report *r)
{
	struct check *c = report_add(r, CHECK_API, "API server", "api");
	_cleanup_(gthulhu_view_free) struct gthulhu_view view = {0};
	struct err err = {0};
	int error;

	if (!api) {
		check_set(c, CHECK_INFO, "%s", why);
		if (!strncmp(why, "not asked", strlen("not asked")))
			check_remedy(c, "teide doctor -c FILE");
		return;
	}
	error = gthulhu_show(api, &view, &err);
	if (error)
		judge_failure(api, error, &err, c);
	else
		judge_view(&view, gthulhu_is_here(api->url), c);
	if (view.note)
		judge_key(r);
	ask_clock(api, r);
}
