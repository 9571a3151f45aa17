/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The UPF as a device of the kernel's gtp module or of gtp5g: a program that makes the device,
 * gives it the tunnels of every UE, holds the sockets that the device works on, and answers what
 * the module hands up: Echo Requests, G-PDUs of unknown tunnels. */
#pragma once

#include "err.h"
#include "plan.h"

/* As lab_node_main() of node.h, for plans whose UPF is LAB_UPF_GTP or LAB_UPF_GTP5G. */
int lab_kernel_upf_main(const struct lab_plan *plan, int ready_fd, struct err *err);
