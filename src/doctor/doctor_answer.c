/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_answer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "buf.h"
#include "cleanup.h"
#include "decide.h"
#include "doctor.h"
#include "identity.h"

/* The API server that strategies go to, or why none is asked. */
static void choose_api(struct doctor_options *o, const struct doctor_task *task)
{
	const struct gthulhu_options *api = config_get(task->settings->config, "api");
	const struct sched_options *sched = config_get(task->settings->config, "sched");

	if (sched->backend == SCHED_LOCAL || sched->backend == SCHED_NONE)
		o->no_api = sched->backend == SCHED_LOCAL ? "not needed: sched.backend is local"
							  : "not needed: sched.backend is none";
	else if (!api->enabled)
		o->no_api = "not needed: api.enabled is false";
	else if (!task->names_api)
		o->no_api = "not asked: no configuration names one";
	else
		o->api = api;
}

static int write_report(const struct report *report, const struct doctor_task *task, struct err *err)
{
	_cleanup_(buf_free) struct buf out = {0};
	char node[NODE_NAME_MAX];
	struct utsname uts = {0};

	uname(&uts);
	const struct report_heading heading = {
		.version = task->version, .kernel = uts.release, .node = settings_node(task->settings, node)};

	(task->json ? report_json : report_text)(report, &heading, &out);
	if (out.failed || fputs(out.data, stdout) == EOF || fflush(stdout) == EOF)
		return err_set(err, -EIO, "the findings could not be written");
	return 0;
}

int doctor_answer(const struct doctor_task *task, enum report_verdict *ret, struct err *err)
{
	struct identity *identity = identity_new(config_get(task->settings->config, "containers"));
	struct doctor_options options = {.root = "",
					 .config = task->settings->config,
					 .containers = identity ? identity_containers(identity) : NULL};
	_cleanup_(report_free) struct report report = {0};

	choose_api(&options, task);
	doctor_run(&options, &report);
	identity_free(identity);
	*ret = report_verdict(&report);
	return write_report(&report, task, err);
}
