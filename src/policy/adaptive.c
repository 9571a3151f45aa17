/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "adaptive.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "clock.h"
#include "map.h"

#define REMEMBERED_MAX 8192

#define OPTION(member) offsetof(struct adaptive_options, member)

static const struct config_option option_table[] = {
	{.key = "min_packets",
	 .type = OPTION_U64,
	 .offset = OPTION(min_packets),
	 .default_text = "10",
	 .help = "packets a second that a process sends: fewer are no traffic"},
	{.key = "min_wait",
	 .type = OPTION_DURATION,
	 .offset = OPTION(min_wait),
	 .default_text = "1ms",
	 .help = "a process whose p99 of run-queue waits is shorter has no need"},
	{.key = "confirm",
	 .type = OPTION_U64,
	 .offset = OPTION(confirm),
	 .default_text = "2",
	 .min = 1,
	 .max = 1000,
	 .help = "collections in a row that show the need before a boost"},
	{.key = "idle",
	 .type = OPTION_DURATION,
	 .offset = OPTION(idle),
	 .default_text = "5s",
	 .help = "a boost ends so long after the last traffic"},
	{.key = "hold",
	 .type = OPTION_DURATION,
	 .offset = OPTION(hold),
	 .default_text = "60s",
	 .help = "and so long after the last collection that showed the need, since a boosted process "
		 "does not wait: then the need must show anew"},
	{.key = "max_boost",
	 .type = OPTION_DURATION,
	 .offset = OPTION(max_boost),
	 .default_text = "30s",
	 .help = "a boost that has not at least halved the p99 of waits for so long does not pay, and is taken back; "
		 "0s: never"},
	{.key = "max_cpu",
	 .type = OPTION_U64,
	 .offset = OPTION(max_cpu),
	 .default_text = "50",
	 .min = 1,
	 .max = 100,
	 .help = "percent of all CPUs' time that those boosted may use; beyond, boosts are taken back"},
	{.key = "rest",
	 .type = OPTION_DURATION,
	 .offset = OPTION(rest),
	 .default_text = "60s",
	 .help = "how long a process whose boost was taken back gets none"},
	{.key = "min_execution_time",
	 .type = OPTION_DURATION,
	 .offset = OPTION(min_execution_time),
	 .default_text = "100us",
	 .min = 1000,
	 .max = STRATEGY_TIME_MAX_NS,
	 .help = "the least execution time; it is twice what the process runs at a time, up to "
		 "sched.execution_time or its rule's"},
	{0},
};

const struct option_section adaptive_section = {
	.name = "sched.adaptive",
	.help = "When the adaptive strategy boosts",
	.options = option_table,
	.size = sizeof(struct adaptive_options),
};

/* What is remembered of a process. */
struct memory {
	uint64_t start_time;
	uint64_t traffic_ns, need_ns; /* when it last had them; 0: never */
	uint64_t rests_until_ns;
	uint64_t unpaid_since_ns; /* of a boost: its begin, or when it last paid */
	uint64_t before_p99_ns;	  /* of waits, at its begin */
	uint64_t execution_time_ns;
	uint64_t confirmed; /* collections in a row */
	bool boosted;
	bool fresh; /* boosted in this very step: its load is that of before */
	bool sent;  /* it was seen to send, once at least */
	bool seen;  /* in this step */
};

struct adaptive {
	const struct adaptive_options *options;
	struct map *memories; /* int32_t -> struct memory */
	uint64_t ticks;	      /* of the loads, at the last step */
};

struct adaptive *adaptive_new(const struct adaptive_options *options)
{
	struct adaptive *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->options = options;
	a->memories = map_new(sizeof(int32_t), sizeof(struct memory), REMEMBERED_MAX);
	if (!a->memories) {
		free(a);
		return NULL;
	}
	return a;
}

void adaptive_free(struct adaptive *a)
{
	if (!a)
		return;
	map_free(a->memories);
	free(a);
}

/* One step at a time. */
struct step {
	struct adaptive *a;
	const struct adaptive_options *o;
	const struct adaptive_view *view;
	uint64_t now_ns;
	bool news; /* the loads are not those of the last step */
	struct sched_decision *d;
};

static struct memory *memory_of(struct adaptive *a, const struct sched_judgement *j)
{
	struct memory *m = map_put(a->memories, &j->pid, NULL);

	if (m && m->start_time != j->start_time)
		*m = (struct memory){.start_time = j->start_time};
	if (m) {
		m->seen = true;
		m->fresh = false;
	}
	return m;
}

