/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_interfaces.h"

#include <stdio.h>
#include <string.h>

#include "probe.h"

/* "REASON; WAY OUT" */
static void check_warning(struct check *c, const char *warning)
{
	const char *way_out = strstr(warning, "; ");

	check_set(c, CHECK_LIMITED, "%.*s", way_out ? (int)(way_out - warning) : (int)strlen(warning), warning);
	check_remedy(c, "%s", way_out ? way_out + 2 : "watch another interface of the way");
}

static void on_row(void *data, const struct plan_row *row)
{
	struct check *c = report_add(data, CHECK_NETWORK, row->hook, "interface.%s", row->hook);

	if (row->warning) {
		check_warning(c, row->warning);
		return;
	}
	if (strcmp(row->method, "skip") != 0) {
		check_set(c, CHECK_OK, "can be watched by %s: %s", row->method, row->reason);
		check_line(c, "interfaces that can be watched by %s: %s", row->method, row->reason);
		return;
	}
	check_set(c, CHECK_MISSING, "not watched: %s", row->reason);
	check_remedy(c,
		     "name it as it is in the configuration's interfaces, or leave it there: the service waits for it");
}

/* As the service would attach, for a moment. Where it cannot run at all, the kernel's and the rights' checks say so. */
static bool try_probe(const struct probe *probe, const struct probe_env *env, struct report *r)
{
	struct probe_run *run;

	if (probe->start(&run, env, NULL) < 0)
		return false;
	probe->plan(run, on_row, r);
	probe->stop(run);
	return true;
}

void doctor_interfaces(const struct config *config, const struct containers *containers, struct report *r,
		       uint64_t *ret_started)
{
	char section[64];

	*ret_started = 0;
	for (size_t i = 0; probes[i]; i++) {
		if (!probes[i]->at_interfaces)
			continue;
		snprintf(section, sizeof(section), "probes.%s", probes[i]->name);
		const struct probe_env env = {.options = config_get(config, section),
					      .events = true,
					      .newcomers = true,
					      .containers = containers,
					      .wait = true,
					      .trial = true};

		if (try_probe(probes[i], &env, r))
			*ret_started |= UINT64_C(1) << i;
	}
}
