/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "gtpu_run.h"
#include "gtpu_maps.skel.h" /* its types are gtpu.h's */
#include "record_drain.h"

static int start_run(struct probe_run *run, struct err *err)
{
	struct gtpu_layout unused;
	int r = gtpu_filter_make(&run->options, &run->filter, err);

	if (!r && run->options.module_btf[0])
		r = gtpu_layout_read(run->options.module_btf, &unused, err);
	return r ? r : gtpu_life_begin(run, err);
}

static int gtpu_detach(struct probe_run *run, struct err *err)
{
	run->detached = true;
	gtpu_programs_detach(run);
	return 0;
}

void gtpu_run_free(struct probe_run *run)
{
	if (!run)
		return;
	gtpu_programs_free(run);
	gtpu_life_free(&run->life);
	ring_free(run->ring);
	gtpu_maps_bpf__destroy(run->maps);
	gtpu_tables_free(&run->tables);
	free(run);
}

static int gtpu_start(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	struct probe_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return err_oom(err);
	run->env = *env;
	run->options = *(const struct gtpu_options *)env->options;
	r = start_run(run, err);
	if (r) {
		gtpu_run_free(run);
		return r;
	}
	*ret = run;
	return 0;
}

static int gtpu_ring_fd(const struct probe_run *run)
{
	return ring_poll_fd(run->ring);
}

static bool gtpu_decode_record(struct probe_run *run, const void *record, size_t len, struct event *ret)
{
	char netns[GTPU_NETNS_MAX];

	if (gtpu_record_decode(record, len, ret, netns))
		return false;
	ret->netns = event_has(ret, F_NETNS)
			     ? gtpu_netns_name(&run->netns, "", ((const struct gtpu_record *)record)->netns)
			     : NULL;
	return true;
}

static int gtpu_drain(struct probe_run *run, size_t max, event_fn emit, void *data)
{
	struct record_drain drain = {
		.run = run, .decode = gtpu_decode_record, .refused = &run->bad_records, .emit = emit, .data = data};

	return record_drain(run->ring, max, &drain);
}

static int gtpu_collect(struct probe_run *run, event_fn emit, void *data)
{
	int r = gtpu_counts_collect(&run->counts, gtpu_map(run, "gtpu_counts"), gtpu_map(run, "gtpu_usual_counts"),
				    emit, data);

	gtpu_netns_forget(&run->netns);
	if (!r)
		r = gtpu_outcomes_collect(&run->outcomes, gtpu_map(run, "gtpu_outcomes"), emit, data);
	if (!r)
		r = gtpu_latencies_collect(&run->latencies, gtpu_map(run, "gtpu_latencies"), emit, data);
	if (!r)
		r = gtpu_tables_collect(run, emit, data);
	return r;
}

const struct probe probe_gtpu = {
	.name = "gtpu",
	.help = "the receive and transmit functions of the gtp and gtp5g kernel modules",
	.options = gtpu_option_table,
	.options_size = sizeof(struct gtpu_options),
	.sees_rules = true,
	.check = gtpu_check_options,
	.describe = gtpu_describe,
	.start = gtpu_start,
	.ring_fd = gtpu_ring_fd,
	.drain = gtpu_drain,
	.collect = gtpu_collect,
	.ledger = gtpu_ledger_rows,
	.plan = gtpu_plan_rows,
	.tick = gtpu_tick,
	.release = gtpu_release,
	.detach = gtpu_detach,
	.stop = gtpu_run_free,
};
