/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The radio link between UE and gNB: UDP, laid out as UERANSIM 3.2's radio link simulation, so that
 * its Wireshark dissector reads it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RLS_PORT 4997
#define RLS_HEADER_MAX 32

enum rls_type { RLS_HEARTBEAT = 4, RLS_HEARTBEAT_ACK = 5, RLS_PDU = 6 };

struct rls_message {
	uint8_t type; /* enum rls_type */
	uint64_t sti; /* the sender's number: that of the UE, or of the gNB */
	uint32_t pdu_id;
	uint32_t psi;	    /* the PDU session that a RLS_PDU belongs to */
	const uint8_t *pdu; /* RLS_PDU: into the datagram */
	size_t pdu_len;
};

/* Writes everything before m->pdu (a heartbeat whole); returns its length. */
size_t rls_header_encode(const struct rls_message *m, uint8_t out[static RLS_HEADER_MAX]);

/* -EBADMSG when it is not one of the three messages, or carries no user data. */
int rls_decode(const void *datagram, size_t len, struct rls_message *ret);
