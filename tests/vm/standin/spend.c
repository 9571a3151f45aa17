// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parameters: delay_FUNCTION, the microseconds that each call of it spends; interrupt_us, after
 * which a call of policePacket that has a delay is interrupted, on its CPU, by a timer that calls
 * it too. */
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/timekeeping.h>

#include "standin.h"

static uint delays[spenders];
#define DELAY_PARAM(f) module_param_named(delay_##f, delays[spender_##f], uint, 0644);
SPENDERS(DELAY_PARAM)

static uint interrupt_us;
module_param(interrupt_us, uint, 0644);
static ulong interrupts;
module_param(interrupts, ulong, 0444);

static DEFINE_PER_CPU(struct hrtimer, interrupt_timer);
static DEFINE_PER_CPU(bool, interrupting);

static enum hrtimer_restart interrupt(struct hrtimer *timer)
{
	TrafficPolicer green = {.scripted = Green};

	this_cpu_write(interrupting, true);
	policePacket(&green, 0);
	this_cpu_write(interrupting, false);
	interrupts++;
	return HRTIMER_NORESTART;
}

/* By the clock that durations are measured with. In a timer's call no time is spent, so that it
 * ends within the interrupted one. */
void spend(enum spender f)
{
	uint us = READ_ONCE(delays[f]);
	u64 end;

	if (!us || this_cpu_read(interrupting))
		return;
	end = ktime_get_boot_fast_ns() + us * NSEC_PER_USEC;
	if (f == spender_policePacket && READ_ONCE(interrupt_us))
		hrtimer_start(this_cpu_ptr(&interrupt_timer), ns_to_ktime(READ_ONCE(interrupt_us) * NSEC_PER_USEC),
			      HRTIMER_MODE_REL_PINNED_HARD);
	while (ktime_get_boot_fast_ns() < end)
		cpu_relax();
}

void spend_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct hrtimer *timer = per_cpu_ptr(&interrupt_timer, cpu);

		hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
		timer->function = interrupt;
	}
}

void spend_end(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_cancel(per_cpu_ptr(&interrupt_timer, cpu));
}
