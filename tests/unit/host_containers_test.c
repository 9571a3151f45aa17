/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Containers and pods by the state folders of containerd and CRI-O, made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "container_scene.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "0f0e0d0c-0b0a-0908-0706-050403020100"

static char *state[] = {"/run/containerd", "/run/containers/storage", NULL};

static int setup(void **ret)
{
	return scene_begin(ret, state);
}

static void containerd_bundle(const struct scene *s, const char *id, const char *name)
{
	scene_bundle(s, &(struct scene_bundle){id, name, UID, "/run/netns/cni-1"});
}

static void containerd_with_kubernetes(void **state_)
{
	struct scene *s = *state_;
	const struct container *c;
	bool alone;

	containerd_bundle(s, ID, "upf");
	containerd_bundle(s, "sandbox", "");
	assert_true(containers_look(s->containers));
	assert_int_equal(containers_len(s->containers), 2);
	c = containers_find(s->containers, ID);
	assert_non_null(c);
	assert_string_equal(c->name, "upf");
	assert_string_equal(c->pod, "core/upf-0");
	assert_string_equal(c->pod_uid, UID);
	assert_false(c->sandbox);
	assert_true(containers_find(s->containers, "sandbox")->sandbox);
	assert_int_equal(c->netns_inode, 0);

	/* the namespace comes later, and with the process its cgroup */
	fake_file(&s->root, "", "run/netns/cni-1");
	fake_file(&s->root, "77", "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/init.pid");
	fake_file(&s->root, "12:pids:/kubepods/pod1\n0::/kubepods/pod" UID "/" ID "\n", "proc/77/cgroup");
	fake_file(&s->root, "", "sys/fs/cgroup/unified/kubepods/pod" UID "/" ID "/cgroup.procs");
	assert_true(containers_look(s->containers));
	c = containers_find(s->containers, ID);
	assert_int_equal(c->pid, 77);
	assert_int_equal(c->netns_inode, scene_inode(s, "run/netns/cni-1"));
	assert_int_equal(c->cgroup_id, scene_inode(s, "sys/fs/cgroup/unified/kubepods/pod" UID "/" ID));
	assert_ptr_equal(containers_of_cgroup(s->containers, c->cgroup_id), c);
	assert_ptr_equal(containers_of_netns(s->containers, c->netns_inode, &alone), c);
	assert_true(alone);
	assert_false(containers_look(s->containers));

	containerd_bundle(s, "second", "side");
	assert_true(containers_look(s->containers));
	assert_non_null(containers_of_netns(s->containers, scene_inode(s, "run/netns/cni-1"), &alone));
	assert_false(alone);
}

static void crio(void **state_)
{
	struct scene *s = *state_;
	const struct container *c;
	char pid[16];

	fake_file(&s->root,
		  "{\"annotations\": {\"io.kubernetes.cri-o.ContainerType\": \"container\","
		  "\"io.kubernetes.pod.name\": \"gnb-0\", \"io.kubernetes.pod.namespace\": \"ran\","
		  "\"io.kubernetes.pod.uid\": \"" UID "\", \"io.kubernetes.container.name\": \"gnb\","
		  "\"io.kubernetes.cri-o.Labels\": \"{\\\"app\\\": \\\"gnb\\\", \\\"tier\\\": \\\"ran\\\", "
		  "\\\"io.kubernetes.pod.name\\\": \\\"gnb-0\\\"}\"},"
		  "\"linux\": {\"namespaces\": [{\"type\": \"network\"}]}}",
		  "run/containers/storage/overlay-containers/" ID "/userdata/config.json");
	snprintf(pid, sizeof(pid), "%d\n", 78);
	fake_file(&s->root, pid, "run/containers/storage/overlay-containers/" ID "/userdata/pidfile");
	fake_file(&s->root, "", "proc/78/ns/net");
	assert_true(containers_look(s->containers));
	c = containers_find(s->containers, ID);
	assert_non_null(c);
	assert_string_equal(c->pod, "ran/gnb-0");
	assert_string_equal(c->name, "gnb");
	assert_string_equal(c->labels, "app=gnb\ntier=ran\n");
	assert_int_equal(c->netns_inode, scene_inode(s, "proc/78/ns/net"));
	assert_string_equal(c->netns_path, "/proc/78/ns/net");

	assert_true(container_in_pod(c, "gnb-0"));
	assert_true(container_in_pod(c, "gnb-*"));
	assert_true(container_in_pod(c, "ran/gnb-*"));
	assert_false(container_in_pod(c, "core/gnb-*"));
	assert_true(container_in_pod(c, UID));
	assert_true(container_in_pod(c, "tier=ran"));
	assert_false(container_in_pod(c, "tier=ra"));
	assert_false(container_in_pod(c, "ier=ran"));
	assert_true(container_is(c, "gnb"));
	assert_true(container_is(c, "g*"));
	assert_true(container_is(c, "0123456789ab"));
	assert_false(container_is(c, "0123456789"));
	assert_false(container_is(c, "1123456789ab"));
}

