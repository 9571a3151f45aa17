/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the places of gtp5g's rules are a guess (its version's, a file's), nothing is read by a place that the module
 * has not confirmed. It is asked for some PDRs; on its way to the answer it looks each one up, a program reads what the
 * places hold of just that one (bpf/gtpu_sample.h), and both are compared. No packet has to come for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "genl.h"
#include "gtp5g.h"
#include "gtpu_evidence.h"
#include "gtpu_run.h"
#include "gtpu.skel.h"
#include "log.h"

#define PDRS_MAX 64 /* asked for in one round */
#define TRIES 3	    /* of one PDR: it may change between two answers, and other programs ask for others */
#define PAUSE_MAX_NS (16 * NSEC_PER_SEC)
#define SHARE 50       /* between two rounds so many times what one took */
#define URR_LOOKUPS 16 /* are enough: each costs the packet two probes */

struct pdr_key {
	uint64_t seid;
	uint32_t id;
};

struct question {
	struct probe_run *run;
	uint16_t family;
	const struct device *device;
	struct gtpu_evidence *evidence;
	struct pdr_key keys[PDRS_MAX];
	size_t n;
	size_t *compared; /* of all devices */
};

void gtpu_check_prepare(struct probe_run *run, const struct gtpu_layout *layout)
{
	struct gtpu_bpf *s = run->skel;
	struct gtpu_check *c = &run->check;

	*c = (struct gtpu_check){.wanted = run->layout && !run->layout_own && strcmp(run->layout, "skip"),
				 .qer_era = c->qer_era};
	c->members = c->wanted ? gtpu_members_of(layout) : 0;
	c->has_urrs = layout->urr_seid != GTPU_NOWHERE && layout->urr_id != GTPU_NOWHERE;
	s->rodata->rules_checked = c->wanted;
	bpf_program__set_autoload(s->progs.sample_pdr_entry, c->wanted);
	bpf_program__set_autoload(s->progs.sample_pdr_exit, c->wanted);
	bpf_program__set_autoload(s->progs.sample_urr_entry, c->wanted && c->has_urrs);
	bpf_program__set_autoload(s->progs.sample_urr_exit, c->wanted && c->has_urrs);
}

/* -errno in *r, which the first failure sets. */
static struct bpf_link *attach_sample(struct bpf_program *program, bool exit, const char *function, int *r)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .retprobe = exit);
	struct bpf_link *link = *r < 0 ? NULL : bpf_program__attach_kprobe_opts(program, function, &opts);

	if (!link && !*r)
		*r = -errno;
	return link;
}

static void detach_samples(struct bpf_link **links)
{
	for (int i = 0; i < 2; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}

static int attach_samples(struct probe_run *run)
{
	struct gtpu_check *c = &run->check;
	struct gtpu_bpf *s = run->skel;
	int r = 0, urr = 0;

	c->pdr_links[1] = attach_sample(s->progs.sample_pdr_exit, true, "gtp5g:find_pdr_by_id", &r);
	c->pdr_links[0] = attach_sample(s->progs.sample_pdr_entry, false, "gtp5g:find_pdr_by_id", &r);
	if (r < 0)
		return r;
	if (c->has_urrs) {
		c->urr_links[1] = attach_sample(s->progs.sample_urr_exit, true, "gtp5g:find_urr_by_id", &urr);
		c->urr_links[0] = attach_sample(s->progs.sample_urr_entry, false, "gtp5g:find_urr_by_id", &urr);
	}
	if (urr < 0)
		log_debug("gtpu: places of URRs not checked: find_urr_by_id: %s", err_name(urr));
	return 0;
}

void gtpu_check_end(struct probe_run *run)
{
	detach_samples(run->check.pdr_links);
	detach_samples(run->check.urr_links);
}

static bool is_key(const struct question *q, const struct gtp5g_rule *rule)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->keys[i].seid == rule->seid && q->keys[i].id == rule->id)
			return true;
	return false;
}

static void on_pdr(const struct gtp5g_rule *rule, void *data)
{
	struct question *q = data;

	if (q->n < PDRS_MAX && !is_key(q, rule))
		q->keys[q->n++] = (struct pdr_key){rule->seid, rule->id};
}

/* The PDR, and what the places hold of it. -EAGAIN: another one was looked up at the same time. */
static int sample_pdr(const struct question *q, struct gtp5g_rule *pdr, struct gtpu_sample *ret, struct err *err)
{
	const volatile struct gtpu_sample *s = &q->run->skel->bss->rule_sample;
	uint64_t entries = s->entries, exits = s->exits;
	int r = gtp5g_rule_get(q->family, q->device->ifindex, pdr, err);

	if (r < 0)
		return r;
	memcpy(ret, (const void *)&q->run->skel->bss->rule_sample, sizeof(*ret));
	return s->entries == entries + 1 && s->exits == exits + 1 && ret->found ? 0 : -EAGAIN;
}

