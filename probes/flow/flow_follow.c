/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces come and go. A look at all that are wanted every now and then, for one request a namespace: nothing of a
 * namespace stays open, which would keep it alive. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "flow_run.h"
#include "program_name.h"

#define LOOK_NS (400 * NSEC_PER_MSEC)
#define TROUBLE_NS (10 * NSEC_PER_SEC)
#define LOOK_SHARE 50 /* of a CPU's time, one part in that many: a look that takes long is taken less often */
#define XDP_TEXT_MAX 256
#define ATTACH_AT_A_TIME 16 /* an attachment waits for RCU; the loop has other work */

/* A name that is no pattern means one interface at a time. Each new one of that name has a place of its own until the
 * next collection. */
#define PLACES_OF_A_NAME 16

/* A place takes memory for every CPU that the machine could ever get. */
static size_t places_needed(const struct flow_options *o)
{
	for (size_t i = 0; i < o->interfaces.len; i++)
		if (flow_target_is_many(o->interfaces.items[i]))
			return o->max_interfaces;
	return MIN(o->max_interfaces, o->interfaces.len * PLACES_OF_A_NAME);
}

int flow_follow_begin(struct probe_run *run, const struct probe_env *env)
{
	const struct flow_options *o = env->options;

	run->wanted.containers = env->containers;
	run->wanted.entries = &o->interfaces;
	run->wanted.processes = calloc(o->interfaces.len + 1, sizeof(*run->wanted.processes));
	run->tc.clsact_only = o->tc == FLOW_TC_CLSACT;
	run->max_interfaces = MAX(places_needed(o), 1U);
	run->interfaces = calloc(run->max_interfaces, sizeof(*run->interfaces));
	run->attachments = calloc(run->max_interfaces * 2, sizeof(*run->attachments));
	return run->wanted.processes && run->interfaces && run->attachments ? 0 : -ENOMEM;
}

void flow_follow_end(struct probe_run *run)
{
	for (size_t i = 0; run->interfaces && i < run->max_interfaces; i++)
		free(run->interfaces[i].target.netns);
	free(run->wanted.processes);
	free(run->interfaces);
	free(run->attachments);
	string_list_free(&run->absent);
	string_list_free(&run->why_absent);
}

static bool is_there(const struct flow_interface *i)
{
	return i->state == FLOW_WATCHED || i->state == FLOW_REFUSED;
}

static struct flow_interface *find_interface(const struct probe_run *run, const struct flow_target *t)
{
	for (size_t i = 0; i < run->n_attachments / 2; i++) {
		struct flow_interface *interface = &run->interfaces[i];

		if (is_there(interface) && flow_target_same(&interface->target, t))
			return interface;
	}
	return NULL;
}

static bool is_among(const struct flow_targets *found, const struct flow_target *t)
{
	for (size_t i = 0; i < found->len; i++)
		if (flow_target_same(&found->items[i], t))
			return true;
	return false;
}

static void add_news(struct buf *out, const char *what, const struct flow_target *t)
{
	buf_printf(out, "%s%s %s%s%s", out->len ? "; " : "", what, t->netns ? t->netns_text : "", t->netns ? "/" : "",
		   t->interface);
}

static void name_hooks(struct probe_run *run, size_t place)
{
	const struct flow_target *t = &run->interfaces[place].target;

	for (size_t way = 0; way < 2; way++) {
		struct flow_attachment *a = &run->attachments[place * 2 + way];

		a->target = t;
		a->egress = way;
		snprintf(a->hook, sizeof(a->hook), "%s %s%s%s", way ? "egress" : "ingress",
			 t->netns ? t->netns_text : "", t->netns ? "/" : "", t->interface);
	}
}

/* First a place that no interface has had: the counts of interfaces that went then stay apart. */
static int free_place(const struct probe_run *run, size_t *ret)
{
	size_t used = run->n_attachments / 2;

	if (used < run->max_interfaces) {
		*ret = used;
		return 0;
	}
	for (size_t i = 0; i < used; i++) {
		const struct flow_interface *interface = &run->interfaces[i];

		if (interface->state == FLOW_GONE && !interface->undrained) {
			*ret = i;
			return 0;
		}
	}
	return -ENOSPC;
}

static void take_place(struct probe_run *run, size_t place, struct flow_target *t)
{
	struct flow_interface *interface = &run->interfaces[place];

	if (interface->state == FLOW_GONE) {
		flow_ledger_forget(run, (uint32_t)place * 2);
		flow_ledger_forget(run, (uint32_t)place * 2 + 1);
	}
	free(interface->target.netns);
	interface->target = *t;
	interface->put_back = 0;
	interface->bare = false;
	t->netns = NULL;
	run->n_attachments = MAX(run->n_attachments, place * 2 + 2);
	run->attachments[place * 2].method[0] = '\0';
	run->attachments[place * 2 + 1].method[0] = '\0';
	name_hooks(run, place);
}

