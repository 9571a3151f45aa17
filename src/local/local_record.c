/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A head with the boot, the writer and the kernel's own slice; then a line a thread: tid, group, start time, when, then
 * what it had and what it got, each as policy, nice, real-time priority, slice, reset on fork. */
#include "local_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "pidns.h"
#include "proc.h"
#include "vec.h"

#define HEAD "teide boosts 2 "	 /* then the boot id */
#define HEAD_1 "teide boosts 1 " /* of earlier versions: without a boot id */
#define BOOT_ID_MAX 37
#define RECORD "boosts" /* of the initial PID namespace; others' have the inode behind a dot */
#define RECORD_MAX (1U << 20)
#define PATH_SIZE 256
#define LOCK_TRIES 10
#define LOCK_PAUSE_NS 20000000L

const char *local_file(char text[static LOCAL_FILE_MAX])
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == PIDNS_INITIAL)
		snprintf(text, LOCAL_FILE_MAX, RECORD);
	else
		snprintf(text, LOCAL_FILE_MAX, RECORD ".%" PRIu64, (uint64_t)st.st_ino);
	return text;
}

static void record_path(char path[static PATH_SIZE], const char *dir, const char *suffix)
{
	char file[LOCAL_FILE_MAX];

	snprintf(path, PATH_SIZE, "%s/%s%s", dir, local_file(file), suffix);
}

/* The PID namespace of a record's name; 0: it is no record. */
static uint64_t namespace_of(const char *name)
{
	uint64_t inode = PIDNS_INITIAL;
	int end = 0;

	if (!strcmp(name, RECORD))
		return inode;
	return sscanf(name, RECORD ".%" SCNu64 "%n", &inode, &end) == 1 && end && !name[end] ? inode : 0;
}

