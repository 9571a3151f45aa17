/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "local_report.h"

#include <errno.h>
#include <stdio.h>

void report_failure(struct local_report *report, int32_t tid, const char *doing, int r)
{
	report->failed++;
	snprintf(report->error, sizeof(report->error), "thread %d: %s: %s%s", tid, doing, err_name(r),
		 r == -EPERM ? "; it takes CAP_SYS_NICE, and rr a cgroup with real-time runtime "
			       "(cpu.rt_runtime_us)"
			     : "");
}

void report_foreign(struct local_report *report, int32_t tid)
{
	report->foreign++;
	report->foreign_tid = tid;
}

void report_end(struct local_report *report, const struct local_boost *b, int state)
{
	if (state < 0)
		report_failure(report, b->tid, "putting back", state);
	else if (state == LOCAL_BOOSTED)
		report->put_back++;
	else if (state == LOCAL_ENDED)
		report->ended++;
	else if (state == LOCAL_CHANGED)
		report_foreign(report, b->tid);
}

bool report_is_news(const struct local_report *now, const struct local_report *before)
{
	return now->boosted || now->put_back || now->foreign != before->foreign || now->enough != before->enough ||
	       now->failed != before->failed || now->left_out != before->left_out || now->ext != before->ext;
}
