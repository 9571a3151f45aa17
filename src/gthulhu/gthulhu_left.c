/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_left.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "gthulhu_cycle.h"
#include "gthulhu_messages.h"
#include "gthulhu_record.h"

#define WITHDRAW_NS (5 * NSEC_PER_SEC)
#define PATH_SIZE 384

DEFINE_CLEANUP(struct loop *, loop, loop_free)

typedef int (*visit_fn)(void *data, const char *path, bool in_use);

/* The writer holds the lock for as long as it lives, in whatever PID namespace. */
static bool is_locked(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int visit_records(const char *dir, visit_fn visit, void *data)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(d)) && r == 0) {
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < 0)
			continue;
		/* A writer that was killed may leave a file half written. */
		if (len > 4 && !strcmp(entry->d_name + len - 4, ".new")) {
			if (!is_locked(path))
				unlink(path);
			continue;
		}
		r = visit(data, path, is_locked(path));
	}
	closedir(d);
	return r;
}

struct list_data {
	void (*visit)(void *data, const struct gthulhu_left *left);
	void *data;
};

static int list_record(void *data, const char *path, bool in_use)
{
	_cleanup_(api_left_free) struct api_left left = {0};
	const struct list_data *list = data;
	struct err err;

	if (api_left_read(path, &left, &err) < 0)
		list->visit(list->data, &(struct gthulhu_left){.path = path, .url = "an unknown server"});
	else
		list->visit(list->data, &(struct gthulhu_left){path, left.options.url, left.threads.len, in_use});
	return 0;
}

int gthulhu_left_list(const char *dir, void (*visit)(void *data, const struct gthulhu_left *left), void *data)
{
	return visit_records(dir, list_record, &(struct list_data){visit, data});
}

/* The server may hold these; what a server that adds intents is told to end. */
static int assume_left(struct gthulhu *g, const struct strategy_list *threads)
{
	static const struct intent_reach pods;
	_cleanup_(intent_list_free) struct intent_list held = {0};

	if (intents_make(threads, &pods, &held) < 0 || intents_merge(&g->maker.held, &held) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < threads->len; i++)
		if (strategy_list_put(&g->pid_list.ours, threads->items[i]) == -ENOMEM ||
		    strategy_list_put(&g->maker.told, threads->items[i]) == -ENOMEM)
			return -ENOMEM;
	g->active = g->ambiguous = g->dirty = true;
	return 0;
}

static int take_over(void *data, const char *path, bool in_use)
{
	_cleanup_(api_left_free) struct api_left left = {0};
	struct gthulhu *g = data;
	const char *url = json_string_value(json_object_get(g->record.head, "url")) ?: "";
	struct err err;
	int r;

	if (in_use || api_left_read(path, &left, &err) < 0)
		return 0;
	if (strcmp(left.options.url, url)) {
		gthulhu_add_note(g, NOTE_LEFT_ELSEWHERE);
		return 0;
	}
	r = assume_left(g, &left.threads);
	if (r == 0)
		r = api_record_add(&g->record, &left.threads);
	if (r == 0)
		unlink(path);
	return r;
}

int gthulhu_keep_record(struct gthulhu *g, const char *dir, const struct gthulhu_options *options)
{
	int r = api_record_init(&g->record, dir, options);

	if (r == 0)
		r = visit_records(dir, take_over, g);
	if (r == 0 && g->active)
		gthulhu_plan(g);
	return r;
}

struct withdrawal {
	bool over;
	int r;
};

static void on_withdrawn(void *data, int r)
{
	struct withdrawal *w = data;

	w->over = true;
	w->r = r;
}

static int run_withdrawal(const struct gthulhu_options *options, const struct strategy_list *threads, struct err *err)
{
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	struct withdrawal w = {0};
	struct gthulhu *g;
	int r = loop ? gthulhu_start(&g, loop, options, err) : err_oom(err);

	if (r < 0)
		return r;
	r = assume_left(g, threads);
	if (r == 0)
		gthulhu_withdraw(g, WITHDRAW_NS, on_withdrawn, &w);
	while (r == 0 && !w.over)
		r = loop_once(loop, -1);
	if (r == 0 && w.r < 0)
		r = err_set(err, w.r, "%s", *g->stats.last_error ? g->stats.last_error : err_name(w.r));
	else if (r < 0)
		err_set(err, r, "event loop: %s", err_name(r));
	gthulhu_free(g);
	return r;
}

struct left_data {
	size_t threads;
	int r;
	struct err *err;
};

static int say_stays(int r, const char *path, struct err *err)
{
	struct err why;

	if (!err)
		return r;
	why = *err;
	return err_set(err, r,
		       "%.600s; what it may hold stays on record in %s; if the server is gone for good, remove "
		       "that file",
		       why.text, path);
}

static int withdraw_record(void *data, const char *path, bool in_use)
{
	_cleanup_(api_left_free) struct api_left left = {0};
	struct left_data *d = data;
	int r;

	if (in_use)
		return 0;
	r = api_left_read(path, &left, d->err);
	if (r == 0)
		r = run_withdrawal(&left.options, &left.threads, d->err);
	if (r == 0) {
		d->threads += left.threads.len;
		unlink(path);
	} else {
		d->r = say_stays(r, path, d->err);
	}
	return 0;
}

int gthulhu_left_withdraw(const char *dir, size_t *ret_threads, struct err *err)
{
	struct left_data d = {.err = err};
	int r = visit_records(dir, withdraw_record, &d);

	*ret_threads = d.threads;
	rmdir(dir);
	return r < 0 ? err_set(err, r, "%s: %s", dir, err_name(r)) : d.r;
}

struct busy_data {
	const char *url;
	bool busy;
};

static void see_busy(void *data, const struct gthulhu_left *left)
{
	struct busy_data *d = data;

	d->busy |= left->in_use && !strcmp(left->url, d->url);
}

static size_t count_boosts(const struct gthulhu_view *view)
{
	size_t n = view->n_rules;

	for (size_t i = 0; i < view->list.len; i++)
		n += view->list.items[i].priority;
	return n;
}

/* What stays is another writer's, or what the server cannot delete. */
static int check_rest(const struct gthulhu_options *options, size_t before, size_t *ret_entries, struct err *err)
{
	_cleanup_(gthulhu_view_free) struct gthulhu_view view = {0};
	int r = gthulhu_show(options, &view, err);
	size_t rest = count_boosts(&view);

	if (r < 0)
		return r;
	*ret_entries = before - MIN(rest, before);
	if (rest < before)
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       "the server still holds %zu strateg%s: of another writer, or it cannot delete (a decision maker "
		       "1.0, which a restart empties)",
		       rest, rest == 1 ? "y" : "ies");
}

int gthulhu_withdraw_at(const struct gthulhu_options *options, const char *dir, size_t *ret_entries, struct err *err)
{
	static const struct strategy_list none;
	_cleanup_(gthulhu_view_free) struct gthulhu_view view = {0};
	_cleanup_free_ char *base = NULL;
	int r = gthulhu_base_url(options->url, &base, err);
	size_t before;
	struct busy_data d = {.url = base};

	if (r == 0)
		r = gthulhu_left_list(dir, see_busy, &d);
	if (r == 0 && d.busy)
		return err_set(err, -EBUSY,
			       "a teide that runs keeps its strategies at %s: end it, which takes them back", base);
	if (r == 0)
		r = gthulhu_show(options, &view, err);
	if (r < 0)
		return r;
	before = count_boosts(&view);
	if (before == 0)
		return 0;
	r = run_withdrawal(options, &none, err);
	return r < 0 ? r : check_rest(options, before, ret_entries, err);
}