/* Twice what it runs at a time, in doublings of the least, so that it changes seldom; a need that
 * fell is followed once it is a quarter. */
static uint64_t execution_time(const struct step *s, const struct memory *m, const struct sched_judgement *j,
			       uint64_t most)
{
	uint64_t need, t = s->o->min_execution_time;

	if (!j->load.switches)
		return m->execution_time_ns && m->execution_time_ns <= most ? m->execution_time_ns : most;
	need = 2 * (j->load.on_cpu_ns / j->load.switches);
	while (t < need && t < most)
		t *= 2;
	t = MIN(t, most);
	if (t < m->execution_time_ns && t > m->execution_time_ns / 4)
		return m->execution_time_ns;
	return t;
}

static const char *end_boost(struct memory *m, const char *why)
{
	m->boosted = false;
	m->confirmed = 0;
	return why;
}

/* A boost that does not shorten the waits costs other threads time for nothing. */
static bool pays(const struct step *s, struct memory *m, const struct sched_judgement *j, bool needs)
{
	if (!needs || j->load.p99_ns <= m->before_p99_ns / 2)
		m->unpaid_since_ns = s->now_ns;
	return !s->o->max_boost || s->now_ns - m->unpaid_since_ns <= s->o->max_boost;
}

static const char *keep_boost(const struct step *s, struct memory *m, const struct sched_judgement *j, bool needs)
{
	if (s->now_ns - m->traffic_ns > s->o->idle)
		return end_boost(m, "no traffic any more: its boost has ended");
	if (s->now_ns - m->need_ns > s->o->hold)
		return end_boost(m, "has not waited for a CPU for long: its boost has ended");
	if (!pays(s, m, j, needs)) {
		m->rests_until_ns = s->now_ns + s->o->rest;
		return end_boost(m, "waits for a CPU as long as before its boost, which does not pay: taken back");
	}
	return needs ? "has traffic and waits for a CPU" : "has traffic and waited for a CPU: its boost goes on";
}

static const char *begin_boost(const struct step *s, struct memory *m, const struct sched_judgement *j, bool needs)
{
	bool traffic = m->traffic_ns == s->now_ns;

	if (!needs) {
		m->confirmed = 0;
		if (traffic)
			return "hardly waits for a CPU: a boost cannot pay";
		return m->sent ? "no traffic" : "not seen to send: is its interface watched?";
	}
	m->confirmed += s->news;
	if (m->confirmed < s->o->confirm)
		return "has traffic and waits for a CPU, but has only begun to";
	m->boosted = m->fresh = true;
	m->execution_time_ns = 0;
	m->unpaid_since_ns = s->now_ns;
	m->before_p99_ns = j->load.p99_ns;
	return "has traffic and waits for a CPU";
}

static void judge_process(const struct step *s, struct sched_judgement *j)
{
	struct memory *m = memory_of(s->a, j);
	bool traffic = load_packets_per_s(&j->load) >= (double)s->o->min_packets;
	bool needs = traffic && s->view->measured && j->load.waits && j->load.p99_ns >= s->o->min_wait;

	if (!m) {
		j->why = "no room to remember it";
		return;
	}
	m->sent |= sched_seen_to_send(j);
	if (traffic)
		m->traffic_ns = s->now_ns;
	if (needs)
		m->need_ns = s->now_ns;
	if (m->boosted)
		j->why = keep_boost(s, m, j, needs);
	else if (s->now_ns < m->rests_until_ns)
		j->why = "its boost was taken back: it rests";
	else if (!s->view->measured)
		j->why = "no probe measures how long it waits for a CPU";
	else
		j->why = begin_boost(s, m, j, needs);
}

/* A process that is boosted, or to be. */
struct candidate {
	struct sched_judgement *judgement;
	struct memory *memory;
};

static size_t list_candidates(const struct step *s, struct candidate *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < s->d->n_judged; i++) {
		struct sched_judgement *j = &s->d->judged[i];
		struct memory *m = j->chosen ? map_get(s->a->memories, &j->pid) : NULL;

		if (m && m->boosted)
			ret[n++] = (struct candidate){j, m};
	}
	return n;
}

static int compare_need(const struct candidate *a, const struct candidate *b)
{
	const struct sched_judgement *x = a->judgement, *y = b->judgement;

	if (x->load.p99_ns != y->load.p99_ns)
		return x->load.p99_ns < y->load.p99_ns ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Those boosted already, the heaviest users of CPUs first; then the others, the longest p99 first. */
static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	uint64_t x_ns = x->judgement->load.on_cpu_ns, y_ns = y->judgement->load.on_cpu_ns;

	if (x->memory->fresh != y->memory->fresh)
		return x->memory->fresh ? 1 : -1;
	if (!x->memory->fresh && x_ns != y_ns)
		return x_ns < y_ns ? 1 : -1;
	return compare_need(x, y);
}

