/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any answer of an API server, the first byte its status: as a token, a list of PIDs, and a manager's rules. */
#include "fuzz.h"
#include "gthulhu_intents.h"
#include "gthulhu_messages.h"
#include "gthulhu_token.h"

#define URL "http://server:8080/api/v1/auth/token"
#define NS_PER_S 1000000000ULL

static void read_token(const json_t *root)
{
	const struct token_time now = {1000 * NS_PER_S, 1700000000 * NS_PER_S};
	struct token token = {0};
	struct api_token found;
	struct err err = {0};

	if (gthulhu_read_token(root, &found, &err) < 0)
		CHECK(err.text[0]);
	else if (token_set(&token, found.text, found.expires_s, &now, &err) == 0)
		CHECK(token.refresh_ns >= now.boot_ns);
	token_drop(&token);
}

static void read_list(const json_t *root)
{
	struct strategy_list list = {0}, again = {0};
	struct err err = {0};
	struct buf out = {0};
	json_t *written;

	if (gthulhu_read_list(root, &list, &err) == 0) {
		gthulhu_write_list(&out, &list);
		written = json_loads(out.data, 0, NULL);
		json_object_set(written, "scheduling", json_object_get(written, "strategies"));
		CHECK(gthulhu_read_list(written, &again, &err) == 0 && strategy_list_same(&list, &again));
		json_decref(written);
	}
	strategy_list_free(&list);
	strategy_list_free(&again);
	buf_free(&out);
}

static void read_rules(const json_t *root, bool node)
{
	char *names[] = {"app=upf", NULL};
	const struct string_list list = {names, 1};
	struct rule_wish wish = {.node = node,
				 .owner = "teide-n",
				 .command = "^(?:teide)?x$",
				 .priority = 5,
				 .execution_time_ns = 7,
				 .labels = &list,
				 .namespaces = &list};
	struct gthulhu_view view = {0};
	struct rule_step step;
	struct err err = {0};
	struct buf out = {0};

	if (rule_plan(root, &wish, &step, &err) == 0 && step.what == RULE_DELETE)
		rule_write_id(&out, node, step.id);
	wish.command = NULL;
	if (rule_plan(root, &wish, &step, &err) == 0)
		CHECK(step.what == RULE_DONE || step.what == RULE_DELETE);
	rule_read(root, node, &view, &err);
	CHECK(view.n_rules <= GTHULHU_RULES_MAX);
	for (size_t i = 0; i < view.n_rules; i++) {
		CHECK_TEXT(view.rules[i].scope);
		CHECK_TEXT(view.rules[i].command);
	}
	free(view.rules);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 401, 404, 302, 500};
	struct http_response response = {.body_len = size - 1};
	struct err err = {0};
	json_t *root = NULL;
	char *body;

	if (!size)
		return 0;
	response.body = body = fuzz_text(data + 1, size - 1);
	response.status = statuses[data[0] % 5];
	gthulhu_no_route(&response);
	if (gthulhu_check(&response, URL, "a secret of 24 characters", &root, &err) == 0) {
		read_token(root);
		read_list(root);
		read_rules(root, false);
		read_rules(root, true);
	} else {
		CHECK(err.text[0] && !root);
	}
	json_decref(root);
	free(body);
	return 0;
}
