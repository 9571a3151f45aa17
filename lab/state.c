/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "jsonw.h"

#define STATE_FILE "state.json"
#define STATE_FILE_NEW "state.json.new"
#define STATE_MAX (1U << 20)

DEFINE_CLEANUP(json_t *, json_t, json_decref)
DEFINE_CLEANUP(DIR *, dir, closedir)

const char *lab_state_path(const char *name, const char *file, char path[static LAB_STATE_PATH_MAX])
{
	snprintf(path, LAB_STATE_PATH_MAX, LAB_STATE_DIR "/%s/%s", name, file);
	return path;
}

static int make_dir(const char *path, struct err *err)
{
	if (!mkdir(path, 0755) || errno == EEXIST)
		return 0;
	return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
}

static int make_dirs(const char *path, struct err *err)
{
	int r = make_dir(LAB_RUN_DIR, err);

	if (r >= 0)
		r = make_dir(LAB_STATE_DIR, err);
	return r < 0 ? r : make_dir(path, err);
}

static bool is_same(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* A POSIX lock: children do not inherit it, so that it ends with this process even where a child it
 * has just forked lives on for a moment. */
static int lock_file(const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		if (errno != EACCES && errno != EAGAIN)
			return err_set(err, -errno, "locking %s: %s", path, strerror(errno));
		return err_set(err, -EBUSY,
			       "%s is locked: another teide is bringing this lab up or down; try "
			       "again when it has ended",
			       path);
	}
	/* Between open and lock a down may have removed it. */
	return is_same(fd, path) ? TAKE_FD(fd) : err_set(err, -ESTALE, "%s has just gone", path);
}

int lab_state_lock(const char *name, bool make, struct err *err)
{
	char dir[LAB_STATE_PATH_MAX], path[LAB_STATE_PATH_MAX];
	int r;

	lab_state_path(name, "", dir);
	lab_state_path(name, "lock", path);
	do {
		r = make ? make_dirs(dir, err) : 0;
		if (r >= 0)
			r = lock_file(path, err);
	} while (r == -ESTALE || (make && r == -ENOENT));
	return r;
}

static int parse_unsigned(const json_t *object, const char *key, unsigned max, unsigned *ret)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
		return -EINVAL;
	*ret = json_integer_value(value);
	return 0;
}

static int parse_process(const json_t *node, enum lab_node_kind kind, unsigned index, struct lab_state *state)
{
	struct lab_process *p = &state->processes[state->n_processes];
	unsigned pid;

	if (!json_object_get(node, "pid"))
		return 0;
	if (state->n_processes == LAB_PROCESSES_MAX || parse_unsigned(node, "pid", INT32_MAX, &pid) < 0 ||
	    !json_is_integer(json_object_get(node, "start_time")))
		return -EINVAL;
	*p = (struct lab_process){
		.kind = kind,
		.index = index,
		.ref =
			{
				.pid = (int32_t)pid,
				.start_time = json_integer_value(json_object_get(node, "start_time")),
			},
	};
	state->n_processes++;
	return 0;
}

static int parse_nodes(const json_t *array, enum lab_node_kind kind, struct lab_state *state)
{
	const json_t *node;
	size_t i;

	json_array_foreach((json_t *)array, i, node) {
		if (parse_process(node, kind, i + 1, state) < 0)
			return -EINVAL;
	}
	return 0;
}

/* The UEs with a PDU session come first. */
static unsigned count_sessions(const json_t *ues)
{
	const json_t *ue;
	unsigned n = 0;
	size_t i;

	json_array_foreach((json_t *)ues, i, ue)
		n += json_object_get(ue, "address") != NULL;
	return n;
}

static int parse_options(const json_t *root, struct lab_options *o)
{
	const char *name = json_string_value(json_object_get(root, "name"));
	const char *kind = json_string_value(json_object_get(json_object_get(root, "upf"), "kind"));
	const char *core = json_string_value(json_object_get(root, "core"));

	if (!name || strlen(name) >= sizeof(o->name) || !kind || lab_upf_kind_parse(kind, &o->upf) < 0 || !core ||
	    lab_core_parse(core, &o->core) < 0)
		return -EINVAL;
	snprintf(o->name, sizeof(o->name), "%s", name);
	o->ues = json_array_size(json_object_get(root, "ues"));
	o->gnbs = json_array_size(json_object_get(root, "gnbs"));
	o->sessions = count_sessions(json_object_get(root, "ues"));
	o->flows = json_array_size(json_object_get(root, "flows"));
	o->inner_ipv6 = json_is_true(json_object_get(root, "inner_ipv6"));
	return 0;
}

