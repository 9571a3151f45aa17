/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gthulhu_cycle.h"
#include "gthulhu_intents.h"

#define POD "0a1b2c3d-0000-1111-2222-333344445555"
#define OTHER_POD "0a1b2c3d-0000-1111-2222-333344446666"

static const struct intent_reach pods_only = {0}, pods_and_node = {.for_node = true};

static void put(struct strategy_list *list, int32_t pid, int32_t tgid, const char *comm, const char *pod)
{
	struct strategy s = {.pid = pid, .tgid = tgid, .priority = true, .execution_time_ns = 20000000};

	snprintf(s.comm, sizeof(s.comm), "%s", comm);
	snprintf(s.pod, sizeof(s.pod), "%s", pod);
	assert_int_equal(strategy_list_add(list, s), 0);
}

static void threads_of_a_name_and_pod_are_one_intent(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	_cleanup_(intent_list_free) struct intent_list intents = {0};

	put(&list, 10, 10, "nr-gnb", POD);
	put(&list, 11, 10, "nr-gnb", POD);
	put(&list, 20, 20, "nr-gnb", OTHER_POD);
	put(&list, 30, 30, "nr-ue", POD);
	put(&list, 40, 40, "upf", "");
	list.items[1].execution_time_ns = 30000000;
	assert_int_equal(intents_make(&list, &pods_and_node, &intents), 0);
	assert_int_equal(intents.len, 4);
	assert_int_equal(intents.inexpressible, 0);
	assert_int_equal(intents.items[0].execution_time_ns, 30000000);
	assert_int_equal(intents_count(&intents, false), 3);
	assert_int_equal(intents_count(&intents, true), 1);
	assert_int_equal(intents_make(&list, &pods_only, &intents), 0);
	assert_int_equal(intents.len, 3);
	assert_int_equal(intents.inexpressible, 1);
}

static void what_has_no_words_is_counted(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	_cleanup_(intent_list_free) struct intent_list intents = {0};

	put(&list, 10, 10, "", POD);
	put(&list, 11, 11, "a\nb", POD);
	put(&list, 12, 12, "\xc3\xa9", POD);
	put(&list, 13, 13, "nr-gnb", POD);
	list.items[3].priority = false;
	assert_int_equal(intents_make(&list, &pods_and_node, &intents), 0);
	assert_int_equal(intents.len, 0);
	assert_int_equal(intents.inexpressible, 4);
}

static void policies_reach_threads_by_their_own_names(void **state)
{
	static const struct intent_reach threads = {.for_node = true, .threads = true};
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	_cleanup_(intent_list_free) struct intent_list intents = {0};

	put(&list, 10, 10, "nr-gnb", POD);
	put(&list, 11, 10, "nr-gnb", POD);
	put(&list, 12, 10, "nr-gnb", POD);
	snprintf(list.items[2].own_comm, sizeof(list.items[2].own_comm), "Tpool0_-1");
	assert_int_equal(intents_make(&list, &threads, &intents), 0);
	assert_int_equal(intents.len, 3);
	assert_string_equal(intents.items[0].pod, POD);
	assert_string_equal(intents.items[1].comm, "nr-gnb");
	assert_string_equal(intents.items[2].comm, "Tpool0_-1");
	assert_int_equal(intents_count(&intents, true), 2);
	assert_int_equal(intents_make(&list, &pods_and_node, &intents), 0);
	assert_int_equal(intents.len, 1);
}

/* A static pod's UID is a hash, which a decision maker does not find in a cgroup's path. */
static void a_pod_without_a_uuid_is_of_the_node(void **state)
{
	static const struct intent_reach any = {.any_pod = true};
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	_cleanup_(intent_list_free) struct intent_list intents = {0};

	put(&list, 10, 10, "nr-gnb", "0a1b2c3d00001111222233334444555f");
	assert_int_equal(intents_make(&list, &pods_and_node, &intents), 0);
	assert_int_equal(intents_count(&intents, true), 1);
	assert_int_equal(intents_make(&list, &any, &intents), 0);
	assert_int_equal(intents_count(&intents, false), 1);
	assert_int_equal(intents_make(&list, &pods_only, &intents), 0);
	assert_int_equal(intents.inexpressible, 1);
}

