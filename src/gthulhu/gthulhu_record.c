/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "gthulhu_messages.h"
#include "jsonr.h"

#define RECORD_MAX (1U << 21)

/* An option has the same name in a record as in the configuration. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{"public_key_path", offsetof(struct gthulhu_options, public_key_path)},
	{"user", offsetof(struct gthulhu_options, user)},
	{"password_file", offsetof(struct gthulhu_options, password_file)},
	{"node", offsetof(struct gthulhu_options, node)},
	{"ca_file", offsetof(struct gthulhu_options, ca_file)},
	{"cert_file", offsetof(struct gthulhu_options, cert_file)},
	{"key_file", offsetof(struct gthulhu_options, key_file)},
};

static const char **text_in(struct gthulhu_options *options, size_t i)
{
	return (const char **)((char *)options + texts[i].offset);
}

static json_t *head_of(const struct gthulhu_options *options)
{
	struct gthulhu_options copy = *options;
	_cleanup_free_ char *base = NULL;
	json_t *head;

	if (gthulhu_base_url(options->url, &base, NULL) < 0)
		return NULL;
	head = json_pack("{s:s, s:i, s:i, s:I, s:I}", "url", base, "protocol", (int)options->protocol, "mode",
			 (int)options->mode, "timeout_ns", (json_int_t)options->timeout_ns, "priority",
			 (json_int_t)options->priority);
	for (size_t i = 0; head && i < ARRAY_SIZE(texts); i++)
		json_object_set_new(head, texts[i].key, json_string(*text_in(&copy, i) ?: ""));
	return head;
}

static void folder_of(const char *path, char dir[static RECORD_PATH_MAX])
{
	snprintf(dir, RECORD_PATH_MAX, "%.*s", (int)(strrchr(path, '/') - path), path);
}

static int make_folder(const struct api_record *r)
{
	char dir[RECORD_PATH_MAX], parent[RECORD_PATH_MAX];

	folder_of(r->path, dir);
	folder_of(dir, parent);
	if (*parent && mkdir(parent, 0755) < 0 && errno != EEXIST)
		return -errno;
	return mkdir(dir, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* The folder goes with its last record. */
static void remove_folder(const struct api_record *r)
{
	char dir[RECORD_PATH_MAX];

	folder_of(r->path, dir);
	rmdir(dir);
}

int api_record_init(struct api_record *r, const char *dir, const struct gthulhu_options *options)
{
	uint64_t start = 0;
	struct proc self;

	*r = (struct api_record){.fd = -1, .head = head_of(options)};
	if (!r->head)
		return -ENOMEM;
	if (proc_read("", getpid(), &self) == 0)
		start = self.start_time;
	snprintf(r->path, sizeof(r->path), "%s/%d-%" PRIu64, dir, getpid(), start);
	return 0;
}

void api_record_free(struct api_record *r)
{
	json_decref(r->head);
	strategy_list_free(&r->threads);
	if (*r->path && r->fd >= 0)
		close(r->fd);
	*r = (struct api_record){.fd = -1};
}

void api_record_remove(struct api_record *r)
{
	if (!*r->path)
		return;
	strategy_list_clear(&r->threads);
	if (r->fd < 0)
		return;
	unlink(r->path);
	close(r->fd);
	r->fd = -1;
	remove_folder(r);
}

static json_t *threads_json(const struct strategy_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < list->len; i++) {
		const struct strategy *s = &list->items[i];

		json_t *thread = json_pack("{s:i, s:i, s:I, s:s}", "pid", s->pid, "tgid", s->tgid, "start_time",
					   (json_int_t)s->start_time, "pod", s->pod);

		/* Not where the name is no UTF-8: no server has a rule for it. */
		json_object_set_new(thread, "comm", json_string(s->comm));
		json_array_append_new(array, thread);
	}
	return array;
}

/* The new file is locked before it has the name. */
static int replace_record(struct api_record *r, const char *text)
{
	char fresh[RECORD_PATH_MAX + 4];
	int fd, error = make_folder(r);

	if (error < 0)
		return error;
	snprintf(fresh, sizeof(fresh), "%s.new", r->path);
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		error = -errno;
	if (error == 0)
		error = file_write_all(fd, text, strlen(text));
	if (error == 0 && rename(fresh, r->path) < 0)
		error = -errno;
	if (error < 0) {
		unlink(fresh);
		close(fd);
		return error;
	}
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	return 0;
}

