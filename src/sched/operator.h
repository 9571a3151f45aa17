/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loop of the mission: rows and looks at the node -> processes -> strategies -> a scheduler. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "event.h"
#include "loop.h"
#include "pipeline.h"
#include "roster.h"
#include "settings.h"

struct operator;

/* -errno with a message that names the key or the file that is wrong. backends_wanted() holds. */
int operator_start(struct operator **ret, struct loop *loop, const struct settings *settings,
		   struct err *err);
/* The same without a back end: nothing is sent. */
int operator_start_dry(struct operator **ret, struct loop *loop, const struct settings *settings,
		       struct err *err);
void operator_free(struct operator *o); /* withdraws nothing; NULL is fine */

/* A row of counts: "sender" rows are evidence; these and "wait" and "tunnel" tell what processes do. */
void operator_row(struct operator *o, const struct event *row);

/* Takes an event "newcomer". Of a task that has begun to send a list is given to the back end 10 ms later;
 * of a socket, after a look at the node, which is not sooner than 50 ms after the one before. False:
 * another event. */
bool operator_event(struct operator *o, const struct event *e);

/* Looks at the node, decides, and gives the back end the list. Once a collection. */
void operator_tick(struct operator *o, uint64_t now_ns);

/* The same between two collections, by what has come since; nothing where the strategy goes by what an
 * interval measured. */
void operator_settle(struct operator *o, uint64_t now_ns);

/* Has the probes watch those processes that are more than bystanders. */
void operator_watch(struct operator *o, struct pipeline *pipeline);

/* The last, and the processes that it is about. */
const struct sched_decision *operator_decision(const struct operator *o);
const struct roster *operator_roster(const struct operator *o);

/* Asks the back end to take the strategies back; done is called once, at the latest after the
 * deadline. */
void operator_withdraw(struct operator *o, uint64_t deadline_ns, void (*done)(void *data, int r),
		       void *data);
