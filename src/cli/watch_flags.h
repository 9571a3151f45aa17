/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flags that flows and trace have in common. */
#pragma once

#include <argp.h>
#include <stdbool.h>

#include "settings.h"
#include "watch.h"

struct watch_flags {
	struct string_list probes;     /* --probe */
	struct string_list places;     /* --netns, --pod, --container, --all */
	struct string_list interfaces; /* -i */
	struct string_list keys;       /* --set */
	const char *config_path, *duration;
	bool quiet;

	struct watch_task task; /* what the flags ask for; whole after watch_flags_load() */
	struct settings settings;
};

/* A child for argp: its input is a struct watch_flags. */
extern const struct argp watch_argp;

/* Loads the configuration and puts the flags into it. */
int watch_flags_load(struct watch_flags *w, const struct string_list *default_probes, struct err *err);
void watch_flags_free(struct watch_flags *w);
