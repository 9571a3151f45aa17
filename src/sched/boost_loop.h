/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the service does all the time: rows and looks at the node -> processes -> strategies -> a scheduler. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "event.h"
#include "loop.h"
#include "pipeline.h"
#include "process_watch.h"
#include "settings.h"

struct boost_loop;

/* -errno with a message that names the key or the file that is wrong. backend_is_wanted() holds. */
int boost_loop_start(struct boost_loop **ret, struct loop *loop, const struct settings *settings, struct err *err);
/* The same without a back end: nothing is sent. */
int boost_loop_start_dry(struct boost_loop **ret, struct loop *loop, const struct settings *settings, struct err *err);
void boost_loop_free(struct boost_loop *l); /* withdraws nothing; NULL is fine */

/* A row of counts: "sender" rows are evidence; these and "wait" and "tunnel" tell what processes do. */
void boost_loop_row(struct boost_loop *l, const struct event *row);

/* Takes an event "newcomer". When a task has begun to send, the back end gets a list 10 ms later; when a
 * socket has, after a look at the node, which comes at least 50 ms after the look before. False: another
 * event. */
bool boost_loop_event(struct boost_loop *l, const struct event *e);

/* Looks at the node, decides, and gives the back end the list. Once a collection. */
void boost_loop_tick(struct boost_loop *l, uint64_t now_ns);

/* The same between two collections, by what has come since; nothing where the strategy goes by what an
 * interval measured. */
void boost_loop_settle(struct boost_loop *l, uint64_t now_ns);

/* Has the probes watch the processes that are more than bystanders. */
void boost_loop_watch(struct boost_loop *l, struct pipeline *pipeline);

/* The last decision, and the processes that it is about. */
const struct sched_decision *boost_loop_decision(const struct boost_loop *l);
const struct process_watch *boost_loop_processes(const struct boost_loop *l);

/* Asks the back end to take the strategies back; done is called once, at the latest after the
 * deadline. */
void boost_loop_withdraw(struct boost_loop *l, uint64_t deadline_ns, void (*done)(void *data, int r), void *data);
