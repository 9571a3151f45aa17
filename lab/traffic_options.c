/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "parse.h"
#include "traffic.h"
#include "traffic_internal.h"

#define DURATION_MAX_NS (24 * 3600 * NSEC_PER_SEC)
#define DOWNLOAD_MAX (1ULL << 40)

static const char *const malformed_names[LAB_MALFORMED_KINDS] = {
	[LAB_MALFORMED_SHORT] = "short",
	[LAB_MALFORMED_VERSION] = "version",
	[LAB_MALFORMED_LENGTH] = "length",
	[LAB_MALFORMED_CHAIN] = "chain",
};

const char *traffic_malformed_name(enum lab_malformed kind)
{
	return malformed_names[kind];
}

void lab_traffic_defaults(struct lab_traffic_options *o)
{
	*o = (struct lab_traffic_options){
		.duration_ns = 10 * NSEC_PER_SEC,
		.download_bytes = 256 << 10,
		.malformed_count = 1,
	};
}

static int set_malformed(struct lab_traffic_options *o, const char *value, struct err *err)
{
	for (const char *p = value; *p;) {
		size_t len = strcspn(p, ",");
		unsigned kinds = len == 3 && !strncmp(p, "all", 3) ? LAB_MALFORMED_ALL : 0;

		for (unsigned i = 0; i < LAB_MALFORMED_KINDS; i++)
			if (len == strlen(malformed_names[i]) && !strncmp(p, malformed_names[i], len))
				kinds = 1U << i;
		if (!kinds)
			return err_set(err, -EINVAL,
				       "'%s' is not understood; write short, version, length, chain, several "
				       "by commas, or all",
				       value);
		o->malformed |= kinds;
		p += len + (p[len] == ',');
	}
	return o->malformed ? 0 : err_set(err, -EINVAL, "it names no kind; write short, version, length, chain or all");
}

static int set_number(struct lab_traffic_options *o, const char *name, const char *value, struct err *err)
{
	const struct {
		const char *name;
		unsigned *value;
		unsigned max;
	} numbers[] = {
		{"rate", &o->rate, 1000000},
		{"ue", &o->ue, LAB_UES_MAX},
		{"count", &o->count, INT_MAX},
		{"downloads", &o->downloads, INT_MAX},
		{"signalling", &o->signalling, INT_MAX},
		{"malformed-count", &o->malformed_count, INT_MAX},
	};
	uint64_t n;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(name, numbers[i].name))
			continue;
		r = parse_u64(value, 1, numbers[i].max, &n, err);
		if (r == 0)
			*numbers[i].value = (unsigned)n;
		return r;
	}
	return err_set(err, -ENOENT, "there is no such option");
}

static int set_family(struct lab_traffic_options *o, const char *value, struct err *err)
{
	if (strcmp(value, "4") && strcmp(value, "6"))
		return err_set(err, -EINVAL, "'%s' is not understood; write 4 or 6", value);
	o->family = *value == '4' ? LAB_FAMILY_IPV4 : LAB_FAMILY_IPV6;
	return 0;
}

static int set_form(struct lab_traffic_options *o, const char *value, struct err *err)
{
	if (strcmp(value, "text") && strcmp(value, "json"))
		return err_set(err, -EINVAL, "'%s' is not understood; write text or json", value);
	o->json = !strcmp(value, "json");
	return 0;
}

/* -ENOENT: there is no such option. */
static int set(struct lab_traffic_options *o, const char *name, const char *value, struct err *err)
{
	if (!strcmp(name, "malformed"))
		return set_malformed(o, value, err);
	if (!strcmp(name, "family"))
		return set_family(o, value, err);
	if (!strcmp(name, "o"))
		return set_form(o, value, err);
	if (!strcmp(name, "duration"))
		return parse_seconds(value, NSEC_PER_MSEC, DURATION_MAX_NS, &o->duration_ns, err);
	if (!strcmp(name, "download"))
		return parse_size(value, 0, DOWNLOAD_MAX, &o->download_bytes, err);
	return set_number(o, name, value, err);
}

int lab_traffic_option(struct lab_traffic_options *o, const char *name, const char *value, struct err *err)
{
	int r = set(o, name, value, err);

	return r < 0 ? err_prefix(err, r, "%s%s", name[1] ? "--" : "-", name) : 0;
}
