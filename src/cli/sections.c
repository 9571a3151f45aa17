/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sections of the configuration, in the order in which `teide config` shows them. */
#include "adaptive.h"
#include "decide.h"
#include "gthulhu.h"
#include "host_options.h"
#include "identity.h"
#include "local.h"
#include "process_watch.h"
#include "server.h"
#include "settings.h"

const struct option_section *const settings_sections[] = {
	&run_section,	&api_section,  &processes_section,  &sched_section,  &adaptive_section,
	&local_section, &host_section, &containers_section, &server_section, NULL};
