/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_intent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "gthulhu_regex.h"
#include "jsonw.h"

void intent_list_free(struct intent_list *list)
{
	free(list->items);
	*list = (struct intent_list){0};
}

static struct intent *find(const struct intent_list *list, const char *pod, const char *comm)
{
	for (size_t i = 0; i < list->len; i++)
		if (!strcmp(list->items[i].pod, pod) && !strcmp(list->items[i].comm, comm))
			return &list->items[i];
	return NULL;
}

static int grow(struct intent_list *list)
{
	size_t cap = list->cap ? list->cap * 2 : 16;
	struct intent *items = realloc(list->items, cap * sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	list->cap = cap;
	return 0;
}

static int add(struct intent_list *list, const struct intent *one)
{
	struct intent *known = find(list, one->pod, one->comm);

	if (known) {
		known->execution_time_ns = MAX(known->execution_time_ns, one->execution_time_ns);
		return 0;
	}
	if (list->len == list->cap && grow(list) < 0)
		return -ENOMEM;
	list->items[list->len++] = *one;
	return 0;
}

struct intent intent_of(const struct strategy *s)
{
	struct intent one = {.execution_time_ns = s->execution_time_ns};

	memcpy(one.pod, s->pod, sizeof(one.pod));
	memcpy(one.comm, s->comm, sizeof(one.comm));
	return one;
}

/* Without priority there is no number that all versions of the scheduler take for "no boost". */
static bool expressible(const struct strategy *s, bool for_node)
{
	return s->priority && (*s->pod || for_node) && regex_can_name(s->comm);
}

int intents_make(const struct strategy_list *list, bool for_node, struct intent_list *ret)
{
	_cleanup_(intent_list_free) struct intent_list made = {0};

	for (size_t i = 0; i < list->len; i++) {
		struct intent one = intent_of(&list->items[i]);

		if (!expressible(&list->items[i], for_node))
			made.inexpressible++;
		else if (add(&made, &one) < 0)
			return -ENOMEM;
	}
	intent_list_free(ret);
	*ret = made;
	made = (struct intent_list){0};
	return 0;
}

int intents_merge(struct intent_list *to, const struct intent_list *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (add(to, &from->items[i]) < 0)
			return -ENOMEM;
	return 0;
}

bool intents_has(const struct intent_list *list, const struct intent *one)
{
	return find(list, one->pod, one->comm);
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

void intents_write(struct buf *out, const struct intent_list *list, const struct intent_list *gone,
		   uint64_t priority, const char *node)
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

void intents_write_policies(struct buf *out, const struct intent_list *list, uint64_t priority,
			    const char *node)
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
