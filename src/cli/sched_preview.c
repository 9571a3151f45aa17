/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_preview.h"

#include <errno.h>

#include "argument_text.h"
#include "cleanup.h"
#include "preview_show.h"

int sched_preview(const struct settings *settings, const char *duration, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {0};
	uint64_t ns = 0;
	int r = duration ? read_duration_flag(duration, &ns, err) : 0;

	if (r < 0)
		return r;
	r = preview_run(settings, ns, &p, err);
	if (r < 0)
		return r;
	(json ? preview_json : preview_text)(&p, config_get(settings->config, "sched"));
	return 0;
}
