/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Adaptive decisions by golden traces: each file of $GOLDEN has rows over time and what is decided
 * then. Its README says how they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adaptive.h"
#include "cleanup.h"
#include "clock.h"
#include "record.h"
#include "value.h"

#define LINES_MAX 32
#define LINE_MAX_LEN 160
#define PROCESSES_MAX 16

struct trace_process {
	int32_t pid;
	uint64_t start;
	char comm[PROC_COMM_MAX];
	int threads; /* 0: no such process */
};

struct trace {
	const char *name;
	struct config *config;
	struct sched_rules rules;
	struct processes *table;
	struct loads *loads;
	struct adaptive *adaptive;
	struct trace_process processes[PROCESSES_MAX];
	struct adaptive_view view;
	char lines[LINES_MAX][LINE_MAX_LEN]; /* of the block */
	size_t n_lines;
	uint64_t begin_s, end_s; /* of the block; 0: none yet */
	unsigned decisions;
};

static const struct option_section *const sections[] = {&sched_section, &adaptive_section};

static uint64_t duration(const char *text)
{
	const struct config_option o = {.key = "duration", .type = OPTION_DURATION};
	struct err err = {""};
	uint64_t ns = 0;

	if (value_set(&o, &ns, text, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return ns;
}

static void begin(struct trace *t)
{
	const struct processes_limits limits = {PROCESSES_MAX, PROCESSES_MAX, 64, 60 * NSEC_PER_SEC};
	struct err err = {""};

	t->table = processes_new(&limits);
	t->loads = loads_new(PROCESSES_MAX, 0);
	t->view = (struct adaptive_view){
		.processes = t->table, .rules = &t->rules, .loads = t->loads, .measured = true, .cpus = 2};
	assert_int_equal(config_load(&t->config, sections, ARRAY_SIZE(sections), NULL, &err), 0);
}

static void end(struct trace *t)
{
	adaptive_free(t->adaptive);
	loads_free(t->loads);
	processes_free(t->table);
	config_free(t->config);
}

static void set(struct trace *t, char *text)
{
	char *value = strchr(text, '=');
	struct err err = {""};

	assert_non_null(value);
	*value = '\0';
	if (config_set(t->config, text, value + 1, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static struct trace_process *process_of(struct trace *t, int32_t pid)
{
	struct trace_process *room = NULL;

	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		if (t->processes[i].threads && t->processes[i].pid == pid)
			return &t->processes[i];
		if (!t->processes[i].threads)
			room = &t->processes[i];
	}
	assert_non_null(room);
	*room = (struct trace_process){.pid = pid};
	return room;
}

/* "PID PACKETS" */
static bool take_sends(struct trace *t, const char *line, uint64_t now_ns)
{
	struct event e = {.probe = "flow",
			  .kind = KIND_SENDER,
			  .context = CONTEXT_PROCESS,
			  .dir = DIR_EGRESS,
			  .first_ns = now_ns,
			  .last_ns = now_ns,
			  .ts_ns = now_ns};

	if (sscanf(line, "sends %" SCNu32 " %" SCNu64, &e.tgid, &e.packets) != 2)
		return false;
	event_set(&e, F_TGID);
	event_set(&e, F_CONTEXT);
	event_set(&e, F_PACKETS);
	event_set(&e, F_DIR);
	event_set(&e, F_FIRST_NS);
	event_set(&e, F_LAST_NS);
	assert_true(loads_add(t->loads, &e));
	return true;
}

static int bucket_of(uint64_t ns)
{
	int i = 0;

	while (ns >> (i + 1))
		i++;
	return i;
}

/* "PID RUN SWITCHES times, waits N x WAIT" */
static bool take_runs(struct trace *t, const char *line)
{
	struct event_wait w = {0};
	struct event e = {.probe = "runq", .kind = KIND_WAIT, .wait = &w};
	char run[16], wait[16] = "0";

	if (sscanf(line, "runs %" SCNu32 " %15s %" SCNu64 " times, waits %" SCNu64 " x %15s", &e.tgid, run, &w.switches,
		   &w.count, wait) < 3)
		return false;
	event_set(&e, F_TGID);
	w.on_cpu_ns = duration(run);
	w.total_ns = w.count * duration(wait);
	w.max_ns = duration(wait);
	w.buckets[bucket_of(duration(wait))] = (uint32_t)w.count;
	assert_true(loads_add(t->loads, &e));
	return true;
}

static void renew(struct trace *t, uint64_t now_ns)
{
	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		const struct trace_process *p = &t->processes[i];
		struct proc proc = {.pid = p->pid, .start_time = p->start};
		struct proc_thread threads[64] = {0};

		memcpy(proc.comm, p->comm, sizeof(proc.comm));
		for (int k = 0; k < p->threads; k++)
			threads[k] = (struct proc_thread){.tid = p->pid + k, .start_time = p->start};
		if (!p->threads)
			continue;
		assert_non_null(processes_add(t->table, &proc, EVIDENCE_NAME, now_ns));
		assert_non_null(processes_add(t->table, &proc, EVIDENCE_SOCKET_OWNER, now_ns));
		assert_int_equal(processes_set_owner(t->table, &proc, &(struct proc_owner){{0, 0, 0}, ""}), 0);
		processes_set_threads(t->table, &proc, threads, (size_t)p->threads, 0);
	}
}

static const struct sched_judgement *judgement_of(const struct sched_decision *d, int32_t pid)
{
	for (size_t i = 0; i < d->n_judged; i++)
		if (d->judged[i].pid == pid)
			return &d->judged[i];
	return NULL;
}

/* "=> PID boost EXECUTION-TIME: WHY" or "=> PID leave: WHY" */
static bool expect(struct trace *t, const char *line, const struct sched_decision *d, uint64_t at_s)
{
	char what[8], time[16] = "0", got[LINE_MAX_LEN];
	const struct sched_judgement *j;
	int32_t pid;

	if (sscanf(line, "=> %d %7[a-z] %15[0-9a-z]", &pid, what, time) < 2)
		return false;
	j = judgement_of(d, pid);
	if (!j)
		fail_msg("%s at %" PRIu64 "s: nothing is said of %d", t->name, at_s, pid);
	snprintf(got, sizeof(got), "%s, %" PRIu64 " ns: %s", j->boosted ? "boost" : "leave", j->execution_time_ns,
		 j->why);
	if (j->boosted != !strcmp(what, "boost") || j->execution_time_ns != duration(time) || !strchr(line, ':') ||
	    strcmp(strchr(line, ':') + 2, j->why))
		fail_msg("%s at %" PRIu64 "s: %s\nbut got %s", t->name, at_s, line, got);
	return true;
}

static size_t threads_boosted(const struct sched_decision *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_judged; i++)
		n += d->judged[i].boosted ? d->judged[i].threads : 0;
	return n;
}

static void check_all_expected(const struct trace *t, const struct sched_decision *d, uint64_t at_s)
{
	for (size_t i = 0; i < d->n_judged; i++) {
		char head[32];
		size_t k = 0;

		snprintf(head, sizeof(head), "=> %d ", d->judged[i].pid);
		while (k < t->n_lines && strncmp(t->lines[k], head, strlen(head)))
			k++;
		if (k == t->n_lines)
			fail_msg("%s at %" PRIu64 "s: no line expects %d", t->name, at_s, d->judged[i].pid);
	}
}

/* A second step in one collection comes to the same. */
static void check_thinking_again(const struct trace *t, const struct sched_decision *d)
{
	_cleanup_(sched_decision_free) struct sched_decision again = {0};
	struct err err = {""};

	assert_int_equal(adaptive_decide(t->adaptive, &t->view, &again, &err), 0);
	assert_int_equal(again.n_judged, d->n_judged);
	for (size_t i = 0; i < d->n_judged; i++)
		assert_int_equal(again.judged[i].boosted, d->judged[i].boosted);
}

static void play_second(struct trace *t, uint64_t at_s)
{
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	struct err err = {""};
	size_t told = 0;

	for (size_t i = 0; i < t->n_lines; i++)
		if (!take_sends(t, t->lines[i], at_s * NSEC_PER_SEC) && !take_runs(t, t->lines[i]))
			told++;
	renew(t, at_s * NSEC_PER_SEC);
	loads_tick(t->loads, at_s * NSEC_PER_SEC);
	t->view.now_ns = at_s * NSEC_PER_SEC;
	assert_int_equal(adaptive_decide(t->adaptive, &t->view, &d, &err), 0);
	for (size_t i = 0; i < t->n_lines; i++)
		told -= expect(t, t->lines[i], &d, at_s);
	if (told)
		fail_msg("%s at %" PRIu64 "s: %zu lines are not understood", t->name, at_s, told);
	assert_int_equal(d.list.len, threads_boosted(&d));
	check_all_expected(t, &d, at_s);
	check_thinking_again(t, &d);
	t->decisions += (unsigned)d.n_judged;
}

static void play_block(struct trace *t)
{
	struct err err = {""};

	if (t->begin_s && !t->adaptive) {
		assert_int_equal(sched_rules_init(&t->rules, config_get(t->config, "sched"), &err), 0);
		t->adaptive = adaptive_new(config_get(t->config, "sched.adaptive"));
	}
	for (uint64_t s = t->begin_s; s && s <= t->end_s; s++)
		play_second(t, s);
	t->n_lines = 0;
	t->begin_s = 0;
}

/* What came before them happened before. */
static bool take_process(struct trace *t, const char *line)
{
	struct trace_process p = {0};
	int32_t pid;

	if (!strncmp(line, "process ", 8) || !strncmp(line, "ended ", 6))
		play_block(t);
	if (sscanf(line, "process %d %15s threads=%d start=%" SCNu64, &p.pid, p.comm, &p.threads, &p.start) >= 3) {
		*process_of(t, p.pid) = p;
		return true;
	}
	if (sscanf(line, "ended %d", &pid) != 1)
		return false;
	process_of(t, pid)->threads = 0;
	processes_ended(t->table, pid);
	return true;
}

static bool take_time(struct trace *t, const char *line)
{
	uint64_t first, last;
	int n = sscanf(line, "at %" SCNu64 "s to %" SCNu64 "s", &first, &last);

	if (n < 1)
		return false;
	play_block(t);
	t->begin_s = first;
	t->end_s = n == 2 ? last : first;
	return true;
}

static void take_line(struct trace *t, char *line)
{
	line += strspn(line, " \t");
	line[strcspn(line, "#\n")] = '\0';
	for (size_t len = strlen(line); len && line[len - 1] == ' ';)
		line[--len] = '\0';
	if (!line[0] || take_time(t, line) || take_process(t, line))
		return;
	if (!strncmp(line, "set ", 4)) {
		set(t, line + 4);
	} else if (!strcmp(line, "unmeasured")) {
		play_block(t);
		t->view.measured = false;
	} else {
		assert_true(t->n_lines < LINES_MAX && t->begin_s);
		snprintf(t->lines[t->n_lines++], LINE_MAX_LEN, "%s", line);
	}
}

static void play_file(const char *path)
{
	struct trace t = {.name = strrchr(path, '/') + 1};
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[LINE_MAX_LEN];

	assert_non_null(f);
	begin(&t);
	while (fgets(line, sizeof(line), f))
		take_line(&t, line);
	play_block(&t);
	print_message("# %s: %u decisions\n", t.name, t.decisions);
	assert_true(t.decisions > 5);
	end(&t);
}

static void every_trace_decides_as_written(void **state)
{
	char pattern[512];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/*.trace", getenv("GOLDEN"));
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 5);
	for (size_t i = 0; i < files.gl_pathc; i++)
		play_file(files.gl_pathv[i]);
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trace_decides_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
