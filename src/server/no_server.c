/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All of the room where the build has no server (-Dserver=disabled). */
#include "server.h"

static const struct config_option no_options[] = {{0}};

const struct option_section server_section = {
	.name = "server",
	.help = "the embedded API server",
	.options = no_options,
	.absent = "this build of teide has no server",
};
