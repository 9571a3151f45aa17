/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filters of a clsact qdisc, by rtnetlink, in the calling thread's network namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TC_FILTER_NAME_MAX 64

struct tc_filter {
	uint32_t priority;
	uint32_t handle;
	uint32_t program; /* of a bpf filter, its program's id; else 0 */
	bool bpf;
	char name[TC_FILTER_NAME_MAX]; /* of a bpf filter, as tc shows it; else empty */
};

/* 1 when the interface has a clsact or ingress qdisc, 0 when it has none, or -errno. */
int tc_qdisc_exists(unsigned ifindex);

typedef void (*tc_filter_fn)(void *data, const struct tc_filter *f);

/* Visits each filter of one direction. On failure some may have been visited. 0 or -errno; no clsact qdisc: 0 and no visit. */
int tc_filter_list(unsigned ifindex, bool egress, tc_filter_fn fn, void *data);
