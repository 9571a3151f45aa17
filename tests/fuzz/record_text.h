/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is made of the event of a record: JSON, of which a reader takes the text, and one line. */
#pragma once

#include <jansson.h>

#include "buf.h"
#include "event.h"
#include "fuzz.h"

static inline void record_text_check(const struct event *e)
{
	struct buf json = {0}, text = {0};
	json_t *root;

	event_to_json(e, "node", 0, &json);
	event_to_text(e, &text);
	root = json_loads(json.data, JSON_DECODE_INT_AS_REAL, NULL); /* its integers have a sign */
	CHECK(json_is_object(root) && !strchr(text.data, '\n'));
	json_decref(root);
	buf_free(&json);
	buf_free(&text);
}
