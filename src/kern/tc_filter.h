/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filters of a clsact qdisc, by rtnetlink, in the calling thread's network namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TC_FILTER_NAME_MAX 64

struct tc_filter {
	uint32_t priority;
	uint32_t handle;
	bool bpf;
	char name[TC_FILTER_NAME_MAX]; /* of a bpf filter, as tc shows it; else empty */
};

typedef void (*tc_filter_fn)(void *data, const struct tc_filter *f);

/* Visits each filter of one direction. 0 or -errno; no clsact qdisc: 0 and no visit. */
int tc_filter_list(unsigned ifindex, bool egress, tc_filter_fn fn, void *data);
