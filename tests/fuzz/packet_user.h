/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF programs' packet cursor in user space, on bytes in memory. */
#pragma once

#include <stdint.h>
#include <string.h>
#include <sys/cdefs.h>

struct packet_bytes {
	const uint8_t *data;
	uint32_t len;
};

#define PACKET_SOURCE const struct packet_bytes
#define PACKET_LOAD(src, off, to, len) packet_load_bytes(src, off, to, len)

static inline int packet_load_bytes(const struct packet_bytes *src, uint32_t off, void *to, uint32_t len)
{
	if (off > src->len || len > src->len - off)
		return -1;
	memcpy(to, src->data + off, len);
	return 0;
}

#include "packet.h"
#include "packet_session.h"
