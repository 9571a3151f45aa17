/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What to do after an exchange that failed. Pure: the caller brings the random number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
	uint64_t base_ns; /* upper bound of the first wait; doubles with every attempt */
	uint64_t cap_ns;
	uint64_t floor_ns;	     /* never wait less */
	uint64_t retry_after_cap_ns; /* a server may not ask for more */
};

enum retry_action {
	RETRY_WAIT,
	RETRY_REAUTH,  /* at once, with a new token */
	RETRY_GIVE_UP, /* the same request cannot succeed */
};

struct retry_outcome {
	unsigned attempt;	 /* failures before this one */
	int status;		 /* 0: no answer */
	uint64_t retry_after_ns; /* 0: not said */
	bool reauthenticated;	 /* the token was new */
};

struct retry_decision {
	enum retry_action action;
	uint64_t wait_ns; /* also for RETRY_GIVE_UP: how long to leave the server in peace */
};

/* Exponential backoff with full jitter: uniform in [floor, min(cap, base * 2^attempt)]. */
struct retry_decision retry_decide(const struct retry_policy *policy, const struct retry_outcome *outcome,
				   uint64_t random);
