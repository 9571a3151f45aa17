/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loop stands still while a collection waits until no program uses the counting maps that it empties. The kernel
 * waits once for each update of a map of maps: a probe makes one such update a collection, however many maps it has.
 * Only the first two collections, which make the second generation, make more. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gtpu_run.h"
#include "option.h"
#include "probe.h"

static unsigned waits;

int __real_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);

/* The linker puts it in front of libbpf's. */
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	waits += info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info.type == BPF_MAP_TYPE_HASH_OF_MAPS;
	return __real_bpf_map_update_elem(fd, key, value, flags);
}

static void take_row(void *data, const struct event *e)
{
}

static void collect_and_count(const struct probe *p, struct probe_run *run)
{
	assert_int_equal(p->collect(run, take_row, NULL), 0);
	assert_int_equal(p->collect(run, take_row, NULL), 0);
	for (int i = 0; i < 3; i++) {
		waits = 0;
		assert_int_equal(p->collect(run, take_row, NULL), 0);
		if (waits != 1)
			fail_msg("%s: %u waits in a collection, want 1", p->name, waits);
	}
}

static const struct probe *find_probe(const char *name)
{
	for (size_t i = 0; probes[i]; i++)
		if (!strcmp(probes[i]->name, name))
			return probes[i];
	fail_msg("no probe %s", name);
	return NULL;
}

static struct config *load_options(const struct probe *p, const void **ret_options)
{
	static struct option_section section; /* outlives the configuration */
	static const struct option_section *const sections[] = {&section};
	struct config *config = NULL;
	struct err err = {""};

	section = (struct option_section){.name = p->name, .help = "", .options = p->options, .size = p->options_size};
	if (config_load(&config, sections, 1, NULL, &err) < 0)
		fail_msg("%s", err.text);
	*ret_options = config_get(config, p->name);
	assert_non_null(*ret_options);
	return config;
}

static void check_probe(const char *name)
{
	const struct probe *p = find_probe(name);
	struct probe_env env = {.wait = true, .newcomers = true};
	struct config *config = load_options(p, &env.options);
	struct probe_run *run = NULL;
	struct err err = {""};

	if (p->start(&run, &env, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	collect_and_count(p, run);
	p->stop(run);
	config_free(config);
}

static void flow_waits_once(void **state)
{
	setenv("TEIDE_FLOW_INTERFACES", "lo", 1);
	check_probe("flow");
}

static void runq_waits_once(void **state)
{
	check_probe("runq");
}

/* Its maps alone: for its programs the kernel needs a module. */
static void gtpu_waits_once(void **state)
{
	const struct probe *p = find_probe("gtpu");
	struct probe_run *run = calloc(1, sizeof(*run));
	const void *options;
	struct config *config = load_options(p, &options);
	struct err err = {""};

	assert_non_null(run);
	run->options = *(const struct gtpu_options *)options;
	run->detached = true;
	if (gtpu_maps_load(run, &err) < 0)
		fail_msg("%s", err.text);
	collect_and_count(p, run);
	p->stop(run);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_waits_once),
		cmocka_unit_test(runq_waits_once),
		cmocka_unit_test(gtpu_waits_once),
	};

	if (geteuid()) {
		printf("1..0 # SKIP loading programs needs root\n");
		return 77;
	}
	return cmocka_run_group_tests_name("collection", tests, NULL, NULL);
}
