/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Closes descriptors whose closing waits in the kernel, on a thread of its own: to take an fentry program off
 * a function takes a grace period of the kernel's tasks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct closer;

/* The n descriptors are its own from now on, closed one after the other. Where there is no thread to be had
 * they are closed here and now, and NULL comes of it. */
struct closer *closer_new(const int *fds, size_t n);

bool closer_done(const struct closer *c); /* NULL is done */
void closer_free(struct closer *c);	  /* waits for it; NULL is fine */
