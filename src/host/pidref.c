/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pidref.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

struct pidref pidref_of(const struct proc *proc)
{
	return (struct pidref){.pid = proc->pid, .start_time = proc->start_time};
}

bool pidref_equal(const struct pidref *a, const struct pidref *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

int pidref_is_alive(const struct pidref *p)
{
	return proc_same("", p->pid, p->start_time);
}

int pidref_open(const struct pidref *p)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	int r;

	if (fd < 0)
		return -errno;
	/* Asked after the descriptor is open, which is that process's for good. */
	r = pidref_is_alive(p);
	if (r <= 0)
		return r < 0 ? r : -ESRCH;
	return TAKE_FD(fd);
}

int pidref_kill(int pidfd, int signo)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}
