/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is wrong with the options wherever they are used. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "flow_run.h"

static int check_entry(const char *entry, struct err *err)
{
	const char *slash = strrchr(entry, '/'), *name = slash ? slash + 1 : entry;

	if (!*name || slash == entry)
		return err_set(err, -EINVAL, "it is written [NETNS/]INTERFACE");
	if (!strpbrk(name, "*?[") && strlen(name) >= IF_NAMESIZE)
		return err_set(err, -EINVAL, "the name of an interface has at most %d bytes", IF_NAMESIZE - 1);
	return 0;
}

int flow_check(const void *options, struct err *err)
{
	const struct flow_options *o = options;
	struct flow_filter filter;
	int r;

	for (size_t i = 0; i < o->interfaces.len; i++) {
		r = check_entry(o->interfaces.items[i], err);
		if (r < 0)
			return err_prefix(err, r, "probes.flow.interfaces: '%s' (entry %zu)", o->interfaces.items[i],
					  i + 1);
	}
	return flow_filter_make(o, &filter, err);
}
