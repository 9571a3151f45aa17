/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "decide.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static const char *const backends[] = {"auto", "gthulhu", "local", "none", NULL};
static const char *const strategies[] = {"fixed", "adaptive", NULL};

static const struct config_option options[] = {
	{
		.key = "backend",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct sched_options, backend),
		.default_text = "auto",
		.choices = backends,
		.help = "what acts on strategies: gthulhu (the API server of section api), local (this "
			"kernel's own scheduler), none; auto: the API server while it answers, and "
			"while it does not, with local.enabled, this kernel, until the server has "
			"answered three times in a row",
	},
	{
		.key = "names",
		.type = OPTION_LIST,
		.offset = offsetof(struct sched_options, names),
		.default_text = "nr-gnb,nr-ue",
		.help = "names (comm) of the processes to boost, with all their threads; * and ? as "
			"in a shell; at most 15 bytes",
	},
	{
		.key = "evidence",
		.type = OPTION_LIST,
		.offset = offsetof(struct sched_options, evidence),
		.default_text = "socket,sender,peer,tun",
		.help = "what besides the name shows that a process is in the path; one of these is "
			"enough: socket (holds a socket of N3 or N4), sender (sends at TC egress), peer "
			"(joined with a known process over the radio link's port, or an nr-ue that connects no "
			"socket beside one there), tun (holds a UE's "
			"TUN device), current (was on the CPU in a function of the module, be it "
			"interrupted), trace_pipe (a tracer's text names it), name (nothing besides)",
	},
	{
		.key = "users",
		.type = OPTION_LIST,
		.offset = offsetof(struct sched_options, users),
		.default_text = "root",
		.help = "users whose processes count, by name or number, * for all: any user can give a "
			"process a name of sched.names and open a socket. In sched.rules user=, exe= and "
			"cgroup= say instead which processes count",
	},
	{
		.key = "strategy",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct sched_options, strategy),
		.default_text = "fixed",
		.choices = strategies,
		.help = "fixed boosts all processes that names and evidence choose; adaptive boosts of these "
			"the ones that have traffic and wait for a CPU (section sched.adaptive), which takes "
			"a probe that measures such waits",
	},
	{
		.key = "rules",
		.type = OPTION_LIST,
		.offset = offsetof(struct sched_options, rules),
		.default_text = "",
		.help = "what differs for some processes; the first rule that matches counts. Each is words KEY=VALUE: "
			"comm, netns, pod (UID, NAME or NAMESPACE/NAME), upf (an N3 address), user, exe, cgroup "
			"(paths) are matched, boost, priority, execution_time are set, as in 'comm=nr-ue netns=ran-* "
			"execution_time=5ms'",
	},
	{
		.key = "priority",
		.type = OPTION_BOOL,
		.offset = offsetof(struct sched_options, priority),
		.default_text = "true",
		.help = "the strategy's priority: run these threads before others",
	},
	{
		.key = "execution_time",
		.type = OPTION_DURATION,
		.offset = offsetof(struct sched_options, execution_time),
		.default_text = "20ms",
		.min = 1000,
		.max = 10000000000,
		.help = "the strategy's execution time: the slice that Gthulhu is asked for; the "
			"section local has its own",
	},
	{
		.key = "max_threads",
		.type = OPTION_U64,
		.offset = offsetof(struct sched_options, max_threads),
		.default_text = "512",
		.min = 1,
		.max = STRATEGY_MAX,
		.help = "most threads that are boosted at a time; others are left out and counted",
	},
	{0},
};

static int check_sched(const struct config *config, struct err *err)
{
	struct sched_rules rules;

	return sched_rules_init(&rules, config_get(config, "sched"), err);
}

const struct option_section sched_section = {
	.name = "sched",
	.help = "Which processes become strategies",
	.options = options,
	.size = sizeof(struct sched_options),
	.check = check_sched,
};

static int check_names(const struct string_list *names, struct err *err)
{
	if (!names->len)
		return err_set(err, -EINVAL, "sched.names is empty: name the processes to boost, such as nr-gnb");
	for (size_t i = 0; i < names->len; i++) {
		size_t len = strlen(names->items[i]);

		if (!len || len >= PROC_COMM_MAX)
			return err_set(err, -EINVAL,
				       "sched.names: '%s' matches nothing: a process's name has 1 to "
				       "%d bytes, longer ones are cut by the kernel",
				       names->items[i], PROC_COMM_MAX - 1);
	}
	return 0;
}

