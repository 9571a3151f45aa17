/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Length of the valid UTF-8 sequence at s (RFC 3629: no overlongs, no surrogates), or 0. left: bytes
 * from s on, at least 1. */
size_t utf8_len(const unsigned char *s, size_t left);

/* The code point of a valid sequence of that length. */
uint32_t utf8_code(const unsigned char *s, size_t len);
