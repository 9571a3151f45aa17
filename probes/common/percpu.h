/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values that a map keeps for each CPU. Their sizes are multiples of 8, as the kernel hands them out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The value under key on each CPU, *cpus of them one after the other. The caller frees them. NULL: errno says why. */
void *percpu_read(int map_fd, const void *key, size_t size, size_t *cpus);

/* The sum over all CPUs of a value that is n counters. 0 or -errno, then *ret is as it was. */
int percpu_sum(int map_fd, const void *key, uint64_t *ret, size_t n);
