/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json_head.h"
#include "vec.h"

static const char *const state_names[] = {"ok", "info", "limited", "missing"};
static const char *const verdict_names[] = {"usable", "limited", "unusable"};
static const char *const group_names[CHECK_GROUPS] = {"kernel",	 "rights",     "modules",   "functions",
						      "network", "containers", "scheduler", "api"};

const char *check_state_name(enum check_state s)
{
	return state_names[s];
}

const char *report_verdict_name(enum report_verdict v)
{
	return verdict_names[v];
}

void report_free(struct report *r)
{
	free(r->checks);
	*r = (struct report){0};
}

static struct check *new_check(struct report *r)
{
	if (r->len < REPORT_CHECKS_MAX && VEC_ROOM(r->checks, r->len))
		return &r->checks[r->len++];
	r->left_out++;
	return &r->spare;
}

struct check *report_add(struct report *r, enum check_group group, const char *what, const char *format, ...)
{
	struct check *c = new_check(r);
	va_list ap;

	*c = (struct check){.group = group};
	snprintf(c->what, sizeof(c->what), "%s", what);
	va_start(ap, format);
	vsnprintf(c->id, sizeof(c->id), format, ap);
	va_end(ap);
	return c;
}

void report_append(struct report *r, struct report *part)
{
	for (size_t i = 0; i < part->len; i++)
		*new_check(r) = part->checks[i];
	r->left_out += part->left_out;
	report_free(part);
}

void check_set(struct check *c, enum check_state state, const char *format, ...)
{
	va_list ap;

	c->state = state;
	va_start(ap, format);
	vsnprintf(c->detail, sizeof(c->detail), format, ap);
	va_end(ap);
}

/* A command that is cut is another command: rather none. */
void check_remedy(struct check *c, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(c->remedy, sizeof(c->remedy), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(c->remedy))
		c->remedy[0] = '\0';
}

void check_line(struct check *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(c->line, sizeof(c->line), format, ap);
	va_end(ap);
}

void check_prefix(struct check *c, const char *format, ...)
{
	char prefix[CHECK_WHAT_MAX], rest[CHECK_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(prefix, sizeof(prefix), format, ap);
	va_end(ap);
	memcpy(rest, c->detail, sizeof(rest));
	snprintf(c->detail, sizeof(c->detail), "%s%.*s", prefix, (int)(sizeof(rest) - sizeof(prefix)), rest);
}

void check_load_error(struct check *c, const char *error)
{
	const char *way_out = strstr(error, "; ");
	size_t len = way_out ? (size_t)(way_out - error) : strlen(error);

	check_set(c, CHECK_MISSING, "%s", error);
	c->detail[MIN(len, sizeof(c->detail) - 1)] = '\0';
	check_remedy(c, "%s",
		     way_out			    ? way_out + 2
		     : strstr(error, "run as root") ? "run as root, or with the rights below"
						    : "use another kernel, and report it");
}

enum report_verdict report_verdict(const struct report *r)
{
	enum report_verdict v = REPORT_USABLE;

	for (size_t i = 0; i < r->len; i++) {
		if (r->checks[i].state == CHECK_MISSING && r->checks[i].fatal)
			return REPORT_UNUSABLE;
		if (r->checks[i].state >= CHECK_LIMITED)
			v = REPORT_LIMITED;
	}
	return v;
}

static void write_optional(struct jw *j, const char *key, const char *value)
{
	if (value && value[0])
		jw_string(j, key, value);
}

static void write_check(struct jw *j, const struct check *c)
{
	jw_object(j, NULL);
	jw_string(j, "id", c->id);
	jw_string(j, "group", group_names[c->group]);
	jw_string(j, "what", c->what);
	jw_string(j, "state", state_names[c->state]);
	write_optional(j, "netns", c->netns);
	write_optional(j, "detail", c->detail);
	write_optional(j, "do", c->remedy);
	jw_object_end(j);
}

void report_json(const struct report *r, const struct report_heading *h, struct buf *out)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	json_head_now(&j, h->node, "doctor");
	jw_string(&j, "teide", h->version);
	jw_string(&j, "kernel", h->kernel);
	jw_string(&j, "verdict", report_verdict_name(report_verdict(r)));
	if (r->left_out)
		jw_u64(&j, "left_out", r->left_out);
	jw_array(&j, "checks");
	for (size_t i = 0; i < r->len; i++)
		write_check(&j, &r->checks[i]);
	jw_array_end(&j);
	jw_object_end(&j);
	buf_char(out, '\n');
}
