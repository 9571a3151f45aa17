/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "argument_text.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "parse.h"

#define DURATION_MAX_NS (30000 * 3600 * NSEC_PER_SEC)

int read_duration_flag(const char *text, uint64_t *ret_ns, struct err *err)
{
	int r = parse_seconds(text, NSEC_PER_MSEC, DURATION_MAX_NS, ret_ns, err);

	return r < 0 ? err_prefix(err, r, "--duration") : 0;
}

int refuse_zero_flag(const char *flag, const char *value, struct err *err)
{
	uint64_t n;
	int r = parse_u64(value, 1, UINT64_MAX, &n, err);

	return r < 0 ? err_prefix(err, r, "--%s", flag) : 0;
}

int apply_key(const struct settings *settings, char *text, struct err *err)
{
	char *value = strchr(text, '=');

	if (!value)
		return err_set(err, -EINVAL, "--set %s: write it as key=value", text);
	*value = '\0';
	return config_set(settings->config, text, value + 1, err);
}
