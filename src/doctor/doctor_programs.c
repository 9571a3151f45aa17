/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_programs.h"

#include <stdio.h>

#include "probe.h"

/* error: why the programs did not load; "": they did. */
static void judge_programs(const struct probe *probe, const char *error, struct report *r)
{
	char what[CHECK_WHAT_MAX];
	struct check *c;

	snprintf(what, sizeof(what), "%s programs", probe->name);
	c = report_add(r, CHECK_KERNEL, what, "programs.%s", probe->name);
	check_set(c, CHECK_OK, "all were loaded");
	check_line(c, "loads");
	if (!error[0])
		return;
	c->line[0] = '\0';
	check_load_error(c, error);
}

void doctor_programs(const struct config *config, uint64_t started, struct report *r)
{
	char section[64];

	for (size_t i = 0; probes[i]; i++) {
		struct err err = {""};

		if (!probes[i]->try_load)
			continue;
		snprintf(section, sizeof(section), "probes.%s", probes[i]->name);
		if (!(started >> i & 1))
			probes[i]->try_load(config_get(config, section), ATTACH_AUTO, &err);
		judge_programs(probes[i], err.text, r);
	}
}
