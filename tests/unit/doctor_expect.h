/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checks of a report, as the tests of doctor ask for them. After cmocka.h. */
#pragma once

#include <string.h>

#include "doctor_report.h"

static inline bool has_check(const struct report *r, const char *id)
{
	for (size_t i = 0; i < r->len; i++)
		if (!strcmp(r->checks[i].id, id))
			return true;
	return false;
}

static inline const struct check *find(const struct report *r, const char *id)
{
	for (size_t i = 0; i < r->len; i++)
		if (!strcmp(r->checks[i].id, id))
			return &r->checks[i];
	fail_msg("no check %s", id);
	return NULL;
}

static inline void expect(const struct report *r, const char *id, enum check_state state, const char *text)
{
	const struct check *c = find(r, id);

	assert_string_equal(check_state_name(c->state), check_state_name(state));
	if (!strstr(c->detail, text))
		fail_msg("%s: '%s' is not in '%s'", id, text, c->detail);
	if (state >= CHECK_LIMITED)
		assert_true(c->remedy[0] != '\0');
}