int local_foreign(const char *dir, void (*visit)(void *data, const char *path), void *data)
{
	char own[LOCAL_FILE_MAX], path[PATH_SIZE];
	const struct dirent *entry;
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	local_file(own);
	while ((entry = readdir(d))) {
		if (!namespace_of(entry->d_name) || !strcmp(entry->d_name, own) ||
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
			continue;
		visit(data, path);
	}
	closedir(d);
	return 0;
}

static void drop_dead(void *data, const char *path)
{
	if (proc_pidns_is_gone("", namespace_of(strrchr(path, '/') + 1)))
		unlink(path);
}

void record_drop_dead(const char *dir)
{
	char own[LOCAL_FILE_MAX];

	/* Only the initial namespace sees all others. */
	if (!strcmp(local_file(own), RECORD))
		local_foreign(dir, drop_dead, NULL);
}

void boosts_free(struct boosts *b)
{
	free(b->items);
	*b = (struct boosts){0};
}

int boosts_add(struct boosts *b, const struct boost *boost)
{
	if (b->len >= STRATEGY_MAX)
		return -E2BIG;
	if (!VEC_ROOM(b->items, b->len))
		return -ENOMEM;
	b->items[b->len++] = *boost;
	return 0;
}

static void write_sched(struct buf *out, const struct thread_sched *s)
{
	buf_printf(out, " %" PRIu32 " %" PRId32 " %" PRIu32 " %" PRIu64 " %d", s->policy, s->nice, s->rt_priority,
		   s->slice_ns, s->reset_on_fork);
}

/* A thread's start time counts from the boot: another boot may have another thread of that number and time. */
static int read_boot_id(char ret[static BOOT_ID_MAX])
{
	errno = ENOENT;
	if (read_first_line("", "/proc/sys/kernel/random/boot_id", ret, BOOT_ID_MAX) && *ret)
		return 0;
	/* Where it cannot be read only now, as without a descriptor, the record must not pass for another boot's. */
	if (errno != ENOENT)
		return -errno;
	snprintf(ret, BOOT_ID_MAX, "-");
	return 0;
}

static size_t write_text(struct buf *out, const char *boot, const struct boosts *boosts)
{
	size_t n = 0;

	buf_printf(out, HEAD "%s %d %" PRIu64 "\n", boot, getpid(), boosts->own_slice_ns);
	for (size_t i = 0; i < boosts->len; i++) {
		const struct local_boost *b = &boosts->items[i].b;

		if (boosts->items[i].foreign)
			continue;
		buf_printf(out, "%" PRId32 " %" PRId32 " %" PRIu64 " %" PRIu64, b->tid, b->tgid, b->start_time,
			   b->since_ns);
		write_sched(out, &b->before);
		write_sched(out, &b->ours);
		buf_char(out, '\n');
		n++;
	}
	return n;
}

static int replace(const char *path, const struct buf *text)
{
	char fresh[PATH_SIZE + 8];
	_cleanup_close_ int fd = -1;
	int r;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = file_write_all(fd, text->data, text->len);
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(fresh);
	return r;
}

int record_write(const char *dir, const struct boosts *b, struct err *err)
{
	_cleanup_(buf_free) struct buf text = {0};
	char path[PATH_SIZE], boot[BOOT_ID_MAX];
	int r = read_boot_id(boot);
	size_t n;

	if (r < 0)
		return err_set(err, r, "the id of this boot: %s", err_name(r));
	n = write_text(&text, boot, b);
	record_path(path, dir, "");
	if (text.failed)
		return err_set(err, -ENOMEM, "out of memory for the record of boosts");
	if (n)
		r = replace(path, &text);
	else
		r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	return r < 0 ? err_set(err, r, "the record of boosts, %s: %s", path, err_name(r)) : 0;
}

static bool parse_sched(const char **at, struct thread_sched *s)
{
	int n = 0, reset;

	if (sscanf(*at, " %" SCNu32 " %" SCNd32 " %" SCNu32 " %" SCNu64 " %d%n", &s->policy, &s->nice, &s->rt_priority,
		   &s->slice_ns, &reset, &n) != 5 ||
	    !n)
		return false;
	s->reset_on_fork = reset;
	*at += n;
	return s->nice >= -20 && s->nice <= 19 && s->rt_priority <= 99;
}

static bool parse_line(const char *line, struct local_boost *b)
{
	int n = 0;

	if (sscanf(line, "%" SCNd32 " %" SCNd32 " %" SCNu64 " %" SCNu64 "%n", &b->tid, &b->tgid, &b->start_time,
		   &b->since_ns, &n) != 4 ||
	    !n || b->tid <= 0)
		return false;
	line += n;
	return parse_sched(&line, &b->before) && parse_sched(&line, &b->ours) && !*line;
}

static int parse_head(const char *line, struct boosts *ret)
{
	char boot[BOOT_ID_MAX], now[BOOT_ID_MAX];
	int r;

	if (sscanf(line, HEAD_1 "%" SCNd32 " %" SCNu64, &ret->owner, &ret->own_slice_ns) == 2)
		return 0;
	if (sscanf(line, HEAD "%36s %" SCNd32 " %" SCNu64, boot, &ret->owner, &ret->own_slice_ns) != 3)
		return -EBADMSG;
	r = read_boot_id(now);
	ret->other_boot = r == 0 && strcmp(boot, now) != 0;
	return r;
}

static int parse_record(char *text, struct boosts *ret)
{
	char *rest = text, *line = strsep(&rest, "\n");
	int r = line ? parse_head(line, ret) : -EBADMSG;

	if (r < 0)
		return r;
	while ((line = strsep(&rest, "\n")) && *line) {
		struct boost boost = {0};

		if (!parse_line(line, &boost.b))
			return -EBADMSG;
		r = ret->other_boot ? 0 : boosts_add(ret, &boost);
		if (r < 0)
			return r;
	}
	return 0;
}

void record_drop_unfinished(const char *dir)
{
	char path[PATH_SIZE];

	record_path(path, dir, ".new");
	unlink(path);
}

int record_read(const char *dir, struct boosts *ret, struct err *err)
{
	_cleanup_(boosts_free) struct boosts b = {0};
	_cleanup_(buf_free) struct buf text = {0};
	_cleanup_close_ int fd = -1;
	char path[PATH_SIZE];
	int r;

	record_path(path, dir, "");
	fd = file_open(AT_FDCWD, path, O_NOFOLLOW);
	r = fd < 0 ? fd : file_read(fd, &text, RECORD_MAX);
	if (r >= 0 && text.len)
		r = parse_record(text.data, &b);
	if (r == -EBADMSG)
		return err_set(err, r,
			       "%s is not a record that this version reads: look at the threads with "
			       "ps -eLo tid,cls,ni,comm, then remove it",
			       path);
	if (r < 0 && r != -ENOENT)
		return err_set(err, r, "%s: %s%s", path, file_error(r),
			       r == -EBADFD || r == -ELOOP ? "; remove it" : "");
	*ret = b;
	b = (struct boosts){0};
	return 0;
}

static int make(const char *dir)
{
	char parent[PATH_SIZE];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return mkdir(dir, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static bool is_still(int fd, const char *dir)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(dir, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* -EWOULDBLOCK: another process has it. -ESTALE: the process that had it removed the folder meanwhile. */
static int try_lock(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return is_still(fd, dir) ? TAKE_FD(fd) : -ESTALE;
}

/* Readers and restorers hold the lock briefly. */
int record_lock(const char *dir, struct err *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	int fd = -EWOULDBLOCK;

	for (int tries = LOCK_TRIES; tries && (fd == -EWOULDBLOCK || fd == -ESTALE); tries--) {
		if (fd == -EWOULDBLOCK && tries < LOCK_TRIES)
			nanosleep(&pause, NULL);
		fd = make(dir);
		if (fd == 0)
			fd = try_lock(dir);
	}
	if (fd == -EWOULDBLOCK || fd == -ESTALE)
		return err_set(err, -EBUSY,
			       "another teide boosts threads of this kernel; end it, or set its "
			       "sched.backend to another");
	return fd < 0 ? err_set(err, fd, "%s: %s%s", dir, err_name(fd), err_root_hint(fd)) : fd;
}

bool record_locked(const char *dir)
{
	_cleanup_close_ int fd = try_lock(dir);

	return fd == -EWOULDBLOCK;
}

/* With a record in it the folder stays. */
void record_unlock(const char *dir, int fd)
{
	rmdir(dir);
	close(fd);
}
