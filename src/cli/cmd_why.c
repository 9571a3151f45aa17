/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "argument_text.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "identity.h"
#include "log.h"
#include "parse.h"
#include "settings.h"
#include "why_cli.h"

enum { KEY_NETNS = 256, KEY_DURATION };

static const char doc[] =
	"Why a PDU session does not work: watches its packets through the UPF on this node, uplink and "
	"downlink, stage by stage, and says where they stop, why, and what to look at next. The session "
	"is named by its UE's address or by a TEID (0x... or decimal) of either direction.\v"
	"Send traffic meanwhile: ping from the UE. Watched are, in the UPF's network namespace, the "
	"interfaces that have an address and the device of gtp5g, gtp or the user-space UPF (at TC, "
	"nothing is changed), and the module's functions. Packets at TC are counted as on the wire "
	"(segments), those of the module as it takes them.\n"
	"An x marks the first stage that packets do not reach; ? what cannot be seen.\n"
	"JSON: {schema, node, ts, event: why, verdict, state: works|\"loses packets\"|broken|silent, do, netns, pod, upf, version, ue, seid, "
	"duration_ns, watched, uplink, downlink, notes}; of a direction {state, stop, reason, text, do, "
	"stages: [{stage, packets, detail}], outcomes: [{verdict, reason, packets}], rule, gnb, teid, "
	"qfi, latency}; a key that has nothing to say is absent.\n"
	"Exit code: 0 when there is an answer, a bad one too; 3 where nothing here is a UPF.";

static const struct argp_option options[] = {
	{"duration", KEY_DURATION, "TIME", 0, "how long to watch: 30 (seconds), 5m (10s)", 0},
	{"netns", KEY_NETNS, "NS", 0, "the UPF's network namespace: a name, a path, pid:N", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	struct why_question q;
	const char *netns;
	uint64_t duration_ns;
	bool json, asked;
};

static int parse_question(const char *text, struct why_question *q, struct err *err)
{
	uint64_t teid;
	int r;

	*q = (struct why_question){0};
	if (addr_parse(text, &q->ue) == 0) {
		q->by_ue = true;
		return 0;
	}
	r = parse_u64(text, 1, UINT32_MAX, &teid, err);
	if (r < 0)
		return r;
	q->teid = (uint32_t)teid;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct err err = {0};

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->settings;
		return 0;
	case KEY_NETNS:
		a->netns = arg;
		return 0;
	case KEY_DURATION:
		if (read_duration_flag(arg, &a->duration_ns, &err) < 0)
			args_error(state, "%s", err.text);
		return 0;
	case 'o':
		a->json = args_json(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (a->asked)
			args_error(state, "'%s': one UE or one TEID at a time", arg);
		if (parse_question(arg, &a->q, &err) < 0)
			args_error(state, "'%s' is neither a UE's IP address nor a TEID (0x... or decimal): %s", arg,
				   err.text);
		a->asked = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		args_error(state, "name a UE's address or a TEID");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static uint64_t activity(const struct why_seen_facts *seen)
{
	uint64_t sum = 0;

	for (int way = 0; way < WHY_WAYS; way++)
		sum += seen->ways[way].arrived + seen->ways[way].left + seen->ways[way].module;
	return sum;
}

static int sum_site(const struct why_watched *w, const struct why_site *site,
		    struct why_seen_facts *ret)
{
	struct why_place place = {.netns = site->event_name, .inode = site->inode,
				  .device = site->device, .n_addresses = site->n_addresses};

	memcpy(place.addresses, site->addresses, sizeof(place.addresses));
	return why_seen_sum(w->seen, &place, ret);
}

static int put(const struct buf *out, struct err *err)
{
	if (out->failed)
		return err_set(err, -ENOMEM, "out of memory");
	if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) == EOF)
		return errno == EPIPE ? 0 : err_set(err, -EIO, "writing the answer: %s", strerror(errno));
	return 0;
}

static void set_facts(const struct arguments *a, const struct why_watched *w,
		      const struct why_site *site, struct why_facts *f)
{
	f->upf = site->upf;
	f->port = site->port;
	f->by_ue = a->q.by_ue;
	f->ue = a->q.ue;
	f->teid = a->q.teid;
	f->session = site->session;
	f->module_ran = w->module_ran && site->upf != WHY_UPF_USER;
	f->skew_percent = w->ns ? (unsigned)(w->skew_ns * 100 / w->ns) + 1 : 100;
	snprintf(f->netns, sizeof(f->netns), "%s", site->name);
	snprintf(f->inside, sizeof(f->inside), "%s", site->inside);
	snprintf(f->module_why, sizeof(f->module_why), "%s", w->module_why);
}

/* The pod that owns the site's namespace, "" where none is known. */
static void name_pod(const struct why_site *site, const struct settings *settings,
		     char ret[static POD_NAME_MAX])
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
	const struct arguments *a;
	const struct settings *settings;
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
	struct why_story story = {.f = &room->facts, .a = &room->answer, .sites = &room->sites,
				  .ns = room->watched.ns, .site = site};
	char pod[POD_NAME_MAX], node[NODE_NAME_MAX];
	int r;

	set_facts(q->a, &room->watched, site, &room->facts);
	r = why_network(site, &room->facts, &room->facts.net, err);
	if (r < 0)
		return r;
	why_judge(&room->facts, &room->answer);
	name_pod(site, q->settings, pod);
	story.pod = pod;
	story.node = settings_node(q->settings, node);
	if (q->answers++ && !q->a->json)
		buf_str(&q->out, "\nAnother UPF passed packets of the question as well:\n");
	(q->a->json ? why_json : why_text)(&story, &q->out);
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

static int answer(const struct arguments *a, const struct settings *settings, struct room *room,
		  struct err *err)
{
	struct asked q = {.a = a, .settings = settings, .room = room};
	int r = answer_where_seen(&q, err);

	if (r >= 0 && !q.answers)
		r = answer_unseen(&q, err);
	if (r >= 0)
		r = put(&q.out, err);
	buf_free(&q.out);
	return r;
}

static int run(const struct arguments *a, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	_cleanup_free_ struct room *room = calloc(1, sizeof(*room));
	const struct why_task task = {&a->q, a->netns, &settings, a->duration_ns};
	int r;

	if (!room)
		return err_set(err, -ENOMEM, "out of memory");
	r = settings_flags_load(&a->settings, &settings, err);
	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	r = why_scan(&task, &room->sites, err);
	if (r >= 0)
		r = why_observe(&room->sites, &task, &room->watched, err);
	if (r >= 0)
		r = answer(a, &settings, room, err);
	why_seen_free(room->watched.seen);
	return r;
}

int cmd_why(int argc, char **argv)
{
	static const struct argp why_argp = {.options = options, .parser = parse, .doc = doc,
					     .args_doc = "UE-ADDRESS|TEID", .children = children};
	struct arguments a = {.duration_ns = 10 * NSEC_PER_SEC};
	struct err err = {0};
	int r;

	args_parse(&why_argp, argc, argv, &a);
	signal(SIGPIPE, SIG_IGN);
	r = run(&a, &err);
	settings_flags_free(&a.settings);
	if (r < 0)
		log_error("%s", err.text[0] ? err.text : err_name(r));
	return err_exit_code(r);
}