static void bodies_have_these_keys_and_no_others(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0}, before = {0};
	_cleanup_(intent_list_free) struct intent_list intents = {0}, gone = {0};
	_cleanup_(buf_free) struct buf out = {0};

	put(&list, 10, 10, "nr-gnb", POD);
	put(&list, 40, 40, "upf", "");
	put(&before, 10, 10, "nr-gnb", POD);
	put(&before, 11, 11, "nr-ue", OTHER_POD);
	assert_int_equal(intents_make(&list, &pods_and_node, &intents), 0);
	assert_int_equal(intents_make(&before, &pods_and_node, &gone), 0);
	intents_write(&out, &intents, &gone, 4, "node1");
	assert_string_equal(out.data,
			    "{\"intents\":[{\"podID\":\"" POD "\",\"nodeID\":\"node1\",\"commandRegex\":\"^nr-gnb$\","
			    "\"priority\":4,\"executionTime\":20000000},{\"podID\":\"" OTHER_POD
			    "\",\"nodeID\":\"node1\","
			    "\"commandRegex\":\"^nr-ue$\",\"priority\":0,\"executionTime\":20000000}]}");
	buf_reset(&out);
	intents_write_policies(&out, &intents, 4, "node1");
	assert_string_equal(out.data,
			    "{\"policies\":[{\"policyID\":\"teide-upf\",\"nodeID\":\"node1\",\"commandRegex\":"
			    "\"^upf$\",\"priority\":4,\"executionTime\":20000000}]}");
}

/* Every printable name is matched by its own expression, and by none of the others'. */
static void expressions_match_exactly(void **state)
{
	static const char *const names[] = {"nr-gnb", "a.b", "axb",	    "(sd-pam)", "[x]",	   "a+b*?", "{1}",
					    "a|b",    "^$",  "back\\slash", "nr-gnb2",	"x y/z:0", "aab"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(buf_free) struct buf text = {0};
		regex_t regex;

		assert_true(regex_can_name(names[i]));
		regex_exact(&text, names[i]);
		assert_int_equal(regcomp(&regex, text.data, REG_EXTENDED | REG_NOSUB), 0);
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			assert_int_equal(!regexec(&regex, names[k], 0, NULL, 0), i == k);
		regfree(&regex);
	}
}

static void a_rule_has_the_names_of_all_pods(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	_cleanup_(intent_list_free) struct intent_list intents = {0};
	_cleanup_(buf_free) struct buf command = {0};
	uint64_t time;

	assert_false(rule_command(&intents, true, &command, &time));
	put(&list, 10, 10, "nr-gnb", POD);
	put(&list, 11, 11, "nr-gnb", OTHER_POD);
	put(&list, 12, 12, "a.b", "");
	list.items[1].execution_time_ns = 5000000000;
	assert_int_equal(intents_make(&list, &pods_and_node, &intents), 0);
	assert_true(rule_command(&intents, true, &command, &time));
	assert_string_equal(command.data, "^(?P<teide>nr-gnb|a\\.b)$");
	assert_int_equal(time, 5000000000);
	buf_reset(&command);
	assert_true(rule_command(&intents, false, &command, &time));
	assert_string_equal(command.data, "(^|[ /])(?P<teide>nr-gnb|a\\.b)( |$)");
}

#define OURS(id)                                                                                                       \
	"{\"id\":\"" id "\",\"nodeNames\":[\"n1\"],\"commandRegex\":\"^(?P<teide>x)$\","                               \
	"\"priority\":1,\"executionTime\":7}"
