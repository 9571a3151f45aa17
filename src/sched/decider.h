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

/* What rules match by; valid as long as the decider. */
struct sched_places decider_places(const struct decider *d);

void decider_row(struct decider *d, const struct event *row);

/* Whether a probe measures run-queue waits. */
void decider_set_measured(struct decider *d, bool measured);

/* Whether a decision between two ticks makes sense: not where loads have to be measured first. */
bool decider_at_once(const struct decider *d);

/* Ends the interval of what processes do; before deciding, after the rows of a collection. */
void decider_tick(struct decider *d, uint64_t now_ns);

/* 0 or -ENOMEM, and then ret is unchanged. */
int decider_decide(struct decider *d, const struct processes *table,
		   const struct sched_rules *rules, uint64_t now_ns, struct sched_decision *ret,
		   struct err *err);
