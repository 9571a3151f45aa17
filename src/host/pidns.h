/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The PID namespace whose numbers /proc has: a number means a process in one namespace alone. */
#pragma once

#include <stdint.h>

#define PIDNS_INITIAL 0xeffffffcU /* the inode of the kernel's own: PROC_PID_INIT_INO (include/linux/proc_ns.h) */

/* The inode of the namespace of root's /proc; 0: the kernel's own, in which every process has a number. Where /proc
 * does not tell, the caller's namespace. */
uint32_t pidns_of_proc(const char *root);

/* The same of the caller's namespace, in which its system calls take a number. */
uint32_t pidns_self(void);
