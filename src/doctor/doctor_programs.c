/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_programs.h"

#include <stdio.h>

#include "probe.h"

static void try_probe(const struct probe *probe, const void *options, struct report *r)
{
	char what[CHECK_WHAT_MAX];
	struct err err = {""};
	struct check *c;
	int error = probe->try_load(options, ATTACH_AUTO, &err);

	snprintf(what, sizeof(what), "%s programs", probe->name);
	c = report_add(r, CHECK_KERNEL, what, "programs.%s", probe->name);
	check_set(c, CHECK_OK, "all were loaded");
	check_line(c, "loads");
	if (error >= 0)
		return;
	c->line[0] = '\0';
	check_load_error(c, err.text);
}

void doctor_programs(const struct config *config, struct report *r)
{
	char section[64];

	for (size_t i = 0; probes[i]; i++) {
		if (!probes[i]->try_load)
			continue;
		snprintf(section, sizeof(section), "probes.%s", probes[i]->name);
		try_probe(probes[i], config_get(config, section), r);
	}
}
