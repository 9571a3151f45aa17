/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cleanup.h"
#include "config_sections.h"

static void defaults_hold_without_a_file(void **state)
{
	struct config *c;

	assert_int_equal(config_load(&c, sections, 2, NULL, NULL), 0);
	const struct flow_options *flow = config_get(c, "probes.flow");
	const struct api_options *api = config_get(c, "api");
	assert_int_equal(flow->ring_size, 16 << 20);
	assert_int_equal(flow->interfaces.len, 0);
	assert_int_equal(api->interval, 10000000000ULL);
	assert_null(config_get(c, "probes"));
	config_free(c);
}

static void file_sets_values(void **state)
{
	struct config *c;
	struct err err = {0};

	assert_int_equal(load(&c,
			      "probes:\n  flow:\n    interfaces: [a/n3, \"b\"]\n    ring_size: 64KiB\n"
			      "    events: true\napi:\n  url: http://y\n  interval: 500ms\n"
			      "  mode: merge\n  level: -3\n",
			      &err),
			 0);
	const struct flow_options *flow = config_get(c, "probes.flow");
	const struct api_options *api = config_get(c, "api");
	assert_int_equal(flow->interfaces.len, 2);
	assert_string_equal(flow->interfaces.items[0], "a/n3");
	assert_null(flow->interfaces.items[2]);
	assert_int_equal(flow->ring_size, 65536);
	assert_true(flow->events);
	assert_string_equal(api->url, "http://y");
	assert_int_equal(api->interval, 500000000);
	assert_int_equal(api->mode, 1);
	assert_int_equal(api->level, -3);
	config_free(c);
}

