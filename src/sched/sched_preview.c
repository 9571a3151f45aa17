/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_preview.h"

#include "cleanup.h"
#include "host_options.h"
#include "log.h"
#include "preview_show.h"

int sched_preview(const struct settings *settings, uint64_t duration_ns, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {0};
	struct err unsent = {0};
	int r = preview_run(settings, duration_ns, &p, err);

	if (r < 0)
		return r;
	p.unsent = host_pids_check(settings->config, &unsent) < 0;
	if (p.unsent)
		log_warning("%s", unsent.text);
	(json ? preview_json : preview_text)(&p, config_get(settings->config, "sched"));
	return 0;
}
