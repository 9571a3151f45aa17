/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_intents.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "jsonw.h"

bool regex_can_name(const char *comm)
{
	for (const char *c = comm; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	return *comm;
}

static void regex_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\.+*?()|[]{}^$", *text))
			buf_char(out, '\\');
		buf_char(out, *text);
	}
}

void regex_exact(struct buf *out, const char *comm)
{
	buf_char(out, '^');
	regex_escape(out, comm);
	buf_char(out, '$');
}

void intent_list_free(struct intent_list *list)
{
	free(list->items);
	*list = (struct intent_list){0};
}

static struct intent *find_intent(const struct intent_list *list, const char *pod, const char *comm)
{
	for (size_t i = 0; i < list->len; i++)
		if (!strcmp(list->items[i].pod, pod) && !strcmp(list->items[i].comm, comm))
			return &list->items[i];
	return NULL;
}

static int grow_intents(struct intent_list *list)
{
	size_t cap = list->cap ? list->cap * 2 : 16;
	struct intent *items = realloc(list->items, cap * sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	list->cap = cap;
	return 0;
}

static int add_intent(struct intent_list *list, const struct intent *one)
{
	struct intent *known = find_intent(list, one->pod, one->comm);

	if (known) {
		known->execution_time_ns = MAX(known->execution_time_ns, one->execution_time_ns);
		return 0;
	}
	if (list->len == list->cap && grow_intents(list) < 0)
		return -ENOMEM;
	list->items[list->len++] = *one;
	return 0;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; form[i] && text[i]; i++)
		if (form[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	return !form[i] && !text[i];
}

/* Without priority there is no number that all versions of the scheduler take for "no boost". */
bool intent_of(const struct strategy *s, const struct intent_reach *reach, struct intent *ret)
{
	bool in_pod = *s->pod && (reach->any_pod || is_uuid(s->pod));
	bool by_thread = reach->for_node && reach->threads && s->pid != s->tgid;
	const char *comm = by_thread && *s->own_comm ? s->own_comm : s->comm;

	if (!s->priority || !regex_can_name(comm) || (!in_pod && !reach->for_node))
		return false;
	*ret = (struct intent){.execution_time_ns = s->execution_time_ns};
	snprintf(ret->comm, sizeof(ret->comm), "%s", comm);
	if (in_pod && !by_thread)
		memcpy(ret->pod, s->pod, sizeof(ret->pod));
	return true;
}

int intents_make(const struct strategy_list *list, const struct intent_reach *reach, struct intent_list *ret)
{
	_cleanup_(intent_list_free) struct intent_list made = {0};

	for (size_t i = 0; i < list->len; i++) {
		struct intent one;

		if (!intent_of(&list->items[i], reach, &one))
			made.inexpressible++;
		else if (add_intent(&made, &one) < 0)
			return -ENOMEM;
	}
	intent_list_free(ret);
	*ret = made;
	made = (struct intent_list){0};
	return 0;
}

bool intents_same(const struct intent_list *a, const struct intent_list *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (strcmp(a->items[i].pod, b->items[i].pod) || strcmp(a->items[i].comm, b->items[i].comm) ||
		    a->items[i].execution_time_ns != b->items[i].execution_time_ns)
			return false;
	return true;
}

int intents_merge(struct intent_list *to, const struct intent_list *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (add_intent(to, &from->items[i]) < 0)
			return -ENOMEM;
	return 0;
}

bool intents_has(const struct intent_list *list, const struct intent *one)
{
	return find_intent(list, one->pod, one->comm);
}

size_t intents_count(const struct intent_list *list, bool of_node)
{
	size_t n = 0;

	for (size_t i = 0; i < list->len; i++)
		n += !*list->items[i].pod == of_node;
	return n;
}

static void write_regex(struct jw *j, const char *comm)
{
	_cleanup_(buf_free) struct buf regex = {0};

	regex_exact(&regex, comm);
	jw_string(j, "commandRegex", regex.data ?: "");
}

static void write_intent(struct jw *j, const struct intent *i, uint64_t priority, const char *node)
{
	jw_object(j, NULL);
	jw_string(j, "podID", i->pod);
	jw_string(j, "nodeID", node);
	write_regex(j, i->comm);
	jw_u64(j, "priority", priority);
	jw_u64(j, "executionTime", i->execution_time_ns);
	jw_object_end(j);
}

void intents_write(struct buf *out, const struct intent_list *list, const struct intent_list *gone, uint64_t priority,
		   const char *node)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_array(&j, "intents");
	for (size_t i = 0; i < list->len; i++)
		if (*list->items[i].pod)
			write_intent(&j, &list->items[i], priority, node);
	for (size_t i = 0; gone && i < gone->len; i++)
		if (*gone->items[i].pod && !intents_has(list, &gone->items[i]))
			write_intent(&j, &gone->items[i], 0, node);
	jw_array_end(&j);
	jw_object_end(&j);
}

void intents_write_ended(struct buf *out, const struct strategy *s)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_string(&j, "podId", s->pod);
	jw_i64(&j, "pid", s->pid);
	jw_object_end(&j);
}