static int parse_rules(struct sched_rules *rules, const struct sched_options *options, struct err *err)
{
	rules->fallback = (struct sched_rule){
		.boost = true, .priority = options->priority, .execution_time = options->execution_time};
	if (options->rules.len > SCHED_RULES_MAX)
		return err_set(err, -EINVAL, "sched.rules: %zu rules, %d are the most", options->rules.len,
			       SCHED_RULES_MAX);
	for (size_t i = 0; i < options->rules.len; i++) {
		struct sched_rule *rule = &rules->items[rules->n++];
		int r;

		*rule = rules->fallback;
		r = sched_rule_parse(options->rules.items[i], rule, err);
		if (r < 0)
			return err_prefix(err, r, "sched.rules: '%s'", options->rules.items[i]);
	}
	return 0;
}

static int parse_users(struct sched_rules *rules, const struct string_list *users, struct err *err)
{
	if (users->len > SCHED_USERS_MAX)
		return err_set(err, -EINVAL, "sched.users: %zu users, %d are the most", users->len, SCHED_USERS_MAX);
	for (size_t i = 0; i < users->len; i++) {
		int r = sched_user_parse(users->items[i], &rules->users[rules->n_users++], err);

		if (r < 0)
			return err_prefix(err, r, "sched.users");
	}
	return 0;
}

int sched_rules_init(struct sched_rules *ret, const struct sched_options *options, struct err *err)
{
	struct sched_rules rules = {.options = options};
	int r = check_names(&options->names, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < options->evidence.len; i++) {
		int kind = evidence_parse(options->evidence.items[i]);

		if (kind < 0 || kind == EVIDENCE_BYSTANDER)
			return err_set(err, -EINVAL,
				       "sched.evidence: '%s' is not one of socket, sender, peer, tun, "
				       "current, trace_pipe, name",
				       options->evidence.items[i]);
		rules.evidence |= EVIDENCE_BIT(kind);
	}
	if (!rules.evidence)
		return err_set(err, -EINVAL, "sched.evidence is empty: write 'name' if the name is to suffice");
	r = parse_rules(&rules, options, err);
	if (r == 0)
		r = parse_users(&rules, &options->users, err);
	if (r == 0)
		*ret = rules;
	return r;
}

const struct sched_rule *sched_rule_for(const struct sched_rules *rules, const struct process *process)
{
	for (size_t i = 0; i < rules->n; i++)
		if (sched_rule_matches(&rules->items[i], process, &rules->places))
			return &rules->items[i];
	return &rules->fallback;
}

bool sched_rules_use_pods(const struct sched_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->items[i].pod[0])
			return true;
	return false;
}

bool sched_names(const struct sched_rules *rules, const char *comm)
{
	const struct string_list *names = &rules->options->names;

	for (size_t i = 0; i < names->len; i++) {
		if (!fnmatch(names->items[i], comm, 0))
			return true;
	}
	return false;
}

static bool user_counts(const struct sched_rules *rules, const struct sched_rule *rule, const struct process *p)
{
	if (sched_rule_names_owner(rule))
		return true;
	for (size_t i = 0; i < rules->n_users; i++)
		if (sched_user_is(rules->users[i], p))
			return true;
	return false;
}

static bool conclude(const char **ret_why, const char *why, bool chosen)
{
	if (ret_why)
		*ret_why = why;
	return chosen;
}

bool sched_chooses(const struct sched_rules *rules, const struct process *process, const char **ret_why)
{
	uint32_t found = process->evidence & rules->evidence;
	const struct sched_rule *rule = found ? sched_rule_for(rules, process) : NULL;

	if (!sched_names(rules, process->comm))
		return conclude(ret_why, "its name is not in sched.names", false);
	if (found && !rule->boost)
		return conclude(ret_why, "a rule of sched.rules leaves it as it is", false);
	if (found && !user_counts(rules, rule, process))
		return conclude(ret_why, "its user is not in sched.users", false);
	if (found)
		return conclude(ret_why, "known by its name and by evidence", true);
	if (process->evidence & EVIDENCE_BIT(EVIDENCE_BYSTANDER))
		return conclude(ret_why, "merely interrupted by softirq: no evidence", false);
	return conclude(ret_why, "has the name, but no evidence of sched.evidence", false);
}

void sched_decision_free(struct sched_decision *d)
{
	strategy_list_free(&d->list);
	free(d->judged);
	*d = (struct sched_decision){0};
}

