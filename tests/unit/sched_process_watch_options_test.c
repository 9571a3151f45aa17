/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the configuration to what is looked for on the node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "process_watch_options.h"

static const struct option_section *const sections[] = {&processes_section, &sched_section};

static int setup(void **state)
{
	struct config *c = NULL;
	struct err err;

	if (config_load(&c, sections, ARRAY_SIZE(sections), NULL, &err) < 0)
		return -1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	config_free(*state);
	return 0;
}

static void the_default_is_that_of_the_scan(void **state)
{
	struct discover_options look = {0}, want = discover_defaults();

	assert_int_equal(process_watch_read_options(*state, &look, NULL), 0);
	assert_int_equal(look.n_owner_ports, want.n_owner_ports);
	assert_memory_equal(look.owner_ports, want.owner_ports, sizeof(want.owner_ports));
	assert_int_equal(look.n_link_ports, want.n_link_ports);
	assert_memory_equal(look.link_ports, want.link_ports, sizeof(want.link_ports));
	assert_string_equal(look.tun, want.tun);
	assert_int_equal(look.n_names, want.n_names);
	for (size_t i = 0; i < want.n_names; i++)
		assert_string_equal(look.names[i], want.names[i]);
}

static void keys_are_taken(void **state)
{
	struct discover_options look = {0};

	assert_int_equal(config_set(*state, "processes.socket_ports", "2153", NULL), 0);
	assert_int_equal(config_set(*state, "processes.link_ports", "4997,4998", NULL), 0);
	assert_int_equal(config_set(*state, "processes.tun", "oaitun_*", NULL), 0);
	assert_int_equal(config_set(*state, "sched.names", "nr-softmodem", NULL), 0);
	assert_int_equal(process_watch_read_options(*state, &look, NULL), 0);
	assert_int_equal(look.n_owner_ports, 1);
	assert_int_equal(look.owner_ports[0], 2153);
	assert_int_equal(look.n_link_ports, 2);
	assert_int_equal(look.link_ports[1], 4998);
	assert_string_equal(look.tun, "oaitun_*");
	assert_string_equal(look.names[0], "nr-softmodem");
}

static void ports_that_are_none(void **state)
{
	static const char *const bad[] = {"0",
					  "65536",
					  "-1",
					  "02152",
					  "2152x",
					  "gtp",
					  "99999999999999999999",
					  "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"};
	struct discover_options look = {.tun = "untouched"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = {""};

		assert_int_equal(config_set(*state, "processes.link_ports", bad[i], NULL), 0);
		assert_true(process_watch_read_options(*state, &look, &err) < 0);
		assert_non_null(strstr(err.text, "processes.link_ports"));
		assert_string_equal(look.tun, "untouched");
	}
}

int main(void)
{
#define OPTIONS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		OPTIONS_TEST(the_default_is_that_of_the_scan),
		OPTIONS_TEST(keys_are_taken),
		OPTIONS_TEST(ports_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
