/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* GTPv1-U messages (TS 29.281) with the PDU Session Container (TS 38.415), to bytes and back. It
 * shares nothing with the decoder of the BPF programs on purpose: the lab is what that one is
 * tested against. All numbers are in host order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"

#define GTPU_PORT 2152
#define GTPU_HEADER_MAX 16  /* what gtpu_header_encode() writes at most */
#define GTPU_MESSAGE_MAX 64 /* what the other encoders write at most */

enum gtpu_type {
	GTPU_ECHO_REQUEST = 1,
	GTPU_ECHO_RESPONSE = 2,
	GTPU_ERROR_INDICATION = 26,
	GTPU_END_MARKER = 254,
	GTPU_G_PDU = 255,
};

enum gtpu_pdu_type { GTPU_PDU_DOWNLINK = 0, GTPU_PDU_UPLINK = 1 };

struct gtpu_header {
	uint8_t type; /* enum gtpu_type, or one this codec does not know */
	uint32_t teid;
	bool has_seq;
	bool has_npdu;
	bool has_pdu_session;
	uint16_t seq;
	uint8_t npdu;
	uint8_t pdu_type; /* enum gtpu_pdu_type */
	uint8_t qfi;	  /* 0..63 */
};

/* A decoded message; payload points into the datagram. */
struct gtpu_message {
	struct gtpu_header header;
	const uint8_t *payload; /* the inner packet of a G-PDU, the information elements otherwise */
	size_t payload_len;
};

/* Writes the header that goes before payload_len bytes; returns its length, or -EMSGSIZE when the
 * length field cannot hold it. */
ssize_t gtpu_header_encode(const struct gtpu_header *h, size_t payload_len, uint8_t out[static GTPU_HEADER_MAX]);

/* Extension headers other than the PDU Session Container are skipped. -EBADMSG: a length does not
 * fit the datagram; -EPROTO: not GTP version 1; -ELOOP: more extension headers than any sender
 * writes. */
int gtpu_decode(const void *datagram, size_t len, struct gtpu_message *ret);

/* Whole messages; each returns its length. */
size_t gtpu_echo_request(uint16_t seq, uint8_t out[static GTPU_MESSAGE_MAX]);
size_t gtpu_echo_response(uint16_t seq, uint8_t out[static GTPU_MESSAGE_MAX]);
size_t gtpu_end_marker(uint32_t teid, uint8_t out[static GTPU_MESSAGE_MAX]);

/* teid: of the G-PDU that had no tunnel; peer: the address it was sent to (TS 29.281 7.3.1). */
size_t gtpu_error_indication(uint32_t teid, const struct addr *peer, uint8_t out[static GTPU_MESSAGE_MAX]);
/* -EBADMSG when an information element is missing or does not fit. */
int gtpu_error_indication_decode(const struct gtpu_message *m, uint32_t *ret_teid, struct addr *ret_peer);
