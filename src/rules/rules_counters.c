/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "genl.h"
#include "gtp5g_counters.h"
#include "log.h"
#include "map.h"
#include "plural.h"
#include "rtnl.h"
#include "rule_counts.h"
#include "rules_netns.h"
#include "rules_scan.h"
#include "session.h"
#include "settings.h"

#define PDRS_MAX 16384

struct counted_pdr {
	const struct gtp5g_rule *pdr; /* of the table */
	bool n9;
	struct pdr_readings module;
	struct rule_counts teide;
};

/* A namespace with one device: of several a rule does not tell whose it is. */
struct counted_place {
	const struct rules_place *place;
	struct counted_pdr *pdrs; /* owned */
	size_t n;
	struct usage_readings usage;
	bool has_usage, has_pdrs;
	struct rule_counts teide; /* of all packets */
};

struct pdr_key {
	uint64_t netns, seid, id;
};

struct counters {
	const struct rules_task *task;
	struct session session;
	struct rules *rules;
	struct rules_netns namespaces;
	struct counted_place *places;
	size_t n;
	struct map *index; /* struct pdr_key -> struct counted_pdr * */
	uint16_t family;
	uint64_t strays; /* packets of rows that are of no namespace here */
};

static void on_event(void *data, const struct event *e)
{
}

static struct counted_place *place_of(struct counters *c, uint64_t netns)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->places[i].place->netns == netns)
			return &c->places[i];
	return NULL;
}

static void on_row(void *data, const struct event *e)
{
	const struct pdr_key key = {e->netns_inode, e->seid, e->pdr_id};
	struct counters *c = data;
	struct counted_place *place = place_of(c, e->netns_inode);
	struct rule_counts none;
	struct counted_pdr **pdr;

	if (!rule_counts_add(place ? &place->teide : &none, e))
		return;
	c->strays += place ? 0 : e->packets;
	pdr = event_has(e, F_PDR_ID) ? map_get(c->index, &key) : NULL;
	if (pdr)
		rule_counts_add(&(*pdr)->teide, e);
}

struct usage_request {
	uint16_t family;
	const char *device;
	struct gtp5g_usage *ret;
};

static int get_usage(void *data, struct err *err)
{
	const struct usage_request *q = data;
	struct rtnl_link link;
	int r = rtnl_link_get(q->device, &link, err);

	return r < 0 ? r : gtp5g_usage_get(q->family, link.ifindex, q->ret, err);
}

static void read_usage(struct counters *c, struct counted_place *p, struct gtp5g_usage *ret)
{
	struct usage_request q = {c->family, p->place->devices, ret};
	struct err err = {0};

	if (rules_netns_run(&c->namespaces, p->place->netns, get_usage, &q, &err) >= 0)
		return;
	log_debug("%s", err.text);
	p->has_usage = false;
}

static void read_pdr(struct counted_place *p, struct counted_pdr *pdr, struct gtp5g_pdr_counts *ret)
{
	struct err err = {0};

	if (!pdr->pdr || gtp5g_pdr_counts_read(p->place->devices, pdr->pdr, ret, &err) >= 0)
		return;
	log_warning("not compared: %s", err.text);
	pdr->pdr = NULL;
}

/* i: 0 at the start, 1 at the end. */
static void read_module(struct counters *c, bool after, unsigned i)
{
	for (size_t k = 0; k < c->n; k++) {
		struct counted_place *p = &c->places[k];

		if (p->has_usage)
			read_usage(c, p, after ? &p->usage.after[i] : &p->usage.before[i]);
		for (size_t n = 0; p->has_pdrs && n < p->n; n++)
			read_pdr(p, &p->pdrs[n], after ? &p->pdrs[n].module.after[i] : &p->pdrs[n].module.before[i]);
	}
}

static void forget(struct counters *c)
{
	c->strays = 0;
	for (size_t k = 0; k < c->n; k++) {
		memset(&c->places[k].teide, 0, sizeof(c->places[k].teide));
		for (size_t n = 0; n < c->places[k].n; n++)
			memset(&c->places[k].pdrs[n].teide, 0, sizeof(struct rule_counts));
	}
}

/* The module's file knows devices by name alone, whatever namespace they are in. */
static bool only_of_its_name(const struct rules *rules, const struct rules_place *place)
{
	size_t n = 0;

	for (size_t i = 0; i < rules_places(rules); i++)
		n += !strcmp(rules_place(rules, i)->devices, place->devices);
	return n == 1;
}