static int compare_pid(const void *a, const void *b)
{
	const struct sched_judgement *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct sched_judgement judge_process(const struct sched_rules *rules, const struct process *p)
{
	struct sched_judgement j = {.pid = p->pid,
				    .start_time = p->start_time,
				    .evidence = p->evidence,
				    .threads = p->n_threads ? p->n_threads : 1};

	memcpy(j.comm, p->comm, sizeof(j.comm));
	memcpy(j.pod, p->ids.pod, sizeof(j.pod));
	j.chosen = j.boosted = sched_chooses(rules, p, &j.why);
	if (j.chosen) {
		const struct sched_rule *rule = sched_rule_for(rules, p);

		j.priority = rule->priority;
		j.execution_time_ns = rule->execution_time;
	}
	return j;
}

bool sched_seen_to_send(const struct sched_judgement *j)
{
	return j->load.packets || j->evidence & EVIDENCE_BIT(EVIDENCE_SENDER);
}

int sched_judge(const struct processes *table, const struct sched_rules *rules, struct sched_decision *ret,
		struct err *err)
{
	struct sched_judgement *judged = calloc(processes_len(table) + 1, sizeof(*judged));
	const struct process *p;
	size_t cursor = 0, n = 0;

	if (!judged)
		return err_set(err, -ENOMEM, "out of memory for %zu processes", processes_len(table));
	while ((p = processes_next(table, &cursor)))
		judged[n++] = judge_process(rules, p);
	if (n)
		qsort(judged, n, sizeof(*judged), compare_pid);
	ret->judged = judged;
	ret->n_judged = n;
	return 0;
}

static int add_strategy(struct sched_decision *d, const struct sched_options *options, const struct sched_judgement *j,
			const struct proc_thread *thread)
{
	struct strategy s = {
		.pid = thread->tid,
		.priority = j->priority,
		.execution_time_ns = j->execution_time_ns,
		.tgid = j->pid,
		.start_time = thread->start_time,
	};

	if (d->list.len >= options->max_threads) {
		d->left_out++;
		return 0;
	}
	memcpy(s.comm, j->comm, sizeof(s.comm));
	memcpy(s.own_comm, thread->comm, sizeof(s.own_comm));
	memcpy(s.pod, j->pod, sizeof(s.pod));
	/* A refused entry is counted in the list. */
	return strategy_list_add(&d->list, s) == -ENOMEM ? -ENOMEM : 0;
}

/* The process's thread of that round: the leader, even when its threads have not been read, then the others,
 * which begin at index 1 where the leader is the first. False at the end. */
static bool thread_of(const struct process *p, size_t round, struct proc_thread *ret)
{
	bool leads = p->n_threads && p->threads[0].tid == p->pid;
	size_t i = leads ? round : round - 1;

	if (!round)
		*ret = (struct proc_thread){.tid = p->pid, .start_time = p->start_time};
	else if (i < p->n_threads)
		*ret = p->threads[i];
	else
		return false;
	return true;
}

/* One thread of each process; *ret_more: there was any. */
static int add_round(const struct processes *table, const struct sched_options *options, struct sched_decision *d,
		     size_t round, bool *ret_more)
{
	struct proc_thread thread;

	*ret_more = false;
	for (size_t i = 0; i < d->n_judged; i++) {
		const struct sched_judgement *j = &d->judged[i];
		const struct process *p = j->boosted ? processes_find(table, j->pid) : NULL;

		if (!p || !thread_of(p, round, &thread))
			continue;
		*ret_more = true;
		if (!round) {
			d->left_out += p->threads_left_out;
			d->processes++;
		}
		if (add_strategy(d, options, j, &thread) < 0)
			return -ENOMEM;
	}
	return 0;
}

int sched_boost(const struct processes *table, const struct sched_rules *rules, struct sched_decision *d,
		struct err *err)
{
	bool more = true;

	for (size_t round = 0; more; round++)
		if (add_round(table, rules->options, d, round, &more) < 0)
			return err_set(err, -ENOMEM, "out of memory for %zu strategies", d->list.len);
	return 0;
}

int sched_decide(const struct processes *table, const struct sched_rules *rules, struct sched_decision *ret,
		 struct err *err)
{
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	int r = sched_judge(table, rules, &d, err);

	if (r == 0)
		r = sched_boost(table, rules, &d, err);
	if (r < 0)
		return r;
	*ret = d;
	d = (struct sched_decision){0};
	return 0;
}
