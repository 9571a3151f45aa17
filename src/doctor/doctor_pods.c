/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_pods.h"

#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "host_options.h"
#include "identity.h"
#include "pidns.h"
#include "plural.h"
#include "proc.h"
#include "proc_mount.h"

void doctor_judge_pids(const struct config *config, struct report *r)
{
	struct check *c = report_add(r, CHECK_RIGHTS, "PIDs", "rights.pids");
	uint32_t inode = pidns_of_proc("");

	if (!inode)
		check_set(c, CHECK_OK, "%s has those of the node", proc_mount());
	else if (host_pids_check(config, NULL) == 0)
		check_set(c, CHECK_INFO, "those of the PID namespace pid:[%u] are sent, by host.pids: any", inode);
	else
		check_set(c, CHECK_MISSING,
			  "%s has those of the PID namespace pid:[%u]: processes outside are not seen, and no "
			  "strategy is sent",
			  proc_mount(), inode);
	if (c->state == CHECK_MISSING)
		check_remedy(c, "in the pod's manifest hostPID: true; or a hostPath volume of the node's /proc at "
				"/host/proc, and host.proc: /host/proc");
}

/* Processes that run in a pod, by their cgroups. */
static size_t count_in_pods(const char *root)
{
	_cleanup_(proc_list_free) struct proc_list list = {0};
	char path[PROC_PATH_MAX];
	struct cgroup_ids ids;
	size_t n = 0;

	if (proc_list(root, &list, NULL) < 0)
		return 0;
	for (size_t i = 0; i < list.len; i++)
		if (proc_cgroup(root, list.items[i].pid, path, sizeof(path)) == 0 && cgroup_parse(path, &ids))
			n += ids.pod[0] != '\0';
	return n;
}

/* Number of containers of the runtime with that state folder. */
static size_t judge_folder(const struct containers *containers, const char *folder, struct report *r)
{
	const struct container *c;
	size_t cursor = 0, n = 0, in_pods = 0;
	struct check *check;

	while (containers && (c = containers_next(containers, &cursor))) {
		if (c->gone || !c->state || strcmp(c->state, folder))
			continue;
		n++;
		in_pods += c->pod[0] != '\0';
	}
	if (!n && access(folder, F_OK) < 0)
		return 0;
	check = report_add(r, CHECK_CONTAINERS, "runtime", "containers.%s", folder);
	check_set(check, CHECK_OK, "%s: %zu container%s, %zu of them of pods", folder, n, plural(n), in_pods);
	return n;
}

void doctor_judge_runtimes(const struct doctor_options *options, struct report *r)
{
	const struct containers_options *o = config_get(options->config, containers_section.name);
	size_t n = 0, in_pods;
	struct check *c;

	for (size_t i = 0; o && i < o->state.len; i++)
		n += judge_folder(options->containers, o->state.items[i], r);
	in_pods = n ? 0 : count_in_pods(options->root);
	if (!in_pods)
		return;
	c = report_add(r, CHECK_CONTAINERS, "names", "containers.names");
	check_set(c, CHECK_MISSING,
		  "%zu process%s in pods, and no folder of containers.state has a container: pods have no names, "
		  "--pod finds none",
		  in_pods, in_pods == 1 ? " runs" : "es run");
	check_remedy(c, "mount the state folder of the runtime (hostPath /run/containerd, read-only), or name it in "
			"containers.state");
}
