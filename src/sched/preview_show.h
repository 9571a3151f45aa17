/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a preview found, for people and for programs. */
#pragma once

#include "preview.h"

/* JSON: a line "process" for each that has the name or evidence to speak of, a line "strategy" for each
 * thread, and at the end a line "summary". */
void preview_json(const struct preview *p, const struct sched_options *sched);
void preview_text(const struct preview *p, const struct sched_options *sched);

/* "fixed" or "adaptive". */
const char *preview_strategy(const struct sched_options *sched);

/* What there was no room for: n of them were left out. */
struct preview_loss {
	const char *key; /* of JSON */
	const char *what;
	uint64_t n;
};
#define PREVIEW_LOSSES 9
void preview_losses(const struct preview *p, struct preview_loss ret[static PREVIEW_LOSSES]);

/* Packets a second are known of the adaptive strategy's processes that were seen to send. */
bool preview_rate_known(const struct sched_options *sched, const struct sched_judgement *j);

/* The process that a judgement is about, if it is worth a line: not one that merely was on the CPU. */
const struct process *preview_process(const struct preview *p, const struct sched_judgement *j);
