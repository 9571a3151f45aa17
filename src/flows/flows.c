/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "flow_choice.h"

#define MAX_ROWS 65536
#define IDLE_NS (30 * NSEC_PER_SEC)
#define MAX_QUALITY 16384
#define QUALITY_IDLE_NS (300 * NSEC_PER_SEC) /* Echo is asked once a minute (TS 29.281 7.2.1) */

struct flows {
	struct watch watch;
	struct agg_flows *table;
	struct agg_quality *quality;
	struct flow_choice *choice; /* NULL: every row is chosen */
	struct flow_view view;
};

static void on_chosen(void *data, const struct event *e)
{
	struct flows *f = data;

	if (f->watch.task->format == SINK_JSON)
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

/* What a reader without a terminal asks for; nothing, or no number: 0. */
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
	if (f->watch.task->format == SINK_TEXT && !f->watch.task->once)
		print_table(f);
	watch_flush(&f->watch);
	if (f->watch.task->once)
		session_stop(&f->watch.session, 0);
}

/* --once has one view, of all that the ledger below it counts. */
static void on_finished(void *data)
{
	struct flows *f = data;

	if (f->watch.task->format == SINK_TEXT && f->watch.task->once)
		print_table(f);
}

static int make_tables(struct flows *f, const struct flows_task *task, struct err *err)
{
	uint64_t interval_ns = settings_run(task->watch->settings)->collect_interval_ns;

	f->table = agg_flows_new(MAX_ROWS, IDLE_NS, clock_boot_ns());
	f->quality = agg_quality_new(MAX_QUALITY, QUALITY_IDLE_NS);
	if (task->filter)
		f->choice = flow_choice_new(task->filter);
	if (!f->table || !f->quality || (task->filter && !f->choice))
		return err_oom(err);
	agg_flows_least_interval(f->table, interval_ns / 2);
	return 0;
}

int flows_run(const struct flows_task *task, struct err *err)
{
	struct flows f = {.view = task->view, .watch.on_finished = on_finished};
	const struct pipeline_options handlers = {
		.on_event = on_event, .on_row = on_row, .on_collected = on_collected, .data = &f};
	int r = make_tables(&f, task, err);

	if (r == 0)
		r = watch_run(&f.watch, task->watch, &handlers, err);
	watch_free(&f.watch);
	agg_flows_free(f.table);
	agg_quality_free(f.quality);
	flow_choice_free(f.choice);
	return r;
}
