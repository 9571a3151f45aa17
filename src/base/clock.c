/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t clock_boot_ns(void)
{
	return now_ns(CLOCK_BOOTTIME);
}

uint64_t clock_real_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

int64_t clock_boot_to_real_ns(void)
{
	return (int64_t)(clock_real_ns() - clock_boot_ns());
}

const char *clock_format(uint64_t real_ns, char text[static CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(real_ns / NSEC_PER_SEC);
	char whole[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, CLOCK_TEXT_MAX, "%s.%09luZ", whole, (unsigned long)(real_ns % NSEC_PER_SEC));
	return text;
}