static void write_policy(struct jw *j, const struct intent *i, uint64_t priority, const char *node)
{
	_cleanup_(buf_free) struct buf id = {0};

	buf_printf(&id, "teide-%s", i->comm);
	jw_object(j, NULL);
	jw_string(j, "policyID", id.data ?: "teide");
	jw_string(j, "nodeID", node);
	write_regex(j, i->comm);
	jw_u64(j, "priority", priority);
	jw_u64(j, "executionTime", i->execution_time_ns);
	jw_object_end(j);
}

void intents_write_policies(struct buf *out, const struct intent_list *list, uint64_t priority, const char *node)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_array(&j, "policies");
	for (size_t i = 0; i < list->len; i++)
		if (!*list->items[i].pod)
			write_policy(&j, &list->items[i], priority, node);
	jw_array_end(&j);
	jw_object_end(&j);
}

/* A named group, which every RE2 takes, tells our node policies from others': they have no field for a
 * name. */
#define MARK "(?P<teide>"

static bool is_first_of_name(const struct intent_list *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(list->items[k].comm, list->items[i].comm))
			return false;
	return true;
}

/* A node policy is matched with comm alone. A strategy's expression is matched twice: by the manager with
 * the command line in a pod's specification ("./nr-gnb -c gnb.yaml"), by the decision maker with comm. */
bool rule_command(const struct intent_list *list, bool node, struct buf *out, uint64_t *ret_time)
{
	*ret_time = 0;
	if (list->len == 0)
		return false;
	buf_str(out, node ? "^" MARK : "(^|[ /])" MARK);
	for (size_t i = 0; i < list->len; i++) {
		*ret_time = MAX(*ret_time, list->items[i].execution_time_ns);
		if (!is_first_of_name(list, i))
			continue;
		if (i > 0)
			buf_char(out, '|');
		regex_escape(out, list->items[i].comm);
	}
	buf_str(out, node ? ")$" : ")( |$)");
	return true;
}

/* A manager's structs without JSON tags come out with Go's names. */
static const json_t *get_key(const json_t *object, const char *key, const char *go_key)
{
	return json_object_get(object, key) ?: json_object_get(object, go_key);
}

static const char *text_of(const json_t *object, const char *key, const char *go_key)
{
	return json_string_value(get_key(object, key, go_key)) ?: "";
}

static const json_t *rules_of(const json_t *root, bool node)
{
	return json_object_get(json_object_get(root, "data"), node ? "policies" : "strategies");
}

static bool same_names(const json_t *array, const struct string_list *wanted)
{
	size_t n = wanted ? wanted->len : 0;

	if (json_array_size(array) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(json_string_value(json_array_get(array, i)) ?: "", wanted->items[i]))
			return false;
	return true;
}

static bool same_labels(const json_t *array, const struct string_list *wanted)
{
	size_t n = wanted ? wanted->len : 0;

	if (json_array_size(array) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *label = json_array_get(array, i);
		size_t key = strcspn(wanted->items[i], "=");
		const char *value = wanted->items[i] + key + (wanted->items[i][key] == '=');

		if (strncmp(text_of(label, "key", "Key"), wanted->items[i], key) || text_of(label, "key", "Key")[key] ||
		    strcmp(text_of(label, "value", "Value"), value))
			return false;
	}
	return true;
}

static bool is_ours(const json_t *rule, const struct rule_wish *wish)
{
	const json_t *nodes = json_object_get(rule, "nodeNames");
	const char *name = json_string_value(json_array_get(nodes, 0)) ?: "";

	if (!strstr(text_of(rule, "commandRegex", "CommandRegex"), MARK))
		return false;
	if (wish->node)
		return json_array_size(nodes) == 1 && !strcmp(name, wish->owner);
	return !strcmp(text_of(rule, "strategyNamespace", "StrategyNamespace"), wish->owner);
}

static bool is_as_wished(const json_t *rule, const struct rule_wish *wish)
{
	const json_t *priority = get_key(rule, "priority", "Priority");
	const json_t *time = get_key(rule, "executionTime", "ExecutionTime");

	if (strcmp(text_of(rule, "commandRegex", "CommandRegex"), wish->command) ||
	    (uint64_t)json_integer_value(priority) != wish->priority ||
	    (uint64_t)json_integer_value(time) != wish->execution_time_ns)
		return false;
	return wish->node || (same_labels(get_key(rule, "labelSelectors", "LabelSelectors"), wish->labels) &&
			      same_names(get_key(rule, "k8sNamespace", "K8sNamespace"), wish->namespaces));
}

