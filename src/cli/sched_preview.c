/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_preview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "jsonw.h"
#include "preview.h"

static const char *printable(const char comm[static PROC_COMM_MAX], char text[static PROC_COMM_MAX])
{
	int i = 0;

	for (; comm[i]; i++)
		text[i] = (unsigned char)comm[i] < 0x20 || comm[i] == 0x7f ? '?' : comm[i];
	text[i] = '\0';
	return text;
}

static void print_ms(char text[static 24], bool known, uint64_t ns)
{
	if (known)
		snprintf(text, 24, "%.3f ms", (double)ns / (double)NSEC_PER_MSEC);
	else
		snprintf(text, 24, "-");
}

static void print_process(const struct sched_judgement *j, bool measured)
{
	bool waited = measured && j->load.waits;
	char comm[PROC_COMM_MAX], p99[24], time[24], share[16] = "-", cpu[16] = "-";

	print_ms(p99, waited, j->load.p99_ns);
	print_ms(time, j->boosted, j->execution_time_ns);
	if (measured)
		snprintf(cpu, sizeof(cpu), "%.1f %%", 100 * load_cpus(&j->load));
	if (waited)
		snprintf(share, sizeof(share), "%.1f %%", 100 * load_schedulable(&j->load));
	printf("%9d  %-15s %7zu %9.0f %8s %12s %11s  %-8s %12s  %s\n", j->pid,
	       printable(j->comm, comm), j->threads, load_packets_per_s(&j->load), cpu, p99, share,
	       !j->boosted ? "-" : j->priority ? "boost" : "time", time, j->why);
}

static void print_text(const struct preview *p, const struct sched_options *sched)
{
	const struct sched_decision *d = &p->decision;

	printf("%9s  %-15s %7s %9s %8s %12s %11s  %-8s %12s  %s\n", "PID", "COMM", "THREADS",
	       "PACKETS/S", "CPU", "WAIT P99 <=", "SCHEDULABLE", "STRATEGY", "TIME", "WHY");
	for (size_t i = 0; i < d->n_judged; i++)
		print_process(&d->judged[i], p->measured);
	printf("%s: %zu threads of %zu processes%s; nothing was sent\n",
	       sched->strategy == SCHED_ADAPTIVE ? "adaptive" : "fixed", d->list.len, d->processes,
	       d->left_out ? ", others left out by sched.max_threads" : "");
}

static void write_evidence(struct jw *j, uint32_t evidence)
{
	jw_array(j, "evidence");
	for (int kind = 0; kind < EVIDENCE_MAX; kind++)
		if (evidence & EVIDENCE_BIT(kind))
			jw_string(j, NULL, evidence_name((enum evidence)kind));
	jw_array_end(j);
}

static void write_waits(struct jw *j, const struct load *l)
{
	jw_double(j, "cpus", load_cpus(l));
	jw_u64(j, "waits", l->waits);
	jw_u64(j, "wait_ns", l->wait_ns);
	if (l->waits) {
		jw_u64(j, "wait_p50_ns", l->p50_ns);
		jw_u64(j, "wait_p99_ns", l->p99_ns);
	}
	if (l->wait_ns + l->on_cpu_ns)
		jw_double(j, "schedulable", load_schedulable(l));
}

static void write_strategies(struct jw *j, const struct strategy_list *list, int32_t pid)
{
	jw_array(j, "strategies");
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];

		if (s->tgid != pid)
			continue;
		jw_object(j, NULL);
		jw_i64(j, "pid", s->pid);
		jw_bool(j, "priority", s->priority);
		jw_u64(j, "execution_time", s->execution_time_ns);
		jw_object_end(j);
	}
	jw_array_end(j);
}

static void print_json(const struct preview *p)
{
	_cleanup_(buf_free) struct buf out = {0};

	for (size_t i = 0; i < p->decision.n_judged; i++) {
		const struct sched_judgement *judgement = &p->decision.judged[i];
		struct jw j;

		buf_reset(&out);
		j = jw_begin(&out);
		jw_object(&j, NULL);
		jw_i64(&j, "pid", judgement->pid);
		jw_string(&j, "comm", judgement->comm);
		if (judgement->pod[0])
			jw_string(&j, "pod", judgement->pod);
		write_evidence(&j, judgement->evidence);
		jw_u64(&j, "threads", judgement->threads);
		jw_double(&j, "packets_per_s", load_packets_per_s(&judgement->load));
		if (p->measured)
			write_waits(&j, &judgement->load);
		jw_bool(&j, "chosen", judgement->chosen);
		jw_bool(&j, "boosted", judgement->boosted);
		jw_string(&j, "why", judgement->why);
		write_strategies(&j, &p->decision.list, judgement->pid);
		jw_object_end(&j);
		puts(out.data);
	}
}

static int parse_seconds(const char *text, uint64_t *ret_ns, struct err *err)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	if (errno || end == text || *end || !(seconds > 0 && seconds <= 86400))
		return err_set(err, -EINVAL, "--duration %s: it is a number of seconds, at most a day",
			       text);
	*ret_ns = (uint64_t)(seconds * (double)NSEC_PER_SEC);
	return 0;
}

int sched_preview(const struct settings *settings, const char *seconds, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {0};
	uint64_t ns = 0;
	int r = seconds ? parse_seconds(seconds, &ns, err) : 0;

	if (r == 0)
		r = preview_run(settings, ns, &p, err);
	if (r < 0)
		return r;
	if (json)
		print_json(&p);
	else
		print_text(&p, config_get(settings->config, "sched"));
	return 0;
}