#define THEIRS "{\"id\":\"t\",\"nodeNames\":[\"n1\"],\"commandRegex\":\"^x$\",\"priority\":1}"
#define OTHER_NODE "{\"id\":\"o\",\"nodeNames\":[\"n2\"],\"commandRegex\":\"^(?P<teide>x)$\"}"
#define BOTH_NODES "{\"id\":\"b\",\"nodeNames\":[\"n1\",\"n2\"],\"commandRegex\":\"^(?P<teide>x)$\"}"

static int plan(const char *rules, const struct rule_wish *wish, int *ret_what, char *ret_id)
{
	_cleanup_(buf_free) struct buf text = {0};
	json_auto_t *root = NULL;
	struct rule_step step;
	struct err err;
	int r;

	buf_printf(&text, "{\"data\":{\"%s\":%s}}", wish->node ? "policies" : "strategies", rules);
	root = json_loads(text.data, 0, NULL);
	assert_non_null(root);
	r = rule_plan(root, wish, &step, &err);
	*ret_what = (int)step.what;
	snprintf(ret_id, 8, "%s", step.id ?: "");
	return r;
}

static void one_policy_is_come_to_step_by_step(void **state)
{
	const struct rule_wish wish = {
		.node = true, .owner = "n1", .command = "^(?P<teide>x)$", .priority = 1, .execution_time_ns = 7};
	struct rule_wish none = wish, stronger = wish;
	char id[8];
	int what;

	none.command = NULL;
	stronger.priority = 2;
	assert_int_equal(plan("[" THEIRS "," OTHER_NODE "," BOTH_NODES "]", &wish, &what, id), 0);
	assert_int_equal(what, RULE_CREATE);
	assert_int_equal(plan("[" THEIRS "," OURS("1") "]", &wish, &what, id), 0);
	assert_int_equal(what, RULE_DONE);
	assert_int_equal(plan("[" OURS("1") "]", &stronger, &what, id), 0);
	assert_int_equal(what, RULE_UPDATE);
	assert_string_equal(id, "1");
	assert_int_equal(plan("[" OURS("1") "," OURS("2") "]", &wish, &what, id), 0);
	assert_int_equal(what, RULE_DELETE);
	assert_string_equal(id, "2");
	assert_int_equal(plan("[" OURS("1") "]", &none, &what, id), 0);
	assert_int_equal(what, RULE_DELETE);
	assert_int_equal(plan("[" THEIRS "]", &none, &what, id), 0);
	assert_int_equal(what, RULE_DONE);
	assert_int_equal(plan("null", &none, &what, id), 0);
	assert_int_equal(plan("{}", &none, &what, id), -EBADMSG);
}

static void selectors_of_a_strategy_are_compared(void **state)
{
	static char *labels[] = {"app=gnb", "tier"}, *spaces[] = {"a"};
	const struct string_list pods = {labels, 2}, namespaces = {spaces, 1};
	struct rule_wish wish = {.owner = "teide-n1",
				 .command = "(?P<teide>x)",
				 .priority = 1,
				 .execution_time_ns = 7,
				 .labels = &pods,
				 .namespaces = &namespaces};
	static const char *const cases[] = {"[{\"key\":\"app\",\"value\":\"gnb\"},{\"key\":\"tier\",\"value\":\"\"}]",
					    "[{\"key\":\"app\",\"value\":\"gnb2\"},{\"key\":\"tier\",\"value\":\"\"}]",
					    "[{\"key\":\"app2\",\"value\":\"gnb\"},{\"key\":\"tier\",\"value\":\"\"}]",
					    "[{\"key\":\"app\",\"value\":\"gnb\"}]", "null"};
	char id[8];
	int what;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_free) struct buf rule = {0};

		buf_printf(&rule,
			   "[{\"ID\":\"1\",\"StrategyNamespace\":\"teide-n1\",\"CommandRegex\":"
			   "\"(?P<teide>x)\",\"Priority\":1,\"ExecutionTime\":7,\"K8sNamespace\":[\"a\"],"
			   "\"LabelSelectors\":%s}]",
			   cases[i]);
		assert_int_equal(plan(rule.data, &wish, &what, id), 0);
		assert_int_equal(what, i == 0 ? RULE_DONE : RULE_UPDATE);
	}
}

