/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "context_programs.h"
#include "cpu_context.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "kernel_features.h"
#include "object.h"
#include "pidns.h"
#include "record_drain.h"

#define MAX_SENDERS 4096
#define BATCH_MAX 65536 /* bytes that may wait in the ring until the reader is woken */

#define OPTION(member) offsetof(struct flow_options, member)

static const char *const tc_choices[] = {"auto", "clsact", NULL};

static const struct config_option flow_option_table[] = {
	{.key = "interfaces",
	 .type = OPTION_LIST,
	 .offset = OPTION(interfaces),
	 .default_text = "",
	 .help = "where to watch, each as [NETNS/]INTERFACE; patterns such as veth* or cni-*/eth0 are welcome; for "
		 "NETNS also "
		 "pod:POD, container:CONTAINER, or * for every one"},
	{.key = "ring_size",
	 .type = OPTION_SIZE,
	 .offset = OPTION(ring_size),
	 .default_text = "16MiB",
	 .min = 4096,
	 .max = 1ULL << 30,
	 .power_of_two = true,
	 .help = "bytes of the ring buffer for packet events"},
	{.key = "max_flows",
	 .type = OPTION_U64,
	 .offset = OPTION(max_flows),
	 .default_text = "65536",
	 .min = 1,
	 .max = 1 << 24,
	 .help = "flows between two collections; more are counted together as 'other'"},
	{.key = "max_tunnels",
	 .type = OPTION_U64,
	 .offset = OPTION(max_tunnels),
	 .default_text = "16384",
	 .min = 1,
	 .max = 1 << 24,
	 .help = "tunnels between two collections; more are counted together as 'other'"},
	{.key = "max_quality",
	 .type = OPTION_U64,
	 .offset = OPTION(max_quality),
	 .default_text = "4096",
	 .min = 1,
	 .max = 1 << 24,
	 .help = "tunnels, QoS flows and paths of which sequence numbers, Echo and time stamps are followed"},
	{.key = "max_interfaces",
	 .type = OPTION_U64,
	 .offset = OPTION(max_interfaces),
	 .default_text = "256",
	 .min = 1,
	 .max = 16384,
	 .help = "interfaces watched at a time; those beyond are named, and left out"},
	{.key = "gtp_port",
	 .type = OPTION_U64,
	 .offset = OPTION(gtp_port),
	 .default_text = "2152",
	 .max = 65535,
	 .help = "UDP port of GTP-U"},
	{.key = "radio_port",
	 .type = OPTION_U64,
	 .offset = OPTION(radio_port),
	 .default_text = "4997",
	 .max = 65535,
	 .help = "UDP port of a simulated radio link, as UERANSIM has it; 0: none"},
	{.key = "vxlan_port",
	 .type = OPTION_U64,
	 .offset = OPTION(vxlan_port),
	 .default_text = "4789",
	 .max = 65535,
	 .help = "UDP port of VXLAN, whose packets are counted as what they carry; 0: as what they are"},
	{.key = "geneve_port",
	 .type = OPTION_U64,
	 .offset = OPTION(geneve_port),
	 .default_text = "6081",
	 .max = 65535,
	 .help = "the same for Geneve"},
	{.key = "teid",
	 .type = OPTION_STRING,
	 .offset = OPTION(teid),
	 .default_text = "",
	 .help = "events of this tunnel only; empty: of all"},
	{.key = "qfi",
	 .type = OPTION_STRING,
	 .offset = OPTION(qfi),
	 .default_text = "",
	 .help = "of this QoS flow only"},
	{.key = "address",
	 .type = OPTION_STRING,
	 .offset = OPTION(address),
	 .default_text = "",
	 .help = "of packets with such an address only, outside or inside a tunnel: an address, or a prefix as "
		 "10.60.0.0/16"},
	{.key = "ue",
	 .type = OPTION_STRING,
	 .offset = OPTION(ue),
	 .default_text = "",
	 .help = "of packets from or to this address inside a tunnel only"},
	{.key = "port",
	 .type = OPTION_STRING,
	 .offset = OPTION(port),
	 .default_text = "",
	 .help = "of packets with this port only, outside or inside a tunnel"},
	{.key = "proto",
	 .type = OPTION_STRING,
	 .offset = OPTION(proto),
	 .default_text = "",
	 .help = "of packets of this protocol only, outside or inside a tunnel: tcp, udp, icmp, icmpv6, sctp or a "
		 "number"},
	{.key = "direction",
	 .type = OPTION_STRING,
	 .offset = OPTION(direction),
	 .default_text = "",
	 .help = "uplink or downlink only, where a PDU Session Container tells"},
	{.key = "dir",
	 .type = OPTION_STRING,
	 .offset = OPTION(dir),
	 .default_text = "",
	 .help = "ingress or egress only"},
	{.key = "sample",
	 .type = OPTION_U64,
	 .offset = OPTION(sample),
	 .default_text = "1",
	 .min = 1,
	 .max = UINT32_MAX,
	 .help = "of those, events of one in so many, on each CPU"},
	{.key = "per_cpu",
	 .type = OPTION_BOOL,
	 .offset = OPTION(per_cpu),
	 .default_text = "false",
	 .help = "rows of flows and tunnels for each CPU apart"},
	{.key = "tc",
	 .type = OPTION_CHOICE,
	 .offset = OPTION(tc),
	 .default_text = "auto",
	 .choices = tc_choices,
	 .help = "how to attach: auto takes tcx where the kernel has it, else clsact"},
	{0},
};

