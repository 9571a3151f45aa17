/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: what became of one boost, noted in a report. */
#pragma once

#include "local.h"

/* state: an enum local_state as boost_put_back() found it, or -errno. */
void report_end(struct local_report *report, const struct local_boost *b, int state);
void report_foreign(struct local_report *report, int32_t tid);
void report_failure(struct local_report *report, int32_t tid, const char *doing, int r);

/* Whether it is worth a line after the one before. */
bool report_is_news(const struct local_report *now, const struct local_report *before);

/* As local_put_back(), with the folder locked by the caller. */
int local_recover(const char *dir, const struct local_ops *ops, struct local_report *ret, struct err *err);