static void on_gone(struct probe_run *run, size_t place, struct buf *news)
{
	struct flow_interface *interface = &run->interfaces[place];
	struct err why = {0};

	if (interface->state == FLOW_WATCHED)
		add_news(news, "detached from", &interface->target);
	if (flow_detach_interface(run, place, &why) < 0)
		buf_printf(news, "%s%s", news->len ? "; " : "", why.text);
	interface->state = FLOW_GONE;
	interface->undrained = 2;
}

static void detach_gone(struct probe_run *run, const struct flow_targets *found, struct buf *news)
{
	for (size_t i = 0; i < run->n_attachments / 2; i++) {
		const struct flow_interface *interface = &run->interfaces[i];

		if (is_there(interface) && !is_among(found, &interface->target) &&
		    !flow_target_unread(found, interface->target.netns_inode))
			on_gone(run, i, news);
	}
}

/* Whatever runs before TC may take packets, and send packets behind TC's back. */
static bool describe_xdp(const struct flow_target *t, char text[static XDP_TEXT_MAX])
{
	char name[PROGRAM_NAME_MAX];

	if (t->xdp_program)
		snprintf(text, XDP_TEXT_MAX,
			 "%s%s%s has an XDP program (%s): what it takes or sends is not seen at TC; watch the other "
			 "end of the link",
			 t->netns ? t->netns_text : "", t->netns ? "/" : "", t->interface,
			 program_name(t->xdp_program, name));
	return t->xdp_program;
}

/* An XDP program that came while the interface is watched. */
static void note_xdp(struct probe_run *run, struct flow_interface *interface, const struct flow_target *t,
		     struct buf *news)
{
	char text[XDP_TEXT_MAX];

	if (interface->target.xdp_program == t->xdp_program)
		return;
	interface->target.xdp_program = t->xdp_program;
	if (interface->state != FLOW_WATCHED || !describe_xdp(t, text))
		return;
	buf_printf(news, "%s%s", news->len ? "; " : "", text);
	run->warns = true;
}

static void rename_interface(struct probe_run *run, struct flow_interface *interface, const struct flow_target *t)
{
	if (!strcmp(interface->target.interface, t->interface))
		return;
	memcpy(interface->target.interface, t->interface, sizeof(t->interface));
	name_hooks(run, (size_t)(interface - run->interfaces));
}

/* 1 when it is watched from now on. */
static int begin_watching(struct probe_run *run, struct flow_target *t, bool may_come, struct buf *news,
			  struct err *err)
{
	struct flow_interface *interface;
	char text[XDP_TEXT_MAX];
	size_t place;
	int r = free_place(run, &place);

	if (r < 0) {
		run->no_room++;
		return 0;
	}
	take_place(run, place, t);
	interface = &run->interfaces[place];
	r = flow_attach(run, place, &interface->why);
	interface->state = r < 0 ? FLOW_REFUSED : FLOW_WATCHED;
	if (r == 0) {
		add_news(news, "watching", &interface->target);
		if (describe_xdp(&interface->target, text)) {
			buf_printf(news, "; %s", text);
			run->warns = true;
		}
		return 1;
	}
	flow_detach_interface(run, place, NULL);
	if (r == -ENODEV || r == -ESRCH) /* it went while the look was under way; the next one says so */
		return 0;
	if (!may_come)
		return err_set(err, r, "%s", interface->why.text);
	buf_printf(news, "%s%s", news->len ? "; " : "", interface->why.text);
	return 0;
}

/* Only the times that are a power of two: a repeated event does not fill the log. */
static bool worth_saying(unsigned times)
{
	return !(times & (times - 1));
}

/* 1 when a hook that something else had taken off is attached again; 0; or -errno when the hooks cannot be
 * looked at. */
static int put_back(struct probe_run *run, struct flow_interface *interface, struct buf *news, struct err *err)
{
	size_t place = (size_t)(interface - run->interfaces);
	int r = interface->state == FLOW_WATCHED ? flow_is_attached(run, place, err) : 1;

	if (r == -ENODEV || r == -ESRCH) /* it went meanwhile: the next look detaches from it */
		return 0;
	if (r)
		return r < 0 ? r : 0;
	r = flow_attach(run, place, &interface->why);
	if (r == 0) {
		interface->bare = false;
		if (worth_saying(++interface->put_back)) {
			add_news(news, "attached again, for something else had taken a hook off:", &interface->target);
			buf_printf(news, " (%u times so far)", interface->put_back);
		}
		return 1;
	}
	if (!interface->bare)
		buf_printf(news, "%ssomething else has taken a hook off, and it cannot be attached again yet: %s",
			   news->len ? "; " : "", interface->why.text);
	interface->bare = true;
	return 0;
}

static void take_absent(struct probe_run *run, struct flow_targets *found)
{
	string_list_free(&run->absent);
	string_list_free(&run->why_absent);
	run->absent = found->absent;
	run->why_absent = found->why;
	found->absent = found->why = (struct string_list){0};
}

