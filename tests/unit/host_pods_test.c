/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which pod and which container a network namespace is of: only what is certain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container_scene.h"

#define TASKS "run/containerd/io.containerd.runtime.v2.task/k8s.io"
#define LOOKS_GONE 41 /* for which a container that has ended is remembered, and one more */

static char *state[] = {"/run/containerd", NULL};

static int setup(void **ret)
{
	return scene_begin(ret, state);
}

static void bundle(const struct scene *s, const char *id, const char *name, const char *uid, const char *netns)
{
	scene_bundle(s, &(struct scene_bundle){id, name, uid, netns});
}

static void remove_bundle(const struct scene *s, const char *id)
{
	char path[FAKE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/" TASKS "/%s/config.json", s->root.path, id);
	assert_int_equal(unlink(path), 0);
}

/* The container's name where it is certain, "-" where the pod alone is, "" where nothing is known. */
static const char *told(const struct scene *s, const char *netns)
{
	const struct container *c;
	bool alone;

	containers_look(s->containers);
	c = containers_of_netns(s->containers, scene_inode(s, netns), &alone);
	return !c ? "" : alone ? c->name : "-";
}

static void the_hosts_namespace_is_of_no_pod(void **state_)
{
	struct scene *s = *state_;
	char host[FAKE_PATH_MAX], process[FAKE_PATH_MAX];

	bundle(s, "proxy", "kube-proxy", "u1", "/proc/77/ns/net");
	fake_file(&s->root, "77", TASKS "/proxy/init.pid");
	fake_file(&s->root, "", "proc/77/ns/.keep");
	snprintf(host, sizeof(host), "%s/proc/1/ns/net", s->root.path);
	snprintf(process, sizeof(process), "%s/proc/77/ns/net", s->root.path);
	assert_int_equal(link(host, process), 0);
	assert_string_equal(told(s, "proc/1/ns/net"), "");
	assert_int_equal(containers_find(s->containers, "proxy")->netns_inode, 0);
	assert_string_equal(containers_find(s->containers, "proxy")->pod, "core/upf-0");
}

static void no_sidecar_while_its_neighbour_is_down(void **state_)
{
	struct scene *s = *state_;

	fake_file(&s->root, "", "run/netns/cni-1");
	bundle(s, "pause", "", "u1", "/run/netns/cni-1");
	bundle(s, "c1", "upf", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "upf");
	bundle(s, "c2", "side", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "-");
	remove_bundle(s, "c1");
	for (int i = 0; i < 2 * LOOKS_GONE; i++)
		assert_string_equal(told(s, "run/netns/cni-1"), "-");
	assert_null(containers_find(s->containers, "c1"));
	/* nor once the sidecar was started again, and is the only container for a while */
	remove_bundle(s, "c2");
	for (int i = 0; i < LOOKS_GONE; i++)
		assert_string_equal(told(s, "run/netns/cni-1"), "-");
	bundle(s, "c3", "side", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "-");
}

static void the_init_container_is_not_beside_the_first(void **state_)
{
	struct scene *s = *state_;

	fake_file(&s->root, "", "run/netns/cni-1");
	bundle(s, "pause", "", "u1", "/run/netns/cni-1");
	bundle(s, "c1", "prepare", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "prepare");
	remove_bundle(s, "c1");
	assert_string_equal(told(s, "run/netns/cni-1"), "-");
	bundle(s, "c2", "upf", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "-"); /* what is read now may have been sent before */
	for (int i = 0; i < LOOKS_GONE; i++)
		told(s, "run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "upf");
}

static void a_restart_keeps_the_name(void **state_)
{
	struct scene *s = *state_;

	fake_file(&s->root, "", "run/netns/cni-1");
	bundle(s, "pause", "", "u1", "/run/netns/cni-1");
	bundle(s, "c1", "upf", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "upf");
	remove_bundle(s, "c1");
	bundle(s, "c2", "upf", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "upf");
}

static void a_number_that_is_given_again_is_the_new_pods(void **state_)
{
	struct scene *s = *state_;

	fake_file(&s->root, "", "run/netns/cni-1");
	bundle(s, "c1", "old", "u1", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "old");
	remove_bundle(s, "c1");
	bundle(s, "c2", "new", "u2", "/run/netns/cni-1");
	assert_string_equal(told(s, "run/netns/cni-1"), "new");
}

/* In a DaemonSet without the mount at /var/run/netns, and in an image in which /var/run is no link. */
static void a_mount_out_of_reach(void **state_)
{
	struct scene *s = *state_;

	bundle(s, "pause", "", "u1", "/var/run/netns/cni-1");
	fake_file(&s->root, "78", TASKS "/pause/init.pid");
	fake_file(&s->root, "", "proc/78/ns/net");
	assert_string_equal(told(s, "proc/78/ns/net"), "-");
	assert_string_equal(containers_find(s->containers, "pause")->netns_path, "/proc/78/ns/net");
	bundle(s, "other", "", "u2", "/var/run/netns/cni-2");
	fake_file(&s->root, "", "run/netns/cni-2");
	assert_string_equal(told(s, "run/netns/cni-2"), "-");
	assert_string_equal(containers_find(s->containers, "other")->netns_path, "/run/netns/cni-2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_hosts_namespace_is_of_no_pod, setup, scene_end),
		cmocka_unit_test_setup_teardown(no_sidecar_while_its_neighbour_is_down, setup, scene_end),
		cmocka_unit_test_setup_teardown(the_init_container_is_not_beside_the_first, setup, scene_end),
		cmocka_unit_test_setup_teardown(a_restart_keeps_the_name, setup, scene_end),
		cmocka_unit_test_setup_teardown(a_number_that_is_given_again_is_the_new_pods, setup, scene_end),
		cmocka_unit_test_setup_teardown(a_mount_out_of_reach, setup, scene_end),
	};

	return cmocka_run_group_tests_name("host_pods", tests, NULL, NULL);
}
