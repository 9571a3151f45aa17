/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as a rule of sched.rules: it is taken within bounds, or refused with a message and nothing changed. */
#include "fuzz.h"
#include "rule.h"
#include "strategy.h"

/* Of matching, which is not tried here. */
bool loads_n3_seen(const struct loads *loads, uint64_t netns, const char *pattern)
{
	abort();
}

static void check(const struct sched_rule *rule)
{
	CHECK_TEXT(rule->comm);
	CHECK_TEXT(rule->netns);
	CHECK_TEXT(rule->pod);
	CHECK_TEXT(rule->upf);
	CHECK(rule->execution_time >= 1000 && rule->execution_time <= STRATEGY_TIME_MAX_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sched_rule rule = {.boost = true, .execution_time = 1000}, before = rule;
	char *text = fuzz_text(data, size);
	struct err err = {0};

	if (sched_rule_parse(text, &rule, &err) == 0)
		check(&rule);
	else
		CHECK(err.text[0] && !memcmp(&rule, &before, sizeof(rule)));
	free(text);
	return 0;
}
