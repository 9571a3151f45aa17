/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every line of JSON begins with, whichever verb writes it: docs/events.md. */
#pragma once

#include <stdint.h>

#include "jsonw.h"

#define JSON_SCHEMA 1
#define NODE_NAME_MAX 256

/* The name of this host. Returns name. */
const char *host_node(char name[static NODE_NAME_MAX]);

/* Writes schema, node and ts into the object that is open. node: NULL means this host's name; real_ns:
 * nanoseconds since 1970. */
void json_head(struct jw *j, const char *node, uint64_t real_ns);

/* The same of now, with the key event. */
void json_head_now(struct jw *j, const char *node, const char *event);
