/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One interface's two hooks. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "cleanup.h"
#include "clock.h"
#include "flow_entry.skel.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "object.h"

static int share_maps(const struct probe_run *run, struct flow_entry_bpf *entry)
{
	int r = bpf_map__reuse_fd(entry->maps.flow_ledgers, bpf_map__fd(run->bpf->maps.flow_ledgers));

	if (r == 0)
		r = bpf_map__reuse_fd(entry->maps.flow_entries, bpf_map__fd(run->bpf->maps.flow_entries));
	if (r == 0)
		r = bpf_map__reuse_fd(entry->maps.flow_programs, bpf_map__fd(run->bpf->maps.flow_programs));
	return r;
}

static int load_entry(const struct probe_run *run, uint32_t id, const struct flow_attachment *a,
		      struct flow_entry_bpf **ret, struct err *err)
{
	struct object_capture capture;
	int r;

	object_begin(&capture);
	*ret = flow_entry_bpf__open();
	r = *ret ? 0 : -errno;
	if (r == 0) {
		(*ret)->rodata->attachment = id;
		(*ret)->rodata->l3 = a->target->l3;
		(*ret)->rodata->egress = a->egress;
		(*ret)->rodata->preemptible = run->bpf->rodata->preemptible;
		(*ret)->rodata->cpu_slots = run->cpu_slots;
		r = share_maps(run, *ret);
	}
	if (r == 0)
		r = bpf_object__load((*ret)->obj);
	return object_end(&capture, r, "flow entry program", err);
}

/* The hook holds the program from then on. The calling thread is in the interface's namespace. */
static int attach_hook(struct probe_run *run, uint32_t id, struct err *err)
{
	struct flow_attachment *a = &run->attachments[id];
	struct tc_target target = {
		.interface = a->target->interface, .ifindex = a->target->ifindex, .egress = a->egress};
	struct flow_entry_bpf *entry = NULL;
	int r = load_entry(run, id, a, &entry, err);

	if (r == 0)
		r = tc_attach(&a->link, &target, bpf_program__fd(entry->progs.teide), &run->tc, err);
	flow_entry_bpf__destroy(entry);
	if (r < 0)
		return err_prefix(err, r, "%s", a->hook);
	snprintf(a->method, sizeof(a->method), "%s", tc_method(a->link));
	a->ahead = tc_ahead(a->link);
	a->attached_ns = clock_boot_ns();
	return 0;
}

int flow_try_entry(struct probe_run *run, struct err *err)
{
	const struct flow_target nowhere = {0};
	const struct flow_attachment a = {.target = &nowhere};
	struct flow_entry_bpf *entry = NULL;
	int r = load_entry(run, 0, &a, &entry, err);

	flow_entry_bpf__destroy(entry);
	return r;
}

/* Both hooks of an interface while the thread is in its namespace. */
struct both {
	struct probe_run *run;
	size_t place;
	bool entered;
};

static int attach_here(void *data, struct err *err)
{
	const struct both *b = data;
	int r = 0;

	for (size_t id = b->place * 2; r == 0 && id < b->place * 2 + 2; id++)
		if (!b->run->attachments[id].link)
			r = attach_hook(b->run, (uint32_t)id, err);
	return r;
}

int flow_attach(struct probe_run *run, size_t place, struct err *err)
{
	struct both b = {.run = run, .place = place};

	return flow_target_visit(&run->interfaces[place].target, attach_here, &b, err);
}

static int say_filter_stays(const struct flow_attachment *a, int r, struct err *err)
{
	return err_set(err, r, "%s: the filter could not be removed: %s; 'teide clean' removes it", a->hook,
		       err_name(r));
}

static int say_qdisc_stays(const struct flow_attachment *a, int r, struct err *err)
{
	char word[ADVICE_WORD_MAX];

	return err_set(
		err, r,
		"%s: the empty qdisc of the filter could not be removed: %s; 'tc qdisc del dev %s clsact' in its "
		"network namespace removes it",
		a->hook, err_name(r), advice_word(a->target->interface, word));
}

/* What became of the qdisc the second way tells: before, it is not empty. */
static int detach_here(void *data, struct err *err)
{
	struct both *b = data;
	const struct flow_attachment *last = NULL;
	int r = 0, qdisc = 0;

	b->entered = true;
	for (size_t id = b->place * 2; id < b->place * 2 + 2; id++) {
		const struct flow_attachment *a = &b->run->attachments[id];
		bool filter_off;

		if (!a->link)
			continue;
		last = a;
		qdisc = tc_detach(a->link, &filter_off);
		if (!filter_off)
			r = say_filter_stays(a, qdisc, err);
	}
	return r < 0 || qdisc == 0 ? r : say_qdisc_stays(last, qdisc, err);
}

int flow_detach_interface(struct probe_run *run, size_t place, struct err *err)
{
	struct flow_attachment *a = &run->attachments[place * 2];
	struct both b = {.run = run, .place = place};
	bool ingress = tc_is_filter(a[0].link);
	int r = 0;

	if (ingress || tc_is_filter(a[1].link))
		r = flow_target_visit(&run->interfaces[place].target, detach_here, &b, err);
	if (r < 0 && r != -ESRCH && !b.entered)
		r = say_filter_stays(&a[ingress ? 0 : 1], r, err);
	for (size_t way = 0; way < 2; way++) {
		tc_free(a[way].link);
		a[way].link = NULL;
	}
	return r == -ESRCH ? 0 : r; /* with the namespace its filters have gone */
}

static int check_here(void *data, struct err *err)
{
	const struct both *b = data;
	int r = 1;

	for (size_t id = b->place * 2; id < b->place * 2 + 2; id++) {
		struct flow_attachment *a = &b->run->attachments[id];
		int one = a->link ? tc_is_attached(a->link) : 0;

		if (one < 0)
			return err_set(err, one, "%s: %s", a->hook, err_name(one));
		if (a->link && !one) {
			a->taken_off++;
			tc_free(a->link);
			a->link = NULL;
		}
		r = r && one;
	}
	return r;
}

int flow_is_attached(struct probe_run *run, size_t place, struct err *err)
{
	struct flow_attachment *a = &run->attachments[place * 2];
	struct both b = {.run = run, .place = place};

	if (tc_is_filter(a[0].link) || tc_is_filter(a[1].link))
		return flow_target_visit(&run->interfaces[place].target, check_here, &b, err);
	return check_here(&b, err);
}
