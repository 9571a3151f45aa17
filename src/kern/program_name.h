/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a BPF program of another loader is called. */
#pragma once

#include <stdint.h>

#define PROGRAM_NAME_MAX 64

/* Its function's name as BTF has it, else its short name; "program ID" where the kernel tells neither. Returns name. */
const char *program_name(uint32_t id, char name[static PROGRAM_NAME_MAX]);
