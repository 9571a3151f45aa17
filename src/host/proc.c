/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "proc.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "procfs.h"
#include "vec.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Fields of proc(5)'s stat, counted behind the parenthesis: state is 3. */
enum { FIELD_STATE = 3, FIELD_FLAGS = 9, FIELD_START = 22 };

static bool parse_u64(const char *p, const char *end, uint64_t *ret)
{
	uint64_t value = 0;
	const char *begin = p;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	*ret = value;
	return p > begin;
}

static const char *next_field(const char *p, const char *end)
{
	const char *space = memchr(p, ' ', (size_t)(end - p));

	return space ? space + 1 : end;
}

static bool parse_fields(const char *p, const char *end, struct proc_stat *ret)
{
	uint64_t flags = 0;

	ret->state = p < end ? *p : '\0';
	for (int field = FIELD_STATE; field < FIELD_START; p = next_field(p, end), field++) {
		if (field == FIELD_FLAGS && !parse_u64(p, end, &flags))
			return false;
	}
	ret->kernel = flags & PF_KTHREAD;
	return parse_u64(p, end, &ret->start_time);
}

int proc_parse_stat(const char *text, size_t len, struct proc_stat *ret)
{
	const char *end = text + len, *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);
	uint64_t pid;
	size_t n;

	/* The last parenthesis ends comm: what follows are numbers only. */
	if (!open || !close || close < open || end - close < 3 || close[1] != ' ')
		return -EINVAL;
	*ret = (struct proc_stat){0};
	if (!parse_u64(text, open, &pid) || !pid || pid > INT32_MAX)
		return -EINVAL;
	ret->pid = (int32_t)pid;
	n = MIN((size_t)(close - open - 1), sizeof(ret->comm) - 1);
	memcpy(ret->comm, open + 1, n);
	return parse_fields(close + 2, end, ret) ? 0 : -EINVAL;
}

static int read_stat(const char *path, struct proc_stat *ret)
{
	char text[1024];
	size_t len;
	int r = procfs_read(path, text, sizeof(text), &len);

	if (r < 0)
		return r;
	/* Read between the task's release and its entry's removal, the file is empty. */
	return len ? proc_parse_stat(text, len, ret) : -ESRCH;
}

static uint64_t read_netns(const char *root, int32_t pid)
{
	char path[PROC_PATH_MAX], link[64];

	if (procfs_path(path, sizeof(path), "%s/proc/%d/ns/net", root, pid) < 0 ||
	    procfs_readlink(path, link, sizeof(link)) < 0)
		return 0;
	return procfs_inode(link, "net");
}

static int read_process(const char *root, int32_t pid, struct proc *ret)
{
	char path[PROC_PATH_MAX];
	struct proc_stat stat = {0};
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/stat", root, pid);
	if (r == 0)
		r = read_stat(path, &stat);
	if (r < 0)
		return r;
	if (stat.state == 'Z' || stat.state == 'X')
		return -ESRCH;
	*ret = (struct proc){.pid = pid, .start_time = stat.start_time, .kernel = stat.kernel};
	memcpy(ret->comm, stat.comm, sizeof(ret->comm));
	return 0;
}

int proc_read(const char *root, int32_t pid, struct proc *ret)
{
	struct proc proc;
	int r = read_process(root, pid, &proc);

	if (r < 0)
		return r;
	proc.netns = read_netns(root, pid);
	*ret = proc;
	return 0;
}

int proc_same(const char *root, int32_t pid, uint64_t start_time)
{
	struct proc proc;
	int r = read_process(root, pid, &proc);

	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return proc.start_time == start_time;
}

int proc_leader(const char *root, int32_t tid, int32_t *ret_pid)
{
	char path[PROC_PATH_MAX], text[2048];
	const char *at;
	uint64_t pid;
	size_t len;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/status", root, tid);
	if (r == 0)
		r = procfs_read(path, text, sizeof(text), &len);
	if (r < 0)
		return r;
	at = strstr(text, "\nTgid:\t");
	if (!at)
		return -EINVAL;
	at += strlen("\nTgid:\t");
	if (!parse_u64(at, at + strcspn(at, "\n"), &pid) || !pid || pid > INT32_MAX)
		return -EINVAL;
	*ret_pid = (int32_t)pid;
	return 0;
}

