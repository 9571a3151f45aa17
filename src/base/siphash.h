/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): a hash with a secret key. A sender that
 * does not know the key cannot choose inputs that collide. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t words[2];
};

/* A key of the kernel's random numbers. 0 or -errno. */
int siphash_key_random(struct siphash_key *ret);

uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);
