/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "gthulhu_core.h"

static bool is_leader(const struct strategy *s)
{
	return s->pid == s->tgid;
}

/* The same pid, start and name: a pid may be another's by now, and a process another program. A process
 * that cannot be read (no descriptor left) counts as the same: its strategy stays. */
static bool is_same(const struct strategy *s)
{
	struct proc proc;
	int r;

	if (s->tgid <= 0 || s->start_time == 0)
		return true;
	if (!is_leader(s))
		return proc_same("", s->pid, s->start_time) != 0;
	r = proc_read("", s->pid, &proc);
	if (r < 0)
		return r != -ESRCH;
	return proc.start_time == s->start_time && (!*s->comm || !strcmp(proc.comm, s->comm));
}

/* A leader's threads follow it in the list and go the way it goes. */
int gthulhu_living(const struct strategy_list *wanted, struct strategy_list *ret, size_t *ret_ended)
{
	int32_t leader = 0; /* the last one asked after */
	bool alive = false;

	strategy_list_clear(ret);
	*ret_ended = 0;
	for (size_t i = 0; i < wanted->len; i++) {
		const struct strategy *s = &wanted->items[i];

		if (leader <= 0 || s->tgid != leader || is_leader(s))
			alive = is_same(s);
		if (is_leader(s) || s->tgid != leader)
			leader = is_leader(s) ? s->pid : 0;
		if (!alive)
			(*ret_ended)++;
		else if (strategy_list_add(ret, *s) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

bool gthulhu_is_alive(int32_t pid)
{
	struct proc proc;

	return pid > 0 && proc_read("", pid, &proc) != -ESRCH;
}
