/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "retry.h"

#include "cleanup.h"

static uint64_t ceiling(const struct retry_policy *policy, unsigned attempt)
{
	uint64_t ns = policy->base_ns;

	while (attempt-- && ns < policy->cap_ns)
		ns = ns > UINT64_MAX / 2 ? UINT64_MAX : ns * 2;
	return MIN(ns, policy->cap_ns);
}

static uint64_t jitter(uint64_t floor, uint64_t top, uint64_t random)
{
	if (top <= floor)
		return floor;
	return floor + random % (top - floor + 1);
}

/* A success that is here was a lie: HTML from something in between, say, which may end. */
static bool may_pass(int status)
{
	return status < 300 || status == 401 || status == 408 || status == 425 || status == 429 || status >= 500;
}

struct retry_decision retry_decide(const struct retry_policy *policy, const struct retry_outcome *outcome,
				   uint64_t random)
{
	struct retry_decision d = {.action = RETRY_WAIT};

	if (outcome->status == 401 && !outcome->reauthenticated)
		return (struct retry_decision){.action = RETRY_REAUTH};
	if (!may_pass(outcome->status)) {
		d.action = RETRY_GIVE_UP;
		d.wait_ns = jitter(policy->cap_ns / 2, policy->cap_ns, random);
	} else {
		d.wait_ns = jitter(policy->floor_ns, ceiling(policy, outcome->attempt), random);
	}
	d.wait_ns = MAX(d.wait_ns, MIN(outcome->retry_after_ns, policy->retry_after_cap_ns));
	return d;
}
