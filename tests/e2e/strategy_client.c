/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* strategy_client URL KEY INTERVAL_MS TIMEOUT_MS [CA_FILE CERT KEY]: reads "set PID[:0] ...",
 * "withdraw MS", "stats", "quit" from standard input; writes one JSON object a line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "cleanup.h"
#include "clock.h"
#include "gthulhu.h"
#include "jsonw.h"

DEFINE_CLEANUP(struct loop *, loop, loop_free)

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
	jw_u64(&j, "posts", s->posts);
	jw_u64(&j, "tokens", s->tokens);
	jw_u64(&j, "errors", s->errors);
	jw_u64(&j, "verified", s->verified);
	jw_u64(&j, "mismatches", s->mismatches);
	jw_u64(&j, "entries", s->entries);
	jw_string(&j, "last_error", s->last_error);
	jw_object_end(&j);
	puts(out.data);
	fflush(stdout);
}

static void on_changed(void *data, const struct gthulhu_stats *stats)
{
	print_stats("changed", stats);
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

int main(int argc, char **argv)
{
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	struct client c = {.loop = loop};
	struct gthulhu_options o = {.enabled = true, .ca_file = "", .cert_file = "", .key_file = ""};
	struct err err;
	int r;

	if (argc < 5 || !loop)
		return EXIT_USAGE;
	o.url = argv[1];
	o.public_key_path = argv[2];
	o.interval_ns = milliseconds(argv[3]);
	o.timeout_ns = milliseconds(argv[4]);
	if (argc > 5)
		o.ca_file = argv[5];
	if (argc > 7) {
		o.cert_file = argv[6];
		o.key_file = argv[7];
	}
	r = gthulhu_start(&c.g, loop, &o, on_changed, &c, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return err_exit_code(r);
	}
	loop_add_io(loop, STDIN_FILENO, EPOLLIN, on_input, &c);
	loop_run(loop);
	gthulhu_free(c.g);
	return EXIT_DONE;
}
