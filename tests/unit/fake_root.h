/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A root directory with a made-up /proc and /run, for what reads the host. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAKE_PATH_MAX 512

struct fake_root {
	char path[64];
};

static inline void fake_require(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

static inline void fake_begin(struct fake_root *root)
{
	snprintf(root->path, sizeof(root->path), "/tmp/teide-fake-XXXXXX");
	fake_require(mkdtemp(root->path) != NULL, "mkdtemp");
}

static inline int fake_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void fake_end(struct fake_root *root)
{
	nftw(root->path, fake_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The whole path, its directories made. */
static inline void fake_path(const struct fake_root *root, char out[FAKE_PATH_MAX], const char *format, va_list ap)
{
	int n = snprintf(out, FAKE_PATH_MAX, "%s/", root->path);

	vsnprintf(out + n, (size_t)(FAKE_PATH_MAX - n), format, ap);
	for (char *p = out + strlen(root->path) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		fake_require(mkdir(out, 0755) == 0 || errno == EEXIST, out);
		*p = '/';
	}
}

__attribute__((format(printf, 3, 4))) static inline void fake_file(const struct fake_root *root, const char *text,
								   const char *format, ...)
{
	char path[FAKE_PATH_MAX];
	va_list ap;
	FILE *f;

	va_start(ap, format);
	fake_path(root, path, format, ap);
	va_end(ap);
	f = fopen(path, "we");
	fake_require(f != NULL, path);
	fake_require(fputs(text, f) >= 0 && fclose(f) == 0, path);
}

__attribute__((format(printf, 3, 4))) static inline void fake_link(const struct fake_root *root, const char *target,
								   const char *format, ...)
{
	char path[FAKE_PATH_MAX];
	va_list ap;

	va_start(ap, format);
	fake_path(root, path, format, ap);
	va_end(ap);
	unlink(path);
	fake_require(symlink(target, path) == 0, path);
}

/* A line of proc(5)'s stat: flags is field 9, the start time field 22. */
static inline void fake_stat_text(char *out, size_t size, int pid, const char *comm, char state, unsigned flags,
				  uint64_t start)
{
	snprintf(out, size,
		 "%d (%s) %c 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 2 0 %llu 1000 10 "
		 "18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		 pid, comm, state, flags, (unsigned long long)start);
}

static inline void fake_thread(const struct fake_root *root, int pid, int tid, const char *comm, uint64_t start)
{
	char text[512];

	fake_stat_text(text, sizeof(text), tid, comm, 'S', 0x400000, start);
	fake_file(root, text, "proc/%d/task/%d/stat", pid, tid);
}

static inline void fake_process(const struct fake_root *root, int pid, const char *comm, uint64_t start, unsigned netns)
{
	char text[512];

	fake_stat_text(text, sizeof(text), pid, comm, 'S', 0x400000, start);
	fake_file(root, text, "proc/%d/stat", pid);
	snprintf(text, sizeof(text), "net:[%u]", netns);
	fake_link(root, text, "proc/%d/ns/net", pid);
	fake_thread(root, pid, pid, comm, start);
	fake_link(root, "/dev/null", "proc/%d/fd/0", pid);
}

static inline void fake_socket(const struct fake_root *root, int pid, int fd, unsigned inode)
{
	char text[64];

	snprintf(text, sizeof(text), "socket:[%u]", inode);
	fake_link(root, text, "proc/%d/fd/%d", pid, fd);
}

static inline void fake_tun(const struct fake_root *root, int pid, int fd, const char *interface)
{
	char text[128];

	fake_link(root, "/dev/net/tun", "proc/%d/fd/%d", pid, fd);
	snprintf(text, sizeof(text), "pos:\t0\nflags:\t0104002\nmnt_id:\t20\nino:\t5\niff:\t%s\n", interface);
	fake_file(root, text, "proc/%d/fdinfo/%d", pid, fd);
}
