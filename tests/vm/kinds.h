/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kinds of packets that standin/send.c sends. A kind's number is its place: first the outcomes of
 * standin/script.h, then these; its session's TEID, UE address and SEID follow from the number. */
#pragma once

#include "standin/script.h"

/* name, uplink, downlink: sent with the outcomes, to the stand-in too. */
#define MESSAGES(X)                                                                                                    \
	X(echo, 1, 0)                                                                                                  \
	X(to_user, 1, 0)                                                                                               \
	X(end_marker, 1, 0)                                                                                            \
	X(bad_extension, 1, 0)                                                                                         \
	X(short, 1, 0)                                                                                                 \
	X(cut_inner, 1, 0) /* the inner packet is shorter than an IPv4 header */                                       \
	X(not_ipv4, 0, 1)

/* Sent where they are named. */
#define SESSIONS(X)                                                                                                    \
	X(other_ue, 1, 0) /* the TEID is another UE's */                                                               \
	X(sdf_match, 1, 1)                                                                                             \
	X(sdf_miss, 1, 1)                                                                                              \
	X(other_qfi, 1, 0) /* than its QER's */                                                                        \
	X(no_action, 1, 1) /* its FAR neither drops nor forwards nor buffers */                                        \
	X(end_marker_n9, 1, 0)                                                                                         \
	X(end_marker_buffered, 1, 0)                                                                                   \
	X(echo_no_route, 1, 0) /* from an address to which there is no way back */                                     \
	X(long_length, 1, 0)   /* the header's length is beyond the packet's */                                        \
	X(cut_options, 1, 0)   /* ends within the optional part of its header */                                       \
	X(cut_extension, 1, 0) /* within an extension header */                                                        \
	X(far_replaced, 1, 1)                                                                                          \
	X(qer_replaced, 1, 1)                                                                                          \
	X(metered, 1, 1) /* for QUOTA_PACKETS of these */                                                              \
	X(metered_downlink, 0, 1)                                                                                      \
	X(quota_zero, 1, 1)                                                                                            \
	X(quota_before, 1, 1) /* zero, and granted before there was a PDR to stop */                                   \
	X(start, 1, 1)	      /* its URR waits for the start of traffic */                                             \
	X(start_n9, 1, 1)                                                                                              \
	X(policed, 1, 1)                                                                                               \
	X(framed, 1, 1) /* behind a UE: a framed route's address */

enum kind {
	kind_before = outcomes - 1,
#define KIND_ENUM(name, uplink, downlink) kind_##name,
	MESSAGES(KIND_ENUM) SESSIONS(KIND_ENUM)
#undef KIND_ENUM
		kinds_end
};

#define LEAST_DATA 8 /* bytes behind the inner UDP header, and one more with each kind */
#define QUOTA_PACKETS 5
#define FRAMED_BASE 0x0a3d0000 /* 10.61.0.0/24, as UE_BASE */
#define FRAMED_ROUTE "10.61.0.0/24"
#define FRAMED_MARK 0x80000018 /* gtp5g's include/util.h: a framed route of 24 bits */
#define OTHER_PEER 0x0a090003  /* 10.9.0.3 */
#define UNREACHABLE 0xcb007101 /* 203.0.113.1 */
