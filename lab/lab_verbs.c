/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab_verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "cleanup.h"
#include "escape.h"
#include "json_line.h"
#include "kernel_upf.h"
#include "lab.h"
#include "node.h"
#include "parse.h"
#include "plural.h"
#include "process.h"

static void print_lab(const struct lab_state *state, const struct lab_plan *plan)
{
	struct json_line line;

	lab_state_keys(json_line_begin(&line, NULL, "lab"), plan, state, lab_process_is_alive);
	json_line_end(&line);
}

static int print_new_lab(const char *name, struct err *err)
{
	struct lab_state state;
	struct lab_plan plan;
	int r = lab_open(name, &state, &plan, err);

	if (r == 0)
		print_lab(&state, &plan);
	return r;
}

int lab_verb_up(struct lab_task *task, struct err *err)
{
	const struct lab_options *o = &task->options;
	int r;

	if (task->auto_upf)
		task->options.upf = lab_upf_auto();
	if (!task->has_flows)
		task->options.flows = lab_core_traits(o->core)->flow_rules && o->upf != LAB_UPF_GTP ? 2 : 1;
	task->options.inner_ipv6 =
		!task->ipv4_only && lab_core_traits(o->core)->inner_ipv6 && lab_upf_carries_ipv6(task->options.upf);
	r = lab_up(&task->options, err);
	if (r < 0)
		return r;
	if (task->json)
		return print_new_lab(task->options.name, err);
	printf("the lab '%s' is up: %u UE%s, %u gNB%s, UPF %s%s%s\n"
	       "try: ip netns exec %s-ue%s 10.70.0.2\n"
	       "     teide lab traffic, teide lab status, teide lab down (each with --name %s)\n",
	       o->name, o->ues, plural(o->ues), o->gnbs, plural(o->gnbs), lab_upf_kind_name(o->upf),
	       o->inner_ipv6 ? "" : ", IPv4 only", o->core == LAB_CORE_SIMPLE ? "" : ", as free5GC and UERANSIM",
	       o->name, lab_core_traits(o->core)->one_ue_netns ? " ping -I " LAB_UE_DEVICE "0" : "1 ping", o->name);
	return 0;
}

int lab_verb_down(struct lab_task *task, struct err *err)
{
	char name[ESCAPED_MAX(LAB_NAME_MAX)];
	int r = lab_down(task->options.name, err);
	struct json_line line;
	struct jw *j;

	if (r < 0)
		return r;
	if (!task->json) {
		printf("the lab '%s' %s\n", escape_text_to(name, sizeof(name), task->options.name),
		       r ? "is gone" : "was not up");
		return 0;
	}
	j = json_line_begin(&line, NULL, "lab_down");
	jw_string(j, "name", task->options.name);
	jw_bool(j, "was_up", r);
	json_line_end(&line);
	return 0;
}

static void print_node(const struct lab_state *state, const struct lab_plan *plan, enum lab_node_kind kind,
		       unsigned index, const char *rest)
{
	const struct lab_process *p = lab_state_process(state, kind, index);
	const char *alive = !p ? "not started" : lab_process_is_alive(p) ? "alive" : "ended";

	printf("%-6s %3u  %-24s pid %-8d %-11s  %s\n", lab_node_comm(kind), index, lab_plan_netns(plan, kind, index),
	       p ? p->ref.pid : 0, alive, rest);
}

static void print_status(const struct lab_state *state, const struct lab_plan *plan)
{
	char rest[256], a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

	printf("lab '%s' %s, UPF %s, core %s\n", plan->options.name,
	       state->up ? "is up" : "was left half made (teide lab down)", lab_upf_kind_name(plan->options.upf),
	       plan->core->name);
	for (unsigned u = 0; u < plan->options.ues; u++) {
		const struct lab_ue *ue = &plan->ues[u];

		if (ue->session)
			snprintf(rest, sizeof(rest), "%s %s gNB %u, TEID uplink 0x%08x downlink 0x%08x",
				 addr_format(&ue->address, a),
				 plan->options.inner_ipv6 ? addr_format(&ue->address6, b) : "", ue->gnb,
				 ue->teid_uplink, ue->teid_downlink);
		else
			snprintf(rest, sizeof(rest), "gNB %u, no PDU session", ue->gnb);
		print_node(state, plan, LAB_NODE_UE, ue->index, rest);
	}
	for (unsigned g = 0; g < plan->options.gnbs; g++) {
		snprintf(rest, sizeof(rest), "N3 %s to %s", addr_format(&plan->gnbs[g].n3_address, a),
			 addr_format(&plan->gnbs[g].upf_n3_address, b));
		print_node(state, plan, LAB_NODE_GNB, g + 1, rest);
	}
	print_node(state, plan, LAB_NODE_UPF, 1, LAB_UPF_DEVICE);
	snprintf(rest, sizeof(rest), "%s %s", addr_format(&plan->dn_address, a),
		 plan->options.inner_ipv6 ? addr_format(&plan->dn_address6, b) : "");
	print_node(state, plan, LAB_NODE_DN, 1, rest);
}

int lab_verb_status(struct lab_task *task, struct err *err)
{
	struct lab_state state;
	struct lab_plan plan;
	int r = lab_open(task->options.name, &state, &plan, err);

	if (r < 0)
		return r;
	(task->json ? print_lab : print_status)(&state, &plan);
	return 0;
}

int lab_verb_traffic(struct lab_task *task, struct err *err)
{
	struct lab_state state;
	struct lab_plan plan;
	int r = lab_open(task->options.name, &state, &plan, err);

	if (r < 0)
		return r;
	if (!state.up)
		return err_set(err, -ENOENT, "the lab '%s' was left half made; teide lab down", task->options.name);
	return lab_traffic(&plan, &task->traffic, err);
}

static int run_node_kind(const struct lab_task *task, enum lab_node_kind kind, unsigned index, struct err *err)
{
	struct lab_plan plan;
	int r = lab_plan_make(&task->options, &plan, err);

	if (r < 0)
		return r;
	if (kind == LAB_NODE_UPF && plan.options.upf != LAB_UPF_USER)
		return lab_kernel_upf_main(&plan, LAB_READY_FD, err);
	return lab_node_main(&plan, kind, index, LAB_READY_FD, err);
}

int lab_verb_node(struct lab_task *task, struct err *err)
{
	_cleanup_close_ int failed_fd = fcntl(LAB_READY_FD, F_DUPFD_CLOEXEC, LAB_READY_FD + 1);
	enum lab_node_kind kind;
	uint64_t index;
	int r;

	if (failed_fd < 0 || !task->node_index || parse_u64(task->node_index, 0, LAB_UES_MAX, &index, NULL) < 0 ||
	    lab_node_kind_parse(task->node_kind, &kind) < 0)
		return err_set(err, -EINVAL, "this verb is for teide lab up alone");
	fcntl(LAB_READY_FD, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_NAME, lab_node_comm(kind));
	task->options.inner_ipv6 = !task->ipv4_only;
	r = run_node_kind(task, kind, (unsigned)index, err);
	if (r < 0)
		lab_process_say_failed(failed_fd, r, err);
	return r;
}
