/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where events and rows of counts go: lines of text or JSON on a descriptor. Writing waits for the
 * reader, which thereby loses events in the ring, where each one is counted; but no longer than the
 * sink's patience, and not for long while a signal that ends the program waits for the loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

enum sink_format { SINK_TEXT, SINK_JSON };

struct sink;

/* The descriptor stays the caller's. node is the "node" of every JSON line. NULL: out of memory. */
struct sink *sink_new(enum sink_format format, int fd, const char *node);
void sink_free(struct sink *s); /* flushes; NULL is fine */

void sink_event(struct sink *s, const struct event *e);

/* Ready text, such as a table. */
void sink_text(struct sink *s, const struct buf *text);

/* One line of the ledger (probes/probe.h has its words). */
struct ledger_row;
void sink_ledger(struct sink *s, const char *probe, const struct ledger_row *row);

/* How long it waits for a reader that takes nothing; without: for ever. */
void sink_set_patience(struct sink *s, uint64_t ns);

/* Writes what is buffered: 0, or -errno and nothing is written from then on (-EPIPE: nobody reads any
 * more; -ETIMEDOUT, -EINTR: patience or a signal ended the wait). */
int sink_flush(struct sink *s);

const char *sink_trouble(int r); /* such an error in words */
