/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A streaming JSON writer: no tree, no allocation per value. Commas and quotes are its business,
 * balance is the caller's. Strings are escaped; bytes that are not UTF-8 become U+FFFD. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct jw {
	struct buf *out; /* borrowed */
	bool comma;
};

static inline struct jw jw_begin(struct buf *out)
{
	return (struct jw){.out = out};
}

/* A NULL key writes a bare value: an array's element or the outermost value. */
void jw_object(struct jw *j, const char *key);
void jw_object_end(struct jw *j);
void jw_array(struct jw *j, const char *key);
void jw_array_end(struct jw *j);
void jw_string(struct jw *j, const char *key, const char *value);
void jw_string_n(struct jw *j, const char *key, const char *value, size_t len);
void jw_u64(struct jw *j, const char *key, uint64_t value);
/* A number that says which, as a string: a reader of JSON may keep 53 bits of a number (RFC 8259, 6). */
void jw_id(struct jw *j, const char *key, uint64_t value);
void jw_i64(struct jw *j, const char *key, int64_t value);
void jw_double(struct jw *j, const char *key, double value);
void jw_bool(struct jw *j, const char *key, bool value);
void jw_null(struct jw *j, const char *key);
