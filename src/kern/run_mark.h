/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a run of teide lives, where a process id, a file or a socket cannot tell: two runs may share
 * a network namespace and neither process ids nor mounts, process ids come again, and an open socket would
 * keep a pod's namespace alive. Each probe's BPF object therefore has a map that no program uses
 * (bpf/run.h), held by a descriptor of the run alone. The kernel removes the map's id when the process
 * ends, before wait() returns to its parent, and ids are the same in every namespace of the machine.
 * To look at ids takes CAP_SYS_ADMIN; without it each of these is -EPERM. */
#pragma once

#include <stdint.h>

int run_mark_id(int fd, uint32_t *ret); /* of a map of this process; 0 or -errno */

/* 1: the map of that id is the mark of a run that lives; 0: there is none; or -errno. */
int run_mark_exists(uint32_t id);

/* Visits the marks of every run on the machine. 0 or -errno. */
int run_mark_list(void (*visit)(void *data, uint32_t id, const char *probe), void *data);
