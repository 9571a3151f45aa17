/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_cycle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cleanup.h"
#include "clock.h"
#include "retry.h"

#define CHANGE_EVERY_NS NSEC_PER_SEC
#define VERIFY_EVERY 6 /* posts */
#define CALM_LOOKS 6   /* after which another writer counts as gone */

static const struct protocol *const protocols[] = {
	[GTHULHU_PID_LIST] = &protocol_pid_list,
	[GTHULHU_DECISION_MAKER] = &protocol_decision_maker,
	[GTHULHU_MANAGER] = &protocol_manager,
};

static const struct retry_policy retry_patiently = {
	.base_ns = NSEC_PER_SEC,
	.cap_ns = 30 * NSEC_PER_SEC,
	.floor_ns = 200 * NSEC_PER_MSEC,
	.retry_after_cap_ns = 300 * NSEC_PER_SEC,
};

/* While teide waits to end. */
static const struct retry_policy retry_hurriedly = {
	.base_ns = 200 * NSEC_PER_MSEC,
	.cap_ns = 500 * NSEC_PER_MSEC,
	.floor_ns = 100 * NSEC_PER_MSEC,
};

static bool is_leader(const struct strategy *s)
{
	return s->pid == s->tgid;
}

/* The same PID, start and name: a PID may be another process's by now, and a process may run another program.
 * A process that cannot be read (no descriptor left) counts as the same: its strategy stays. */
static bool is_same(const struct strategy *s)
{
	struct proc proc;
	int r;

	if (s->tgid <= 0 || s->start_time == 0)
		return true;
	if (!is_leader(s))
		return proc_same("", s->pid, s->start_time) != 0;
	r = proc_read("", s->pid, &proc);
	if (r < 0)
		return r != -ESRCH;
	return proc.start_time == s->start_time && (!*s->comm || !strcmp(proc.comm, s->comm));
}

