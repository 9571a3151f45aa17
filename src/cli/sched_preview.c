/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_preview.h"

#include <errno.h>

#include "argument_text.h"
#include "cleanup.h"
#include "preview_show.h"

#define LONGEST_S 86400.0

int sched_preview(const struct settings *settings, const char *duration, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {0};
	uint64_t ns = 0;
	int r;

	if (duration && parse_seconds(duration, LONGEST_S, &ns) < 0)
		return err_set(err, -EINVAL, "--duration %s: it is a number of seconds, at most a day",
			       duration);
	r = preview_run(settings, ns, &p, err);
	if (r < 0)
		return r;
	(json ? preview_json : preview_text)(&p, config_get(settings->config, "sched"));
	return 0;
}
