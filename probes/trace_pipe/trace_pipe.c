/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A probe without a program: the tasks that another tracer's text names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "map.h"
#include "pidns.h"
#include "probe.h"
#include "proc.h"
#include "trace_line.h"
#include "trace_source.h"

#define TASKS_MAX 4096	    /* between two collections */
#define READ_MAX (4U << 20) /* bytes at a time: the loop has other work */
#define RETRY_NS (2 * NSEC_PER_SEC)

struct trace_pipe_options {
	const char *input;
	struct string_list messages;
};

static const struct config_option option_table[] = {
	{.key = "input",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct trace_pipe_options, input),
	 .default_text = TRACE_KERNEL,
	 .help = "the text of a tracer: trace_pipe (the kernel's), a file of what it printed, or - for "
		 "standard input"},
	{.key = "messages",
	 .type = OPTION_LIST,
	 .offset = offsetof(struct trace_pipe_options, messages),
	 .default_text = "fentry/*,fexit/*,start:*,stop:*,enqueue:*",
	 .help = "patterns of the messages that count, by default those of gtp5g-tracer and of Gthulhu's "
		 "scheduler; other tracers print there too"},
	{0},
};

struct task_key {
	int32_t tgid, tid; /* 0: not said */
};

struct task_lines {
	uint64_t lines, first_ns, last_ns;
	char comm[TRACE_COMM_MAX];
};

struct probe_run {
	struct trace_source source;
	const char *input;
	struct trace_messages messages;
	struct map *tasks;		   /* struct task_key -> struct task_lines, since the last collection */
	uint64_t verdicts[TRACE_VERDICTS]; /* lines */
	uint64_t no_room;		   /* of TRACE_TASK's lines: no place for a task */
	uint64_t lost, lost_notes;	   /* lines by the kernel's notes; notes without a number */
	uint64_t told, ended, unreadable;  /* tasks: handed on as rows; ended before the look-up; not readable */
	uint64_t try_ns;		   /* when to try to open it, where it is not open */
	int trouble;			   /* why it is not, as last reported */
};

static void trace_pipe_stop(struct probe_run *run)
{
	if (!run)
		return;
	trace_source_close(&run->source);
	map_free(run->tasks);
	free(run);
}

DEFINE_CLEANUP(struct probe_run *, run, trace_pipe_stop)