static const struct {
	const char *yaml, *says;
} errors[] = {
	{"api:\n  url: x\n  colour: red\n", ":3: unknown key 'api.colour'; known here: url"},
	{"colour: red\n", ":1: unknown key 'colour'; known here: api, probes.flow"},
	{"probes:\n  gtp:\n    x: 1\n", ":3: unknown key 'probes.gtp'; known here: flow"},
	{"api:\n  interval: 10x\n", ":2: interval: '10x' is not understood"},
	{"api:\n  interval: 0\n", ":2: interval: must be at least 1ms"},
	{"api:\n  mode: both\n", ":2: mode: 'both' is none of: own, merge"},
	{"api:\n  level: -21\n", ":2: level: must be at least -20 and at most 5"},
	{"api:\n  level: 99999999999999999999\n", ":2: level: must be at least -20"},
	{"api:\n  level: 1x\n", ":2: level: '1x' is not understood"},
	{"probes:\n  flow:\n    ring_size: 65537\n",
	 ":3: ring_size: '65537' is not a power of two; the nearest are 64KiB and 128KiB"},
	{"probes:\n  flow:\n    ring_size: 010000\n", "as an octal number it is 4096, as a decimal 10000"},
	{"api:\n  interval: 5\n", ":2: interval: '5' has no unit; write 5s, or 5ms"},
	{"api:\n  interval: -5s\n", ":2: interval: must be at least 1ms, not '-5s'"},
	{"api:\n  level: -010\n", "as an octal number it is -8, as a decimal -10"},
	{"probes:\n  flow:\n    events: 1\n", ":3: events: '1' is neither true nor false"},
	{"api:\n  url: [a, b]\n", ":2: a list stands where one value"},
	{"api:\n  url: a\n  url: b\n", ":3: key 'url' stands here a second time"},
	{"- a\n", ":1: a list stands"},
	{"api: {url: a\n", "not YAML"},
	{"probes:\n  flow:\n    interfaces: [[a]]\n", ":3: a list or mapping stands in the list interfaces"},
	{"probes:\n  flow:\n    interfaces: [{a: b}]\n", ":3: a list or mapping stands in the list interfaces"},
	{"? [a]\n: b\n", ":1: a list or mapping stands where a key is expected"},
	{"api:\n  ? {a: b}\n  : c\n", ":2: a list or mapping stands where a key is expected"},
	{"api:\n  url:\n    host: x\n", ":3: keys stand under 'api.url', which takes a value"},
	{"api:\n  ulr: x\n", ":2: unknown key 'api.ulr'; did you mean 'url'? known here: url"},
	{"porbes:\n  flow:\n    x: 1\n", ":2: unknown key 'porbes'; did you mean 'probes'?"},
	{"probes:\n  folw:\n    x: 1\n", ":3: unknown key 'probes.folw'; did you mean 'flow'?"},
	/* what YAML has beyond plain keys and values */
	{"api: &x\n  url: a\n", ":1: anchors (&x) are not supported"},
	{"api:\n  url: &x a\n", ":2: anchors (&x) are not supported"},
	{"probes:\n  flow:\n    interfaces: &l [a]\n", ":3: anchors (&l) are not supported"},
	{"api:\n  &k url: a\n", ":2: anchors (&k) are not supported"},
	{"api:\n  url: *x\n", ":2: aliases (*x) are not supported"},
	{"probes:\n  flow:\n    interfaces: [*/eth0]\n", ":3: not YAML: "},
	{"probes:\n  flow:\n    interfaces: [*]\n", "; quote a text that begins with '*'"},
	{"api:\n  url: !!str a\n", ":2: tags (tag:yaml.org,2002:str) are not supported"},
	{"api:\n  url: !secret a\n", ":2: tags (!secret) are not supported"},
	{"api: !!map\n  url: a\n", ":1: tags"},
	{"probes:\n  flow:\n    interfaces: !!seq [a]\n", ":3: tags"},
	{"probes:\n  flow:\n    interfaces: [!!str 1]\n", ":3: tags"},
	{"api:\n  url: a\n---\napi:\n  level: 1\n", ":3: a second document begins (---)"},
	{"---\n---\n", ":2: a second document begins (---)"},
	{"api:\n  <<: {url: a}\n", ":2: merge keys (<<) are not supported"},
	{"<<: {url: a}\n", ":1: merge keys (<<) are not supported"},
	{"api:\n  url: a\nprobes:\napi:\n  level: 1\n", ":4: key 'api' stands here a second time"},
	{"api: {url: a, \"url\": a}\n", ":1: key 'url' stands here a second time"},
	{"probes:\n  flow:\n    events: yes\nprobes.flow:\n  ring_size: 4k\n",
	 ":4: key 'probes.flow' stands here a second time"},
	/* null */
	{"api:\n  url: ~\n", ":2: url has no value; remove the line for the default, or write \"\" for an empty text"},
	{"api:\n  url:\n  level: 1\n", ":2: url has no value"},
	{"api:\n  url: null\n", ":2: url has no value"},
	{"api:\n  level: NULL\n", ":2: level has no value"},
	{"probes:\n  flow:\n    interfaces: ~\n", ":3: interfaces has no value; remove the line for the default, or "
						  "write [] for an empty list"},
	{"probes:\n  flow:\n    interfaces: [a, ~]\n", ":3: null stands in the list interfaces"},
	{"probes:\n  flow:\n    interfaces:\n      - a\n      -\n", ":5: null stands in the list interfaces"},
	/* what no C string can hold, and what is not UTF-8 */
	{"api:\n  url: \"a\\0b\"\n", ":2: a text holds the character NUL"},
	{"api:\n  \"url\\0x\": a\n", ":2: a text holds the character NUL"},
	{"probes:\n  flow:\n    interfaces: [\"a\\0b\"]\n", ":3: a text holds the character NUL"},
	{"api:\n  url: a\n  mode: \xff\n", ":3: not YAML: "},
};

static void errors_name_line_key_and_way_out(void **state)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct config *c = NULL;
		struct err err = {0};

		if (load(&c, errors[i].yaml, &err) != -EINVAL)
			fail_msg("taken: %s", errors[i].yaml);
		if (!strstr(err.text, errors[i].says))
			fail_msg("'%s' does not say '%s'", err.text, errors[i].says);
	}
}

