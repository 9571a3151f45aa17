/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as the record of boosted threads: refused with a message, or taken, and then it is written and read as the
 * same. */
#include "fuzz.h"
#include "local_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boosts boosts = {0}, again = {0};
	char name[LOCAL_FILE_MAX];
	struct err err = {0};

	fuzz_file(local_file(name), data, size);
	if (record_read(".", &boosts, &err) < 0) {
		CHECK(err.text[0] && !boosts.items);
		return 0;
	}
	CHECK(boosts.len <= STRATEGY_MAX);
	CHECK(record_write(".", &boosts, &err) == 0 && record_read(".", &again, &err) == 0);
	CHECK(again.len == boosts.len);
	for (size_t i = 0; i < boosts.len; i++)
		CHECK(!memcmp(&again.items[i].b.before, &boosts.items[i].b.before, sizeof(struct thread_sched)) &&
		      again.items[i].b.tid == boosts.items[i].b.tid);
	boosts_free(&boosts);
	boosts_free(&again);
	return 0;
}