static int trace_pipe_start(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	const struct trace_pipe_options *o = env->options;
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	bool kernel = !strcmp(o->input, TRACE_KERNEL);

	if (run)
		run->tasks = map_new(sizeof(struct task_key), sizeof(struct task_lines), TASKS_MAX);
	if (!run || !run->tasks)
		return err_oom(err);
	if (kernel && pidns_of_proc(""))
		return err_set(err, -EOPNOTSUPP,
			       "the kernel's trace_pipe names tasks by the host's PIDs, and teide runs "
			       "in a PID namespace of its own; run teide with hostPID: true, or with --pid=host");
	run->source.fd = -1;
	run->input = o->input;
	run->messages = (struct trace_messages){o->messages.items, o->messages.len};
	/* Another reader may hold the kernel's trace_pipe for now. A file that is missing stays missing. */
	if (!kernel || !env->wait) {
		int r = trace_source_open(&run->source, run->input, err);

		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(run);
	return 0;
}

static bool note_task(struct probe_run *run, const struct trace_task *task, uint64_t now_ns)
{
	const struct task_key key = {task->tgid, task->tid};
	struct task_lines *t = map_put(run->tasks, &key, NULL);

	if (!t)
		return false;
	if (!t->lines++)
		t->first_ns = now_ns;
	t->last_ns = now_ns;
	memcpy(t->comm, task->comm, sizeof(t->comm));
	return true;
}

static void on_line(void *data, const char *text)
{
	struct probe_run *run = data;
	struct trace_line line;
	enum trace_verdict verdict = trace_line_parse(text, &run->messages, &line);
	uint64_t now_ns = clock_boot_ns();
	bool room = true;

	run->verdicts[verdict]++;
	run->lost += line.lost;
	run->lost_notes += verdict == TRACE_LOST && !line.lost;
	for (size_t i = 0; i < line.n; i++)
		room &= note_task(run, &line.tasks[i], now_ns);
	run->no_room += !room;
}

static int read_lines(struct probe_run *run)
{
	int r = trace_source_read(&run->source, READ_MAX, on_line, run);

	if (r < 0)
		trace_source_close(&run->source);
	return r;
}

static int try_to_open(struct probe_run *run, uint64_t now_ns, struct err *says)
{
	struct err why = {""};
	int r;

	if (now_ns < run->try_ns)
		return PROBE_NO_NEWS;
	r = trace_source_open(&run->source, run->input, &why);
	if (r < 0) {
		bool news = r != run->trouble;

		run->try_ns = now_ns + RETRY_NS;
		run->trouble = r;
		if (news)
			err_set(says, r, "%s; tried again every %d s", why.text, (int)(RETRY_NS / NSEC_PER_SEC));
		return news ? PROBE_SAYS : PROBE_NO_NEWS;
	}
	run->trouble = 0;
	err_set(says, 0, "reading %s", run->source.path);
	return PROBE_SAYS;
}

static int trace_pipe_tick(struct probe_run *run, uint64_t now_ns, struct err *says)
{
	int r;

	if (run->source.fd < 0)
		return try_to_open(run, now_ns, says);
	r = read_lines(run);
	return r < 0 ? err_set(says, r, "reading %s: %s", run->source.path, err_name(r)) : PROBE_NO_NEWS;
}

static void emit_row(const struct task_key *key, const struct task_lines *t, int32_t tgid, event_fn emit, void *data)
{
	struct event e = {.probe = "trace_pipe",
			  .kind = KIND_TRACE,
			  .ts_ns = t->last_ns,
			  .tgid = (uint32_t)tgid,
			  .pid = (uint32_t)key->tid,
			  .packets = t->lines,
			  .first_ns = t->first_ns,
			  .last_ns = t->last_ns};

	memcpy(e.comm, t->comm, sizeof(e.comm));
	event_set(&e, F_TGID);
	event_set(&e, F_PACKETS);
	event_set(&e, F_FIRST_NS);
	event_set(&e, F_LAST_NS);
	if (key->tid)
		event_set(&e, F_PID);
	if (e.comm[0])
		event_set(&e, F_COMM);
	emit(data, &e);
}

static int trace_pipe_collect(struct probe_run *run, event_fn emit, void *data)
{
	const struct task_lines *t;
	const void *key;
	size_t cursor = 0;
	int r = read_lines(run);

	while ((t = map_next(run->tasks, &cursor, &key))) {
		const struct task_key *k = key;
		int32_t tgid = k->tgid;
		int e = tgid ? 0 : proc_leader("", k->tid, &tgid);

		run->ended += e == -ESRCH;
		run->unreadable += e < 0 && e != -ESRCH;
		if (e < 0)
			continue;
		run->told++;
		emit_row(k, t, tgid, emit, data);
	}
	map_clear(run->tasks);
	return r;
}

static int trace_pipe_no_ring(const struct probe_run *run)
{
	return -1;
}

static int trace_pipe_no_events(struct probe_run *run, size_t max, event_fn emit, void *data)
{
	return 0;
}

static void lines_row(ledger_fn fn, void *data, const char *name, const char *reason, uint64_t value)
{
	fn(data, &(struct ledger_row){"lines", name, reason, value});
}

static void trace_pipe_ledger(struct probe_run *run, ledger_fn fn, void *data)
{
	static const struct {
		enum trace_verdict verdict;
		const char *reason;
	} skipped[] = {
		{TRACE_IDLE, "idle"},		{TRACE_OTHER, "other_tracer"}, {TRACE_BLANK, "blank"},
		{TRACE_MALFORMED, "malformed"}, {TRACE_LOST, "note_of_loss"},
	};
	uint64_t seen = run->source.too_long;

	for (int i = 0; i < TRACE_VERDICTS; i++)
		seen += run->verdicts[i];
	lines_row(fn, data, "seen", NULL, seen);
	lines_row(fn, data, "counted", NULL, run->verdicts[TRACE_TASK] - run->no_room);
	for (size_t i = 0; i < ARRAY_SIZE(skipped); i++)
		lines_row(fn, data, "skipped", skipped[i].reason, run->verdicts[skipped[i].verdict]);
	lines_row(fn, data, "skipped", "too_long", run->source.too_long);
	lines_row(fn, data, "skipped", "no_room", run->no_room);
	/* A note without a number is of one line or of more. */
	fn(data, &(struct ledger_row){"lines", "lost", "overwritten", run->lost, run->lost_notes > 0});
	fn(data, &(struct ledger_row){"tasks", "seen", NULL, run->told + run->ended + run->unreadable});
	fn(data, &(struct ledger_row){"tasks", "counted", NULL, run->told});
	fn(data, &(struct ledger_row){"tasks", "skipped", "ended", run->ended});
	fn(data, &(struct ledger_row){"tasks", "skipped", "unreadable", run->unreadable});
}

static void trace_pipe_plan(struct probe_run *run, plan_fn fn, void *data)
{
	if (run->source.fd >= 0)
		fn(data, &(struct plan_row){run->source.path, "text", "what another tracer prints"});
}

static int trace_pipe_detach(struct probe_run *run, struct err *err)
{
	read_lines(run);
	trace_source_flush(&run->source, on_line, run);
	trace_source_close(&run->source);
	return 0;
}

const struct probe probe_trace_pipe = {
	.name = "trace_pipe",
	.help = "what another tracer prints of tasks (gtp5g-tracer, Gthulhu's scheduler): the evidence "
		"'trace_pipe'",
	.options = option_table,
	.options_size = sizeof(struct trace_pipe_options),
	.start = trace_pipe_start,
	.ring_fd = trace_pipe_no_ring,
	.drain = trace_pipe_no_events,
	.collect = trace_pipe_collect,
	.ledger = trace_pipe_ledger,
	.plan = trace_pipe_plan,
	.tick = trace_pipe_tick,
	.detach = trace_pipe_detach,
	.stop = trace_pipe_stop,
};