/* Not by the owner of /proc/PID, which is root for each process that no debugger may look into. */
static int parse_uids(const char *text, uint32_t ret[3])
{
	const char *at = strstr(text, "\nUid:\t");
	uint64_t uid;

	if (!at)
		return -EINVAL;
	at += strlen("\nUid:\t");
	for (int i = 0; i < 3; i++) {
		size_t n = strcspn(at, "\t\n");

		if (!parse_u64(at, at + n, &uid) || uid > UINT32_MAX)
			return -EINVAL;
		ret[i] = (uint32_t)uid;
		at += n + (at[n] == '\t');
	}
	return 0;
}

int proc_owner(const char *root, int32_t pid, struct proc_owner *ret)
{
	char path[PROC_PATH_MAX], text[2048];
	struct proc_owner owner = {0};
	size_t len;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/status", root, pid);
	if (r == 0)
		r = procfs_read(path, text, sizeof(text), &len);
	if (r == 0)
		r = parse_uids(text, owner.uid);
	if (r == 0)
		r = procfs_path(path, sizeof(path), "%s/proc/%d/exe", root, pid);
	if (r < 0)
		return r;
	if (procfs_readlink(path, owner.exe, sizeof(owner.exe)) < 0)
		owner.exe[0] = '\0';
	*ret = owner;
	return 0;
}

