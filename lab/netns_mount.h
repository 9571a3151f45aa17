/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Named network namespaces under /run/netns, as ip-netns(8) makes them, so that its exec works. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "ns.h"

/* Whether /run/netns has that name; -errno. */
int lab_netns_exists(const char *name, struct err *err);

/* Makes /run/netns a shared mount, as ip does: a namespace deleted later goes from the mount
 * namespaces of "ip netns exec" too. marker is a file that is made first when there is work to do.
 */
int lab_netns_dir_make(const char *marker, struct err *err);

/* Takes that mount away where marker exists and no namespace is left on it, and removes marker:
 * what is still in use then belongs to another program. keep_busy: it is another lab's, and marker stays.
 */
int lab_netns_dir_remove(const char *marker, bool keep_busy, struct err *err);

/* Makes a namespace and calls setup in it. -EEXIST when the name is taken. */
int lab_netns_add(const char *name, ns_fn setup, void *data, struct err *err);

/* Calls fn in the namespace, as ns_call() does. */
int lab_netns_call(const char *name, ns_fn fn, void *data, struct err *err);

/* 0 too when there is none. */
int lab_netns_remove(const char *name, struct err *err);
