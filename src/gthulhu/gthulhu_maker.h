/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within the protocol of a decision maker: what is read back of it (gthulhu_maker_look.c). */
#pragma once

#include "gthulhu_cycle.h"

#define MAKER_INTENTS_PATH "/api/v1/intents"
#define MAKER_POLICIES_PATH "/api/v1/node-intents"

/* What the server's intents and policies reach, as far as it is known. */
struct intent_reach maker_reach(const struct gthulhu *g);

/* Whether the server has intents, or policies, by the roots of its hash trees. */
bool maker_has(const struct gthulhu *g, enum maker_root what);

/* Asks for the roots, compares them with those of the last list of this run, and calls next. A server without roots
 * cannot be compared with. Failures end the cycle. */
void maker_look(struct gthulhu *g, void (*next)(struct gthulhu *g));

/* Asks for the roots and keeps them as those of this run's list, then calls next. */
void maker_remember(struct gthulhu *g, void (*next)(struct gthulhu *g));

/* Reads the list, compares it thread by thread, and ends the cycle. */
void maker_read_back(struct gthulhu *g);
