/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any body of a POST of strategies: refused with a message and the list stays, or taken, and then what a GET answers is
 * taken again. */
#include "fuzz.h"
#include "store.h"

static void check_answer(struct store *store)
{
	struct store again = {0};
	struct err err = {0};
	struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	store_write(store, &j, "strategies");
	jw_object_end(&j);
	CHECK(store_replace(&again, out.data, out.len, &err) == 0 && again.len <= store->len);
	store_free(&again);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store store = {0};
	char *text = malloc(size + !size); /* a body need not end in NUL */
	struct err err = {0};

	CHECK(text);
	if (size)
		memcpy(text, data, size);
	if (store_replace(&store, text, size, &err) < 0)
		CHECK(err.text[0] && !store.entries && !store.ever_set);
	else
		CHECK(store.len <= STORE_MAX && store.ever_set);
	check_answer(&store);
	store_free(&store);
	free(text);
	return 0;
}
