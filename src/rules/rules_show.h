/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdint.h>

#include "buf.h"
#include "jsonw.h"
#include "rules.h"

void rules_text(const struct rules *t, struct buf *out);
void rules_json(const struct rules *t, const char *node, struct buf *out); /* one line */

struct rules_moment {
	const char *node;
	uint64_t real_ns; /* of the change, since 1970 */
};

/* One line each; t: the table that change->after is of, or before where there is none. */
void rules_change_text(const struct rules *t, const struct rules_change *change, uint64_t real_ns, struct buf *out);
void rules_change_json(const struct rules *t, const struct rules_change *change, const struct rules_moment *at,
		       struct buf *out);

/* A handover, or a UE that resumed: it comes beside the change itself. */
static inline bool rules_is_move(const struct rules_change *change)
{
	return change->event == RULES_HANDOVER || change->event == RULES_RESUMED;
}

/* What the change is about alone: of a handover PDR, UE and both ends, else old and new value. Text
 * without, JSON with their keys. */
void rules_contents_text(const struct rules *t, const struct rules_change *change, struct buf *out);
void rules_contents_json(const struct rules *t, const struct rules_change *change, struct jw *j);

/* The namespace's name, or NULL; as long as table and change are. */
const char *rules_change_netns(const struct rules *t, const struct rules_change *change);

/* Words for a FAR and a QER, shared by both forms. */
extern const char *const rules_kind_names[GTP5G_RULE_KINDS]; /* "PDR" */
extern const char *const rules_event_names[];		     /* "created" */
