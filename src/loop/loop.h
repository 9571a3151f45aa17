/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One thread, one epoll: descriptors, timers, signals. Handles stay valid until removed; a callback
 * may remove any handle, its own included. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_source;

typedef void (*loop_io_fn)(void *data, int fd, uint32_t epoll_events);
typedef void (*loop_timer_fn)(void *data);
typedef void (*loop_signal_fn)(void *data, int signo);

struct loop *loop_new(void);	   /* NULL: out of memory or descriptors */
void loop_free(struct loop *loop); /* removes what is left; NULL is fine */

/* The descriptor stays the caller's. NULL and errno on failure. */
struct loop_source *loop_add_io(struct loop *loop, int fd, uint32_t epoll_events, loop_io_fn fn, void *data);
int loop_change_io(struct loop_source *source, uint32_t epoll_events);

/* First after first_ns, then every interval_ns (0: once; the handle stays and can be set again).
 * NULL and errno on failure. */
struct loop_source *loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_timer_fn fn,
				   void *data);
int loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns); /* 0, 0 disarms */

/* Takes the signals that ask the program to end (base/signals.h): this thread blocks them until
 * loop_free(). Add them before anything that has to be undone. */
struct loop_source *loop_add_end_signals(struct loop *loop, loop_signal_fn fn, void *data);

void loop_remove(struct loop_source *source); /* NULL is fine */

/* Runs until loop_stop(); returns its value, or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int value);

/* Handles what is ready now, waiting at most timeout_ms (-1: for ever); 0 or -errno. */
int loop_once(struct loop *loop, int timeout_ms);
