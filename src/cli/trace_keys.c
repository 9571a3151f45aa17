/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "trace_keys.h"

#include <errno.h>
#include <string.h>

#include "argument_text.h"

static bool is_of(const char *flag, const char *probe)
{
	size_t len = strlen(probe);

	return !strncmp(flag, probe, len) && flag[len] == '.';
}

/* A flag of a probe that does not run would choose nothing. */
static int add_flag(struct string_list *keys, const struct string_list *probes, const char *flag, struct err *err)
{
	const char *dot = strchr(flag, '.');
	int len = (int)(dot - flag);
	bool runs = false;

	for (size_t p = 0; p < probes->len; p++)
		runs |= is_of(flag, probes->items[p]);
	if (!runs)
		return err_set(err, -EINVAL,
			       "%s is a matter of the probe %.*s, which was not asked for: "
			       "--probe %.*s",
			       dot + 1, len, flag, len, flag);
	return string_list_add_format(keys, "probes.%s", flag) < 0 ? err_oom(err) : 0;
}

/* What both probes know by the same word goes to each; gtpu knows a TEID and a UE alone. */
static int add_filter(struct string_list *keys, const char *probe, const char *key, const char *value, struct err *err)
{
	bool is_gtpu = !strcmp(probe, "gtpu");
	int r = 0;

	if (is_gtpu && strcmp(key, "teid") && strcmp(key, "ue"))
		return err_set(err, -EINVAL, "--%s is a matter of the probe flow: --probe flow -i INTERFACE", key);
	if (is_gtpu && !strcmp(key, "teid"))
		r = refuse_zero_flag(key, value, err);
	if (r < 0)
		return r;
	return string_list_add_format(keys, "probes.%s.%s=%s", probe, key, value) < 0 ? err_oom(err) : 0;
}

static int add_filters(struct string_list *keys, const char *probe, const struct filter_flags *filter, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < filter->keys.len && r == 0; i++)
		r = add_filter(keys, probe, filter->keys.items[i], filter->values.items[i], err);
	return r;
}

int trace_keys_add(struct string_list *keys, const struct string_list *probes, const struct string_list *flags,
		   const struct filter_flags *filter, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < flags->len && r == 0; i++)
		r = add_flag(keys, probes, flags->items[i], err);
	for (size_t i = 0; i < probes->len && r == 0; i++)
		if (!strcmp(probes->items[i], "gtpu") || !strcmp(probes->items[i], "flow"))
			r = add_filters(keys, probes->items[i], filter, err);
	return r;
}
