/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "args.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "event_filter.h"
#include "flow_choice.h"
#include "filter_flags.h"
#include "flow_table.h"
#include "parse.h"
#include "watch.h"

#define MAX_ROWS 65536
#define IDLE_NS (30 * NSEC_PER_SEC)
#define MAX_QUALITY 16384
#define QUALITY_IDLE_NS (300 * NSEC_PER_SEC) /* Echo is asked once a minute (TS 29.281 7.2.1) */

static const char doc[] =
	"Live flows and GTP-U tunnels on interfaces: who talks to whom in which tunnel, how much.\v"
	"In JSON each line is what one flow or tunnel counted since the collection before; the sums are "
	"exact. What is not chosen is left out of the view alone: the ledger, which ends the output, has all. Where it "
	"is chosen by what is inside, a tunnel counts the packets that were chosen.";

static const struct argp_child children[] = {{&watch_argp, 0, NULL, 0}, {&filter_argp, 0, NULL, 0}, {0}};

struct flows {
	struct watch watch;
	struct agg_flows *table;
	struct agg_quality *quality;
	struct filter_flags flags;
	struct event_filter filter; /* of the flags */
	struct flow_choice *choice; /* NULL: there are none */
	struct flow_view view;
};

enum { KEY_SORT = 512, KEY_PER_CPU };

static const struct argp_option options[] = {
	{"top", 'n', "N", 0, "lines of each table (as many as fit the terminal, else 20)", 1},
	{"sort", KEY_SORT, "KEY", 0, "by bit/s (rate, the default), packets/s (packet-rate), bytes, packets, or last", 1},
	{"per-cpu", KEY_PER_CPU, NULL, 0, "what each CPU counted, apart", 1},
	{0},
};

static error_t parse_sort(struct argp_state *state, const char *arg, enum agg_sort *ret)
{
	static const char *const names[AGG_SORTS] = {"rate", "packet-rate", "bytes", "packets", "last"};

	for (unsigned i = 0; i < AGG_SORTS; i++) {
		if (!strcmp(arg, names[i])) {
			*ret = i;
			return 0;
		}
	}
	args_error(state, "--sort %s: it is rate, packet-rate, bytes, packets or last", arg);
	return EINVAL;
}

static error_t parse_top(struct argp_state *state, const char *arg, size_t *ret)
{
	struct err err;
	uint64_t n;

	if (parse_u64(arg, 1, SIZE_MAX, &n, &err) < 0)
		args_error(state, "--top: %s", err.text);
	*ret = n;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flows *f = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &f->watch;
		state->child_inputs[1] = &f->flags;
		return 0;
	case 'n':
		return parse_top(state, arg, &f->view.top);
	case KEY_SORT:
		return parse_sort(state, arg, &f->view.sort);
	case KEY_PER_CPU:
		f->view.per_cpu = true;
		return -string_list_add(&f->watch.keys, "probes.flow.per_cpu=true");
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp flows_argp = {.options = options, .parser = parse, .doc = doc,
				       .children = children};

static void on_chosen(void *data, const struct event *e)
{
	struct flows *f = data;

	if (f->watch.format == SINK_JSON)
		sink_event(f->watch.sink, e);
	else if (!agg_quality_add(f->quality, e))
		agg_flows_add(f->table, e);
}

static void on_row(void *data, const struct event *e)
{
	struct flows *f = data;

	if (f->choice)
		flow_choice_row(f->choice, e, on_chosen, f);
	else
		on_chosen(f, e);
}

static void on_event(void *data, const struct event *e)
{
}

#define COLUMNS_MAX 10000

/* What a caller without a terminal asks for; nothing, or no number: 0. */
static size_t columns_asked(void)
{
	const char *text = getenv("COLUMNS");
	char *end;
	unsigned long n = text && *text >= '1' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	return n && !*end && n <= COLUMNS_MAX ? n : 0;
}

/* Asked anew each time: a window changes its size. */
static void measure_terminal(struct flow_view *view)
{
	struct winsize size;

	view->width = columns_asked();
	view->height = 0;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	view->width = size.ws_col;
	view->height = size.ws_row;
}

/* A line that wraps would move all below it out of the window. */
static void add_lines(struct buf *out, const struct buf *text, size_t width)
{
	const char *line = text->data ?: "", *end;

	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (width && (size_t)(end - line) > width) {
			buf_add(out, line, width - 1);
			buf_char(out, '~');
		} else {
			buf_add(out, line, (size_t)(end - line));
		}
		buf_char(out, '\n');
	}
}

static void print_table(struct flows *f)
{
	_cleanup_(buf_free) struct buf out = {0}, text = {0};

	if (isatty(STDOUT_FILENO))
		buf_str(&out, "\033[H\033[J");
	measure_terminal(&f->view);
	flow_table_print(f->table, f->quality, &f->view, &text);
	add_lines(&out, &text, f->view.width);
	sink_text(f->watch.sink, &out);
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct flows *f = data;

	if (f->choice)
		flow_choice_collected(f->choice);
	agg_flows_tick(f->table, now_ns);
	agg_quality_tick(f->quality, now_ns);
	if (f->watch.format == SINK_TEXT && !f->watch.once)
		print_table(f);
	if (sink_flush(f->watch.sink) < 0 || f->watch.once)
		loop_stop(f->watch.loop, 0);
}

/* --once has one view, of all that the ledger below it counts. */
static void on_finished(void *data)
{
	struct flows *f = data;

	if (f->watch.format == SINK_TEXT && f->watch.once)
		print_table(f);
}

static int set_filter(struct flows *f, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < f->flags.keys.len && r == 0; i++)
		r = event_filter_set(&f->filter, f->flags.keys.items[i], f->flags.values.items[i], err);
	return r;
}

static int make_tables(struct flows *f, struct err *err)
{
	uint64_t interval_ns = settings_run(&f->watch.settings)->collect_interval_ns;

	f->table = agg_flows_new(MAX_ROWS, IDLE_NS, clock_boot_ns());
	f->quality = agg_quality_new(MAX_QUALITY, QUALITY_IDLE_NS);
	if (f->flags.keys.len)
		f->choice = flow_choice_new(&f->filter);
	if (!f->table || !f->quality || (f->flags.keys.len && !f->choice))
		return err_set(err, -ENOMEM, "out of memory");
	agg_flows_least_interval(f->table, interval_ns / 2);
	return 0;
}

static int run(struct flows *f, struct err *err)
{
	static char *flow[] = {"flow", NULL};
	struct string_list probes = {flow, 1};
	int r = set_filter(f, err);

	if (r == 0)
		r = watch_prepare(&f->watch, err);
	if (r == 0)
		r = make_tables(f, err);
	if (r < 0)
		return r;
	if (f->watch.probes.len)
		probes = f->watch.probes;
	f->watch.on_finished = on_finished;
	const struct pipeline_options options = {
		.config = f->watch.settings.config, .probes = &probes, .attach = f->watch.attach,
		.collect_interval_ns = settings_run(&f->watch.settings)->collect_interval_ns,
		.on_event = on_event, .on_row = on_row, .on_collected = on_collected, .data = f};

	return watch_run(&f->watch, &options, err);
}

int cmd_flows(int argc, char **argv)
{
	struct flows f = {0};
	struct err err = {0};
	int r;

	args_parse(&flows_argp, argc, argv, &f);
	r = run(&f, &err);
	watch_free(&f.watch);
	string_list_free(&f.flags.keys);
	string_list_free(&f.flags.values);
	agg_flows_free(f.table);
	agg_quality_free(f.quality);
	flow_choice_free(f.choice);
	return watch_exit(r, &err);
}
