/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One interface's two hooks. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "flow_entry.skel.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "object.h"

static int share_maps(const struct probe_run *run, struct flow_entry_bpf *entry)
{
	int r = bpf_map__reuse_fd(entry->maps.flow_ledgers, run->ledger_fd);

	if (r == 0)
		r = bpf_map__reuse_fd(entry->maps.flow_entries,
				      bpf_map__fd(run->bpf->maps.flow_entries));
	if (r == 0)
		r = bpf_map__reuse_fd(entry->maps.flow_programs,
				      bpf_map__fd(run->bpf->maps.flow_programs));
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
		r = share_maps(run, *ret);
	}
	if (r == 0)
		r = bpf_object__load((*ret)->obj);
	return object_end(&capture, r, "flow entry program", err);
}

/* The hook holds the program from then on. */
static int attach(struct probe_run *run, uint32_t id, struct err *err)
{
	struct flow_attachment *a = &run->attachments[id];
	struct tc_target target = {.netns = a->target->netns, .interface = a->target->interface,
				   .ifindex = a->target->ifindex, .egress = a->egress};
	struct flow_entry_bpf *entry = NULL;
	int r = load_entry(run, id, a, &entry, err);

	if (r == 0)
		r = tc_attach(&a->link, &target, bpf_program__fd(entry->progs.teide), run->clsact_only, err);
	flow_entry_bpf__destroy(entry);
	if (r < 0)
		return err_prefix(err, r, "%s", a->hook);
	snprintf(a->method, sizeof(a->method), "%s", tc_method(a->link));
	a->ahead = tc_ahead(a->link);
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

int flow_attach(struct probe_run *run, size_t place, struct err *err)
{
	int r = attach(run, (uint32_t)place * 2, err);

	if (r == 0)
		r = attach(run, (uint32_t)place * 2 + 1, err);
	if (r < 0)
		flow_let_go(run, place);
	return r;
}

void flow_let_go(struct probe_run *run, size_t place)
{
	for (size_t id = place * 2; id < place * 2 + 2; id++) {
		tc_detach(run->attachments[id].link);
		run->attachments[id].link = NULL;
	}
}
