/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_pods.h"

#include "host_options.h"
#include "pidns.h"
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