static int flow_detach(struct probe_run *run, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < run->n_attachments / 2; i++) {
		int one = flow_detach_interface(run, i, err);

		r = one < 0 ? one : r;
	}
	context_programs_detach(run->context_links);
	run->next_look_ns = UINT64_MAX;
	run->detached_ns = clock_boot_ns();
	return r;
}

static void flow_stop(struct probe_run *run)
{
	if (!run)
		return;
	flow_detach(run, NULL);
	ring_free(run->ring);
	gen_free(run->flows);
	gen_free(run->gpdus);
	gen_free(run->tunnels);
	gen_free(run->senders);
	gen_free(run->qualities);
	flow_ledgers_close(run);
	flow_bpf__destroy(run->bpf);
	flow_follow_end(run);
	free(run);
}

DEFINE_CLEANUP(struct probe_run *, run, flow_stop)

/* Without kernel reads no program asks for the context of a task. */
static void set_context(struct probe_run *run)
{
	struct flow_bpf *bpf = run->bpf;
	struct cpu_context context = {0};

	if (run->kernel_reads)
		cpu_context_find(&context);
	bpf->rodata->kernel_reads = run->kernel_reads;
	bpf->rodata->task_pidns = pidns_of_proc("");
	CONTEXT_PREPARE(bpf, &context);
}

static void set_constants(struct flow_bpf *bpf, const struct probe_env *env, const struct flow_options *o)
{
	bpf->rodata->preemptible = features_realtime("");
	bpf->rodata->probe_id = env->id;
	bpf->rodata->events_wanted = env->events;
	bpf->rodata->ring_batch = env->events ? (uint32_t)MIN(o->ring_size / 4, BATCH_MAX) : 0;
	bpf->rodata->newcomers_wanted = env->newcomers;
	bpf->rodata->gtp_port = (uint16_t)o->gtp_port;
	bpf->rodata->radio_port = (uint16_t)o->radio_port;
	bpf->rodata->vxlan_port = (uint16_t)o->vxlan_port;
	bpf->rodata->geneve_port = (uint16_t)o->geneve_port;
}

/* The verifier does not look at how many entries a map has, and those of a start take megabytes. */
static uint32_t entries(const struct probe_env *env, uint64_t max)
{
	return env->trial ? 1 : gen_room(max);
}

static int prepare_maps(struct probe_run *run, const struct probe_env *env, const struct flow_options *o,
			struct err *err)
{
	/* a ring that stays silent takes a page */
	uint64_t ring_size = env->events ? o->ring_size : (uint64_t)sysconf(_SC_PAGESIZE);
	int r = ring_prepare(run->bpf->obj, ring_size, err);

	if (r < 0)
		return r;
	r = flow_ledgers_prepare(run, run->bpf->maps.flow_ledgers, run->max_interfaces * 2, err);
	if (r < 0)
		return r;
	run->bpf->rodata->cpu_slots = run->cpu_slots;
	r = gen_prepare(&run->flows, run->bpf->maps.flows, entries(env, o->max_flows), err);
	if (r == 0)
		r = gen_prepare(&run->gpdus, run->bpf->maps.gpdus, entries(env, o->max_flows), err);
	if (r == 0)
		r = gen_prepare(&run->tunnels, run->bpf->maps.tunnels, entries(env, o->max_tunnels), err);
	if (r == 0)
		r = gen_prepare(&run->senders, run->bpf->maps.senders, entries(env, MAX_SENDERS), err);
	return r < 0 ? r : flow_quality_prepare(run, env->trial ? 1 : (uint32_t)o->max_quality, err);
}

