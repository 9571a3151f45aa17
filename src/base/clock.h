/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_MSEC UINT64_C(1000000)

uint64_t clock_boot_ns(void);	   /* CLOCK_BOOTTIME, the clock of every record */
uint64_t clock_monotonic_ns(void); /* CLOCK_MONOTONIC, of bpf_ktime_get_ns(): it stands still in suspend */
uint64_t clock_thread_ns(void);	   /* CPU time of the calling thread */
uint64_t clock_process_ns(void);   /* CPU time of all threads */
uint64_t clock_real_ns(void);	   /* CLOCK_REALTIME, since 1970 */

/* Real time minus boot time. Take it again after a clock step. */
int64_t clock_boot_to_real_ns(void);

#define CLOCK_TEXT_MAX 36

/* RFC 3339 in UTC with nanoseconds: "2026-01-02T03:04:05.000000006Z"; returns text. */
const char *clock_format(uint64_t real_ns, char text[static CLOCK_TEXT_MAX]);
