/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "map.h"
#include "siphash.h"

/* The vectors that the authors of SipHash publish (vectors_sip64): the key is the bytes 0 to 15, input n the bytes 0 to
 * n - 1, output in the order of its bytes. */
static const char *const vectors[64] = {
	"310e0edd47db6f72", "fd67dc93c539f874", "5a4fa9d909806c0d", "2d7efbd796666785", "b7877127e09427cf",
	"8da699cd64557618", "cee3fe586e46c9cb", "37d1018bf50002ab", "6224939a79f5f593", "b0e4a90bdf82009e",
	"f3b9dd94c5bb5d7a", "a7ad6b22462fb3f4", "fbe50e86bc8f1e75", "903d84c02756ea14", "eef27a8e90ca23f7",
	"e545be4961ca29a1", "db9bc2577fcc2a3f", "9447be2cf5e99a69", "9cd38d96f0b3c14b", "bd6179a71dc96dbb",
	"98eea21af25cd6be", "c7673b2eb0cbf2d0", "883ea3e395675393", "c8ce5ccd8c030ca8", "94af49f6c650adb8",
	"eab8858ade92e1bc", "f315bb5bb835d817", "adcf6b0763612e2f", "a5c91da7acaa4dde", "716595876650a2a6",
	"28ef495c53a387ad", "42c341d8fa92d832", "ce7cf2722f512771", "e37859f94623f3a7", "381205bb1ab0e012",
	"ae97a10fd434e015", "b4a31508beff4d31", "81396229f0907902", "4d0cf49ee5d4dcca", "5c73336a76d8bf9a",
	"d0a704536ba93e0e", "925958fcd6420cad", "a915c29bc8067318", "952b79f3bc0aa6d4", "f21df2e41d4535f9",
	"87577519048f53a9", "10a56cf5dfcd9adb", "eb75095ccd986cd0", "51a9cb9ecba312e6", "96afadfc2ce666c7",
	"72fe52975a4364ee", "5a1645b276d592a1", "b274cb8ebf87870a", "6f9bb4203de7b381", "eaecb2a30b22a87f",
	"9924a43cc1315724", "bd838d3aafbf8db7", "0b1a2a3265d51aea", "135079a3231ce660", "932b2846e4d70666",
	"e1915f5cb1eca46c", "f325965ca16d629f", "575ff28e60381be5", "724506eb4c328a95",
};

static void siphash_is_that_of_its_authors(void **state)
{
	unsigned char bytes[64];
	struct siphash_key key;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	memcpy(&key, bytes, sizeof(key));
	key.words[0] = le64toh(key.words[0]);
	key.words[1] = le64toh(key.words[1]);
	for (size_t len = 0; len < 64; len++) {
		char text[17];

		snprintf(text, sizeof(text), "%016llx",
			 (unsigned long long)htobe64(htole64(siphash(&key, bytes, len))));
		assert_string_equal(text, vectors[len]);
	}
}

static void keys_of_two_maps_differ(void **state)
{
	struct siphash_key a, b;

	assert_int_equal(siphash_key_random(&a), 0);
	assert_int_equal(siphash_key_random(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

/* FNV-1a, which needs no secret: anybody can compute it. */
static uint32_t fnv(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return (uint32_t)(h ^ h >> 32);
}

#define COLLIDING 1000
#define BUCKETS 2048 /* of a map of that many */

static void chosen_keys_do_not_pile_up(void **state)
{
	struct map *m = map_new(sizeof(uint64_t), 1, COLLIDING);
	uint64_t key = 0;

	for (size_t n = 0; n < COLLIDING; key++) {
		if (fnv(&key, sizeof(key)) % BUCKETS != 5)
			continue;
		assert_non_null(map_put(m, &key, NULL));
		n++;
	}
	/* Of 1,000 random keys in 2,048 buckets, 12 in one bucket happen once in 100 million runs. */
	assert_in_range(map_longest_chain(m), 1, 11);
	map_free(m);
}

static void the_longest_chain_is_counted(void **state)
{
	struct map *m = map_new(sizeof(uint32_t), 1, 10000);

	assert_int_equal(map_longest_chain(m), 0);
	for (uint32_t i = 0; i < 10000; i++)
		assert_non_null(map_put(m, &i, NULL));
	assert_in_range(map_longest_chain(m), 2, 14);
	map_clear(m);
	assert_int_equal(map_longest_chain(m), 0);
	map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_that_of_its_authors),
		cmocka_unit_test(keys_of_two_maps_differ),
		cmocka_unit_test(chosen_keys_do_not_pile_up),
		cmocka_unit_test(the_longest_chain_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