static int compare_i32(const void *a, const void *b)
{
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* The numbered entries of a directory in ascending order. */
static int list_ids(const char *path, size_t max, int32_t **ret, size_t *ret_n, size_t *ret_left_out)
{
	_cleanup_dir_ DIR *dir = opendir(path);
	_cleanup_free_ int32_t *ids = NULL;
	size_t n = 0, left_out = 0;
	struct dirent *entry;
	uint64_t id;

	if (!dir)
		return procfs_error(errno);
	while ((errno = 0, entry = readdir(dir))) {
		if (!procfs_number(entry->d_name, INT32_MAX, &id))
			continue;
		if (n == max)
			left_out++;
		else if (VEC_ROOM(ids, n))
			ids[n++] = (int32_t)id;
		else
			return -ENOMEM;
	}
	if (errno)
		return procfs_error(errno);
	if (n)
		qsort(ids, n, sizeof(*ids), compare_i32);
	*ret = TAKE_PTR(ids);
	*ret_n = n;
	*ret_left_out = left_out;
	return 0;
}

void proc_list_free(struct proc_list *list)
{
	free(list->items);
	*list = (struct proc_list){0};
}

void proc_thread_list_free(struct proc_thread_list *list)
{
	free(list->items);
	*list = (struct proc_thread_list){0};
}

static int read_processes(const char *root, const int32_t *pids, size_t n, struct proc_list *list)
{
	list->items = calloc(n ? n : 1, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct proc *proc = &list->items[list->len];
		int r = read_process(root, pids[i], proc);

		list->left_out += r < 0 && r != -ESRCH;
		if (r < 0 || proc->kernel)
			continue;
		proc->netns = read_netns(root, pids[i]);
		list->len++;
	}
	return 0;
}

int proc_list(const char *root, struct proc_list *ret, struct err *err)
{
	_cleanup_free_ int32_t *pids = NULL;
	struct proc_list list = {0};
	char path[PROC_PATH_MAX];
	size_t n = 0;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc", root);
	if (r == 0)
		r = list_ids(path, PROC_PIDS_MAX, &pids, &n, &list.left_out);
	if (r == -ESRCH)
		return err_set(err, r, "%s/proc is not there: mount it (mount -t proc proc /proc)", root);
	if (r < 0)
		return err_set(err, r, "cannot list processes in %s/proc: %s", root, err_name(r));
	if (read_processes(root, pids, n, &list) < 0)
		return err_set(err, -ENOMEM, "out of memory for %zu processes", n);
	*ret = list;
	return 0;
}

static int read_thread(const char *root, int32_t pid, int32_t tid, struct proc_thread *ret)
{
	char path[PROC_PATH_MAX];
	struct proc_stat stat;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/task/%d/stat", root, pid, tid);
	if (r == 0)
		r = read_stat(path, &stat);
	if (r < 0)
		return r;
	*ret = (struct proc_thread){.tid = tid, .start_time = stat.start_time};
	memcpy(ret->comm, stat.comm, sizeof(ret->comm));
	return 0;
}

/* Once pids have wrapped, a thread's tid can be below its leader's. */
static void leader_first(int32_t *tids, size_t n, int32_t pid)
{
	for (size_t i = 1; i < n; i++) {
		if (tids[i] != pid)
			continue;
		memmove(tids + 1, tids, i * sizeof(*tids));
		tids[0] = pid;
		return;
	}
}

int proc_threads(const char *root, int32_t pid, size_t max, struct proc_thread_list *ret)
{
	_cleanup_(proc_thread_list_free) struct proc_thread_list list = {0};
	_cleanup_free_ int32_t *tids = NULL;
	char path[PROC_PATH_MAX];
	size_t n_tids = 0;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/task", root, pid);
	if (r == 0)
		r = list_ids(path, max, &tids, &n_tids, &list.left_out);
	if (r < 0)
		return r;
	leader_first(tids, n_tids, pid);
	list.items = calloc(n_tids ? n_tids : 1, sizeof(*list.items));
	if (!list.items)
		return -ENOMEM;
	for (size_t i = 0; i < n_tids; i++) {
		r = read_thread(root, pid, tids[i], &list.items[list.len]);
		if (r < 0 && r != -ESRCH)
			return r;
		list.len += r == 0;
	}
	if (!list.len)
		return -ESRCH;
	*ret = list;
	list = (struct proc_thread_list){0};
	return 0;
}

/* "0::/path" is the unified hierarchy; "4:memory:/path" one of version 1. */
static const char *cgroup_path_of(const char *line)
{
	const char *controllers = strchr(line, ':');
	const char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	return path ? path + 1 : NULL;
}

int proc_cgroup(const char *root, int32_t pid, char *ret, size_t size)
{
	char path[PROC_PATH_MAX], text[16384], *save = NULL;
	const char *found = NULL;
	size_t len;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/cgroup", root, pid);
	if (r == 0)
		r = procfs_read(path, text, sizeof(text), &len);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *p = cgroup_path_of(line);

		/* A hybrid system keeps containers in version 1, the unified path at /. */
		if (p && (!found || !strcmp(found, "/")))
			found = p;
	}
	if (!found)
		return -ENOENT;
	if (strlen(found) >= size)
		return -ENAMETOOLONG;
	memcpy(ret, found, strlen(found) + 1);
	return 0;
}

bool proc_pidns_is_gone(const char *root, uint64_t inode)
{
	_cleanup_free_ int32_t *pids = NULL;
	char path[PROC_PATH_MAX], link[64];
	size_t n = 0, left_out = 0;

	if (procfs_path(path, sizeof(path), "%s/proc", root) < 0 ||
	    list_ids(path, PROC_PIDS_MAX, &pids, &n, &left_out) < 0 || left_out)
		return false;
	for (size_t i = 0; i < n; i++) {
		int r;

		if (pids[i] == 1) /* of the reader's own namespace */
			continue;
		r = procfs_path(path, sizeof(path), "%s/proc/%d/ns/pid", root, pids[i]);

		if (r == 0)
			r = procfs_readlink(path, link, sizeof(link));
		if (r != -ESRCH && (r < 0 || procfs_inode(link, "pid") == inode))
			return false;
	}
	return true;
}

uint64_t proc_start_ns(uint64_t start_time)
{
	long hz = sysconf(_SC_CLK_TCK);

	return hz > 0 ? start_time * (NSEC_PER_SEC / (uint64_t)hz) : 0;
}
