/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "decider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adaptive.h"
#include "cleanup.h"
#include "clock.h"
#include "loads.h"
#include "netns.h"
#include "roster.h"

struct decider {
	struct loads *loads;
	struct adaptive *adaptive; /* NULL: fixed */
	bool measured;
};

static int start_parts(struct decider *d, const struct config *config, struct err *err)
{
	const struct sched_options *sched = config_get(config, "sched");

	d->loads = loads_new(ROSTER_PROCESSES_MAX, clock_boot_ns());
	if (sched->strategy == SCHED_ADAPTIVE)
		d->adaptive = adaptive_new(config_get(config, "sched.adaptive"));
	if (!d->loads || (sched->strategy == SCHED_ADAPTIVE && !d->adaptive))
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

int decider_new(struct decider **ret, const struct config *config, struct err *err)
{
	struct decider *d = calloc(1, sizeof(*d));
	int r = d ? start_parts(d, config, err) : err_set(err, -ENOMEM, "out of memory");

	if (r < 0)
		decider_free(d);
	else
		*ret = d;
	return r;
}

void decider_free(struct decider *d)
{
	if (!d)
		return;
	loads_free(d->loads);
	adaptive_free(d->adaptive);
	free(d);
}

static const char *name_of_netns(uint64_t inode, char *text, size_t size)
{
	char name[NETNS_NAME_MAX];

	snprintf(text, size, "%s", netns_name("", inode, name));
	return text;
}

struct sched_places decider_places(const struct decider *d)
{
	return (struct sched_places){.loads = d->loads, .netns_name = name_of_netns};
}

void decider_row(struct decider *d, const struct event *row)
{
	loads_add(d->loads, row);
}

void decider_set_measured(struct decider *d, bool measured)
{
	d->measured = measured;
}

bool decider_at_once(const struct decider *d)
{
	return !d->adaptive;
}

void decider_tick(struct decider *d, uint64_t now_ns)
{
	loads_tick(d->loads, now_ns);
}

static int decide_fixed(const struct decider *d, const struct processes *table,
			const struct sched_rules *rules, struct sched_decision *ret, struct err *err)
{
	int r = sched_decide(table, rules, ret, err);

	for (size_t i = 0; r == 0 && i < ret->n_judged; i++)
		ret->judged[i].load = loads_of(d->loads, ret->judged[i].pid);
	return r;
}

int decider_decide(struct decider *d, const struct processes *table,
		   const struct sched_rules *rules, uint64_t now_ns, struct sched_decision *ret,
		   struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct adaptive_view view = {.loads = d->loads, .measured = d->measured,
					   .cpus = (unsigned)MAX(cpus, 1)};

	if (!d->adaptive)
		return decide_fixed(d, table, rules, ret, err);
	return adaptive_decide(d->adaptive, table, rules, &view, now_ns, ret, err);
}