static int parse(const json_t *root, struct lab_state *ret)
{
	const char *boot_id = json_string_value(json_object_get(root, "boot_id"));

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->boot_id, sizeof(ret->boot_id), "%s", boot_id ? boot_id : "");
	ret->up = json_is_true(json_object_get(root, "up"));
	if (parse_options(root, &ret->options) < 0 || parse_nodes(json_object_get(root, "ues"), LAB_NODE_UE, ret) < 0 ||
	    parse_nodes(json_object_get(root, "gnbs"), LAB_NODE_GNB, ret) < 0 ||
	    parse_process(json_object_get(root, "upf"), LAB_NODE_UPF, 1, ret) < 0)
		return -EINVAL;
	return parse_process(json_object_get(root, "dn"), LAB_NODE_DN, 1, ret);
}

int lab_state_boot_id(char ret[static LAB_BOOT_ID_MAX], struct err *err)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	_cleanup_(buf_free) struct buf text = {0};
	int r = buf_read_file(&text, path, 4096);

	if (r < 0)
		return err_set(err, r, "%s: %s", path, file_error(r));
	snprintf(ret, LAB_BOOT_ID_MAX, "%.*s", LAB_BOOT_ID_MAX - 1, text.data ? text.data : "");
	return 0;
}

static int forget_earlier_boot(struct lab_state *state, struct err *err)
{
	char boot_id[LAB_BOOT_ID_MAX];
	int r = lab_state_boot_id(boot_id, err);

	if (r < 0)
		return r;
	if (strcmp(boot_id, state->boot_id) != 0) {
		state->n_processes = 0;
		state->up = false;
	}
	return 0;
}

int lab_state_read(const char *name, struct lab_state *ret, struct err *err)
{
	_cleanup_(buf_free) struct buf text = {0};
	_cleanup_(cleanup_json_t) json_t *root = NULL;
	char path[LAB_STATE_PATH_MAX];
	int r = buf_read_file(&text, lab_state_path(name, STATE_FILE, path), STATE_MAX);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(err, r, "%s: %s", path, file_error(r));
	root = json_loadb(text.data ? text.data : "", text.len, 0, NULL);
	if (!root || parse(root, ret) < 0 || strcmp(ret->options.name, name) != 0)
		return err_set(err, -EBADMSG, "%s is not a state that teide lab wrote", path);
	r = forget_earlier_boot(ret, err);
	return r < 0 ? r : 1;
}

static int write_file(const char *path, const struct buf *text, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : file_write_all(fd, text->data, text->len);

	return r < 0 ? err_set(err, r, "cannot write %s: %s", path, err_name(r)) : 0;
}

int lab_state_write(const struct lab_plan *plan, const struct lab_state *state, struct err *err)
{
	_cleanup_(buf_free) struct buf text = {0};
	char path[LAB_STATE_PATH_MAX], new_path[LAB_STATE_PATH_MAX];
	struct jw j = jw_begin(&text);
	int r;

	jw_object(&j, NULL);
	lab_state_keys(&j, plan, state, NULL);
	jw_object_end(&j);
	buf_char(&text, '\n');
	if (text.failed)
		return err_set(err, -ENOMEM, "state of the lab: out of memory");
	lab_state_path(plan->options.name, STATE_FILE, path);
	r = write_file(lab_state_path(plan->options.name, STATE_FILE_NEW, new_path), &text, err);
	if (r < 0)
		return r;
	if (rename(new_path, path) < 0)
		return err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
	return 0;
}

/* All but the state go first, so that a remove that is ended in between can be repeated. */
static int remove_files(const char *name, struct err *err)
{
	char path[LAB_STATE_PATH_MAX];
	_cleanup_(cleanup_dir) DIR *dir = opendir(lab_state_path(name, "", path));
	struct dirent *entry;

	if (!dir)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && strcmp(entry->d_name, STATE_FILE) != 0 &&
		    unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			return err_set(err, -errno, "cannot remove %s%s: %s", path, entry->d_name, strerror(errno));
	}
	if (unlinkat(dirfd(dir), STATE_FILE, 0) < 0 && errno != ENOENT)
		return err_set(err, -errno, "cannot remove %s" STATE_FILE ": %s", path, strerror(errno));
	return 0;
}

int lab_state_remove(const char *name, struct err *err)
{
	char path[LAB_STATE_PATH_MAX];
	int r = remove_files(name, err);

	if (r < 0)
		return r;
	/* ENOTEMPTY: once the lock's file had gone, the next up began. */
	if (rmdir(lab_state_path(name, "", path)) < 0 && errno != ENOTEMPTY)
		return err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	/* They stay while other labs, or other verbs, have files in them. */
	if (!rmdir(LAB_STATE_DIR))
		(void)!rmdir(LAB_RUN_DIR);
	return 0;
}

bool lab_state_has_others(const char *name)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(LAB_STATE_DIR);
	struct dirent *entry;

	/* A lab's name has no dot, see plan.h. */
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, name) != 0)
			return true;
	}
	return false;
}

const struct lab_process *lab_state_process(const struct lab_state *state, enum lab_node_kind kind, unsigned index)
{
	for (unsigned i = 0; i < state->n_processes; i++) {
		if (state->processes[i].kind == kind && state->processes[i].index == index)
			return &state->processes[i];
	}
	return NULL;
}
