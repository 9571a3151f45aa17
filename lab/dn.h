/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The data network's services, and the content both ends know.
 *
 *   TCP 5001: "N\n" downloads N bytes of the pattern and closes; "-N\n" and N bytes upload, which
 *             answers "ok N\n" when every byte was right, "bad AT\n" else.
 *   UDP 5002: echo, with the DSCP that came. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DN_PORT_TCP 5001
#define DN_PORT_ECHO 5002

/* A prime: no block size hides a shift. */
#define DN_PATTERN_PERIOD 251
#define DN_PATTERN_LEN (256 * DN_PATTERN_PERIOD)

/* A stretch of the content from which any DN_PATTERN_LEN - DN_PATTERN_PERIOD bytes can be taken. */
struct dn_pattern {
	uint8_t bytes[DN_PATTERN_LEN];
};

#define DN_PATTERN_CHUNK (DN_PATTERN_LEN - DN_PATTERN_PERIOD)

void dn_pattern_init(struct dn_pattern *p);

/* The content from byte offset on: DN_PATTERN_CHUNK bytes. */
static inline const uint8_t *dn_pattern_at(const struct dn_pattern *p, uint64_t offset)
{
	return p->bytes + offset % DN_PATTERN_PERIOD;
}
