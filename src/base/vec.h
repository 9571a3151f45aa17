/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arrays that grow by one item at a time. Their capacity follows from their length: 16 items, then twice
 * as many whenever they are full. Such an array begins as NULL with length 0, and only VEC_ROOM() grows it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The array with room for one more item behind len items of that size, or NULL: out of memory, and items
 * stays as it is. */
void *vec_grown(void *items, size_t len, size_t size);

/* Makes room for one more item in the array of that name, which may move. false: out of memory. */
#define VEC_ROOM(items, len)                                                                                           \
	({                                                                                                             \
		void *grown_ = vec_grown((items), (len), sizeof(*(items)));                                            \
                                                                                                                       \
		if (grown_)                                                                                            \
			(items) = grown_;                                                                              \
		grown_ != NULL;                                                                                        \
	})