static int look_at_all(struct probe_run *run, bool may_come, size_t most, struct buf *news, struct err *err)
{
	_cleanup_(flow_targets_free) struct flow_targets found = {0};
	uint64_t begin_ns = clock_process_ns(); /* visits run in threads of their own */
	int r = flow_targets_find(&found, &run->wanted, may_come, err);
	size_t n = 0, no_room = run->no_room;

	run->look_took_ns = clock_process_ns() - begin_ns;
	run->containers_changes = run->wanted.containers ? containers_changes(run->wanted.containers) : 0;
	if (r < 0)
		return r;
	take_absent(run, &found);
	detach_gone(run, &found, news);
	run->no_room = 0;
	for (size_t i = 0; i < found.len && r >= 0 && n < most; i++) {
		struct flow_interface *interface = find_interface(run, &found.items[i]);

		if (interface) {
			rename_interface(run, interface, &found.items[i]);
			note_xdp(run, interface, &found.items[i], news);
			r = put_back(run, interface, news, err);
		} else {
			r = begin_watching(run, &found.items[i], may_come, news, err);
		}
		n += r > 0;
	}
	if (run->no_room > no_room)
		buf_printf(news, "%sno room for %zu more; raise probes.flow.max_interfaces, %zu", news->len ? "; " : "",
			   run->no_room, run->max_interfaces);
	return r < 0 ? r : (int)(n == most);
}

static int look_and_name_peers(struct probe_run *run, bool may_come, size_t most, struct buf *news, struct err *err)
{
	int r = look_at_all(run, may_come, most, news, err);

	if (news->len)
		flow_name_peers(run);
	return r;
}

int flow_look(struct probe_run *run, bool may_come, struct err *err)
{
	_cleanup_(buf_free) struct buf news = {0};
	int r = look_and_name_peers(run, may_come, SIZE_MAX, &news, err);

	run->warns = false; /* the plan has it */
	return r < 0 ? r : 0;
}

/* The containers known have changed since the last look: the next look is due at once. */
static bool other_containers(const struct probe_run *run)
{
	const struct containers *containers = run->wanted.containers;

	return run->next_look_ns != UINT64_MAX && containers &&
	       containers_changes(containers) != run->containers_changes;
}

int flow_tick(struct probe_run *run, uint64_t now_ns, struct err *says)
{
	_cleanup_(buf_free) struct buf news = {0};
	int r;

	if (now_ns < run->next_look_ns && !other_containers(run))
		return PROBE_NO_NEWS;
	r = look_and_name_peers(run, true, ATTACH_AT_A_TIME, &news, says);
	if (r < 0) {
		run->next_look_ns = now_ns + TROUBLE_NS;
		return r;
	}
	/* more are waiting: the next tick */
	run->next_look_ns = r == 1 ? 0 : now_ns + MAX(LOOK_NS, run->look_took_ns * LOOK_SHARE);
	if (!news.len)
		return PROBE_NO_NEWS;
	err_set(says, 0, "%s", news.data);
	r = run->warns ? PROBE_WARNS : PROBE_SAYS;
	run->warns = false;
	return r;
}

void flow_follow_collected(struct probe_run *run)
{
	for (size_t i = 0; i < run->n_attachments / 2; i++)
		if (run->interfaces[i].undrained)
			run->interfaces[i].undrained--;
}

static void plan_interface(const struct probe_run *run, size_t place, plan_fn fn, void *data)
{
	const struct flow_interface *interface = &run->interfaces[place];

	for (size_t id = place * 2; id < place * 2 + 2; id++) {
		const struct flow_attachment *a = &run->attachments[id];
		char behind[128], xdp[XDP_TEXT_MAX];
		struct plan_row row = {.hook = a->hook,
				       .method = a->method,
				       .reason = strcmp(a->method, "tcx")
							 ? "this kernel has no tcx, or clsact was asked for"
							 : "this kernel has tcx"};

		if (describe_xdp(&interface->target, xdp))
			row.warning = xdp;
		if (a->ahead) {
			snprintf(behind, sizeof(behind),
				 "behind %u foreign filter%s, which can hide packets from it; %s", a->ahead,
				 a->ahead == 1 ? "" : "s", row.reason);
			row.reason = behind;
		}
		if (interface->state == FLOW_REFUSED) {
			row.method = "skip";
			row.reason = interface->why.text;
		}
		fn(data, &row);
	}
}

void flow_plan(struct probe_run *run, plan_fn fn, void *data)
{
	char more[64];

	for (size_t i = 0; i < run->n_attachments / 2; i++)
		if (is_there(&run->interfaces[i]))
			plan_interface(run, i, fn, data);
	for (size_t i = 0; i < run->absent.len; i++)
		fn(data, &(struct plan_row){
				 .hook = run->absent.items[i], .method = "skip", .reason = run->why_absent.items[i]});
	if (!run->no_room)
		return;
	snprintf(more, sizeof(more), "%zu more", run->no_room);
	fn(data, &(struct plan_row){
			 .hook = more, .method = "skip", .reason = "probes.flow.max_interfaces are watched already"});
}
