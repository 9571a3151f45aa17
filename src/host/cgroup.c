/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cgroup.h"

#include <stddef.h>
#include <string.h>

#include "cleanup.h"

#define CONTAINER_DIGITS 64
#define UUID_LEN 36
#define STATIC_POD_LEN 32

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t hex_run(const char *p, const char *end)
{
	const char *begin = p;

	while (p < end && is_hex(*p))
		p++;
	return (size_t)(p - begin);
}

static const char *find(const char *p, const char *end, const char *needle)
{
	size_t n = strlen(needle);

	for (; end - p >= (ptrdiff_t)n; p++) {
		if (!memcmp(p, needle, n))
			return p;
	}
	return NULL;
}

/* "<id>", "<runtime>-<id>.scope", "<runtime>:<pod>:<id>" (cri-containerd); not the scope of a
 * monitor, "crio-conmon-<id>.scope". */
static bool container_of(const char *p, const char *end, char *ret)
{
	const char *id;

	if (find(p, end, "conmon-"))
		return false;
	if (end - p > 6 && !memcmp(end - 6, ".scope", 6))
		end -= 6;
	if (end - p < CONTAINER_DIGITS)
		return false;
	id = end - CONTAINER_DIGITS;
	if (hex_run(id, end) != CONTAINER_DIGITS || (id > p && id[-1] != '-' && id[-1] != ':'))
		return false;
	memcpy(ret, id, CONTAINER_DIGITS);
	ret[CONTAINER_DIGITS] = '\0';
	return true;
}

/* 8-4-4-4-12; systemd's unit names cannot hold a dash, so the kubelet writes '_' there. */
static bool uuid_of(const char *p, size_t len, char *ret)
{
	if (len != UUID_LEN)
		return false;
	for (size_t i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? p[i] != '-' && p[i] != '_' : !is_hex(p[i]))
			return false;
		ret[i] = dash ? '-' : p[i];
	}
	ret[UUID_LEN] = '\0';
	return true;
}

/* "pod<uid>" or "kubepods[-burstable|-besteffort]-pod<uid>.slice", behind which containerd may have
 * put ":cri-containerd:<id>". */
static bool pod_of(const char *p, const char *end, char *ret)
{
	const char *colon = memchr(p, ':', (size_t)(end - p)), *at;

	if (colon)
		end = colon;
	if (end - p > 6 && !memcmp(end - 6, ".slice", 6))
		end -= 6;
	if (end - p > 3 && !memcmp(p, "pod", 3))
		at = p + 3;
	else if ((at = find(p, end, "kubepods")) && (at = find(at, end, "-pod")))
		at += 4;
	else
		return false;
	if (end - at == STATIC_POD_LEN && hex_run(at, end) == STATIC_POD_LEN) {
		memcpy(ret, at, STATIC_POD_LEN);
		ret[STATIC_POD_LEN] = '\0';
		return true;
	}
	return uuid_of(at, (size_t)(end - at), ret);
}

bool cgroup_parse(const char *path, struct cgroup_ids *ret)
{
	struct cgroup_ids ids = {0};

	while (*path) {
		const char *end = strchrnul(path, '/');

		if (end > path) {
			container_of(path, end, ids.container);
			pod_of(path, end, ids.pod);
		}
		path = *end ? end + 1 : end;
	}
	*ret = ids;
	return ids.container[0] || ids.pod[0];
}
