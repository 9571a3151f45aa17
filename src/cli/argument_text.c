/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "argument_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"

int parse_seconds(const char *text, double most, uint64_t *ret_ns)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	if (errno || end == text || *end || !(seconds > 0 && seconds <= most))
		return -EINVAL;
	*ret_ns = MAX((uint64_t)(seconds * NSEC_PER_SEC), 1);
	return 0;
}

int apply_key(const struct settings *settings, char *text, struct err *err)
{
	char *value = strchr(text, '=');

	if (!value)
		return err_set(err, -EINVAL, "--set %s: write it as key=value", text);
	*value = '\0';
	return config_set(settings->config, text, value + 1, err);
}

char *make_printable(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}
