/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "host_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pidns.h"
#include "proc_mount.h"

static const char *const pids[] = {[HOST_PIDS_NODE] = "node", [HOST_PIDS_ANY] = "any", NULL};

static const struct config_option options[] = {
	{.key = "proc",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct host_options, proc),
	 .default_text = "/proc",
	 .help = "the /proc whose processes are looked at: in a pod without hostPID the host's, where it is mounted, "
		 "as /host/proc"},
	{.key = "pids",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct host_options, pids),
	 .default_text = "node",
	 .choices = pids,
	 .help = "which PIDs are sent to an API server: node, those of the node's own PID namespace, in another "
		 "nothing is sent; any, those of host.proc, for a scheduler that lives in the same PID namespace"},
	{0},
};

static int check_host(const struct config *config, struct err *err);

const struct option_section host_section = {
	.name = "host",
	.help = "how a teide in a container sees the node",
	.options = options,
	.size = sizeof(struct host_options),
	.check = check_host,
};

/* What proc_mount_set() takes: a slash at the end says nothing more. */
static int read_mount(const struct config *config, char ret[static PROC_MOUNT_MAX], struct err *err)
{
	const struct host_options *o = config_get(config, host_section.name);
	size_t len = strlen(o->proc);

	while (len > 1 && o->proc[len - 1] == '/')
		len--;
	if (o->proc[0] != '/' || len < 2 || len >= PROC_MOUNT_MAX)
		return err_set(err, -EINVAL, "host.proc: '%s' is no path of a mount of /proc; write /host/proc",
			       o->proc);
	snprintf(ret, PROC_MOUNT_MAX, "%.*s", (int)len, o->proc);
	return 0;
}

static int check_host(const struct config *config, struct err *err)
{
	char path[PROC_MOUNT_MAX];

	return read_mount(config, path, err);
}

int host_options_apply(const struct config *config, struct err *err)
{
	char path[PROC_MOUNT_MAX];
	int r;

	if (!config_get(config, host_section.name))
		return 0;
	r = read_mount(config, path, err);
	return r < 0 ? r : proc_mount_set(path);
}

int host_pids_check(const struct config *config, struct err *err)
{
	const struct host_options *o = config_get(config, host_section.name);
	uint32_t inode = pidns_of_proc("");

	if (!inode || (o && o->pids == HOST_PIDS_ANY))
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       "%s has the PIDs of another PID namespace (pid:[%u]) than the node's: on the node they are "
		       "other processes, so none is sent; set hostPID: true, or mount the host's /proc and set "
		       "host.proc: /host/proc",
		       proc_mount(), inode);
}
