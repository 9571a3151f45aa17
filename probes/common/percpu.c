/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "percpu.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

void *percpu_read(int map_fd, const void *key, size_t size, size_t *cpus)
{
	int n = libbpf_num_possible_cpus();
	_cleanup_free_ void *values = NULL;

	if (n < 0) {
		errno = -n;
		return NULL;
	}
	values = calloc((size_t)n, size);
	if (!values || bpf_map_lookup_elem(map_fd, key, values) < 0)
		return NULL;
	*cpus = (size_t)n;
	return TAKE_PTR(values);
}

int percpu_sum(int map_fd, const void *key, uint64_t *ret, size_t n)
{
	size_t cpus;
	_cleanup_free_ uint64_t *values = percpu_read(map_fd, key, n * sizeof(*values), &cpus);

	if (!values)
		return -errno;
	memset(ret, 0, n * sizeof(*ret));
	for (size_t i = 0; i < cpus * n; i++)
		ret[i % n] += values[i];
	return 0;
}
