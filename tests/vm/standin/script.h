/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the module does with a packet, by the packet: an uplink T-PDU's TEID is TEID_BASE + its
 * outcome, a downlink packet's destination is UE_BASE + its outcome. Shared by
 * the module and the program that sends. */
#pragma once

/* name, uplink, downlink */
#define OUTCOMES(X)                                                                                                    \
	X(forwarded, 1, 1)                                                                                             \
	X(yellow, 1, 1)                                                                                                \
	X(to_n9, 1, 0)                                                                                                 \
	X(buffered, 1, 1)                                                                                              \
	X(no_pdr, 1, 1)                                                                                                \
	X(no_far, 1, 1)                                                                                                \
	X(far_drop, 1, 1)                                                                                              \
	X(no_outer_header_removal, 1, 0)                                                                               \
	X(gate_closed, 1, 1)                                                                                           \
	X(qer_red, 1, 1)                                                                                               \
	X(no_ran_address, 0, 1)                                                                                        \
	X(no_route, 1, 1)                                                                                              \
	X(backlog_full, 1, 0)                                                                                          \
	X(quota, 1, 1) /* the first since the quota was granted passes */

enum outcome {
#define OUTCOME_ENUM(name, uplink, downlink) outcome_##name,
	OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
		outcomes
};

/* Host byte order. */
#define TEID_BASE 0x1000
#define UE_BASE 0x0a3c0001     /* 10.60.0.1 */
#define GNB_ADDRESS 0x0a090002 /* 10.9.0.2 */
#define N9_ADDRESS GNB_ADDRESS
#define UPF_ADDRESS 0x0a090001 /* 10.9.0.1 */
#define NOWHERE 0xc6336401     /* 198.51.100.1, to which the test has no route */
#define GTPU_UDP_PORT 2152
