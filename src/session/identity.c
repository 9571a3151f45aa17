/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "cleanup.h"
#include "clock.h"
#include "map.h"
#include "proc.h"

#define LOOK_NS (150 * NSEC_PER_MSEC)
#define LOOK_SHARE 50		   /* looking takes at most one part in 50 of a CPU's time */
#define FIRST_LOOK_NS NSEC_PER_SEC /* of CPU time, at the start */
#define OWNERS_MAX 8192

static const struct config_option options[] = {
	{.key = "state",
	 .type = OPTION_LIST,
	 .offset = offsetof(struct containers_options, state),
	 .default_text = IDENTITY_STATE_FOLDERS,
	 .help = "state folders of the runtimes, by which containers and pods have names: containerd's (also that of "
		 "MicroK8s, k3s and RKE2, k0s, Docker) and CRI-O's"},
	{0},
};

const struct option_section containers_section = {"containers", "names of containers and pods", options,
						  sizeof(struct containers_options)};

/* "" where it is not known. */
struct owner {
	char pod[POD_NAME_MAX], pod_uid[POD_UID_MAX];
	char container[CONTAINER_NAME_MAX], container_id[CONTAINER_ID_MAX];
};

/* A cgroup's or a network namespace's. */
struct owner_key {
	uint64_t id;
	uint64_t is_netns;
};

struct identity {
	struct containers *containers;
	struct map *owners; /* what was found out since the containers changed last */
	uint64_t next_look_ns;
};

/* A verb that ends soon has no later look. What is not read by then comes with the looks that follow. */
static void look_first(struct identity *i)
{
	uint64_t end_ns = clock_thread_ns() + FIRST_LOOK_NS;

	do {
		containers_look(i->containers);
	} while (containers_unread(i->containers) && clock_thread_ns() < end_ns);
}

struct identity *identity_new(const struct containers_options *o)
{
	struct identity *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->containers = containers_new("", o->state.items);
	i->owners = map_new(sizeof(struct owner_key), sizeof(struct owner), OWNERS_MAX);
	if (!i->containers || !i->owners) {
		identity_free(i);
		return NULL;
	}
	look_first(i);
	return i;
}

void identity_free(struct identity *i)
{
	if (!i)
		return;
	containers_free(i->containers);
	if (i->owners)
		map_free(i->owners);
	free(i);
}

void identity_look(struct identity *i, uint64_t now_ns)
{
	uint64_t begin = clock_thread_ns();

	if (now_ns < i->next_look_ns)
		return;
	if (containers_look(i->containers))
		map_clear(i->owners);
	i->next_look_ns = now_ns + MAX(LOOK_NS, (clock_thread_ns() - begin) * LOOK_SHARE);
}

const struct containers *identity_containers(const struct identity *i)
{
	return i->containers;
}

const struct container *identity_container(const struct identity *i, const char *id)
{
	return i && id[0] ? containers_find(i->containers, id) : NULL;
}

static void take_pod(struct owner *o, const struct container *c)
{
	memcpy(o->pod, c->pod, sizeof(o->pod));
	memcpy(o->pod_uid, c->pod_uid, sizeof(o->pod_uid));
}

static void take_container(struct owner *o, const struct container *c)
{
	if (c->sandbox)
		return;
	snprintf(o->container, sizeof(o->container), "%s", c->name[0] ? c->name : c->id);
	memcpy(o->container_id, c->id, sizeof(o->container_id));
}

static void take_owner(struct owner *o, const struct container *c)
{
	take_pod(o, c);
	take_container(o, c);
}

/* By the ids in the cgroup's path, where no runtime's folder has names. */
static bool owner_by_path(struct identity *i, uint32_t tgid, struct owner *o)
{
	char path[PROC_PATH_MAX];
	struct cgroup_ids ids = {0};
	const struct container *c;

	if (proc_cgroup("", (int32_t)tgid, path, sizeof(path)) < 0)
		return false;
	if (!cgroup_parse(path, &ids))
		return true;
	c = ids.container[0] ? containers_find(i->containers, ids.container) : NULL;
	if (c) {
		take_owner(o, c);
		return true;
	}
	snprintf(o->pod_uid, sizeof(o->pod_uid), "%s", ids.pod);
	snprintf(o->container, sizeof(o->container), "%s", ids.container);
	snprintf(o->container_id, sizeof(o->container_id), "%s", ids.container);
	return true;
}

/* NULL: not known. */
static const struct owner *owner_of_task(struct identity *i, const struct event *e)
{
	struct owner_key key = {.id = e->cgroup};
	struct owner found = {0}, *o = map_get(i->owners, &key);
	const struct container *c;

	if (o)
		return o;
	c = containers_of_cgroup(i->containers, e->cgroup);
	if (c)
		take_owner(&found, c);
	else if (!event_has(e, F_TGID) || !owner_by_path(i, e->tgid, &found))
		return NULL;
	o = map_put(i->owners, &key, NULL);
	if (o)
		*o = found;
	return o;
}

static const struct owner *owner_of_netns(struct identity *i, uint64_t inode)
{
	struct owner_key key = {.id = inode, .is_netns = 1};
	struct owner *o = map_get(i->owners, &key);
	const struct container *c;
	bool alone;

	if (o)
		return o;
	o = map_put(i->owners, &key, NULL);
	c = o ? containers_of_netns(i->containers, inode, &alone) : NULL;
	if (c)
		take_pod(o, c);
	if (c && alone)
		take_container(o, c);
	return o;
}

static void set(struct event *e, enum event_field f, const char **to, const char *text)
{
	if (!text[0] || event_has(e, f))
		return;
	*to = text;
	event_set(e, f);
}

/* A pod without a name has its UID for one. */
static void fill(struct event *e, const struct owner *o)
{
	set(e, F_POD, &e->pod, o->pod[0] ? o->pod : o->pod_uid);
	set(e, F_POD_UID, &e->pod_uid, o->pod_uid);
	set(e, F_CONTAINER, &e->container, o->container);
	set(e, F_CONTAINER_ID, &e->container_id, o->container_id);
}

static bool knows(const struct owner *o)
{
	return o && (o->pod[0] || o->pod_uid[0] || o->container[0]);
}

/* In a softirq the current task has nothing to do with the packet. */
static bool task_tells(const struct event *e)
{
	return event_has(e, F_CGROUP) && e->cgroup &&
	       (!event_has(e, F_CONTEXT) || !strcmp(event_context_name(e->context), "process"));
}

const struct event *identity_fill(struct identity *i, const struct event *e, struct event *copy)
{
	const struct owner *o;

	if (map_len(i->owners) >= OWNERS_MAX - 2)
		map_clear(i->owners);
	o = task_tells(e) ? owner_of_task(i, e) : NULL;
	if (!knows(o) && e->netns_inode && containers_len(i->containers))
		o = owner_of_netns(i, e->netns_inode);
	/* the host's end of a pod's pair */
	if (!knows(o) && e->peer_netns_inode && containers_len(i->containers))
		o = owner_of_netns(i, e->peer_netns_inode);
	if (!knows(o))
		return e;
	*copy = *e;
	fill(copy, o);
	return copy;
}