static void values_in_their_usual_spellings(void **state)
{
	static const struct {
		const char *yaml;
		uint64_t ring_size;
		bool events;
	} cases[] = {
		{"{ring_size: 256KB, events: True}", 256 << 10, true},
		{"{ring_size: 256KiB, events: YES}", 256 << 10, true},
		{"{ring_size: 16M, events: On}", 16 << 20, true},
		{"{ring_size: 64k, events: y}", 64 << 10, true},
		{"{ring_size: 0x10000, events: FALSE}", 64 << 10, false},
		{"{ring_size: 16MB, events: no}", 16 << 20, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[256];
		struct config *c = NULL;
		struct err err = {0};

		snprintf(yaml, sizeof(yaml), "probes:\n  flow: %s\n", cases[i].yaml);
		if (load(&c, yaml, &err) < 0)
			fail_msg("%s: %s", cases[i].yaml, err.text);
		const struct flow_options *flow = config_get(c, "probes.flow");
		assert_int_equal(flow->ring_size, cases[i].ring_size);
		assert_int_equal(flow->events, cases[i].events);
		config_free(c);
	}
}

static void null_is_a_section_and_quoted_a_text(void **state)
{
	struct config *c;
	struct err err = {0};

	if (load(&c, "--- # nothing\napi: ~\nprobes:\n  flow: {interfaces: ['~', \"null\", '']}\n", &err) < 0)
		fail_msg("%s", err.text);
	const struct flow_options *flow = config_get(c, "probes.flow");
	assert_int_equal(flow->interfaces.len, 3);
	assert_string_equal(flow->interfaces.items[0], "~");
	assert_string_equal(flow->interfaces.items[1], "null");
	assert_string_equal(flow->interfaces.items[2], "");
	config_free(c);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(load(&c, (const char *const[]){"", "~\n", "# a remark\n"}[i], &err), 0);
		config_free(c);
	}
}

static void a_directory_is_no_file(void **state)
{
	struct config *c;
	struct err err;

	assert_int_equal(config_load(&c, sections, 2, "/", &err), -EINVAL);
	assert_string_equal(err.text, "configuration file /: is a directory; name a file in it");
	assert_int_equal(config_load(&c, sections, 2, "/dev/zero", &err), -EINVAL);
	assert_string_equal(err.text, "configuration file /dev/zero: larger than 1 MiB");
}

