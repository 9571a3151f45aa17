/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose an event is: the container and the pod of its task, else those that own its network namespace. */
#pragma once

#include "containers.h"
#include "event.h"
#include "option.h"

/* containerd; MicroK8s; k3s and RKE2; k0s; Docker with a containerd of its own; CRI-O. */
#define IDENTITY_STATE_FOLDERS                                                                                         \
	"/run/containerd, /var/snap/microk8s/common/run/containerd, /run/k3s/containerd, /run/k0s/containerd, "        \
	"/run/docker/containerd, /run/docker/containerd/daemon, /run/containers/storage"

struct containers_options { /* section "containers" */
	struct string_list state;
};

extern const struct option_section containers_section;

struct identity;

/* Knows the containers that are there. The options outlive it. NULL when out of memory. */
struct identity *identity_new(const struct containers_options *o);
void identity_free(struct identity *i); /* NULL is fine */

/* Looks which containers have come and gone, at most every so often. */
void identity_look(struct identity *i, uint64_t now_ns);
const struct containers *identity_containers(const struct identity *i);

/* The container of that id; NULL where none is known, also by an identity that is NULL. */
const struct container *identity_container(const struct identity *i, const char *id);

/* The event with what is known of pod and container, in *copy or, where nothing is, itself. What it borrows is valid
 * until the next call. */
const struct event *identity_fill(struct identity *i, const struct event *e, struct event *copy);
