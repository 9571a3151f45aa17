/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "docker_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "jsonr.h"
#include "proc.h"
#include "procfs.h"

#define STATE_MAX (1 << 20)

DEFINE_CLEANUP(json_t *, json, json_decref)

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

/* The folder of Docker's state, or NULL: *ret_len bytes of text that the bundle owns. */
static const char *find_folder(const json_t *bundle, const char *id, int *ret_len)
{
	const json_t *mounts = json_object_get(bundle, "mounts");
	char end[CONTAINER_ID_MAX + 16];
	json_t *item;
	size_t i;

	snprintf(end, sizeof(end), "/%s/hostname", id);
	json_array_foreach(mounts, i, item) {
		const char *source = text_of(item, "source");
		size_t len = strlen(source);

		if (strcmp(text_of(item, "destination"), "/etc/hostname") || source[0] != '/' || len < strlen(end) ||
		    strcmp(source + len - strlen(end), end))
			continue;
		*ret_len = (int)(len - strlen("/hostname"));
		return source;
	}
	return NULL;
}

static json_t *read_state(const char *path)
{
	_cleanup_close_ int fd = file_open(AT_FDCWD, path, O_NOFOLLOW);
	_cleanup_(buf_free) struct buf text = {0};
	json_t *state = NULL;

	if (fd < 0 || file_read(fd, &text, STATE_MAX) < 0 || jsonr_read(&state, text.data ?: "", text.len, 0, NULL) < 0)
		return NULL;
	return state;
}

/* cri-dockerd has Kubernetes' names as labels. */
static void take_kubernetes(struct container *c, const json_t *labels)
{
	const char *pod = text_of(labels, "io.kubernetes.pod.name");
	const char *namespace = text_of(labels, "io.kubernetes.pod.namespace");

	if (!*pod)
		return;
	snprintf(c->pod, sizeof(c->pod), "%s%s%s", namespace, *namespace ? "/" : "", pod);
	snprintf(c->pod_uid, sizeof(c->pod_uid), "%s", text_of(labels, "io.kubernetes.pod.uid"));
	snprintf(c->name, sizeof(c->name), "%s", text_of(labels, "io.kubernetes.container.name"));
	c->sandbox = !strcmp(text_of(labels, "io.kubernetes.docker.type"), "podsandbox");
}

void docker_read_names(const char *root, const json_t *bundle, struct container *c)
{
	_cleanup_(cleanup_json) json_t *state = NULL;
	const char *folder, *name;
	char path[PROC_PATH_MAX];
	int len;

	folder = find_folder(bundle, c->id, &len);
	if (!folder || procfs_path(path, sizeof(path), "%s%.*s/config.v2.json", root, len, folder) < 0)
		return;
	state = read_state(path);
	name = text_of(state, "Name");
	if (name[0] == '/')
		snprintf(c->name, sizeof(c->name), "%s", name + 1);
	take_kubernetes(c, json_object_get(json_object_get(state, "Config"), "Labels"));
}
