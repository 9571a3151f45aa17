/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The qdiscs, and the filters of a clsact qdisc, in the calling thread's network namespace. libbpf can query one filter
 * by priority and handle, but not list them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RTNL_FILTER_NAME_MAX 64

struct rtnl_filter {
	uint32_t priority;
	uint32_t handle;
	uint32_t program; /* of a bpf filter, its program's id; else 0 */
	bool bpf;
	char name[RTNL_FILTER_NAME_MAX]; /* of a bpf filter, as tc shows it; else empty */
};

/* 1 when the interface has a clsact or ingress qdisc, 0 when it has none, or -errno. */
int rtnl_clsact_exists(unsigned ifindex);

/* Calls visit for each filter of one direction, once. 0 or -errno, after which it has visited none; no
 * clsact qdisc: 0 and no visit. */
int rtnl_filter_list(unsigned ifindex, bool egress, void (*visit)(const struct rtnl_filter *f, void *data), void *data);

struct rtnl_qdisc {
	unsigned ifindex;
	uint32_t handle, parent; /* both name it: 0: is the handle of a default qdisc */
	char kind[16];		 /* "fq_codel", "clsact" */
	uint64_t packets, drops; /* sent; dropped by it, of clsact by its filters */
};

/* Calls visit for each qdisc of each interface. 0 or -errno, as rtnl_filter_list(). */
int rtnl_qdisc_list(void (*visit)(const struct rtnl_qdisc *q, void *data), void *data);