static int start_maps(struct probe_run *run, struct err *err)
{
	struct gen *const gens[] = {run->flows, run->gpdus, run->tunnels, run->senders, run->qualities};
	uint32_t zero = 0;
	int fd = bpf_program__fd(run->bpf->progs.flow_packet),
	    r = flow_ledgers_open(run, run->bpf->maps.flow_ledgers, err);

	if (r < 0)
		return r;
	run->tc.mark_fd = bpf_map__fd(run->bpf->maps.teide_flow);
	if (bpf_map_update_elem(bpf_map__fd(run->bpf->maps.flow_programs), &zero, &fd, BPF_ANY) < 0)
		return err_set(err, -errno, "flow program: %s", err_name(errno));
	flow_quality_set_clock(run);
	r = gen_start_all(gens, ARRAY_SIZE(gens), err);
	run->counts_since_ns = clock_boot_ns();
	return r < 0 ? r : ring_open(&run->ring, run->bpf->obj, err);
}

static int load_programs(struct probe_run *run, const struct probe_env *env, struct err *err)
{
	const struct flow_options *o = env->options;
	struct object_capture capture;
	int r;

	object_begin(&capture);
	run->bpf = flow_bpf__open();
	r = object_end(&capture, run->bpf ? 0 : -errno, "flow program", err);
	if (r < 0)
		return r;
	set_constants(run->bpf, env, o);
	run->kernel_reads = !features_locked_down(features_kernel_reads());
	set_context(run);
	r = flow_filter_make(o, (struct flow_filter *)&run->bpf->rodata->filter, err);
	if (r == 0)
		r = prepare_maps(run, env, o, err);
	return r < 0 ? r : object_load(run->bpf->skeleton, "flow program", err);
}

static int flow_start(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return err_oom(err);
	run->probe_id = env->id;
	run->gtp_port = (uint16_t)((const struct flow_options *)env->options)->gtp_port;
	run->per_cpu = ((const struct flow_options *)env->options)->per_cpu;
	r = object_check_kernel(err);
	if (r == 0 && flow_follow_begin(run, env) < 0)
		r = err_oom(err);
	if (r == 0)
		r = load_programs(run, env, err);
	if (r == 0)
		r = start_maps(run, err);
	if (r == 0)
		r = context_programs_attach(run->bpf->obj, run->context_links, err);
	if (r == 0)
		r = flow_look(run, env->wait, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(run);
	return 0;
}

/* With all that a verb can ask of the programs. */
static int flow_try(const void *options, enum attach_force attach, struct err *err)
{
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	const struct probe_env env = {
		.options = options, .attach = attach, .events = true, .newcomers = true, .trial = true};
	int r = object_check_kernel(err);

	if (!run || (r == 0 && flow_follow_begin(run, &env) < 0))
		r = err_oom(err);
	if (r == 0)
		r = load_programs(run, &env, err);
	if (r == 0)
		r = start_maps(run, err);
	return r < 0 ? r : flow_try_entry(run, err);
}

/* Beside the hooks, what the kernel keeps from the programs. */
static void flow_plan_rows(struct probe_run *run, plan_fn fn, void *data)
{
	flow_plan(run, fn, data);
	if (!run->kernel_reads)
		fn(data, &(struct plan_row){.hook = "process, thread and context of packets",
					    .method = "skip",
					    .reason = NO_KERNEL_READS});
}

static int flow_ring_fd(const struct probe_run *run)
{
	return ring_poll_fd(run->ring);
}

static bool flow_decode_record(struct probe_run *run, const void *record, size_t len, struct event *ret)
{
	return flow_decode(run, record, len, ret);
}

static int flow_drain(struct probe_run *run, size_t max, event_fn emit, void *data)
{
	struct record_drain drain = {
		.run = run, .decode = flow_decode_record, .refused = &run->bad_records, .emit = emit, .data = data};

	return record_drain(run->ring, max, &drain);
}

const struct probe probe_flow = {
	.name = "flow",
	.help = "packets at TC, per flow and per GTP-U tunnel",
	.options = flow_option_table,
	.options_size = sizeof(struct flow_options),
	.at_interfaces = true,
	.check = flow_check,
	.try_load = flow_try,
	.start = flow_start,
	.ring_fd = flow_ring_fd,
	.drain = flow_drain,
	.collect = flow_collect,
	.ledger = flow_ledger_tell,
	.plan = flow_plan_rows,
	.tick = flow_tick,
	.detach = flow_detach,
	.stop = flow_stop,
};
