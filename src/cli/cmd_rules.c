/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "log.h"
#include "loop.h"
#include "rules_scan.h"
#include "rules_show.h"

enum { KEY_NETNS = 256, KEY_ONCE };

static const char doc[] =
	"The rules of gtp5g, as the kernel tells them, in every network namespace that has a gtp5g "
	"device: each PDR with its FAR, QERs and URRs.\v"
	"--follow asks once a second and prints what was created, removed and changed, with old and new "
	"values; a FAR whose peer or TEID was replaced is, beside that, a handover. Several changes "
	"within a second are seen as one.\n"
	"DIR is told by what a PDR matches and where its FAR sends, as the module does not say its "
	"source interface; ? where that can be either (N9). REMOVE: outer header removal. MBR: uplink "
	"and downlink, bit/s; enforced only with /proc/gtp5g/qos at 1.\n"
	"JSON: {namespaces: [{netns, interface, version, malformed, left_out, pdrs, fars, qers, urrs, "
	"bars}], ambiguous, left_out}; with --follow then a line for each change: {time, event: "
	"created|removed|changed|handover, netns, rule, seid, pdr_id|far_id|qer_id|urr_id|bar_id, old, "
	"new}. far_action has the bits of Apply Action (1 drop, 2 forward, 4 buffer, 8 notify).\n"
	"Exit code: 3 where no network namespace has a gtp5g device.";

static const struct argp_option options[] = {
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{"netns", KEY_NETNS, "NS", 0, "this network namespace alone: a name, a path, pid:N", 0},
	{"follow", 'f', NULL, 0, "then print each change, until interrupted", 0},
	{"once", KEY_ONCE, NULL, 0, "list and end (what it does without --follow)", 0},
	{0},
};

struct follow {
	struct loop *loop;
	struct rules *rules; /* owned: the last seen */
	const char *netns;
	bool json, follow;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct follow *f = state->input;

	if (key == KEY_NETNS)
		f->netns = arg;
	else if (key == 'f')
		f->follow = true;
	else if (key == KEY_ONCE)
		f->follow = false;
	else if (key == 'o' && (!strcmp(arg, "json") || !strcmp(arg, "text")))
		f->json = !strcmp(arg, "json");
	else if (key == 'o')
		argp_error(state, "-o %s: it is text or json", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* 0 or -errno: nobody reads any more. */
static int put(const struct buf *out)
{
	if (out->failed)
		return -ENOMEM;
	if (!out->len)
		return 0;
	if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) == EOF)
		return -errno;
	return 0;
}

struct changes {
	const struct follow *f;
	const struct rules *before, *after;
	uint64_t real_ns;
	struct buf out;
};

static void on_change(const struct rules_change *change, void *data)
{
	struct changes *c = data;

	(c->f->json ? rules_change_json : rules_change_text)(change->after ? c->after : c->before,
							     change, c->real_ns, &c->out);
}

static void on_timer(void *data)
{
	struct follow *f = data;
	struct changes c = {.f = f, .before = f->rules, .real_ns = clock_real_ns()};
	struct rules *now;
	struct err err = {0};
	int r = rules_scan(f->netns, f->rules, &now, &err);

	if (r < 0) {
		/* A namespace that is named may come back; what was known stays. */
		log_debug("%s", err.text);
		return;
	}
	c.after = now;
	rules_diff(f->rules, now, on_change, &c);
	r = put(&c.out);
	buf_free(&c.out);
	rules_free(f->rules);
	f->rules = now;
	if (r < 0)
		loop_stop(f->loop, r == -EPIPE ? 0 : r);
}

static void on_signal(void *data, int signo)
{
	struct follow *f = data;

	loop_stop(f->loop, 0);
}

static int follow(struct follow *f, struct err *err)
{
	int r;

	f->loop = loop_new();
	if (!f->loop || !loop_add_timer(f->loop, NSEC_PER_SEC, NSEC_PER_SEC, on_timer, f) ||
	    !loop_add_signal(f->loop, SIGINT, on_signal, f) ||
	    !loop_add_signal(f->loop, SIGTERM, on_signal, f))
		return err_set(err, -errno, "the event loop: %s", strerror(errno));
	r = loop_run(f->loop);
	return r < 0 ? err_set(err, r, "rules: %s", err_name(r)) : 0;
}

static int run(struct follow *f, struct err *err)
{
	_cleanup_(buf_free) struct buf out = {0};
	int r = rules_scan(f->netns, NULL, &f->rules, err);

	if (r < 0)
		return r;
	(f->json ? rules_json : rules_text)(f->rules, &out);
	r = put(&out);
	if (r < 0)
		return r == -EPIPE ? 0 : err_set(err, r, "writing the rules: %s", err_name(r));
	return f->follow ? follow(f, err) : 0;
}

int cmd_rules(int argc, char **argv)
{
	static const struct argp rules_argp = {.options = options, .parser = parse, .doc = doc};
	struct follow f = {0};
	struct err err = {0};
	int r;

	argp_parse(&rules_argp, argc, argv, 0, NULL, &f);
	signal(SIGPIPE, SIG_IGN);
	r = run(&f, &err);
	loop_free(f.loop);
	rules_free(f.rules);
	if (r < 0)
		log_error("%s", err.text);
	return r < 0 ? err_exit_code(r) : EXIT_DONE;
}
