/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a process is thought to be in the path of 5G user-plane packets. */
#pragma once

#include <stdint.h>

enum evidence {
	EVIDENCE_NAME,	       /* the leader's comm is a known one */
	EVIDENCE_SOCKET_OWNER, /* holds the UDP socket of N3 (TS 29.281: port 2152) or N4 (TS 29.244: 8805) */
	EVIDENCE_SENDER,       /* the task at TC egress outside softirq */
	EVIDENCE_BYSTANDER,    /* the task that a softirq interrupted: never evidence by itself */
	EVIDENCE_PEER,	       /* joined with a known 5G process by UDP (UERANSIM's link: port 4997), or beside one */
	EVIDENCE_TUN_OWNER,    /* holds the TUN device of a UE (uesimtun*) */
	EVIDENCE_CURRENT,      /* the task on the CPU in a module's function, as itself or interrupted */
	EVIDENCE_TRACE_PIPE,   /* a tracer's text names it */
	EVIDENCE_MAX,
};

#define EVIDENCE_BIT(kind) (UINT32_C(1) << (kind))

/* "name", "socket", "sender", "bystander", "peer", "tun", "current", "trace_pipe". */
const char *evidence_name(enum evidence kind);

/* The kind of that name, or -EINVAL. */
int evidence_parse(const char *name);
