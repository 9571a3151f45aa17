/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "ns.h"
#include "rtnl.h"
#include "vec.h"

_Static_assert(sizeof(((struct rtnl_link *)0)->kind) == DEVICE_KIND_MAX, "kind");

void device_list_free(struct device_list *list)
{
	free(list->items);
	*list = (struct device_list){0};
}

bool device_same(const struct device *a, const struct device *b)
{
	return a->netns.inode == b->netns.inode && a->cookie == b->cookie && a->ifindex == b->ifindex &&
	       !strcmp(a->kind, b->kind);
}

struct scan {
	const char *const *kinds;
	size_t n;
	struct device_list *list;
	const struct netns *netns;
	uint64_t cookie;
	bool out_of_memory;
};

static bool is_wanted_kind(const struct scan *s, const char *kind)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->kinds[i], kind))
			return true;
	return false;
}

static bool is_listed(const struct device_list *list, const struct device *d)
{
	for (size_t i = 0; i < list->len; i++)
		if (device_same(&list->items[i], d))
			return true;
	return false;
}

static void add_device(const struct rtnl_link *link, void *data)
{
	struct scan *s = data;
	struct device d = {.netns = *s->netns, .cookie = s->cookie, .ifindex = link->ifindex};

	if (!is_wanted_kind(s, link->kind))
		return;
	memcpy(d.kind, link->kind, sizeof(d.kind));
	if (is_listed(s->list, &d))
		return;
	if (s->list->len == DEVICES_MAX)
		s->list->left_out++;
	else if (VEC_ROOM(s->list->items, s->list->len))
		s->list->items[s->list->len++] = d;
	else
		s->out_of_memory = true;
}

static int list_devices_here(void *data, struct err *err)
{
	struct scan *s = data;
	int r = ns_cookie_self(&s->cookie);

	return r < 0 ? err_set(err, r, "the cookie of the network namespace: %s", err_name(r))
		     : rtnl_link_list(add_device, s, err);
}

static int list_devices_everywhere(struct scan *s, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	int one, r = netns_list_all("", &list, err);

	for (size_t i = 0; r >= 0 && i < list.len; i++) {
		s->netns = &list.items[i];
		one = netns_visit("", s->netns, list_devices_here, s, &s->list->why);
		s->list->unread += one < 0 && one != -ESRCH;
	}
	if (r >= 0 && s->out_of_memory)
		r = err_set(err, -ENOMEM, "out of memory for network devices");
	s->list->unread += list.left_out;
	return r;
}

int device_list(const char *const *kinds, size_t n, struct device_list *ret, struct err *err)
{
	struct scan s = {.kinds = kinds, .n = n, .list = ret};
	int r;

	*ret = (struct device_list){0};
	r = list_devices_everywhere(&s, err);
	if (r < 0)
		device_list_free(ret);
	return r < 0 ? r : 0;
}

struct question {
	const struct device *device;
	bool there;
};

static int find_device_here(void *data, struct err *err)
{
	struct question *q = data;
	struct rtnl_link link = {0};
	int r = rtnl_link_at(q->device->ifindex, &link, err);

	if (r >= 0)
		q->there = link.ifindex == q->device->ifindex && !strcmp(link.kind, q->device->kind);
	return r == -ENODEV ? 0 : r;
}

int device_is_there(const struct device *d, struct err *err)
{
	struct question q = {.device = d};
	int r = netns_visit("", &d->netns, find_device_here, &q, err);

	return r < 0 && r != -ESRCH ? r : q.there;
}