static int write_record(struct api_record *r)
{
	json_auto_t *root = json_copy(r->head);
	_cleanup_free_ char *text = NULL;

	if (r->threads.len == 0) {
		api_record_remove(r);
		return 0;
	}
	json_object_set_new(root, "threads", threads_json(&r->threads));
	text = json_dumps(root, JSON_COMPACT);
	return text ? replace_record(r, text) : -ENOMEM;
}

static bool has_thread(const struct strategy_list *list, const struct strategy *s)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].pid == s->pid && list->items[i].start_time == s->start_time)
			return true;
	return false;
}

static bool has_all(const struct strategy_list *list, const struct strategy_list *of)
{
	for (size_t i = 0; i < of->len; i++)
		if (!has_thread(list, &of->items[i]))
			return false;
	return true;
}

int api_record_write(struct api_record *r, const struct strategy_list *list)
{
	if (!*r->path || (list->len == r->threads.len && has_all(&r->threads, list)))
		return 0;
	return strategy_list_copy(&r->threads, list) < 0 ? -ENOMEM : write_record(r);
}

int api_record_add(struct api_record *r, const struct strategy_list *list)
{
	if (!*r->path || has_all(&r->threads, list))
		return 0;
	for (size_t i = 0; i < list->len; i++)
		if (!has_thread(&r->threads, &list->items[i]) &&
		    strategy_list_put(&r->threads, list->items[i]) == -ENOMEM)
			return -ENOMEM;
	return write_record(r);
}

void api_left_free(struct api_left *left)
{
	json_decref(left->root);
	strategy_list_free(&left->threads);
	*left = (struct api_left){0};
}

static int read_thread(const json_t *object, struct strategy_list *list)
{
	struct strategy s = {
		.pid = (int32_t)json_integer_value(json_object_get(object, "pid")),
		.tgid = (int32_t)json_integer_value(json_object_get(object, "tgid")),
		.start_time = (uint64_t)json_integer_value(json_object_get(object, "start_time")),
		.priority = true,
		.execution_time_ns = 1,
	};

	snprintf(s.comm, sizeof(s.comm), "%s", json_string_value(json_object_get(object, "comm")) ?: "");
	snprintf(s.pod, sizeof(s.pod), "%s", json_string_value(json_object_get(object, "pod")) ?: "");
	return strategy_list_put(list, s);
}

static int read_threads(const json_t *root, struct strategy_list *list)
{
	const json_t *threads = json_object_get(root, "threads"), *object;
	size_t i;
	int r = 0;

	json_array_foreach(threads, i, object) {
		r = read_thread(object, list);
		if (r < 0)
			break;
	}
	return r;
}

static void read_head(const json_t *root, struct gthulhu_options *ret)
{
	*ret = (struct gthulhu_options){
		.enabled = true,
		.url = json_string_value(json_object_get(root, "url")) ?: "",
		.protocol = (unsigned)json_integer_value(json_object_get(root, "protocol")),
		.mode = (unsigned)json_integer_value(json_object_get(root, "mode")),
		.timeout_ns = (uint64_t)json_integer_value(json_object_get(root, "timeout_ns")),
		.priority = (uint64_t)json_integer_value(json_object_get(root, "priority")),
		.interval_ns = 3600000000000,
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*text_in(ret, i) = json_string_value(json_object_get(root, texts[i].key)) ?: "";
}

int api_left_read(const char *path, struct api_left *ret, struct err *err)
{
	_cleanup_(buf_free) struct buf text = {0};
	_cleanup_(api_left_free) struct api_left left = {0};
	int r = buf_read_file(&text, path, RECORD_MAX);

	if (r < 0)
		return err_set(err, r, "%s: %s", path, file_error(r));
	r = jsonr_read(&left.root, text.data ?: "", text.len, 0, err);
	if (r < 0)
		return err_prefix(err, r, "%s: no record of strategies; remove it", path);
	read_head(left.root, &left.options);
	if (!*left.options.url || left.options.protocol > GTHULHU_MANAGER || left.options.mode > GTHULHU_MERGE)
		return err_set(err, -EBADMSG, "%s: no record of strategies; remove it", path);
	r = read_threads(left.root, &left.threads);
	if (r < 0)
		return err_set(err, r, "%s: %s", path, err_name(r));
	*ret = left;
	left = (struct api_left){0};
	return 0;
}