static void comes_and_goes(void **state_)
{
	struct scene *s = *state_;
	char path[FAKE_PATH_MAX];
	bool changed = false;

	fake_file(&s->root, "{\"linux\": {\"namespaces\": []}}",
		  "run/containerd/io.containerd.runtime.v2.task/default/web/config.json");
	assert_true(containers_look(s->containers));
	assert_string_equal(containers_find(s->containers, "web")->pod, "");
	assert_false(containers_look(s->containers));
	snprintf(path, sizeof(path), "%s/run/containerd/io.containerd.runtime.v2.task/default/web/config.json",
		 s->root.path);
	assert_int_equal(unlink(path), 0);
	assert_true(containers_look(s->containers));
	assert_true(containers_find(s->containers, "web")->gone);
	for (int i = 0; i < 100 && !changed; i++)
		changed = containers_look(s->containers);
	assert_true(changed);
	assert_null(containers_find(s->containers, "web"));
}

/* Whoever may write there, a link or a name must lead nowhere else. */
static void what_is_no_bundle(void **state_)
{
	struct scene *s = *state_;

	fake_file(&s->root, "{\"annotations\": {\"io.kubernetes.cri.sandbox-name\": \"x\"}}", "elsewhere");
	fake_link(&s->root, "/etc/passwd", "run/containerd/io.containerd.runtime.v2.task/default/link/config.json");
	fake_file(&s->root, "{", "run/containerd/io.containerd.runtime.v2.task/default/cut/config.json");
	fake_file(&s->root, "[]", "run/containerd/io.containerd.runtime.v2.task/default/array/config.json");
	fake_file(&s->root, "{}", "run/containerd/io.containerd.runtime.v2.task/default/bad name/config.json");
	fake_file(&s->root, "{\"annotations\": 5, \"linux\": []}",
		  "run/containerd/io.containerd.runtime.v2.task/default/odd/config.json");
	containers_look(s->containers);
	assert_null(containers_find(s->containers, "bad name"));
	for (size_t cursor = 0;;) {
		const struct container *c = containers_next(s->containers, &cursor);

		if (!c)
			break;
		assert_string_equal(c->pod, "");
		assert_int_equal(c->netns_inode, 0);
	}
}

/* A config.json of so many values, within which its pod is named. */
static char *config_of(size_t values)
{
	size_t size = values * 3 + 128, n;
	char *text = malloc(size);

	assert_non_null(text);
	n = (size_t)snprintf(text, size,
			     "{\"annotations\": {\"io.kubernetes.cri.sandbox-name\": \"x\"}, \"process\": [1");
	for (size_t i = 0; i < values; i++)
		n += (size_t)snprintf(text + n, size - n, ",1");
	snprintf(text + n, size - n, "]}");
	return text;
}

static const char *pod_of(const struct scene *s, const char *id)
{
	const struct container *c = containers_find(s->containers, id);

	return c ? c->pod : "not there";
}

/* The parser's time goes by values, so a file of too many is no config.json; also in the labels, which are JSON
 * within JSON. What stands in a string is no value. */
