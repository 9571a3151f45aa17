/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why_queues.h"

#include <inttypes.h>
#include <string.h>

#include "rtnl_tc.h"
#include "plural.h"
#include "why_judge.h"

#define DROPS_MIN 3	/* fewer are no finding */
#define DROPS_PERCENT 5 /* queues of the Internet drop a few: TCP finds its rate by them */

static void on_qdisc(const struct rtnl_qdisc *q, void *data)
{
	struct why_queues *list = data;
	struct why_queue *to = &list->items[list->n];

	if ((!q->packets && !q->drops) || list->n == WHY_QUEUES_MAX)
		return;
	*to = (struct why_queue){.ifindex = q->ifindex,
				 .handle = q->handle,
				 .parent = q->parent,
				 .packets = q->packets,
				 .drops = q->drops};
	memcpy(to->kind, q->kind, sizeof(to->kind));
	if (if_indextoname(q->ifindex, to->interface))
		list->n++;
}

void why_queues_read(struct why_queues *ret)
{
	ret->n = 0;
	(void)rtnl_qdisc_list(on_qdisc, ret);
}

/* A queue that was made meanwhile began at 0. */
static struct why_queue find_before(const struct why_queues *before, const struct why_queue *now)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct why_queue *q = &before->items[i];

		if (q->ifindex == now->ifindex && q->handle == now->handle && q->parent == now->parent &&
		    !strcmp(q->kind, now->kind))
			return *q;
	}
	return (struct why_queue){.packets = 0};
}

void why_queues_grown(const struct why_queues *before, const struct why_queues *now, struct why_queues *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < now->n; i++) {
		struct why_queue q = now->items[i], old = find_before(before, &q);

		if (q.drops <= old.drops || q.packets < old.packets)
			continue;
		q.drops -= old.drops;
		q.packets -= old.packets;
		ret->items[ret->n++] = q;
	}
}

/* A qdisc with classes counts what its classes drop too: of as many, the first. */
static const struct why_queue *find_most(const struct why_facts *f, const char *interface, bool by_filters)
{
	const struct why_queue *most = NULL;

	for (size_t i = 0; i < f->queues.n; i++) {
		const struct why_queue *q = &f->queues.items[i];
		bool filters = !strcmp(q->kind, "clsact") || !strcmp(q->kind, "ingress");

		if (filters == by_filters && !strcmp(q->interface, interface) && (!most || q->drops > most->drops))
			most = q;
	}
	return most;
}

static void say_queue(const struct why_judge *j, const struct why_queue *q)
{
	char interface[ADVICE_WORD_MAX];

	why_because(j, "queue_drops",
		    "the queue of %s (qdisc %s) dropped %" PRIu64 " of %" PRIu64 " packets, of any session",
		    q->interface, q->kind, q->drops, q->packets + q->drops);
	why_look(j, "a higher rate or limit of that qdisc, or less traffic: %stc -s qdisc show dev %s", j->f->inside,
		 advice_word(q->interface, interface));
}

static void say_filter(const struct why_judge *j, const struct why_queue *q)
{
	char interface[ADVICE_WORD_MAX];

	why_because(j, "tc_filter", "a TC filter at %s dropped %" PRIu64 " packet%s, of any session", q->interface,
		    q->drops, plural(q->drops));
	why_look(j, "whose is it? %stc filter show dev %s ingress", j->f->inside, advice_word(q->interface, interface));
}

static void replace_guess(const struct why_judge *j)
{
	const struct why_queue *filter = find_most(j->f, j->c->in, true), *queue;

	queue = j->way == WHY_DOWNLINK && j->p->stop > WHY_REACHED ? find_most(j->f, j->net->device, false) : NULL;
	if (queue && queue->drops >= (j->p->lost + 1) / 2)
		say_queue(j, queue);
	else if (filter && j->p->stop > WHY_ARRIVED && filter->drops >= (j->p->lost + 1) / 2)
		say_filter(j, filter);
}

void why_judge_queues(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_judge j = {.f = f, .net = &f->net, .c = &f->seen.ways[way], .way = way, .p = p};
	const struct why_queue *q = find_most(f, j.c->out, false);

	if (p->stop >= 0 && why_is_guess(p->reason))
		replace_guess(&j);
	if (p->state != WHY_FINE || !q || !j.c->left || q->drops < DROPS_MIN ||
	    q->drops * 100 < (q->packets + q->drops) * DROPS_PERCENT)
		return;
	p->state = WHY_LOSSY;
	p->stop = WHY_LEFT;
	p->lost = q->drops;
	say_queue(&j, q);
}
