/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In place of cmd_server.c where the build has no server (-Dserver=disabled). */
#include <errno.h>

#include "args.h"
#include "cmd.h"
#include "server.h"

const char cmd_server_help[] = "not in this build";

/* Whatever the options are: also --help shows nothing that could be had here. */
int cmd_server(int argc, char **argv)
{
	struct err err = {0};

	return args_exit(err_set(&err, -EOPNOTSUPP, "%s", server_section.absent), &err);
}