static void missing_file_is_named(void **state)
{
	struct config *c;
	struct err err;

	assert_int_equal(config_load(&c, sections, 2, "/nonexistent.yaml", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent.yaml"));
}

static void environment_overrides_and_old_names_are_noted(void **state)
{
	struct config *c;

	setenv("TEIDE_PROBES_FLOW_INTERFACES", "x, y", 1);
	setenv("API_ENDPOINT", "http://old", 1);
	assert_int_equal(load(&c, "api:\n  url: http://file\n", NULL), 0);
	const struct api_options *api = config_get(c, "api");
	const struct flow_options *flow = config_get(c, "probes.flow");
	assert_string_equal(api->url, "http://old");
	assert_string_equal(flow->interfaces.items[1], "y");
	assert_non_null(strstr(config_notes(c), "API_ENDPOINT"));
	config_free(c);
	unsetenv("TEIDE_PROBES_FLOW_INTERFACES");
	unsetenv("API_ENDPOINT");
}

static void expect_mode(struct config *c, unsigned mode, const char *notes)
{
	assert_int_equal(((const struct api_options *)config_get(c, "api"))->mode, mode);
	assert_string_equal(config_notes(c), notes);
	config_free(c);
}

/* Of a key and of a choice, wherever they stand. */
static void names_of_earlier_versions_are_taken_and_noted(void **state)
{
	static const char key[] = "api.fashion is an old name of api.mode\n",
			  choice[] = "api.mode: mix is an old name of merge\n",
			  both[] = "api.fashion is an old name of api.mode\napi.mode: mix is an old name of merge\n",
			  variable[] = "TEIDE_API_FASHION is an old name of TEIDE_API_MODE\n"
				       "api.mode: mix is an old name of merge\n";
	struct config *c;
	struct err err = {0};

	assert_int_equal(load(&c, "api:\n  mode: merge\n", NULL), 0);
	expect_mode(c, 1, "");
	assert_int_equal(load(&c, "api:\n  mode: mix\n", NULL), 0);
	expect_mode(c, 1, choice);
	assert_int_equal(load(&c, "api:\n  fashion: merge\n", NULL), 0);
	assert_int_equal(config_set(c, "api.fashion", "merge", NULL), 0);
	expect_mode(c, 1, key);
	assert_int_equal(config_load(&c, sections, 2, NULL, NULL), 0);
	assert_int_equal(config_set(c, "api.fashion", "mix", NULL), 0);
	expect_mode(c, 1, both);
	setenv("TEIDE_API_FASHION", "mix", 1);
	assert_int_equal(config_check_environment(sections, 2, &err), 0);
	assert_int_equal(config_load(&c, sections, 2, NULL, NULL), 0);
	expect_mode(c, 1, variable);
	setenv("TEIDE_API_MODE", "own", 1);
	assert_int_equal(config_load(&c, sections, 2, NULL, NULL), 0);
	expect_mode(c, 0, variable);
	unsetenv("TEIDE_API_FASHION");
	unsetenv("TEIDE_API_MODE");
	assert_int_equal(load(&c, "api:\n  fashion: both\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ":2: mode: 'both' is none of: own, merge"));
}

static void variables_of_no_key_are_refused(void **state)
{
	static const struct {
		const char *name, *says;
	} cases[] = {
		{"TEIDE_API_ULR",
		 "environment variable TEIDE_API_ULR is no configuration key; did you mean TEIDE_API_URL?"},
		{"TEIDE_APY_URL", "did you mean TEIDE_API_URL?"},
		{"TEIDE_PROBES_FLOW_RING_SIZ", "did you mean TEIDE_PROBES_FLOW_RING_SIZE?"},
		{"TEIDE_PROBES_FLOW_XY", "TEIDE_PROBES_FLOW_XY is no configuration key; unset it"},
		{"TEIDE_api_url", "did you mean TEIDE_API_URL?"},
		{"TEIDE_API", "is no configuration key"},
		{"TEIDE_", "TEIDE_ is no configuration key"},
		{"TEIDE_PORT", "TEIDE_PORT is no configuration key"}, /* of the value "x": no service's */
		{"TEIDE_PORT_80", "is no configuration key"},
		{"TEIDE_PORT_TCP", "is no configuration key"},
		{"TEIDE_PORT_80_TCPX", "is no configuration key"},
		{"TEIDE_PORT_80_TCP_HOST", "is no configuration key"},
		{"TEIDE_SERVICE_HOSTS", "is no configuration key"},
		{"TEIDE_SERVICE_PORTS", "is no configuration key"},
		{"TEIDE_NO_SKIPS", "is no configuration key"},
	};

	assert_int_equal(config_check_environment(sections, 2, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = {0};

		setenv(cases[i].name, "x", 1);
		assert_int_equal(config_check_environment(sections, 2, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
		unsetenv(cases[i].name);
	}
}

/* https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables */
static void variables_of_services_are_left_alone(void **state)
{
	static const char *const names[] = {
		"TEIDE_SERVICE_HOST",
		"TEIDE_SERVICE_PORT",
		"TEIDE_SERVICE_PORT_HTTP",
		"TEIDE_PORT",
		"TEIDE_PORT_8080_TCP",
		"TEIDE_PORT_8080_TCP_PROTO",
		"TEIDE_PORT_8080_TCP_PORT",
		"TEIDE_PORT_8080_TCP_ADDR",
		"TEIDE_PORT_53_UDP_ADDR",
		"TEIDE_API_SERVICE_HOST",
		"TEIDE_API_PORT",
		"TEIDE_API_PORT_80_TCP",
		"TEIDE_API_SERVICE_PORT_API",
		/* of this tree's tests */
		"TEIDE_TEST_ROOT",
		"TEIDE_NO_SKIP",
		"TEIDE_CACHE",
		"TEIDE_DEBIAN_MIRROR",
		"TEIDE_DEBIAN_KEYRING",
		/* of keys, and of other programs */
		"TEIDE_API_URL",
		"TEIDE_PROBES_FLOW_RING_SIZE",
		"TEIDE",
		"TEIDEX_FOO",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err err = {0};
		char *before = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;

		setenv(names[i], "tcp://10.0.0.1:8080", 1);
		if (config_check_environment(sections, 2, &err) != 0)
			fail_msg("%s: %s", names[i], err.text);
		unsetenv(names[i]);
		if (before)
			setenv(names[i], before, 1);
		free(before);
	}
}

static void flags_set_keys(void **state)
{
	static const char *const unknown[][2] = {
		{"probes.flow.rings_size",
		 "no configuration key 'probes.flow.rings_size'; did you mean 'probes.flow.ring_size'?"},
		{"ring_size", "did you mean 'probes.flow.ring_size'?"},
		{"flow.ring_size", "did you mean 'probes.flow.ring_size'?"},
		{"api.ulr", "did you mean 'api.url'?"},
		{"api.colour", "no configuration key 'api.colour'; 'teide config --show' lists them"},
		{"rung", "no configuration key 'rung'; 'teide"},
		{"api.", "no configuration key 'api.'"},
		{".url", "did you mean 'api.url'?"},
		{"", "no configuration key ''"},
	};
	struct config *c;
	struct err err = {0};

	assert_int_equal(config_load(&c, sections, 2, NULL, NULL), 0);
	assert_int_equal(config_set(c, "probes.flow.ring_size", "4KiB", &err), 0);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(config_set(c, unknown[i][0], "1", &err), -EINVAL);
		if (!strstr(err.text, unknown[i][1]))
			fail_msg("'%s' does not say '%s'", err.text, unknown[i][1]);
	}
	config_free(c);
}

/* A section that another build has. */
static void keys_of_an_absent_section_are_refused_with_the_reason(void **state)
{
	static const struct config_option no_options[] = {{0}};
	static const struct option_section server = {
		.name = "server", .options = no_options, .absent = "there is none"};
	static const struct option_section *const two[] = {&server, &flow_section};
	static const struct option_section *const three[] = {&api_section, &server, &flow_section};
	_cleanup_(buf_free) struct buf shown = {0};
	struct config *c;
	struct err err;

	assert_int_equal(load_sections(&c, three, 3, "api:\n  url: x\nserver:\n  listen: :1\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ": server: there is none; remove the section"));
	assert_int_equal(load_sections(&c, three, 3, "server:\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ": server: there is none"));
	assert_int_equal(load_sections(&c, two, 2, "servers:\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, "unknown key 'servers'; known here: probes.flow"));

	setenv("TEIDE_SERVER_LISTEN", "x", 1);
	assert_int_equal(config_check_environment(three, 3, &err), -EINVAL);
	assert_string_equal(err.text, "environment variable TEIDE_SERVER_LISTEN: there is none; unset it");
	unsetenv("TEIDE_SERVER_LISTEN");

	assert_int_equal(config_load(&c, three, 3, NULL, NULL), 0);
	assert_int_equal(config_set(c, "server.listen", "x", &err), -EINVAL);
	assert_string_equal(err.text, "no configuration key 'server.listen': there is none");
	config_show(c, &shown);
	assert_null(strstr(shown.data, "\nserver:"));
	assert_non_null(strstr(shown.data, "probes:"));
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_without_a_file),
		cmocka_unit_test(file_sets_values),
		cmocka_unit_test(errors_name_line_key_and_way_out),
		cmocka_unit_test(values_in_their_usual_spellings),
		cmocka_unit_test(null_is_a_section_and_quoted_a_text),
		cmocka_unit_test(a_directory_is_no_file),
		cmocka_unit_test(missing_file_is_named),
		cmocka_unit_test(environment_overrides_and_old_names_are_noted),
		cmocka_unit_test(names_of_earlier_versions_are_taken_and_noted),
		cmocka_unit_test(variables_of_no_key_are_refused),
		cmocka_unit_test(variables_of_services_are_left_alone),
		cmocka_unit_test(flags_set_keys),
		cmocka_unit_test(keys_of_an_absent_section_are_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