static int ask_far(const struct question *q, struct gtpu_rules_told *t, struct err *err)
{
	struct gtp5g_rule far = {.kind = GTP5G_RULE_FAR, .seid = t->seid, .id = t->pdr->far_id};
	int r = gtp5g_rule_get(q->family, q->device->ifindex, &far, err);

	t->has_far = r >= 0;
	if (r == -ENOENT)
		return 0;
	t->creates = far.has & GTP5G_HAS_PEER;
	t->far_action = far.far.action;
	return r;
}

/* As gtp5g takes them when it makes the PDR. */
static void ask_qers(const struct question *q, struct gtpu_rules_told *t)
{
	struct gtp5g_qers qers = {.era = q->run->check.qer_era};
	struct err err;

	t->qers_known = !t->pdr->qers.left_out;
	for (uint32_t i = 0; i < t->pdr->qers.n; i++) {
		struct gtp5g_rule qer = {.kind = GTP5G_RULE_QER, .seid = t->seid, .id = t->pdr->qers.ids[i]};
		int r = gtp5g_rule_get(q->family, q->device->ifindex, &qer, &err);

		if (r < 0) {
			t->qers_known &= r == -ENOENT;
			continue;
		}
		gtp5g_qers_add(&qers, &qer);
	}
	t->polices = qers.polices;
	t->policer = qers.policer;
	t->gate = qers.gate;
	t->qfi = qers.qfi;
}

/* What the module says of a PDR, and what the places hold of it. */
struct answer {
	struct gtp5g_rule pdr;
	struct gtpu_rules_told told;
	struct gtpu_sample sample;
};

static int ask_once(const struct question *q, const struct pdr_key *key, struct answer *a, struct err *err)
{
	int r;

	a->pdr = (struct gtp5g_rule){.kind = GTP5G_RULE_PDR, .seid = key->seid, .id = key->id};
	r = sample_pdr(q, &a->pdr, &a->sample, err);
	if (r < 0)
		return r;
	a->told = (struct gtpu_rules_told){.seid = key->seid,
					   .id = key->id,
					   .netns = (uint32_t)q->device->netns.inode,
					   .pdr = &a->pdr.pdr,
					   .removes = a->pdr.has & GTP5G_HAS_REMOVAL};
	r = ask_far(q, &a->told, err);
	if (!r)
		ask_qers(q, &a->told);
	return r;
}

static void compare_pdr(struct question *q, const struct pdr_key *key)
{
	struct err err = {""};
	struct answer a;
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && (r == -EAGAIN || !r); i++) {
		r = ask_once(q, key, &a, &err);
		if (!r && !gtpu_evidence_contradicts(&a.told, &a.sample, q->run->check.members))
			break;
	}
	if (r < 0) {
		log_debug("gtpu: PDR %u not compared: %s: %s", key->id, err_name(r), err.text);
		return;
	}
	gtpu_evidence_add(q->evidence, &a.told, &a.sample);
	(*q->compared)++;
}

static int compare_pdrs(void *data, struct err *err)
{
	struct question *q = data;
	struct gtp5g_rules_visitor v = {.visit = on_pdr, .data = q};
	int r = gtp5g_rules_dump(q->family, GTP5G_RULE_PDR, &v, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < q->n && *q->compared < PDRS_MAX; i++)
		compare_pdr(q, &q->keys[i]);
	return 0;
}

static int compare_devices(struct probe_run *run, struct gtpu_evidence e[static GTPU_MEMBERS], size_t *compared,
			   struct err *err)
{
	const struct device_list *devices = &run->life.devices;
	struct question q = {.run = run, .evidence = e, .compared = compared};
	int r = genl_family("gtp5g", &q.family, err);

	for (size_t i = 0; r >= 0 && i < devices->len && *compared < PDRS_MAX; i++) {
		q.device = &devices->items[i];
		q.n = 0;
		if (strcmp(q.device->kind, gtpu_modules[GTPU_GTP5G]))
			continue;
		r = netns_visit("", &q.device->netns, compare_pdrs, &q, err);
		if (r == -ESRCH) /* it went meanwhile */
			r = 0;
	}
	return r < 0 ? r : 0;
}

static void plan_next_round(struct gtpu_check *c, uint64_t began_ns, bool compared, bool news)
{
	uint64_t now = clock_boot_ns();

	if (news || !compared)
		c->pause_ns = 0;
	else
		c->pause_ns = MIN(MAX(2 * c->pause_ns, NSEC_PER_SEC), PAUSE_MAX_NS);
	c->next_ns = now + MAX(c->pause_ns, SHARE * (now - began_ns));
}

