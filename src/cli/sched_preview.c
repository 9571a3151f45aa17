/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sched_preview.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "pipeline.h"
#include "preview_show.h"
#include "settings.h"

#define DEFAULT_NS (2 * NSEC_PER_SEC)
#define LONGEST_S 3600.0

struct preview {
	const struct settings *settings;
	struct loop *loop;
	struct pipeline *pipeline;
	struct roster *roster;
};

static void preview_free(struct preview *p)
{
	pipeline_free(p->pipeline);
	roster_free(p->roster);
	loop_free(p->loop);
}

static int read_duration(const char *text, uint64_t *ret_ns, struct err *err)
{
	double seconds;
	char *end;

	*ret_ns = DEFAULT_NS;
	if (!text)
		return 0;
	errno = 0;
	seconds = strtod(text, &end);
	if (errno || end == text || *end || !(seconds > 0 && seconds <= LONGEST_S))
		return err_set(err, -EINVAL, "--duration %s: it is a number of seconds, at most an hour",
			       text);
	*ret_ns = MAX((uint64_t)(seconds * NSEC_PER_SEC), 1);
	return 0;
}

static void stop(void *data)
{
	struct preview *p = data;

	loop_stop(p->loop, 0);
}

static void on_signal(void *data, int signo)
{
	stop(data);
}

static void on_event(void *data, const struct event *e)
{
}

static void on_row(void *data, const struct event *row)
{
	struct preview *p = data;

	roster_row(p->roster, row);
}

/* Without a probe what /proc tells is all there is. */
static int count_a_while(struct preview *p, uint64_t ns, struct err *err)
{
	const struct run_options *run = settings_run(p->settings);
	const struct pipeline_options options = {
		.config = p->settings->config, .probes = &run->probes, .go_on_without = true,
		.collect_interval_ns = run->collect_interval_ns, .on_event = on_event,
		.on_row = on_row, .data = p};
	int r = pipeline_start(&p->pipeline, p->loop, &options, err);

	if (r < 0)
		return r;
	if (pipeline_probes(p->pipeline)) {
		if (!loop_add_timer(p->loop, ns, 0, stop, p))
			return err_set(err, -errno, "timer: %s", strerror(errno));
		r = loop_run(p->loop);
	}
	pipeline_finish(p->pipeline);
	return r < 0 ? err_set(err, r, "event loop: %s", err_name(r)) : 0;
}

static int show(struct preview *p, bool json, struct err *err)
{
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	uint64_t now_ns = clock_boot_ns();
	int r = roster_look(p->roster, now_ns, err);

	if (r == -EPERM)
		log_warning("looking for processes: %s", err->text);
	else if (r < 0)
		return r;
	r = sched_decide(roster_processes(p->roster), roster_rules(p->roster), &d, err);
	if (r == 0)
		(json ? preview_json : preview_text)(p->roster, &d, now_ns);
	return r;
}

int sched_preview(const struct settings *settings, const char *duration, bool json, struct err *err)
{
	_cleanup_(preview_free) struct preview p = {.settings = settings};
	uint64_t ns;
	int r = read_duration(duration, &ns, err);

	if (r == 0)
		r = roster_new(&p.roster, settings->config, err);
	if (r < 0)
		return r;
	p.loop = loop_new();
	if (!p.loop || !loop_add_signal(p.loop, SIGINT, on_signal, &p) ||
	    !loop_add_signal(p.loop, SIGTERM, on_signal, &p))
		return err_set(err, -ENOMEM, "event loop: %s", strerror(errno));
	r = count_a_while(&p, ns, err);
	return r < 0 ? r : show(&p, json, err);
}
