/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "proc_udp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "file.h"

/* A line has 128 bytes at least (udp4_seq_show() in net/ipv4/udp.c). */
#define FILE_MAX (16U << 20)

#define ADDRESS_V4 8 /* digits */
#define ADDRESS_V6 32

/* Each word of the address is printed as a number of this machine's byte order. */
static int parse_address(const char *hex, int family, struct addr *ret)
{
	size_t words = family == AF_INET ? 1 : 4;
	uint32_t word[4];

	if (strlen(hex) != (family == AF_INET ? ADDRESS_V4 : ADDRESS_V6))
		return -EINVAL;
	for (size_t i = 0; i < words; i++) {
		if (sscanf(hex + 8 * i, "%8" SCNx32, &word[i]) != 1)
			return -EINVAL;
	}
	if (family == AF_INET)
		*ret = addr_from_v4(word[0]);
	else
		memcpy(ret->b, word, sizeof(ret->b));
	return 0;
}

int proc_udp_parse(const char *line, int family, struct udp_socket *ret)
{
	struct udp_socket s = {.family = family};
	char local[ADDRESS_V6 + 1], remote[ADDRESS_V6 + 1];

	if (sscanf(line,
		   " %*u: %32[0-9A-F]:%4" SCNx16 " %32[0-9A-F]:%4" SCNx16 " %*x %*x:%*x %*x:%*x %*x %" SCNu32
		   " %*u %" SCNu32,
		   local, &s.local_port, remote, &s.remote_port, &s.uid, &s.inode) != 6)
		return -EINVAL;
	if (parse_address(local, family, &s.local) < 0 || parse_address(remote, family, &s.remote) < 0)
		return -EINVAL;
	*ret = s;
	return 0;
}

struct visitor {
	void (*visit)(const struct udp_socket *socket, void *data);
	void *data;
};

/* Of the thread: the process as a whole may be in another namespace. */
static int list_file(const char *path, int family, const struct visitor *v, struct err *err)
{
	_cleanup_(buf_free) struct buf text = {0};
	int r = buf_read_file(&text, path, FILE_MAX);
	char *line, *save = NULL;
	struct udp_socket s;

	if (r < 0)
		return err_set(err, r, "%s: %s", path, file_error(r));
	for (line = text.len ? strtok_r(text.data, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		if (proc_udp_parse(line, family, &s) == 0)
			v->visit(&s, v->data);
	}
	return 0;
}

int proc_udp_list(void (*visit)(const struct udp_socket *socket, void *data), void *data, struct err *err)
{
	const struct visitor v = {.visit = visit, .data = data};
	int r = list_file("/proc/thread-self/net/udp", AF_INET, &v, err);

	if (r < 0)
		return r;
	r = list_file("/proc/thread-self/net/udp6", AF_INET6, &v, err);
	return r == -ENOENT ? 0 : r; /* a kernel without IPv6 */
}