static void write_reason(struct probe_run *run)
{
	struct gtpu_check *c = &run->check;
	unsigned open = c->members & ~(c->confirmed | c->refuted);
	char names[GTPU_MEMBER_NAMES_MAX];
	const char *what = run->layout_reason;

	if (c->refuted & 1U << GTPU_MEMBER_PDR)
		run->layout = "skip";
	if (c->why[0])
		snprintf(c->reason, sizeof(c->reason), "%s, which cannot be checked: %s", what, c->why);
	else if (c->refuted)
		snprintf(c->reason, sizeof(c->reason), "%s, and not there by what the module says itself: %s", what,
			 gtpu_member_names(c->refuted, names));
	else if (open == c->members)
		snprintf(c->reason, sizeof(c->reason), "%s, which the module's first PDRs are to confirm", what);
	else if (open)
		snprintf(c->reason, sizeof(c->reason), "%s, as the module confirms; not yet: %s", what,
			 gtpu_member_names(open, names));
	else
		snprintf(c->reason, sizeof(c->reason), "%s, as the module confirms", what);
}

static void take_judgement(struct probe_run *run, const struct gtpu_judgement *j)
{
	struct gtpu_check *c = &run->check;

	c->refuted |= j->refuted;
	c->confirmed = (c->confirmed | j->confirmed) & ~c->refuted;
	if (c->refuted & 1U << GTPU_MEMBER_PDR)
		c->confirmed = 0;
	if (c->refuted & 1U << GTPU_MEMBER_FAR)
		c->confirmed &= ~(1U << GTPU_MEMBER_ACTION | 1U << GTPU_MEMBER_CREATION);
	run->skel->bss->rules_confirmed = c->confirmed;
	write_reason(run);
}

/* Whether anything is known that was not. */
static bool compare_round(struct probe_run *run)
{
	struct gtpu_check *c = &run->check;
	struct gtpu_evidence e[GTPU_MEMBERS] = {0};
	unsigned confirmed = c->confirmed, refuted = c->refuted;
	uint64_t began = clock_boot_ns();
	struct gtpu_judgement j;
	size_t compared = 0;
	struct err err = {""};
	int r = compare_devices(run, e, &compared, &err);

	if (r < 0)
		log_debug("gtpu: places of the rules not checked: %s", err.text);
	j = gtpu_evidence_judge(e, c->members);
	take_judgement(run, &j);
	c->compared += compared;
	plan_next_round(c, began, compared, confirmed != c->confirmed || refuted != c->refuted);
	return confirmed != c->confirmed || refuted != c->refuted;
}

void gtpu_check_begin(struct probe_run *run)
{
	struct gtpu_check *c = &run->check;
	int r;

	if (!c->wanted)
		return;
	r = attach_samples(run);
	if (r < 0) {
		snprintf(c->why, sizeof(c->why), "find_pdr_by_id: %s", err_name(r));
		gtpu_check_end(run);
		write_reason(run);
		return;
	}
	compare_round(run);
	c->warned = c->refuted; /* by the plan */
}

static bool is_settled(const struct gtpu_check *c)
{
	return c->refuted & 1U << GTPU_MEMBER_PDR || c->members == (c->confirmed | c->refuted);
}

const char *gtpu_check_warning(const struct probe_run *run, char text[static GTPU_WARNING_MAX])
{
	const struct gtpu_check *c = &run->check;
	char names[GTPU_MEMBER_NAMES_MAX];

	if (!c->wanted || !c->refuted)
		return NULL;
	snprintf(text, GTPU_WARNING_MAX,
		 "gtp5g keeps its rules elsewhere than assumed (%s): they are unknown, and verdicts and reasons "
		 "that need them; give --module-btf the BTF of just this build",
		 gtpu_member_names(c->refuted, names));
	return text;
}

static int say_places(struct probe_run *run, struct err *says)
{
	struct gtpu_check *c = &run->check;
	bool wrong = c->refuted & ~c->warned;
	char text[GTPU_WARNING_MAX];

	c->warned = c->refuted;
	err_set(says, 0, "%s", wrong ? gtpu_check_warning(run, text) : c->reason);
	return wrong ? PROBE_WARNS : PROBE_SAYS;
}

int gtpu_check_tick(struct probe_run *run, uint64_t now_ns, struct err *says)
{
	struct gtpu_check *c = &run->check;
	bool news;

	if (!c->wanted || !run->skel)
		return PROBE_NO_NEWS;
	if (c->urr_links[0] && run->skel->bss->urrs_agreed + run->skel->bss->urrs_contradicted >= URR_LOOKUPS)
		detach_samples(c->urr_links);
	if (!c->pdr_links[0] || now_ns < c->next_ns)
		return PROBE_NO_NEWS;
	news = compare_round(run);
	if (is_settled(c))
		detach_samples(c->pdr_links);
	return news ? say_places(run, says) : PROBE_NO_NEWS;
}
