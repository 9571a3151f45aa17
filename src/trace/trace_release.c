/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "trace_release.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "json_line.h"
#include "escape.h"
#include "log.h"
#include "release.h"

#define PATIENCE_NS (5 * NSEC_PER_SEC)
#define PAUSE_NS (10 * NSEC_PER_MSEC)

/* 0 also for a module that is no longer loaded. */
static unsigned references_of(const char *module)
{
	_cleanup_fclose_ FILE *file = NULL;
	unsigned n = 0;
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%u", &n) != 1)
		return 0;
	return n;
}

/* The kernel frees a program some moments after its last reference has gone, and only then releases the module. */
static unsigned wait_for_kernel(const char *module)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t end = clock_boot_ns() + PATIENCE_NS;
	unsigned n;

	while ((n = references_of(module)) && clock_boot_ns() < end)
		nanosleep(&pause, NULL);
	return n;
}

static void print_json(const struct release_answers *a)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, NULL, "release");

	jw_u64(j, "asked", a->asked);
	jw_u64(j, "released", a->held);
	jw_string(j, "modules", a->modules);
	json_line_end(&line);
}

static void print_text(const struct release_answers *a)
{
	char shown[ESCAPED_MAX(sizeof(a->modules))];

	if (a->held)
		printf("%zu detached from %s\n", a->held, escape_text_to(shown, sizeof(shown), a->modules));
	else
		printf("0 detached: no teide here holds a module (%zu asked)\n", a->asked);
}

int trace_release(bool json, struct err *err)
{
	struct release_answers a;
	char *rest = a.modules, *module;
	int r = release_ask(&a, err);

	/* When a teide could not be asked, "0" might be wrong. */
	if (r >= 0 || a.held)
		(json ? print_json : print_text)(&a);
	while (a.held && (module = strsep(&rest, " "))) {
		unsigned n = wait_for_kernel(module);

		if (n)
			log_warning("%s: %u more references, which are not teide's: lsmod, bpftool prog", module, n);
	}
	return r;
}
