/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor.h"

#include "doctor_api.h"
#include "doctor_functions.h"
#include "doctor_interfaces.h"
#include "doctor_network.h"
#include "doctor_node.h"
#include "doctor_pods.h"
#include "doctor_programs.h"

void doctor_run(const struct doctor_options *options, struct report *ret)
{
	struct report interfaces = {0};
	struct modules_facts modules;
	struct node_facts node;
	struct network_options network = {
		.root = options->root,
		.port = (uint16_t)config_number(options->config, "probes.flow", "gtp_port"),
	};
	uint64_t started;

	*ret = (struct report){0};
	doctor_read_node(options->root, &node);
	doctor_read_modules(options->root, &node.features, options->config, &modules);
	doctor_judge_kernel(&node, ret);
	doctor_interfaces(options->config, options->containers, &interfaces, &started);
	doctor_programs(options->config, started, ret);
	doctor_judge_rights(&node, ret);
	doctor_judge_pids(options->config, ret);
	doctor_judge_modules(&modules, &node.features, ret);
	doctor_judge_functions(&modules, ret);
	network.qos = modules.qos;
	doctor_network(&network, ret);
	report_append(ret, &interfaces);
	doctor_judge_runtimes(options, ret);
	doctor_judge_scheduler(&node, ret);
	doctor_api(options->api, options->no_api, ret);
}