static void a_file_of_too_many_values_is_refused(void **state_)
{
	struct scene *s = *state_;
	char *good = config_of(10000), *bomb = config_of(300000), *text = malloc(1 << 20);

	assert_non_null(text);
	fake_file(&s->root, good, "run/containerd/io.containerd.runtime.v2.task/default/good/config.json");
	fake_file(&s->root, bomb, "run/containerd/io.containerd.runtime.v2.task/default/bomb/config.json");
	memset(bomb, ',', 300000);
	bomb[300000] = '\0';
	snprintf(text, 1 << 20, "{\"x\": \"\\\"%s\", \"annotations\": {\"io.kubernetes.cri.sandbox-name\": \"x\"}}",
		 bomb);
	fake_file(&s->root, text, "run/containerd/io.containerd.runtime.v2.task/default/long/config.json");
	snprintf(text, 1 << 20,
		 "{\"annotations\": {\"io.kubernetes.cri.sandbox-name\": \"x\", "
		 "\"io.kubernetes.cri-o.Labels\": \"{\\\"tier\\\": \\\"ran\\\", \\\"x\\\": [1");
	for (size_t n = strlen(text); n < 400000; n += 2)
		memcpy(text + n, ",1", 3);
	strcat(text, "]}\"}}");
	fake_file(&s->root, text, "run/containerd/io.containerd.runtime.v2.task/default/labels/config.json");
	for (int i = 0; i < 100 && (!i || containers_unread(s->containers)); i++)
		containers_look(s->containers);
	assert_string_equal(pod_of(s, "good"), "x");
	assert_string_equal(pod_of(s, "bomb"), "");
	assert_string_equal(pod_of(s, "long"), "x");
	assert_string_equal(pod_of(s, "labels"), "x");
	assert_string_equal(containers_find(s->containers, "labels")->labels, "");
	assert_false(containers_look(s->containers)); /* a refused file is not read again */
	free(good);
	free(bomb);
	free(text);
}

static void what_a_look_does_not_come_to_the_next_ones_read(void **state_)
{
	enum { FILES = 500, LOOKS_MAX = 100000 };
	struct scene *s = *state_;
	char *text = config_of(16000);
	int looks = 0;
	char id[16];

	for (int i = 0; i < FILES; i++)
		fake_file(&s->root, text, "run/containerd/io.containerd.runtime.v2.task/default/c%d/config.json", i);
	containers_look(s->containers);
	assert_true(containers_unread(s->containers) > 0);
	assert_true(containers_unread(s->containers) < FILES);
	while (containers_unread(s->containers) && looks++ < LOOKS_MAX)
		assert_true(containers_look(s->containers));
	for (int i = 0; i < FILES; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		assert_string_equal(pod_of(s, id), "x");
	}
	free(text);
}

static void without_descriptors_no_container_is_gone(void **state_)
{
	struct scene *s = *state_;
	struct rlimit before, none;

	containerd_bundle(s, ID, "upf");
	assert_true(containers_look(s->containers));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < 100; i++)
		assert_false(containers_look(s->containers));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(containers_find(s->containers, ID));
	assert_false(containers_find(s->containers, ID)->gone);
	assert_string_equal(containers_find(s->containers, ID)->pod, "core/upf-0");
	containerd_bundle(s, "second", "upf");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	containers_look(s->containers);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(containers_look(s->containers));
	assert_string_equal(pod_of(s, "second"), "core/upf-0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(containerd_with_kubernetes, setup, scene_end),
		cmocka_unit_test_setup_teardown(crio, setup, scene_end),
		cmocka_unit_test_setup_teardown(comes_and_goes, setup, scene_end),
		cmocka_unit_test_setup_teardown(what_is_no_bundle, setup, scene_end),
		cmocka_unit_test_setup_teardown(a_file_of_too_many_values_is_refused, setup, scene_end),
		cmocka_unit_test_setup_teardown(what_a_look_does_not_come_to_the_next_ones_read, setup, scene_end),
		cmocka_unit_test_setup_teardown(without_descriptors_no_container_is_gone, setup, scene_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