static bool goes_to_n9(const struct counters *c, uint64_t netns, const struct gtp5g_rule *pdr)
{
	const struct gtp5g_rule *far = rules_find(c->rules, netns, GTP5G_RULE_FAR, pdr->seid, pdr->pdr.far_id);

	return far && far->has & GTP5G_HAS_TEID;
}

static int add_pdrs(struct counters *c, struct counted_place *p)
{
	const uint64_t netns = p->place->netns;

	p->pdrs = calloc(PDRS_MAX, sizeof(*p->pdrs));
	if (!p->pdrs)
		return -ENOMEM;
	for (const struct rules_item *i = rules_first(c->rules, netns, GTP5G_RULE_PDR); i && p->n < PDRS_MAX;
	     i = rules_next(c->rules, i)) {
		struct counted_pdr *pdr = &p->pdrs[p->n++], **at;
		const struct pdr_key key = {netns, rules_get(i)->seid, rules_get(i)->id};

		pdr->pdr = rules_get(i);
		pdr->n9 = goes_to_n9(c, netns, pdr->pdr);
		at = map_put(c->index, &key, NULL);
		if (!at) {
			p->n--;
			log_warning("there are more than %d PDRs: the counters of the others are not compared",
				    PDRS_MAX);
			return 0;
		}
		*at = pdr;
	}
	return 0;
}

static int add_place(struct counters *c, const struct rules_place *place)
{
	struct counted_place *p = &c->places[c->n];

	if (place->n_devices != 1) {
		log_warning("%s: not compared: %u gtp5g devices, and a rule does not tell whose it is", place->name,
			    place->n_devices);
		return 0;
	}
	c->n++;
	p->place = place;
	p->has_usage = true;
	p->has_pdrs = only_of_its_name(c->rules, place);
	if (!p->has_pdrs)
		log_warning("%s: PDRs not compared: other devices are called %s too, and the module's file "
			    "knows them by name alone",
			    place->name, place->devices);
	return add_pdrs(c, p);
}

static int prepare_counters(struct counters *c, const char *netns, struct err *err)
{
	int r = rules_scan(netns, NULL, &c->rules, err);

	if (r >= 0)
		r = genl_family("gtp5g", &c->family, err);
	if (r < 0)
		return r;
	c->index = map_new(sizeof(struct pdr_key), sizeof(struct counted_pdr *), PDRS_MAX);
	c->places = calloc(rules_places(c->rules), sizeof(*c->places));
	if (!c->index || !c->places)
		r = -ENOMEM;
	for (size_t i = 0; r >= 0 && i < rules_places(c->rules); i++)
		r = add_place(c, rules_place(c->rules, i));
	return r < 0 ? err_set(err, r, "out of memory for counters") : 0;
}

static int start_counting(struct counters *c, uint64_t duration_ns, struct err *err)
{
	static char *gtpu[] = {"gtpu", NULL};
	const struct string_list probes = {gtpu, 1};
	struct settings *settings = c->task->settings;
	int r = config_set(settings->config, "probes.gtpu.module", "gtp5g", err);

	if (r < 0)
		return r;
	const struct pipeline_options o = {.config = settings->config,
					   .probes = &probes,
					   .collect_interval_ns = settings_run(settings)->collect_interval_ns,
					   .on_event = on_event,
					   .on_row = on_row,
					   .data = c};

	const struct session_options session = {.duration_ns = duration_ns, .ready_fd = c->task->ready_fd};

	r = session_open(&c->session, &session, err);
	return r < 0 ? r : session_start(&c->session, &o, err);
}

static int count_for_a_time(struct counters *c, struct err *err)
{
	int r;

	read_module(c, false, 0);
	pipeline_collect(c->session.pipeline);
	forget(c);
	read_module(c, true, 0);
	log_info("counting; Ctrl-C ends");
	session_ready(&c->session);
	r = session_run(&c->session, err);
	if (r < 0)
		return r;
	read_module(c, false, 1);
	pipeline_collect(c->session.pipeline);
	read_module(c, true, 1);
	return 0;
}

struct output {
	const struct counters *c;
	const struct rules_place *place;
	const struct gtp5g_rule *pdr; /* NULL: the device */
	struct buf out;
};

