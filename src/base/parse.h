/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers, sizes, durations and booleans as people type them: in the configuration, in its environment variables, in
 * rules, filters and flags. Each function returns 0, or -EINVAL with a message that quotes the text and says what to
 * write; the caller puts the name of the key before it. *ret is untouched on failure; err may be NULL.
 *
 * A number is decimal or 0x and hexadecimal. It has no sign but the minus of parse_i64(), no blanks, and no leading
 * zero, which some readers take for octal and others do not. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *err);
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret, struct err *err);

/* "65536", "64k", "64KB", "64KiB", "1.5MiB", in upper or lower case. Sizes are of memory: k is 1024 in all of them. */
int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret_bytes, struct err *err);

/* "10s", "1.5ms", "2m", "1h", "250us", "100ns", and "0"; every other duration has a unit. */
int parse_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns, struct err *err);

/* The same for flags of the command line, where a number without a unit is seconds: "10", "0.5", "5s", "2m". */
int parse_seconds(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns, struct err *err);

/* The booleans of YAML 1.1 in upper or lower case: true, yes, y, on; false, no, n, off. */
int parse_bool(const char *text, bool *ret, struct err *err);

/* As the parsers above read it, in the largest unit that needs no fraction; returns text. */
#define PARSE_TEXT_MAX 32
const char *format_size(uint64_t bytes, char text[static PARSE_TEXT_MAX]);
const char *format_duration(uint64_t ns, char text[static PARSE_TEXT_MAX]);