static void refuse_boost(struct candidate *c, const char *why)
{
	c->memory->boosted = false;
	c->judgement->why = why;
}

/* Returns the CPUs that the remaining ones use. */
static double take_back_boosts(const struct step *s, struct candidate *candidates, size_t n, double limit)
{
	double cpus = 0;

	for (size_t i = 0; i < n && !candidates[i].memory->fresh; i++)
		cpus += load_cpus(&candidates[i].judgement->load);
	for (size_t i = 0; i < n && !candidates[i].memory->fresh && cpus > limit; i++) {
		candidates[i].memory->rests_until_ns = s->now_ns + s->o->rest;
		candidates[i].memory->confirmed = 0;
		refuse_boost(&candidates[i], "boosted processes use more than sched.adaptive.max_cpu: its "
					     "boost is taken back");
		cpus -= load_cpus(&candidates[i].judgement->load);
	}
	return cpus;
}

static void admit_candidates(const struct step *s, struct candidate *candidates, size_t n, double cpus, double limit)
{
	size_t threads = 0;

	for (size_t i = 0; i < n; i++) {
		struct candidate *c = &candidates[i];
		double more = c->memory->fresh ? load_cpus(&c->judgement->load) : 0;

		if (!c->memory->boosted)
			continue;
		if (threads + c->judgement->threads > s->view->rules->options->max_threads) {
			refuse_boost(c, "no room: its threads would be more than sched.max_threads");
		} else if (more > 0 && cpus + more > limit) {
			refuse_boost(c, "no room: boosted processes would use more than "
					"sched.adaptive.max_cpu");
		} else {
			threads += c->judgement->threads;
			cpus += more;
		}
	}
}

static void settle_judgements(const struct step *s, const struct candidate *candidates, size_t n)
{
	for (size_t i = 0; i < s->d->n_judged; i++)
		s->d->judged[i].boosted = false;
	for (size_t i = 0; i < n; i++) {
		struct sched_judgement *j = candidates[i].judgement;
		struct memory *m = candidates[i].memory;

		j->boosted = m->boosted;
		if (m->boosted)
			j->execution_time_ns = m->execution_time_ns = execution_time(s, m, j, j->execution_time_ns);
	}
	for (size_t i = 0; i < s->d->n_judged; i++)
		if (!s->d->judged[i].boosted)
			s->d->judged[i].execution_time_ns = 0;
}

static int limit_boosts(const struct step *s)
{
	_cleanup_free_ struct candidate *candidates = calloc(s->d->n_judged + 1, sizeof(*candidates));
	double cpus = (double)s->view->cpus * (double)s->o->max_cpu / 100;
	size_t n;

	if (!candidates)
		return -ENOMEM;
	n = list_candidates(s, candidates);
	if (n)
		qsort(candidates, n, sizeof(*candidates), compare);
	admit_candidates(s, candidates, n, take_back_boosts(s, candidates, n, cpus), cpus);
	settle_judgements(s, candidates, n);
	return 0;
}

static void forget_unseen(struct adaptive *a, uint64_t now_ns)
{
	const void *key;
	size_t cursor = 0;
	struct memory *m;

	while ((m = map_next(a->memories, &cursor, &key))) {
		int32_t pid = *(const int32_t *)key;

		if (!m->seen && now_ns >= m->rests_until_ns)
			map_remove(a->memories, &pid);
		else
			m->seen = false;
	}
}

int adaptive_decide(struct adaptive *a, const struct adaptive_view *view, struct sched_decision *ret, struct err *err)
{
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	const struct step s = {a, a->options, view, view->now_ns, loads_ticks(view->loads) != a->ticks, &d};
	int r = sched_judge(view->processes, view->rules, &d, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < d.n_judged; i++) {
		d.judged[i].load = loads_of(view->loads, d.judged[i].pid);
		if (d.judged[i].chosen)
			judge_process(&s, &d.judged[i]);
	}
	if (limit_boosts(&s) < 0)
		return err_set(err, -ENOMEM, "out of memory for %zu processes", d.n_judged);
	forget_unseen(a, view->now_ns);
	a->ticks = loads_ticks(view->loads);
	r = sched_boost(view->processes, view->rules, &d, err);
	if (r < 0)
		return r;
	*ret = d;
	d = (struct sched_decision){0};
	return 0;
}