static void row_json(const struct counts_row *row, struct output *o)
{
	struct jw j = jw_begin(&o->out);
	char node[NODE_NAME_MAX];

	jw_object(&j, NULL);
	json_head_now(&j, settings_node(o->c->task->settings, node), "counter");
	jw_string(&j, "netns", o->place->name);
	jw_string(&j, "interface", o->place->devices);
	if (o->pdr) {
		jw_id(&j, "seid", o->pdr->seid);
		jw_u64(&j, "pdr_id", o->pdr->id);
	}
	jw_string(&j, "counter", row->counter);
	jw_u64(&j, "module", row->module);
	if (row->module_most != row->module)
		jw_u64(&j, "module_most", row->module_most);
	jw_u64(&j, "teide", row->teide);
	jw_object(&j, "because");
	for (size_t i = 0; i < row->n_because; i++)
		jw_i64(&j, row->because[i].reason, row->because[i].amount);
	jw_object_end(&j);
	jw_i64(&j, "unexplained", row->unexplained);
	jw_object_end(&j);
	buf_char(&o->out, '\n');
}

static void row_text(const struct counts_row *row, struct output *o)
{
	char seid[24] = "-", pdr[12] = "-", netns[ESCAPED_MAX(sizeof(o->place->name))];

	if (o->pdr) {
		snprintf(seid, sizeof(seid), "0x%" PRIx64, o->pdr->seid);
		snprintf(pdr, sizeof(pdr), "%u", o->pdr->id);
	}
	buf_printf(&o->out, "%-16s %-12s %5s %-14s %14" PRIu64 " %14" PRIu64 " ",
		   escape_text_to(netns, sizeof(netns), o->place->name), seid, pdr, row->counter, row->module,
		   row->teide);
	for (size_t i = 0; i < row->n_because; i++)
		buf_printf(&o->out, " %+" PRId64 " %s", row->because[i].amount, row->because[i].reason);
	if (row->unexplained)
		buf_printf(&o->out, " %+" PRId64 " unexplained", row->unexplained);
	buf_char(&o->out, '\n');
}

static void on_compared(const struct counts_row *row, void *data)
{
	struct output *o = data;

	if (o->c->task->json)
		row_json(row, o);
	else
		row_text(row, o);
}

static void print_place(const struct counted_place *p, struct output *o)
{
	o->place = p->place;
	o->pdr = NULL;
	if (p->has_usage && rule_counts_compare_usage(&p->usage, &p->teide, p->place->version, on_compared, o) < 0)
		log_warning("%s: the device was made anew", p->place->name);
	for (size_t i = 0; p->has_pdrs && i < p->n; i++) {
		const struct counted_pdr *pdr = &p->pdrs[i];

		o->pdr = pdr->pdr;
		if (pdr->pdr && rule_counts_compare_pdr(&pdr->module, &pdr->teide, pdr->n9, on_compared, o) < 0)
			log_warning("PDR %u of 0x%" PRIx64 " was made anew", pdr->pdr->id, pdr->pdr->seid);
	}
}

static int print_counters(const struct counters *c, struct err *err)
{
	struct output o = {.c = c};
	int r = 0;

	if (!c->task->json)
		buf_printf(&o.out, "%-16s %-12s %5s %-14s %14s %14s  %s\n", "NETNS", "SEID", "PDR", "COUNTER", "MODULE",
			   "TEIDE", "WHY");
	for (size_t i = 0; i < c->n; i++)
		print_place(&c->places[i], &o);
	if (c->strays)
		log_warning("%" PRIu64 " packet%s could not be told apart: what teide says is too little", c->strays,
			    plural(c->strays));
	if (fwrite(o.out.data, 1, o.out.len, stdout) != o.out.len || fflush(stdout) == EOF)
		r = err_set(err, -errno, "writing the counters: %s", strerror(errno));
	buf_free(&o.out);
	return r;
}

static void counters_free(struct counters *c)
{
	session_close(&c->session);
	for (size_t i = 0; i < c->n; i++)
		free(c->places[i].pdrs);
	free(c->places);
	map_free(c->index);
	rules_netns_free(&c->namespaces);
	rules_free(c->rules);
}

int rules_counters(const struct rules_task *task, uint64_t duration_ns, struct err *err)
{
	struct counters c = {.task = task};
	int r = prepare_counters(&c, task->netns, err);

	if (r >= 0)
		r = start_counting(&c, duration_ns, err);
	if (r >= 0)
		r = count_for_a_time(&c, err);
	if (r >= 0)
		r = print_counters(&c, err);
	counters_free(&c);
	return r;
}
