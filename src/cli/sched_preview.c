/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_preview.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "clock.h"
#include "preview_show.h"

#define LONGEST_S 86400.0

static int read_duration(const char *text, uint64_t *ret_ns, struct err *err)
{
	double seconds;
	char *end;

	*ret_ns = 0;
	if (!text)
		return 0;
	errno = 0;
	seconds = strtod(text, &end);
	if (errno || end == text || *end || !(seconds > 0 && seconds <= LONGEST_S))
		return err_set(err, -EINVAL, "--duration %s: it is a number of seconds, at most a day",
			       text);
	*ret_ns = MAX((uint64_t)(seconds * (double)NSEC_PER_SEC), 1);
	return 0;
}

int sched_preview(const struct settings *settings, const char *duration, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {0};
	uint64_t ns;
	int r = read_duration(duration, &ns, err);

	if (r == 0)
		r = preview_run(settings, ns, &p, err);
	if (r < 0)
		return r;
	(json ? preview_json : preview_text)(&p, config_get(settings->config, "sched"));
	return 0;
}
