/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The hash of user space's tables, beside FNV-1a in the same run: JSON lines. Least of the rounds, taken in turn. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "siphash.h"

#define ROUNDS 15
#define HASHES 200000

static uint64_t fnv(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h ^ h >> 32;
}

static volatile uint64_t kept;

static double ns_of(size_t len, const struct siphash_key *secret)
{
	unsigned char key[256] = {0};
	uint64_t begin = clock_boot_ns(), sum = 0;

	for (uint32_t i = 0; i < HASHES; i++) {
		memcpy(key, &i, MIN(len, sizeof(i)));
		sum += secret ? siphash(secret, key, len) : fnv(key, len);
	}
	kept = sum;
	return (double)(clock_boot_ns() - begin) / HASHES;
}

int main(void)
{
	static const size_t sizes[] = {4, 16, 56, 128, 200};
	struct siphash_key secret;

	if (siphash_key_random(&secret) < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		double of_fnv = 1e9, of_siphash = 1e9;

		for (int round = 0; round < ROUNDS; round++) {
			of_fnv = MIN(of_fnv, ns_of(sizes[i], NULL));
			of_siphash = MIN(of_siphash, ns_of(sizes[i], &secret));
		}
		printf("{\"bench\":\"map_hash\",\"key_bytes\":%zu,\"fnv_ns\":%.1f,\"siphash_ns\":%.1f,\"fnv_by_"
		       "siphash\":%.2f}\n",
		       sizes[i], of_fnv, of_siphash, of_fnv / of_siphash);
	}
	return 0;
}
