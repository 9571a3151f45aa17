/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The containers of this node and the pods that they belong to, by what their runtimes left in their state folders:
 *each bundle's config.json and pid. Followed by looking again; nothing is asked, no runtime's socket opened.
 *
 *	containerd	STATE/io.containerd.runtime.v2.task/NAMESPACE/ID/{config.json,init.pid}
 *	CRI-O		STATE/overlay-containers/ID/userdata/{config.json,pidfile}
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTAINERS_MAX 4096
#define CONTAINER_ID_MAX 128 /* containerd takes up to 76 characters */
#define CONTAINER_NAME_MAX 256
#define POD_NAME_MAX 320 /* "NAMESPACE/NAME": 63 and 253 characters, and NUL */
#define POD_UID_MAX 64
#define POD_LABELS_MAX 1024

struct container {
	char id[CONTAINER_ID_MAX];
	char name[CONTAINER_NAME_MAX]; /* as Kubernetes has it; else "", and the id is all there is */
	char pod[POD_NAME_MAX];	       /* "NAMESPACE/NAME"; "" when it is in no pod, or it is not known */
	char pod_uid[POD_UID_MAX];     /* "" the same */
	char labels[POD_LABELS_MAX];   /* of the pod where the runtime tells (CRI-O): "KEY=VALUE\n" each */
	bool sandbox;		       /* the pod's own, which only holds its namespaces */
	const char *state;	       /* the state folder of its runtime; borrowed as those of containers_new() */
	bool gone;		       /* a moment ago: rows may still be of it */
	int32_t pid;		       /* its first process; 0: not known yet */
	uint64_t netns_inode;	       /* 0: not known yet, or the host's */
	char netns_path[CONTAINER_NAME_MAX]; /* where that one is opened: a mount, or /proc/PID/ns/net */
	uint64_t cgroup_id;		     /* of its first process, in the unified hierarchy; 0: not known */
};

struct containers;

/* state: the runtimes' state folders, an array that ends with NULL and outlives this. root is put before each path: ""
 * but in tests. NULL when out of memory. */
struct containers *containers_new(const char *root, char *const *state);
void containers_free(struct containers *c); /* NULL is fine */

/* Looks what there is. Whether anything is other than before. What a look costs is bounded: the files that it
 * did not come to are left to the next looks. */
bool containers_look(struct containers *c);
size_t containers_unread(const struct containers *c); /* such files, at the last look */

uint64_t containers_changes(const struct containers *c); /* how many looks found something other */
size_t containers_len(const struct containers *c);
size_t containers_left_out(const struct containers *c); /* beyond CONTAINERS_MAX, at the last look */

/* All of them, in no order: start with *cursor = 0; NULL at the end. Valid until the next look. */
const struct container *containers_next(const struct containers *c, size_t *cursor);

const struct container *containers_find(const struct containers *c, const char *id); /* or NULL */
const struct container *containers_of_cgroup(const struct containers *c, uint64_t cgroup_id);

/* A container that lives in the network namespace; NULL: no container does. A sandbox is returned only where no other
 * container is there. *ret_alone: no other container of the pod was ever seen in that namespace, so that all packets
 * there are of the returned container. */
const struct container *containers_of_netns(const struct containers *c, uint64_t inode, bool *ret_alone);

/* "NAME", "NAMESPACE/NAME" with patterns, the UID, or "KEY=VALUE" of a label. */
bool container_in_pod(const struct container *c, const char *pattern);
/* The name or the id, patterns welcome, or an id's first 12 characters or more. */
bool container_is(const struct container *c, const char *pattern);
