/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "json_line.h"

#include <stdio.h>

#include "log.h"

struct jw *json_line_begin(struct json_line *l, const char *node, const char *event)
{
	*l = (struct json_line){0};
	l->j = jw_begin(&l->out);
	jw_object(&l->j, NULL);
	json_head_now(&l->j, node, event);
	return &l->j;
}

void json_line_end(struct json_line *l)
{
	jw_object_end(&l->j);
	if (l->out.failed)
		log_error("a line of JSON is missing: out of memory");
	else
		puts(l->out.data);
	buf_free(&l->out);
}
