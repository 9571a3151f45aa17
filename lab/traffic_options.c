/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "cleanup.h"
#include "traffic.h"
#include "traffic_internal.h"

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
		.duration_s = 10,
		.download_bytes = 256 << 10,
		.malformed_count = 1,
	};
}

static uint64_t unit_of(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 1ULL << 10;
	case 'M':
		return 1ULL << 20;
	case 'G':
		return 1ULL << 30;
	default:
		return 0;
	}
}

/* Decimal digits and, for sizes, one unit letter. */
static int parse_number(const char *text, bool size, uint64_t max, uint64_t *ret)
{
	const char *p = text;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > max)
			return -EINVAL;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return -EINVAL;
	if (size && *p && !p[1]) {
		uint64_t unit = unit_of(*p++);

		if (!unit || v > max / unit)
			return -EINVAL;
		v *= unit;
	}
	if (*p || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int set_malformed(struct lab_traffic_options *o, const char *value, struct err *err)
{
	for (const char *p = value; *p;) {
		size_t len = strcspn(p, ",");
		unsigned kinds = len == 3 && !strncmp(p, "all", 3) ? LAB_MALFORMED_ALL : 0;

		for (unsigned i = 0; i < LAB_MALFORMED_KINDS; i++)
			if (len == strlen(malformed_names[i]) &&
			    !strncmp(p, malformed_names[i], len))
				kinds = 1U << i;
		if (!kinds)
			return err_set(
				err, -EINVAL,
				"--malformed '%s' does not do: short, version, length, chain, "
				"several by commas, or all",
				value);
		o->malformed |= kinds;
		p += len + (p[len] == ',');
	}
	return o->malformed ? 0 : err_set(err, -EINVAL, "--malformed names no kind");
}

static int set_word(struct lab_traffic_options *o, const char *name, const char *value,
		    struct err *err)
{
	if (!strcmp(name, "malformed"))
		return set_malformed(o, value, err);
	if (!strcmp(name, "family")) {
		if (strcmp(value, "4") && strcmp(value, "6"))
			return err_set(err, -EINVAL, "--family '%s' does not do: 4 or 6", value);
		o->family = *value == '4' ? LAB_FAMILY_IPV4 : LAB_FAMILY_IPV6;
		return 0;
	}
	if (strcmp(name, "o"))
		return err_set(err, -ENOENT, "unknown option --%s", name);
	if (strcmp(value, "text") && strcmp(value, "json"))
		return err_set(err, -EINVAL, "-o '%s' does not do: text or json", value);
	o->json = !strcmp(value, "json");
	return 0;
}

int lab_traffic_option(struct lab_traffic_options *o, const char *name, const char *value,
		       struct err *err)
{
	const struct {
		const char *name;
		unsigned *value;
		unsigned max;
	} numbers[] = {
		{"duration", &o->duration_s, 86400},
		{"rate", &o->rate, 1000000},
		{"ue", &o->ue, LAB_UES_MAX},
		{"count", &o->count, INT_MAX},
		{"downloads", &o->downloads, INT_MAX},
		{"signalling", &o->signalling, INT_MAX},
		{"malformed-count", &o->malformed_count, INT_MAX},
	};
	uint64_t v;

	if (!strcmp(name, "download")) {
		if (parse_number(value, true, 1ULL << 40, &o->download_bytes) == 0)
			return 0;
		return err_set(err, -EINVAL, "--download '%s' does not do: 0 to 1024G", value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(name, numbers[i].name))
			continue;
		if (parse_number(value, false, numbers[i].max, &v) < 0)
			return err_set(err, -EINVAL, "--%s '%s' does not do: a number up to %u",
				       name, value, numbers[i].max);
		*numbers[i].value = (unsigned)v;
		return 0;
	}
	return set_word(o, name, value, err);
}
