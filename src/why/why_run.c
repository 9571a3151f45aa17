/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The answer: for each UPF where packets of the question were seen. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "identity.h"
#include "settings.h"
#include "why_cli.h"

static uint64_t activity(const struct why_seen_facts *seen)
{
	uint64_t sum = 0;

	for (int way = 0; way < WHY_WAYS; way++)
		sum += seen->ways[way].arrived + seen->ways[way].left + seen->ways[way].module;
	return sum;
}

static int sum_site(const struct why_watched *w, const struct why_site *site, struct why_seen_facts *ret)
{
	struct why_place place = {.netns = site->event_name,
				  .inode = site->inode,
				  .device = site->device,
				  .user_space = site->upf == WHY_UPF_USER,
				  .n_addresses = site->n_addresses};

	memcpy(place.addresses, site->addresses, sizeof(place.addresses));
	for (size_t i = 0; i < site->n_addresses; i++) {
		const struct why_link *owner = why_link_of(site, site->owners[i]);

		if (owner)
			memcpy(place.owners[i], owner->name, sizeof(place.owners[i]));
	}
	return why_seen_sum(w->seen, &place, ret);
}

static int write_answer(const struct buf *out, struct err *err)
{
	if (out->failed)
		return err_oom(err);
	if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) == EOF)
		return errno == EPIPE ? 0 : err_set(err, -EIO, "writing the answer: %s", strerror(errno));
	return 0;
}

static void set_facts(const struct why_task *task, const struct why_watched *w, const struct why_site *site,
		      struct why_facts *f)
{
	f->upf = site->upf;
	f->port = site->port;
	f->by_ue = task->q->by_ue;
	f->ue = task->q->ue;
	f->teid = task->q->teid;
	f->session = site->session;
	f->unwatched = why_unwatched_links(site);
	f->malformed = w->malformed;
	f->malformed_as = w->malformed_as;
	f->module_ran = w->module_ran && site->upf != WHY_UPF_USER;
	f->skew_percent = w->ns ? (unsigned)(w->skew_ns * 100 / w->ns) + 1 : 100;
	snprintf(f->netns, sizeof(f->netns), "%s", site->name);
	snprintf(f->inside, sizeof(f->inside), "%s", site->inside);
	snprintf(f->module_why, sizeof(f->module_why), "%s", w->module_why);
}

/* The pod that owns the site's namespace, "" where none is known. */
static void name_pod(const struct why_site *site, const struct settings *settings, char ret[static POD_NAME_MAX])
{
	const struct container *c = NULL;
	struct identity *identity;
	bool alone;

	ret[0] = '\0';
	if (site->own)
		return;
	identity = identity_new(config_get(settings->config, "containers"));
	if (identity)
		c = containers_of_netns(identity_containers(identity), site->ns.inode, &alone);
	if (c)
		snprintf(ret, POD_NAME_MAX, "%s", c->pod[0] ? c->pod : c->pod_uid);
	identity_free(identity);
}

/* Too large for a stack frame each. */
struct room {
	struct why_sites sites;
	struct why_watched watched;
	struct why_facts facts;
	struct why_answer answer;
};

struct asked {
	const struct why_task *task;
	struct room *room;
	struct buf out;
	size_t answers;
};

/* What was seen at the site, in the facts. */
static int look_at(struct asked *q, const struct why_site *site, struct err *err)
{
	struct room *room = q->room;
	int r;

	memset(&room->facts, 0, sizeof(room->facts));
	memset(&room->answer, 0, sizeof(room->answer));
	r = sum_site(&room->watched, site, &room->facts.seen);
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

/* After look_at(). -ESRCH: the site's network namespace has gone. */
static int answer_site(struct asked *q, struct why_site *site, struct err *err)
{
	struct room *room = q->room;
	struct why_story story = {
		.f = &room->facts, .a = &room->answer, .sites = &room->sites, .ns = room->watched.ns, .site = site};
	char pod[POD_NAME_MAX], node[NODE_NAME_MAX];
	int r;

	set_facts(q->task, &room->watched, site, &room->facts);
	room->facts.ue_at = room->sites.ue_at;
	room->facts.ue_device = room->sites.ue_device;
	room->facts.ue_inside = room->sites.ue_inside;
	room->facts.ue_checksums = room->watched.ue_grown.values[WHY_TCP_CHECKSUM];
	room->facts.grown = room->watched.grown[site - room->sites.items];
	room->facts.queues = room->watched.queues[site - room->sites.items];
	why_bridges_trace(room->watched.seen, &room->watched.bridges, site->ns.inode, &room->facts.trace);
	r = why_network(site, &room->facts, &room->facts.net, err);
	if (r < 0)
		return r;
	why_judge(&room->facts, &room->answer);
	name_pod(site, q->task->settings, pod);
	story.pod = pod;
	story.node = settings_node(q->task->settings, node);
	if (q->answers++ && !q->task->json)
		buf_str(&q->out, "\nAnother UPF passed packets of the question as well:\n");
	(q->task->json ? why_json : why_text)(&story, &q->out);
	return 0;
}

/* Two UPFs of a node may give the same address to a UE, and choose the same TEID. */
static int answer_where_seen(struct asked *q, struct err *err)
{
	struct why_sites *sites = &q->room->sites;

	for (size_t i = 0; i < sites->n; i++) {
		int r = look_at(q, &sites->items[i], err);

		if (r >= 0 && activity(&q->room->facts.seen))
			r = answer_site(q, &sites->items[i], err);
		if (r < 0 && r != -ESRCH)
			return r;
	}
	return 0;
}

/* Where nothing was seen: the first site that is still there. */
static int answer_unseen(struct asked *q, struct err *err)
{
	struct why_sites *sites = &q->room->sites;
	int r = -ESRCH;

	for (size_t i = 0; r == -ESRCH && i < sites->n; i++) {
		r = look_at(q, &sites->items[i], err);
		if (r >= 0)
			r = answer_site(q, &sites->items[i], err);
	}
	return r;
}

static int answer(const struct why_task *task, struct room *room, struct err *err)
{
	struct asked q = {.task = task, .room = room};
	int r = answer_where_seen(&q, err);

	if (r >= 0 && !q.answers)
		r = answer_unseen(&q, err);
	if (r >= 0)
		r = write_answer(&q.out, err);
	buf_free(&q.out);
	return r;
}

int why_run(const struct why_task *task, struct err *err)
{
	_cleanup_free_ struct room *room = calloc(1, sizeof(*room));
	int r;

	if (!room)
		return err_oom(err);
	r = why_scan(task, &room->sites, err);
	if (r >= 0)
		r = why_observe(&room->sites, task, &room->watched, err);
	if (r >= 0)
		r = answer(task, room, err);
	why_seen_free(room->watched.seen);
	return r;
}
