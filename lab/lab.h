/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A 5G user plane in network namespaces: up and down. */
#pragma once

#include "err.h"
#include "plan.h"
#include "state.h"

/* Makes the lab and starts its programs; on any error, or a signal that asks to end, all is undone. Returns
 * within 20 s. -EALREADY when the lab is up; -EOPNOTSUPP when this node cannot. */
int lab_up(const struct lab_options *options, struct err *err);

/* 1: all is removed; 0: there was nothing. */
int lab_down(const char *name, struct err *err);

/* Reads the state of a lab that is up or was left half made, and its plan; -ENOENT when there is
 * none. */
int lab_open(const char *name, struct lab_state *ret_state, struct lab_plan *ret_plan, struct err *err);

/* gtp5g where that module is loaded, else user. */
enum lab_upf_kind lab_upf_auto(void);

/* Whether inner IPv6 passes through that UPF on this kernel. */
bool lab_upf_carries_ipv6(enum lab_upf_kind kind);
