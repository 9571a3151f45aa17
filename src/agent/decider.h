/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The strategy that the configuration names, with what it needs: what processes do by the rows, and
 * what it remembers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "event.h"
#include "option.h"

struct decider;

int decider_new(struct decider **ret, const struct config *config, struct err *err);
void decider_free(struct decider *d); /* NULL is fine */

/* Gives the rules what they match by; it is the decider's. */
void decider_place(const struct decider *d, struct sched_rules *rules);

void decider_row(struct decider *d, const struct event *row);

/* Whether a probe measures run-queue waits. */
void decider_set_measured(struct decider *d, bool measured);

/* Ends the interval of what processes do; before deciding, after the rows of a collection. */
void decider_tick(struct decider *d, uint64_t now_ns);

/* 0 or -ENOMEM, and then ret is unchanged. */
int decider_decide(struct decider *d, const struct processes *table,
		   const struct sched_rules *rules, uint64_t now_ns, struct sched_decision *ret,
		   struct err *err);
