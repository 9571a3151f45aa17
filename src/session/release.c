/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "release.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

#define RUN_DIR "/run/teide"
#define PREFIX "release-"
#define REQUEST 'r'	  /* a connection without it only asks whether a process listens */
#define ANSWER_MAX 1200	  /* '+' and what was held, or '-' and an error; and a newline */
#define REQUEST_SECONDS 1 /* the loop stands still meanwhile */
#define ANSWER_SECONDS 60

struct release {
	release_fn fn;
	void *data;
	struct loop_source *source;
	int fd;
	char path[64];
};

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static int set_patience(int fd, int seconds)
{
	struct timeval t = {.tv_sec = seconds};

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && (peer.uid == 0 || peer.uid == geteuid());
}

static void answer(struct release *r, int fd)
{
	char held[PROBE_HELD_MAX] = "", text[ANSWER_MAX];
	struct err err = {""};
	int e = r->fn(r->data, held, &err), len;

	len = snprintf(text, sizeof(text), "%c%s\n", e < 0 ? '-' : '+', e < 0 ? err.text : held);
	/* A peer that has gone meanwhile needs no answer. */
	(void)!send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void on_connection(void *data, int listening, uint32_t events)
{
	_cleanup_close_ int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	struct release *r = data;
	char request = 0;

	if (fd < 0 || !may_ask(fd) || set_patience(fd, REQUEST_SECONDS) < 0)
		return;
	if (recv(fd, &request, 1, 0) == 1 && request == REQUEST)
		answer(r, fd);
}

void release_free(struct release *r)
{
	if (!r)
		return;
	loop_remove(r->source);
	if (r->path[0])
		unlink(r->path);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

DEFINE_CLEANUP(struct release *, release, release_free)

/* The socket gets its name only once it listens: a name where no process listens is a leftover. */
static int open_socket(struct release *r)
{
	char path[sizeof(r->path)];
	struct sockaddr_un a;

	snprintf(path, sizeof(path), RUN_DIR "/.%d", getpid());
	a = address_of(path);
	unlink(path);
	r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	snprintf(r->path, sizeof(r->path), RUN_DIR "/" PREFIX "%d-%" PRIx64, getpid(), clock_boot_ns());
	if (chmod(path, 0600) < 0 || listen(r->fd, 8) < 0 || rename(path, r->path) < 0) {
		int e = -errno;

		unlink(path);
		return e;
	}
	return 0;
}

/* A connection to such a socket; -ECONNREFUSED when no process listens. */
static int reach(const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = address_of(path);
	int r;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		r = -errno;
		return r == -ENOENT ? -ECONNREFUSED : r;
	}
	return TAKE_FD(fd);
}

typedef void (*each_fn)(int fd, const char *path, void *data); /* fd: or -errno */

/* "release-...", and ".PID" of a process that was killed before it listened. */
static bool is_socket_name(const char *name)
{
	return !strncmp(name, PREFIX, strlen(PREFIX)) ||
	       (name[0] == '.' && name[1] && strspn(name + 1, "0123456789") == strlen(name + 1));
}

static int for_each(each_fn fn, void *data)
{
	DIR *dir = opendir(RUN_DIR);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
		int fd;

		if (!is_socket_name(entry->d_name) ||
		    (size_t)snprintf(path, sizeof(path), RUN_DIR "/%s", entry->d_name) >= sizeof(path))
			continue;
		fd = reach(path);
		fn(fd, path, data);
		if (fd >= 0)
			close(fd);
	}
	closedir(dir);
	return 0;
}

/* A process that has its name and does not listen yet lives. */
static void remove_dead(int fd, const char *path, void *data)
{
	const char *name = strrchr(path, '/') + 1;
	char proc[32];

	snprintf(proc, sizeof(proc), "/proc/%.16s", name + 1);
	if (fd == -ECONNREFUSED && (name[0] != '.' || (access(proc, F_OK) < 0 && errno == ENOENT)))
		unlink(path);
}

int release_sweep(void)
{
	return for_each(remove_dead, NULL);
}

struct listing {
	void (*visit)(void *data, const char *path, bool in_use);
	void *data;
};

static void list(int fd, const char *path, void *data)
{
	const struct listing *l = data;

	l->visit(l->data, path, fd != -ECONNREFUSED);
}

int release_list(void (*visit)(void *data, const char *path, bool in_use), void *data)
{
	struct listing l = {visit, data};

	return for_each(list, &l);
}

int release_listen(struct release **ret, struct loop *loop, release_fn fn, void *data, struct err *err)
{
	_cleanup_(cleanup_release) struct release *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return err_oom(err);
	*r = (struct release){.fn = fn, .data = data, .fd = -1};
	if (mkdir(RUN_DIR, 0755) < 0 && errno != EEXIST)
		return err_set(err, -errno, RUN_DIR ": %s", err_name(errno));
	release_sweep();
	e = open_socket(r);
	if (e < 0)
		return err_set(err, e, "a socket in " RUN_DIR ": %s", err_name(e));
	r->source = loop_add_io(loop, r->fd, EPOLLIN, on_connection, r);
	if (!r->source)
		return err_set(err, -errno, "epoll: %s", err_name(errno));
	*ret = TAKE_PTR(r);
	return 0;
}

struct asking {
	struct release_answers *answers;
	struct err *err;
	int r;
};

static bool is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static void add_modules(struct release_answers *a, char *held)
{
	char *rest = held, *word;

	while ((word = strsep(&rest, " "))) {
		size_t len = strlen(a->modules);

		if (*word && !is_listed(a->modules, word))
			snprintf(a->modules + len, sizeof(a->modules) - len, "%s%s", len ? " " : "", word);
	}
}

/* 0, or the length of the answer without its newline. */
static size_t receive(int fd, char text[static ANSWER_MAX])
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < ANSWER_MAX - 1 && !memchr(text, '\n', len)) {
		n = recv(fd, text + len, ANSWER_MAX - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	if (!len || text[len - 1] != '\n')
		return 0;
	text[--len] = '\0';
	return len;
}

static void ask(int fd, const char *path, void *data)
{
	struct asking *q = data;
	char text[ANSWER_MAX], request = REQUEST;

	if (fd == -ECONNREFUSED) {
		remove_dead(fd, path, NULL);
		return;
	}
	if (fd < 0) {
		q->r = err_set(q->err, fd, "%s: %s%s", path, err_name(fd), err_root_hint(fd));
		return;
	}
	set_patience(fd, ANSWER_SECONDS);
	errno = 0;
	if (send(fd, &request, 1, MSG_NOSIGNAL) != 1 || !receive(fd, text)) {
		/* A process that ends meanwhile has released its modules too. */
		if (errno == EAGAIN)
			q->r = err_set(q->err, -ETIMEDOUT, "%s: no answer", path);
		return;
	}
	q->answers->asked++;
	if (text[0] == '-')
		q->r = err_set(q->err, -EIO, "%s: %s", path, text + 1);
	else if (text[1])
		q->answers->held++;
	if (text[0] == '+')
		add_modules(q->answers, text + 1);
}

int release_ask(struct release_answers *ret, struct err *err)
{
	struct asking q = {.answers = ret, .err = err};
	int r;

	*ret = (struct release_answers){0};
	r = for_each(ask, &q);
	return r < 0 ? err_set(err, r, RUN_DIR ": %s%s", err_name(r), err_root_hint(r)) : q.r;
}
