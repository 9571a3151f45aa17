/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The containers of a root that a test makes up. */
#pragma once

#include "containers.h"
#include "fake_root.h"

struct scene {
	struct fake_root root;
	struct containers *containers;
};

/* Process 1 has a network namespace there, as every process has. */
static inline int scene_begin(void **ret, char *const state[])
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	fake_begin(&s->root);
	fake_file(&s->root, "", "proc/1/ns/net");
	s->containers = containers_new(s->root.path, (char **)state);
	assert_non_null(s->containers);
	*ret = s;
	return 0;
}

static inline int scene_end(void **ret)
{
	struct scene *s = *ret;

	containers_free(s->containers);
	fake_end(&s->root);
	free(s);
	return 0;
}

static inline uint64_t scene_inode(const struct scene *s, const char *path)
{
	char whole[FAKE_PATH_MAX];
	struct stat st;

	snprintf(whole, sizeof(whole), "%s/%s", s->root.path, path);
	assert_int_equal(stat(whole, &st), 0);
	return st.st_ino;
}

/* A container of the pod core/upf-0. name "": the pod's sandbox. */
struct scene_bundle {
	const char *id, *name, *uid, *netns;
};

static inline void scene_bundle(const struct scene *s, const struct scene_bundle *b)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"annotations\": {\"io.kubernetes.cri.container-type\": \"%s\","
		 "\"io.kubernetes.cri.sandbox-name\": \"upf-0\", \"io.kubernetes.cri.sandbox-namespace\": \"core\","
		 "\"io.kubernetes.cri.sandbox-uid\": \"%s\", \"io.kubernetes.cri.container-name\": \"%s\"},"
		 "\"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\", \"path\": \"%s\"}]}}",
		 *b->name ? "container" : "sandbox", b->uid, b->name, b->netns);
	fake_file(&s->root, text, "run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json", b->id);
}
