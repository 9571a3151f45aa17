/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <pthread.h>

/* Starts a thread that gets no signals: all are blocked in it, and stay the other threads'. The caller
 * joins it. 0 or -errno. */
int thread_start(pthread_t *ret, void *(*fn)(void *data), void *data);
