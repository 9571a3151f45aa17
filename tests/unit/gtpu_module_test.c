/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When the gtpu probe hooks a module, and where a file with its BTF places the rules. */
#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtpu/gtpu_run.h"

#define GTP (1U << GTPU_GTP)
#define GTP5G (1U << GTPU_GTP5G)

static void a_module_is_hooked_while_it_has_a_device(void **state)
{
	struct gtpu_sight s = {.load = {10, 20}};

	assert_int_equal(gtpu_modules_to_hook(&s), 0);
	s.device[GTPU_GTP5G] = true;
	assert_int_equal(gtpu_modules_to_hook(&s), GTP5G);
	s.device[GTPU_GTP] = true;
	assert_int_equal(gtpu_modules_to_hook(&s), GTP | GTP5G);
	s.load[GTPU_GTP5G] = 0;
	assert_int_equal(gtpu_modules_to_hook(&s), GTP);
}

/* Where not all namespaces can be looked into, a device may be in one of those. */
static void a_device_may_be_hidden(void **state)
{
	struct gtpu_sight s = {.load = {0, 20}, .blind = true};

	assert_int_equal(gtpu_modules_to_hook(&s), GTP5G);
	s.released[GTPU_GTP5G] = 20;
	assert_int_equal(gtpu_modules_to_hook(&s), 0);
	s.load[GTPU_GTP5G] = 21; /* loaded anew */
	assert_int_equal(gtpu_modules_to_hook(&s), GTP5G);
	s.load[GTPU_GTP5G] = 20;
	s.device[GTPU_GTP5G] = true; /* a new one */
	assert_int_equal(gtpu_modules_to_hook(&s), GTP5G);
}

static void save(const struct btf *btf, char *path)
{
	_cleanup_fclose_ FILE *file = NULL;
	const void *bytes;
	uint32_t len;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	bytes = btf__raw_data(btf, &len);
	assert_non_null(bytes);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
}

/* A complete one, with members where no version has them. */
static struct btf *make_btf(bool with_far)
{
	struct btf *btf = btf__new_empty();
	int u64 = btf__add_int(btf, "u64", 8, 0), u32 = btf__add_int(btf, "u32", 4, 0);

	btf__add_struct(btf, "pdr", 256);
	btf__add_field(btf, "seid", u64, 8 * 72, 0);
	btf__add_field(btf, "id", u32, 8 * 80, 0);
	btf__add_field(btf, "far", u64, 8 * 200, 0);
	if (with_far) {
		btf__add_struct(btf, "far", 64);
		btf__add_field(btf, "id", u32, 8 * 12, 0);
		btf__add_field(btf, "action", u32, 8 * 16, 0);
	}
	return btf;
}

static int read_back(struct btf *btf, struct gtpu_layout *ret, struct err *err)
{
	char path[] = "/tmp/teide-btf-XXXXXX";
	int r;

	save(btf, path);
	btf__free(btf);
	r = gtpu_layout_read(path, ret, err);
	unlink(path);
	return r;
}

static void a_file_places_the_rules(void **state)
{
	struct gtpu_layout l;

	assert_int_equal(read_back(make_btf(true), &l, NULL), 0);
	assert_int_equal(l.pdr_seid, 72);
	assert_int_equal(l.pdr_id, 80);
	assert_int_equal(l.pdr_far, 200);
	assert_int_equal(l.far_id, 12);
	assert_int_equal(l.far_action, 16);
	assert_int_equal(l.pdr_qfi, GTPU_NOWHERE);
}

static void a_wrong_file_is_named(void **state)
{
	struct gtpu_layout l = {.pdr_seid = 7};
	struct err err = {""};

	assert_int_equal(gtpu_layout_read("/nowhere/gtp5g.ko", &l, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/gtp5g.ko"));
	assert_int_equal(gtpu_layout_read("/proc/self/status", &l, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/proc/self/status: no BTF of gtp5g"));
	/* An ELF without, a BTF of something else */
	assert_int_equal(gtpu_layout_read("/proc/self/exe", &l, &err), -EINVAL);
	assert_int_equal(read_back(make_btf(false), &l, &err), -EINVAL);
	assert_int_equal(l.pdr_seid, 7);
}

/* As binutils writes it: an ABI tag, then the build id. */
static void a_build_id_is_found(void **state)
{
	static const unsigned char notes[] = {4,   0, 0, 0, 4,	 0,   0,   0, 1,    0,	  0,	0, 'G', 'N',
					      'U', 0, 9, 9, 9,	 9,   4,   0, 0,    0,	  3,	0, 0,	0,
					      3,   0, 0, 0, 'G', 'N', 'U', 0, 0xab, 0xcd, 0xef, 0};
	struct gtpu_build_id id = {.len = 99};

	assert_int_equal(gtpu_build_id_find(notes, sizeof(notes), &id), 0);
	assert_int_equal(id.len, 3);
	assert_memory_equal(id.bytes, "\xab\xcd\xef\0", 4);
	assert_int_equal(gtpu_build_id_find(notes, 20, &id), -ENOENT);
	assert_int_equal(gtpu_build_id_find(notes, sizeof(notes) - 2, &id), -EBADMSG);
	assert_int_equal(gtpu_build_id_find(notes, 0, &id), -ENOENT);
	assert_int_equal(gtpu_build_id_read("/nowhere", &id), -ENOENT);
	assert_int_equal(gtpu_build_id_read("/proc/self/status", &id), -EBADMSG);
	/* No such module is loaded here. */
	assert_int_equal(gtpu_build_of("/proc/self/exe"), GTPU_BUILD_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_is_hooked_while_it_has_a_device),
		cmocka_unit_test(a_device_may_be_hidden),
		cmocka_unit_test(a_build_id_is_found),
		cmocka_unit_test(a_file_places_the_rules),
		cmocka_unit_test(a_wrong_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
