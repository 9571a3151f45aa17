/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event.h"

#include <inttypes.h>

static int buckets_used(const struct event_wait *w)
{
	int n = EVENT_WAIT_BUCKETS;

	while (n && !w->buckets[n - 1])
		n--;
	return n;
}

void event_wait_json(const struct event_wait *w, struct jw *j)
{
	int n = buckets_used(w);

	jw_object(j, "wait");
	jw_u64(j, "count", w->count);
	jw_u64(j, "total_ns", w->total_ns);
	jw_u64(j, "max_ns", w->max_ns);
	jw_array(j, "buckets");
	for (int i = 0; i < n; i++)
		jw_u64(j, NULL, w->buckets[i]);
	jw_array_end(j);
	jw_object_end(j);
	jw_u64(j, "on_cpu_ns", w->on_cpu_ns);
	jw_u64(j, "switches", w->switches);
	jw_u64(j, "preemptions", w->preemptions);
}

void event_wait_text(const struct event_wait *w, struct buf *out)
{
	buf_printf(out,
		   " waits=%" PRIu64 " wait_ns=%" PRIu64 " max_ns=%" PRIu64 " on_cpu_ns=%" PRIu64 " switches=%" PRIu64
		   " preemptions=%" PRIu64,
		   w->count, w->total_ns, w->max_ns, w->on_cpu_ns, w->switches, w->preemptions);
}
