/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A line of -o json on standard output. main() says where writing failed. */
#pragma once

#include "json_head.h"

struct json_line {
	struct buf out;
	struct jw j;
};

/* Opens the line's object with its head. node: NULL means this host's name. Returns where to write. */
struct jw *json_line_begin(struct json_line *l, const char *node, const char *event);
/* Closes the object, prints the line and frees it. */
void json_line_end(struct json_line *l);
