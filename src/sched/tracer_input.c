/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tracer_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "decide.h"

static int append_item(const struct settings *s, const char *key, const struct string_list *list, const char *item,
		       struct err *err)
{
	_cleanup_(buf_free) struct buf text = {0};

	for (size_t i = 0; i < list->len; i++) {
		if (!strcmp(list->items[i], item))
			return 0;
		buf_printf(&text, "%s,", list->items[i]);
	}
	buf_str(&text, item);
	return text.failed ? err_oom(err) : config_set(s->config, key, text.data, err);
}

int add_tracer_input(const struct settings *s, const char *probe, const char *input, struct err *err)
{
	const struct sched_options *sched = config_get(s->config, "sched");
	char key[64];
	int r;

	snprintf(key, sizeof(key), "probes.%s.input", probe);
	r = config_set(s->config, key, input, err);
	if (r == 0)
		r = append_item(s, "run.probes", &settings_run(s)->probes, probe, err);
	return r < 0 ? r : append_item(s, "sched.evidence", &sched->evidence, probe, err);
}