/* A leader's threads follow it in the list and go the way it goes. */
int gthulhu_living(const struct strategy_list *wanted, struct strategy_list *ret, size_t *ret_ended)
{
	int32_t leader = 0; /* the last one asked after */
	bool alive = false;

	strategy_list_clear(ret);
	*ret_ended = 0;
	for (size_t i = 0; i < wanted->len; i++) {
		const struct strategy *s = &wanted->items[i];

		if (leader <= 0 || s->tgid != leader || is_leader(s))
			alive = is_same(s);
		if (is_leader(s) || s->tgid != leader)
			leader = is_leader(s) ? s->pid : 0;
		if (!alive)
			(*ret_ended)++;
		else if (strategy_list_add(ret, *s) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

bool gthulhu_is_alive(int32_t pid)
{
	struct proc proc;

	return pid > 0 && proc_read("", pid, &proc) != -ESRCH;
}

void gthulhu_plan(struct gthulhu *g)
{
	uint64_t now = clock_boot_ns(), due = g->next_ns;

	if (g->busy || (!g->active && !g->withdrawing)) {
		loop_set_timer(g->timer, 0, 0);
		return;
	}
	if (g->dirty && !g->backing_off)
		due = MIN(due, g->last_post_ns + CHANGE_EVERY_NS);
	loop_set_timer(g->timer, due > now ? due - now : 1, 0);
}

static void report_state(struct gthulhu *g, bool reachable, bool foreign)
{
	bool contest = g->stats.contested != g->contest_told;
	bool first = !reachable && g->stats.errors == 1;
	bool news = g->stats.reachable != reachable || g->stats.foreign != foreign || first || contest;

	g->stats.reachable = reachable;
	g->stats.foreign = foreign;
	g->contest_told = g->stats.contested;
	if (news && g->changed)
		g->changed(g->changed_data, &g->stats);
}

static void finish_withdrawal(struct gthulhu *g, int r)
{
	gthulhu_done_fn done = g->done;

	api_session_cancel(g->session);
	loop_set_timer(g->timer, 0, 0);
	loop_set_timer(g->deadline, 0, 0);
	g->withdrawing = g->active = g->busy = false;
	if (r == 0)
		api_record_remove(&g->record);
	g->done = NULL;
	done(g->done_data, r);
}

static void end_cycle(struct gthulhu *g, bool foreign)
{
	g->busy = false;
	g->next_ns = g->last_post_ns + g->interval_ns;
	report_state(g, true, foreign);
	if (g->withdrawing && !g->dirty)
		finish_withdrawal(g, 0);
	else
		gthulhu_plan(g);
}

static void record_error(struct gthulhu *g, const char *text)
{
	g->stats.errors++;
	g->stats.last_error_ns = clock_boot_ns();
	snprintf(g->stats.last_error, sizeof(g->stats.last_error), "%s", text);
}

static uint64_t backoff_ns(const struct gthulhu *g, const struct api_reply *reply)
{
	struct retry_outcome outcome = {
		.attempt = g->failures,
		.status = reply->status,
		.retry_after_ns = reply->retry_after_ns,
		.reauthenticated = true,
	};
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = clock_boot_ns();
	return retry_decide(g->withdrawing ? &retry_hurriedly : &retry_patiently, &outcome, random).wait_ns;
}

/* Without a token nothing was sent but the request for one. */
void gthulhu_record_doubt(struct gthulhu *g)
{
	g->ambiguous |= g->changing && !g->withdrawing && api_session_tokens(g->session) > 0;
}

void gthulhu_fail(struct gthulhu *g, const struct api_reply *reply)
{
	record_error(g, reply->error);
	g->busy = false;
	g->dirty = g->backing_off = true;
	g->next_ns = clock_boot_ns() + backoff_ns(g, reply);
	g->failures++;
	if (reply->status == 0)
		gthulhu_record_doubt(g);
	/* It may come back as another version. */
	g->maker.asked = g->maker.no_delete = g->manager.asked = g->manager.no_put = false;
	g->maker.threads = THREADS_NOT_KNOWN;
	g->maker.after_failure = true;
	report_state(g, false, g->stats.foreign);
	/* A server that never took a list has nothing to forget. */
	if (g->withdrawing && g->stats.posts == 0 && !g->ambiguous)
		finish_withdrawal(g, 0);
	else
		gthulhu_plan(g);
}

void gthulhu_fail_with(struct gthulhu *g, int r, const char *text)
{
	g->changing = false;
	gthulhu_fail(g, &(struct api_reply){.r = r, .error = text});
}

bool gthulhu_failed(struct gthulhu *g, const struct api_reply *reply)
{
	if (reply->r < 0)
		gthulhu_fail(g, reply);
	return reply->r < 0;
}

static const struct {
	enum gthulhu_note note;
	const char *text;
} fixed_notes[] = {
	{NOTE_SAMPLE_KEY, GTHULHU_SAMPLE_KEY_NOTE},
	{NOTE_REPLACES,
	 "the server already held strategies, which a killed teide, a manager or another writer had left: "
	 "teide replaces them"},
	{NOTE_NO_DELETE, "this decision maker (1.0) cannot delete: it lists processes that have ended, without "
			 "priority where teide could say so, until it is restarted"},
	{NOTE_UNREADABLE, "the server's list cannot be read: teide posts its own strategies without those of other "
			  "writers"},
	{NOTE_KEEPS_SERVING, "this manager (1.3 or earlier) deletes the strategy, but the decision makers of the pods "
			     "keep their lists until they are restarted"},
	{NOTE_NO_SCHEDULER,
	 "this node's scheduler is set to none: the server takes strategies, and no scheduler acts on "
	 "them; set the node's mode at the manager, or sched.backend: local"},
	{NOTE_LEFT_ELSEWHERE, "a killed teide left strategies at another server: 'teide clean' takes them back"},
	{NOTE_NO_RECORD, "what is sent cannot be recorded in /run/teide: after a kill, 'teide clean' will not know of "
			 "it; 'teide sched withdraw -c FILE' will"},
};

void gthulhu_report_notes(struct gthulhu *g)
{
	unsigned notes = g->note ? g->notes : 0;
	char text[256];

	g->notes &= ~notes;
	for (size_t i = 0; i < ARRAY_SIZE(fixed_notes); i++)
		if (notes & fixed_notes[i].note)
			g->note(g->note_data, fixed_notes[i].text);
	if (!(notes & NOTE_INEXPRESSIBLE))
		return;
	snprintf(text, sizeof(text),
		 "%zu of %zu threads cannot be told to this server (%s): its API wants processes of "
		 "pods, with priority and a printable name",
		 g->stats.inexpressible, g->sent.len, gthulhu_protocol_name(g->stats.protocol));
	g->note(g->note_data, text);
}

void gthulhu_add_note(struct gthulhu *g, enum gthulhu_note note)
{
	g->notes |= note & ~g->noted;
	g->noted |= note;
	gthulhu_report_notes(g);
}

static void record_success(struct gthulhu *g)
{
	g->failures = 0;
	g->backing_off = false;
	g->stats.last_success_ns = clock_boot_ns();
	g->stats.tokens = api_session_tokens(g->session);
}

void gthulhu_took(struct gthulhu *g)
{
	record_success(g);
	api_record_write(&g->record, &g->sent);
	g->stats.posts++;
	g->stats.entries = g->sent.len - MIN(g->stats.inexpressible, g->sent.len);
}

void gthulhu_overwritten(struct gthulhu *g, const char *text)
{
	g->stats.overwritten++;
	g->stats.contested = text;
	g->calm = 0;
	g->verify_in = 0;
}

void gthulhu_undisturbed(struct gthulhu *g)
{
	if (g->stats.contested && ++g->calm >= CALM_LOOKS)
		g->stats.contested = NULL;
}

static void note_coverage(struct gthulhu *g, const struct coverage *now)
{
	const struct coverage *before = &g->covered;
	char text[200];

	if (now->listed < now->of && (now->listed != before->listed || now->of != before->of)) {
		snprintf(text, sizeof(text),
			 "the server lists %zu of %zu threads; in kernel mode the others are not boosted", now->listed,
			 now->of);
		g->note(g->note_data, text);
	}
	if (now->strangers && now->strangers != before->strangers) {
		snprintf(text, sizeof(text),
			 "the server boosts %zu other thread%s by the same names, for which teide has no evidence",
			 now->strangers, now->strangers == 1 ? "" : "s");
		g->note(g->note_data, text);
	}
}

/* What the API cannot express was noted before. */
void gthulhu_covers(struct gthulhu *g, size_t listed, size_t strangers)
{
	struct coverage now = {listed, g->sent.len - MIN(g->stats.inexpressible, g->sent.len), strangers};

	g->stats.entries = listed;
	g->stats.strangers = strangers;
	if (g->note)
		note_coverage(g, &now);
	g->covered = now;
}

bool gthulhu_verify_is_due(struct gthulhu *g)
{
	if (g->verify_in > 0) {
		g->verify_in--;
		return false;
	}
	g->verify_in = VERIFY_EVERY;
	return true;
}

void gthulhu_end(struct gthulhu *g)
{
	end_cycle(g, g->stats.foreign);
}

/* A stale cache is cured by one more POST; what remains has another cause. */
static void on_difference(struct gthulhu *g, const char *whose_fault)
{
	bool again = g->reposted;

	g->stats.mismatches++;
	g->verify_in = 0;
	if (again)
		record_error(g, whose_fault);
	if (!again || g->withdrawing)
		g->dirty = true;
	g->reposted = !again;
	end_cycle(g, again || g->stats.foreign);
}

void gthulhu_read_back(struct gthulhu *g, bool same, const char *whose_fault)
{
	record_success(g);
	if (!same) {
		on_difference(g, whose_fault);
		return;
	}
	g->stats.verified++;
	g->reposted = false;
	end_cycle(g, false);
}

void gthulhu_inexpressible(struct gthulhu *g, size_t n)
{
	g->stats.inexpressible = n;
	if (n > 0)
		gthulhu_add_note(g, NOTE_INEXPRESSIBLE);
}

void gthulhu_set_protocol(struct gthulhu *g, const struct protocol *protocol)
{
	if (g->protocol != protocol) {
		g->maker.asked = g->manager.asked = false;
		g->stats.inexpressible = 0;
	}
	g->protocol = protocol;
	g->stats.protocol = api_session_protocol(g->session);
}

static void on_reply(void *data, const struct api_reply *reply)
{
	struct gthulhu *g = data;

	g->step(g, reply);
}

void gthulhu_send(struct gthulhu *g, const struct api_request *request, gthulhu_step step)
{
	g->step = step;
	g->changing = request->method && strcmp(request->method, "GET");
	api_session_call(g->session, request, on_reply, g);
}

static void start_protocol(struct gthulhu *g)
{
	gthulhu_set_protocol(g, protocols[api_session_protocol(g->session)]);
	g->protocol->cycle(g);
}

static void on_token(struct gthulhu *g, const struct api_reply *reply)
{
	if (!gthulhu_failed(g, reply))
		start_protocol(g);
}

static int choose_entries(struct gthulhu *g)
{
	if (!g->withdrawing)
		return gthulhu_living(&g->wanted, &g->sent, &g->stats.ended);
	strategy_list_clear(&g->sent);
	return 0;
}

/* Before the server hears of it. */
static void record_entries(struct gthulhu *g)
{
	if (api_record_add(&g->record, &g->sent) < 0)
		gthulhu_add_note(g, NOTE_NO_RECORD);
}

static void start_cycle(struct gthulhu *g)
{
	g->busy = true;
	g->dirty = false;
	g->last_post_ns = clock_boot_ns();
	if (choose_entries(g) < 0) {
		gthulhu_fail_with(g, -ENOMEM, "out of memory");
		return;
	}
	record_entries(g);
	if (api_session_protocol(g->session) == GTHULHU_ANY_PROTOCOL)
		gthulhu_send(g, &(struct api_request){.method = NULL}, on_token);
	else
		start_protocol(g);
}

void gthulhu_on_timer(void *data)
{
	struct gthulhu *g = data;

	if (g->withdrawing && !g->active)
		finish_withdrawal(g, 0);
	else if (!g->busy)
		start_cycle(g);
}

void gthulhu_on_deadline(void *data)
{
	finish_withdrawal(data, -ETIMEDOUT);
}

const char *gthulhu_protocol_name(enum gthulhu_protocol protocol)
{
	return protocol == GTHULHU_ANY_PROTOCOL ? "auto" : protocols[protocol]->name;
}
