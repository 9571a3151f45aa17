/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Container and pod out of a cgroup's path, as the kubelet's two cgroup drivers, containerd, CRI-O,
 * Docker and Podman name them. Pure. */
#pragma once

#include <stdbool.h>

#define CGROUP_CONTAINER_MAX 65 /* 64 hexadecimal digits and NUL */
#define CGROUP_POD_MAX 37	/* a UUID and NUL */

struct cgroup_ids {
	char container[CGROUP_CONTAINER_MAX]; /* "" when the path names none */
	char pod[CGROUP_POD_MAX];	      /* the UID in its dashed form; or, of a static pod,
						 32 digits; "" when the path names none */
};

/* False when the path names neither. The innermost container counts. */
bool cgroup_parse(const char *path, struct cgroup_ids *ret);
