/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of gtpu.bpf.c alone. They are made before there is a module to hook, and stay while the programs come and
 * go. With the programs' code in the object libbpf would read all types of the kernel for it. */
#pragma clang diagnostic ignored "-Wunused-function"

#include "gtpu_packet.h"
#include "gtpu_verdict.h"
#include "gtpu_tally.h"
#include "gtpu_events.h"
#include "gtpu_calls.h"
#include "gtpu_genl.h"
#include "run.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

RUN_MARK(gtpu);
