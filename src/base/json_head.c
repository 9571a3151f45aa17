/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "json_head.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"

const char *host_node(char name[static NODE_NAME_MAX])
{
	if (gethostname(name, NODE_NAME_MAX) < 0)
		snprintf(name, NODE_NAME_MAX, "localhost");
	name[NODE_NAME_MAX - 1] = '\0';
	return name;
}

void json_head(struct jw *j, const char *node, uint64_t real_ns)
{
	char name[NODE_NAME_MAX], ts[CLOCK_TEXT_MAX];

	jw_u64(j, "schema", JSON_SCHEMA);
	jw_string(j, "node", node ?: host_node(name));
	jw_string(j, "ts", clock_format(real_ns, ts));
}

void json_head_now(struct jw *j, const char *node, const char *event)
{
	json_head(j, node, clock_real_ns());
	jw_string(j, "event", event);
}
