/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The addresses of the kernel's variables and functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_SYMBOL_MAX 96 /* of a name, with its end */

/* Fills in n addresses; 0: the kernel has no such symbol, or does not tell. Asks the kernel where it can be asked
 * (Linux 5.16), and reads all of /proc/kallsyms where it cannot, which takes longer than all the rest of a start. */
void kernel_symbols_find(const char *const names[], size_t n, uint64_t ret[]);

/* *ret: the kernel, or with "MODULE:" before the name that module, has such a symbol. 0, or -errno where the kernel
 * cannot be asked. Before Linux 6.2 an answer takes the kernel milliseconds. */
int kernel_symbol_exists(const char *name, bool *ret);