int rule_plan(const json_t *root, const struct rule_wish *wish, struct rule_step *ret, struct err *err)
{
	const json_t *rules = rules_of(root, wish->node), *rule, *ours = NULL;
	size_t i;

	*ret = (struct rule_step){.what = RULE_DONE};
	if (!json_is_array(rules) && !json_is_null(rules))
		return err_set(err, -EBADMSG, "the server's answer carries no list of %s",
			       wish->node ? "policies" : "strategies");
	json_array_foreach(rules, i, rule) {
		if (!is_ours(rule, wish))
			continue;
		/* More than the one that is wished for: another start of this program was not ended. */
		if (ours || !wish->command) {
			*ret = (struct rule_step){RULE_DELETE, text_of(rule, "id", "ID")};
			return 0;
		}
		ours = rule;
	}
	if (!ours && wish->command)
		ret->what = RULE_CREATE;
	else if (ours && !is_as_wished(ours, wish))
		*ret = (struct rule_step){RULE_UPDATE, text_of(ours, "id", "ID")};
	return 0;
}

static void write_names(struct jw *j, const char *key, const struct string_list *names)
{
	if (!names || names->len == 0)
		return;
	jw_array(j, key);
	for (size_t i = 0; i < names->len; i++)
		jw_string(j, NULL, names->items[i]);
	jw_array_end(j);
}

static void write_labels(struct jw *j, const struct string_list *labels)
{
	if (!labels || labels->len == 0)
		return;
	jw_array(j, "labelSelectors");
	for (size_t i = 0; i < labels->len; i++) {
		const char *label = labels->items[i];
		size_t key = strcspn(label, "=");

		jw_object(j, NULL);
		jw_string_n(j, "key", label, key);
		jw_string(j, "value", label + key + (label[key] == '='));
		jw_object_end(j);
	}
	jw_array_end(j);
}

static void write_scope(struct jw *j, const struct rule_wish *wish)
{
	if (wish->node) {
		jw_array(j, "nodeNames");
		jw_string(j, NULL, wish->owner);
		jw_array_end(j);
		return;
	}
	jw_string(j, "strategyNamespace", wish->owner);
	write_labels(j, wish->labels);
	write_names(j, "k8sNamespace", wish->namespaces);
}

void rule_write(struct buf *out, const struct rule_wish *wish, const char *id)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	if (id)
		jw_string(&j, wish->node ? "policyId" : "strategyId", id);
	write_scope(&j, wish);
	jw_string(&j, "commandRegex", wish->command);
	jw_u64(&j, "priority", wish->priority);
	jw_u64(&j, "executionTime", wish->execution_time_ns);
	jw_object_end(&j);
}

void rule_write_id(struct buf *out, bool node, const char *id)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_string(&j, node ? "policyId" : "strategyId", id);
	jw_object_end(&j);
}

/* What others wrote, for a terminal. */
static void copy_printable(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
	for (; *to; to++)
		if (*to < 0x20 || *to > 0x7e)
			*to = '?';
}

static void copy_nodes(char *to, size_t size, const json_t *rule)
{
	_cleanup_(buf_free) struct buf names = {0};
	const json_t *nodes = json_object_get(rule, "nodeNames"), *node;
	size_t i;

	json_array_foreach(nodes, i, node)
		buf_printf(&names, "%s%s", i ? "," : "", json_string_value(node) ?: "?");
	copy_printable(to, size, names.data ?: "");
}

static void read_rule(const json_t *rule, bool node, struct gthulhu_rule *ret)
{
	const json_t *time = get_key(rule, "executionTime", "ExecutionTime");

	*ret = (struct gthulhu_rule){
		.node = node,
		.priority = json_integer_value(get_key(rule, "priority", "Priority")),
		.execution_time_ns = (uint64_t)MAX(json_integer_value(time), 0),
	};
	copy_printable(ret->id, sizeof(ret->id), text_of(rule, "id", "ID"));
	copy_printable(ret->command, sizeof(ret->command), text_of(rule, "commandRegex", "CommandRegex"));
	if (node)
		copy_nodes(ret->scope, sizeof(ret->scope), rule);
	else
		copy_printable(ret->scope, sizeof(ret->scope), text_of(rule, "strategyNamespace", "StrategyNamespace"));
}

int rule_read(const json_t *root, bool node, struct gthulhu_view *ret, struct err *err)
{
	const json_t *rules = rules_of(root, node), *rule;
	struct gthulhu_rule *all;
	size_t i;

	if (!json_is_array(rules) && !json_is_null(rules))
		return err_set(err, -EBADMSG, "the server's answer carries no list of %s",
			       node ? "policies" : "strategies");
	all = realloc(ret->rules, GTHULHU_RULES_MAX * sizeof(*all));
	if (!all)
		return err_oom(err);
	ret->rules = all;
	json_array_foreach(rules, i, rule) {
		if (ret->n_rules == GTHULHU_RULES_MAX)
			return err_set(err, -E2BIG, "the server holds more than %d rules of this user",
				       GTHULHU_RULES_MAX);
		read_rule(rule, node, &ret->rules[ret->n_rules++]);
	}
	return 0;
}
