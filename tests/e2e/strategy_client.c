/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* strategy_client URL KEY INTERVAL_MS TIMEOUT_MS [OPTION=VALUE ...]: reads "set PID[:0] ...", "follow
 * PID[@POD][+TID] ...", "withdraw MS", "stats", "quit" from standard input; writes one JSON object a
 * line. With RECORDS=DIR in the environment it keeps a record there. set takes any numbers, follow processes that are
 * there. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "cleanup.h"
#include "clock.h"
#include "gthulhu.h"
#include "gthulhu_left.h"
#include "jsonw.h"
#include "proc.h"

DEFINE_CLEANUP(struct loop *, loop, loop_free)
DEFINE_CLEANUP(struct config *, config, config_free)

struct client {
	struct loop *loop;
	struct gthulhu *g;
};

static void print_stats(const char *what, const struct gthulhu_stats *s)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	jw_string(&j, "what", what);
	jw_bool(&j, "reachable", s->reachable);
	jw_bool(&j, "foreign", s->foreign);
	jw_string(&j, "protocol", gthulhu_protocol_name(s->protocol));
	jw_u64(&j, "posts", s->posts);
	jw_u64(&j, "tokens", s->tokens);
	jw_u64(&j, "errors", s->errors);
	jw_u64(&j, "verified", s->verified);
	jw_u64(&j, "mismatches", s->mismatches);
	jw_u64(&j, "entries", s->entries);
	jw_u64(&j, "ended", s->ended);
	jw_u64(&j, "inexpressible", s->inexpressible);
	jw_u64(&j, "strangers", s->strangers);
	jw_u64(&j, "overwritten", s->overwritten);
	jw_string(&j, "contested", s->contested ?: "");
	jw_string(&j, "last_error", s->last_error);
	jw_object_end(&j);
	puts(out.data);
	fflush(stdout);
}

static void on_changed(void *data, const struct gthulhu_stats *stats)
{
	print_stats("changed", stats);
}

static void print_note(void *data, const char *note)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	jw_string(&j, "what", "note");
	jw_string(&j, "note", note);
	jw_object_end(&j);
	puts(out.data);
	fflush(stdout);
}

static void on_withdrawn(void *data, int r)
{
	struct client *c = data;

	printf("{\"what\":\"withdrawn\",\"r\":%d}\n", r);
	fflush(stdout);
	gthulhu_free(TAKE_PTR(c->g));
	loop_stop(c->loop, 0);
}

static void set(struct client *c, char *words)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};

	for (char *word; (word = strsep(&words, " "));) {
		struct strategy s = {.priority = !strchr(word, ':'), .execution_time_ns = 20000000};

		if (sscanf(word, "%" SCNd32, &s.pid) == 1)
			strategy_list_add(&list, s);
	}
	gthulhu_backend(c->g)->ops->set(gthulhu_backend(c->g), &list);
}

static void add_thread(struct strategy_list *list, struct strategy s, int32_t tid)
{
	struct proc proc;

	if (proc_read("", tid, &proc) < 0)
		return;
	s.pid = tid;
	memcpy(s.own_comm, proc.comm, sizeof(s.own_comm));
	s.start_time = proc.start_time;
	strategy_list_add(list, s);
}

/* PID[@POD][+TID] */
static void add_process(struct strategy_list *list, const char *word)
{
	struct strategy s = {.priority = true, .execution_time_ns = 20000000};
	const char *pod = strchr(word, '@'), *thread = strchr(word, '+');
	struct proc proc;
	int32_t tid;

	if (sscanf(word, "%" SCNd32, &s.tgid) != 1 || proc_read("", s.tgid, &proc) < 0)
		return;
	memcpy(s.comm, proc.comm, sizeof(s.comm));
	if (pod)
		snprintf(s.pod, sizeof(s.pod), "%.*s", (int)strcspn(pod + 1, "+"), pod + 1);
	add_thread(list, s, s.tgid);
	if (thread && sscanf(thread + 1, "%" SCNd32, &tid) == 1)
		add_thread(list, s, tid);
}

static void follow(struct client *c, char *words)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};

	for (char *word; (word = strsep(&words, " "));)
		add_process(&list, word);
	gthulhu_set(c->g, &list);
}

static void obey(struct client *c, char *line)
{
	struct gthulhu_stats stats;
	unsigned ms;

	if (sscanf(line, "withdraw %u", &ms) == 1) {
		gthulhu_withdraw(c->g, ms * NSEC_PER_MSEC, on_withdrawn, c);
	} else if (!strncmp(line, "set", 3)) {
		set(c, line + 3);
	} else if (!strncmp(line, "follow", 6)) {
		follow(c, line + 6);
	} else if (!strcmp(line, "stats")) {
		gthulhu_get_stats(c->g, &stats);
		print_stats("stats", &stats);
	} else {
		loop_stop(c->loop, 0);
	}
}

static void on_input(void *data, int fd, uint32_t events)
{
	static char line[65536];
	static size_t have;
	struct client *c = data;
	char *end;
	ssize_t n = read(fd, line + have, sizeof(line) - 1 - have);

	if (n <= 0) {
		loop_stop(c->loop, 0);
		return;
	}
	have += (size_t)n;
	line[have] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		obey(c, line);
		have -= (size_t)(end + 1 - line);
		memmove(line, end + 1, have + 1);
	}
}

static uint64_t milliseconds(const char *text)
{
	unsigned ms = 0;

	if (sscanf(text, "%u", &ms) != 1)
		exit(EXIT_USAGE);
	return ms * NSEC_PER_MSEC;
}

static int configure(struct config **ret, char **words, struct err *err)
{
	static const struct option_section *const sections[] = {&api_section};
	int r = config_load(ret, sections, 1, NULL, err);

	if (r == 0)
		r = config_set(*ret, "api.url", words[0], err);
	if (r == 0)
		r = config_set(*ret, "api.public_key_path", words[1], err);
	for (words += 4; r == 0 && *words; words++) {
		char key[64];
		size_t len = strcspn(*words, "=");

		snprintf(key, sizeof(key), "api.%.*s", (int)len, *words);
		r = config_set(*ret, key, *words + len + ((*words)[len] == '='), err);
	}
	return r;
}

static int start(struct client *c, char **words, struct err *err)
{
	_cleanup_(cleanup_config) struct config *config = NULL;
	struct gthulhu_options options;
	int r = configure(&config, words, err);

	if (r < 0)
		return r;
	options = *(const struct gthulhu_options *)config_get(config, "api");
	options.interval_ns = milliseconds(words[2]);
	options.timeout_ns = milliseconds(words[3]);
	r = gthulhu_start(&c->g, c->loop, &options, err);
	if (r < 0)
		return r;
	gthulhu_on_change(c->g, on_changed, c);
	gthulhu_on_note(c->g, print_note, c);
	if (getenv("RECORDS"))
		return gthulhu_keep_record(c->g, getenv("RECORDS"), &options);
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	struct client c = {.loop = loop};
	struct err err;
	int r;

	if (argc < 5 || !loop)
		return EXIT_USAGE;
	r = start(&c, argv + 1, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return err_exit_code(r);
	}
	loop_add_io(loop, STDIN_FILENO, EPOLLIN, on_input, &c);
	loop_run(loop);
	gthulhu_free(c.g);
	return EXIT_DONE;
}
