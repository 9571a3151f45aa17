/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "docker_names.h"
#include "file.h"
#include "jsonr.h"

/* A real one has some hundred values in 20 KiB, and a long annotation makes it hundreds of KiB. */
#define CONFIG_MAX (1 << 20)

DEFINE_CLEANUP(json_t *, json, json_decref)

/* containerd's and CRI-O's words for one thing, and Kubernetes' own. */
static const char *annotation(const json_t *annotations, const char *const *keys)
{
	for (; *keys; keys++) {
		const char *text = json_string_value(json_object_get(annotations, *keys));

		if (text && *text)
			return text;
	}
	return "";
}

static const char *const sandbox_names[] = {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name", NULL};
static const char *const namespaces[] = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace", NULL};
static const char *const uids[] = {"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid", NULL};
static const char *const names[] = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name", NULL};
static const char *const types[] = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType", NULL};
static const char *const labels[] = {"io.kubernetes.cri-o.Labels", NULL};

/* A text of JSON within the JSON. Kubernetes' own words are among the keys already. */
static void take_labels(struct container *c, const char *text)
{
	_cleanup_(cleanup_json) json_t *list = NULL;
	const char *key, *value;
	size_t used = 0;
	json_t *item;
	int n;

	if (jsonr_read(&list, text, strlen(text), 0, NULL) < 0)
		return;
	json_object_foreach(list, key, item) {
		value = json_string_value(item);
		if (!value || strchr(key, '\n') || strchr(value, '\n') || !strncmp(key, "io.kubernetes.", 14))
			continue;
		n = snprintf(c->labels + used, sizeof(c->labels) - used, "%s=%s\n", key, value);
		if (n < 0 || (size_t)n >= sizeof(c->labels) - used) {
			c->labels[used] = '\0'; /* what is cut could be taken for another */
			return;
		}
		used += (size_t)n;
	}
}

/* What could move a terminal's cursor is no name. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void take_names(const char *root, struct container *c, const json_t *config)
{
	const json_t *annotations = json_object_get(config, "annotations");
	const char *pod = annotation(annotations, sandbox_names), *namespace = annotation(annotations, namespaces);

	if (*pod)
		snprintf(c->pod, sizeof(c->pod), "%s%s%s", namespace, *namespace ? "/" : "", pod);
	snprintf(c->pod_uid, sizeof(c->pod_uid), "%s", annotation(annotations, uids));
	snprintf(c->name, sizeof(c->name), "%s", annotation(annotations, names));
	c->sandbox = !strcmp(annotation(annotations, types), "sandbox");
	if (!c->name[0] && !*pod)
		docker_read_names(root, config, c);
	clean(c->pod);
	clean(c->pod_uid);
	clean(c->name);
	take_labels(c, annotation(annotations, labels));
}

static bool take_netns(struct container *c, const json_t *config)
{
	const json_t *list = json_object_get(json_object_get(config, "linux"), "namespaces");
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));
		const char *path = json_string_value(json_object_get(item, "path"));

		if (!type || strcmp(type, "network"))
			continue;
		if (path && strlen(path) < sizeof(c->netns_path))
			snprintf(c->netns_path, sizeof(c->netns_path), "%s", path);
		return true;
	}
	return false;
}

int bundle_read(const char *root, const char *path, struct container *ret, bool *ret_own_netns)
{
	_cleanup_close_ int fd = file_open(AT_FDCWD, path, O_NOFOLLOW);
	_cleanup_(cleanup_json) json_t *config = NULL;
	_cleanup_(buf_free) struct buf text = {0};
	int r;

	if (fd < 0)
		return fd == -ELOOP || fd == -EBADFD ? -EINVAL : fd;
	r = file_read(fd, &text, CONFIG_MAX);
	if (r == 0)
		r = jsonr_read(&config, text.data ?: "", text.len, 0, NULL);
	if (r < 0)
		return r == -E2BIG ? -EFBIG : r;
	if (!json_is_object(config))
		return -EINVAL;
	take_names(root, ret, config);
	*ret_own_netns = take_netns(ret, config);
	return 0;
}
