/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "buf.h"
#include "cleanup.h"

/* A real one has some hundred values in 20 KiB, and a long annotation makes it hundreds of KiB. */
#define CONFIG_MAX (1 << 20)
#define VALUES_MAX 16384

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

/* Whether the text has few enough arrays, objects and members to be parsed at once: each costs the parser
 * microseconds, so that 1 MiB of "{},{}," would keep it for seconds. */
static bool is_moderate(const char *text, size_t len)
{
	bool in_string = false;
	size_t n = 0;

	for (size_t i = 0; i < len && n <= VALUES_MAX; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\';
		else
			n += text[i] == '{' || text[i] == '[' || text[i] == ',';
	}
	return n <= VALUES_MAX;
}

static json_t *parse(const char *text, size_t len)
{
	return len && is_moderate(text, len) ? json_loadb(text, len, 0, NULL) : NULL;
}

/* A text of JSON within the JSON. Kubernetes' own words are among the keys already. */
static void take_labels(struct container *c, const char *text)
{
	_cleanup_(cleanup_json) json_t *list = parse(text, strlen(text));
	const char *key, *value;
	size_t used = 0;
	json_t *item;
	int n;

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

static void take_names(struct container *c, const json_t *annotations)
{
	const char *pod = annotation(annotations, sandbox_names), *namespace = annotation(annotations, namespaces);

	if (*pod)
		snprintf(c->pod, sizeof(c->pod), "%s%s%s", namespace, *namespace ? "/" : "", pod);
	snprintf(c->pod_uid, sizeof(c->pod_uid), "%s", annotation(annotations, uids));
	snprintf(c->name, sizeof(c->name), "%s", annotation(annotations, names));
	clean(c->pod);
	clean(c->pod_uid);
	clean(c->name);
	c->sandbox = !strcmp(annotation(annotations, types), "sandbox");
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

/* 0, -EINVAL for what is no such file, -EFBIG, or -errno. */
static int read_file(const char *path, struct buf *text)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char chunk[4096];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buf_add(text, chunk, (size_t)n);
		if (text->failed)
			return -ENOMEM;
		if (text->len > CONFIG_MAX)
			return -EFBIG;
	}
	return 0;
}

int bundle_read(const char *path, struct container *ret, bool *ret_own_netns)
{
	_cleanup_(cleanup_json) json_t *config = NULL;
	_cleanup_(buf_free) struct buf text = {0};
	int r = read_file(path, &text);

	if (r < 0)
		return r;
	config = parse(text.data, text.len);
	if (!json_is_object(config))
		return -EINVAL;
	take_names(ret, json_object_get(config, "annotations"));
	*ret_own_netns = take_netns(ret, config);
	return 0;
}
