/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: what a bundle's config.json (OCI runtime specification) says of names. */
#pragma once

#include "containers.h"

/* Names, pod, labels and, where it says one, the path of its network namespace, with *ret_own_netns false when it has
 * the host's. path is no link; ret has the id, by which Docker's
 * own names are found below root. 0, or -EINVAL and -EFBIG for what is no config.json: what was refused once is
 * refused again. Every other -errno says nothing about the file. */
int bundle_read(const char *root, const char *path, struct container *ret, bool *ret_own_netns);
