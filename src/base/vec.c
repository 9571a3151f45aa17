/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "vec.h"

#include <stdint.h>
#include <stdlib.h>

#define VEC_MIN 16

static bool is_full(size_t len)
{
	return !len || (len >= VEC_MIN && !(len & (len - 1)));
}

void *vec_grown(void *items, size_t len, size_t size)
{
	if (!is_full(len))
		return items;
	if (len > SIZE_MAX / 2)
		return NULL;
	return reallocarray(items, len ? len * 2 : VEC_MIN, size);
}
