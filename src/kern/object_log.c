/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "object_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "log.h"

#define RUN_DIR "/run/teide"

/* By a name that no user can have foreseen, then renamed: in a folder of all users no link of another
 * user's is followed. */
static bool write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = -1;
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return false;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!file_write_all(fd, text, strlen(text)) && !rename(temporary, path))
		return true;
	unlink(temporary);
	return false;
}

/* "program kprobe_gtp_rx" is kept as teide-kprobe_gtp_rx.log. */
static void name_file(const char *subject, char *ret, size_t size)
{
	const char *blank = strrchr(subject, ' '), *name = blank ? blank + 1 : subject;

	snprintf(ret, size, "teide-%s.log", *name ? name : "load");
	for (char *c = ret; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			*c = '_';
}

static bool keep_in(const char *folder, const char *file, const char *text, struct err *err)
{
	char path[PATH_MAX];
	size_t len = strlen(err->text);

	if (!folder || folder[0] != '/')
		return false;
	if (!strcmp(folder, RUN_DIR))
		mkdir(RUN_DIR, 0755);
	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path) || !write_file(path, text))
		return false;
	snprintf(err->text + len, sizeof(err->text) - len, "; the full log: %s", path);
	return true;
}

int object_log_keep(const char *subject, const char *text, int r, struct err *err)
{
	const char *const folders[] = {getenv("XDG_RUNTIME_DIR"), RUN_DIR, getenv("TMPDIR"), "/tmp"};
	char file[128];

	name_file(subject, file, sizeof(file));
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (keep_in(folders[i], file, text, err))
			return r;
	log_debug("no folder for %s can be written", file);
	return r;
}