static void rules_for_a_terminal_are_tamed_and_bounded(void **state)
{
	_cleanup_(gthulhu_view_free) struct gthulhu_view view = {0};
	json_auto_t *root = json_loads("{\"data\":{\"strategies\":[{\"ID\":\"a\\u001b[2J\",\"Priority\":3,"
				       "\"StrategyNamespace\":\"\\u00e9\",\"ExecutionTime\":-5}]}}",
				       0, NULL);
	json_t *row = json_array_get(json_object_get(json_object_get(root, "data"), "strategies"), 0);
	struct err err;

	assert_int_equal(rule_read(root, false, &view, &err), 0);
	assert_int_equal(view.n_rules, 1);
	assert_string_equal(view.rules[0].id, "a?[2J");
	assert_string_equal(view.rules[0].scope, "??");
	assert_int_equal(view.rules[0].execution_time_ns, 0);
	for (int i = 0; i < GTHULHU_RULES_MAX; i++)
		json_array_append(json_object_get(json_object_get(root, "data"), "strategies"), row);
	assert_int_equal(rule_read(root, false, &view, &err), -E2BIG);
	assert_int_equal(view.n_rules, GTHULHU_RULES_MAX);
}

static struct strategy own(int32_t pid)
{
	struct strategy s = {.pid = pid, .tgid = getpid(), .priority = true, .execution_time_ns = 1};
	struct proc proc;

	assert_int_equal(proc_read("", getpid(), &proc), 0);
	memcpy(s.comm, proc.comm, sizeof(s.comm));
	s.start_time = proc.start_time;
	return s;
}

static size_t living(const struct strategy_list *list, size_t *ret_ended)
{
	_cleanup_(strategy_list_free) struct strategy_list alive = {0};

	assert_int_equal(gthulhu_living(list, &alive, ret_ended), 0);
	return alive.len;
}

static void threads_go_the_way_of_their_leader(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	struct strategy thread = own(getpid() + 1);
	size_t ended;

	strategy_list_add(&list, own(getpid()));
	strategy_list_add(&list, thread);
	put(&list, 1000000, 0, "", ""); /* of whom nothing is known */
	assert_int_equal(living(&list, &ended), 3);
	assert_int_equal(ended, 0);
	list.items[0].start_time++;
	assert_int_equal(living(&list, &ended), 1);
	assert_int_equal(ended, 2);
	list.items[0].start_time--;
	list.items[0].comm[0]++;
	assert_int_equal(living(&list, &ended), 1);
}

static void who_has_ended_is_left_out(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	struct strategy child = own(getpid());
	size_t ended;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	child.pid = child.tgid = pid;
	strategy_list_add(&list, child);
	/* A zombie has ended. */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(living(&list, &ended), 0);
	assert_int_equal(ended, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_of_a_name_and_pod_are_one_intent),
		cmocka_unit_test(what_has_no_words_is_counted),
		cmocka_unit_test(policies_reach_threads_by_their_own_names),
		cmocka_unit_test(a_pod_without_a_uuid_is_of_the_node),
		cmocka_unit_test(bodies_have_these_keys_and_no_others),
		cmocka_unit_test(expressions_match_exactly),
		cmocka_unit_test(a_rule_has_the_names_of_all_pods),
		cmocka_unit_test(one_policy_is_come_to_step_by_step),
		cmocka_unit_test(selectors_of_a_strategy_are_compared),
		cmocka_unit_test(rules_for_a_terminal_are_tamed_and_bounded),
		cmocka_unit_test(threads_go_the_way_of_their_leader),
		cmocka_unit_test(who_has_ended_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
