/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rls.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

static const uint8_t preamble[] = {3, 3, 2, 7}; /* compatibility octet, version 3.2.7 */

#define TYPE_AT 4
#define STI_AT 5
#define BODY_AT 13
#define PDU_TYPE_DATA 2
#define PDU_AT (BODY_AT + 13)
#define HEARTBEAT_LEN (BODY_AT + 12)	/* a position: x, y, z */
#define HEARTBEAT_ACK_LEN (BODY_AT + 4) /* a signal strength, dBm */
#define STRENGTH_DBM (-60)

static void put_be32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

static uint32_t get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

size_t rls_header_encode(const struct rls_message *m, uint8_t out[static RLS_HEADER_MAX])
{
	uint64_t sti = htobe64(m->sti);

	memset(out, 0, RLS_HEADER_MAX);
	memcpy(out, preamble, sizeof(preamble));
	out[TYPE_AT] = m->type;
	memcpy(out + STI_AT, &sti, sizeof(sti));
	if (m->type == RLS_HEARTBEAT)
		return HEARTBEAT_LEN;
	if (m->type == RLS_HEARTBEAT_ACK) {
		put_be32(out + BODY_AT, (uint32_t)STRENGTH_DBM);
		return HEARTBEAT_ACK_LEN;
	}
	out[BODY_AT] = PDU_TYPE_DATA;
	put_be32(out + BODY_AT + 1, m->pdu_id);
	put_be32(out + BODY_AT + 5, m->psi);
	put_be32(out + BODY_AT + 9, (uint32_t)m->pdu_len);
	return PDU_AT;
}

static int decode_pdu(const uint8_t *p, size_t len, struct rls_message *ret)
{
	if (len < PDU_AT || p[BODY_AT] != PDU_TYPE_DATA || get_be32(p + BODY_AT + 9) != len - PDU_AT)
		return -EBADMSG;
	ret->pdu_id = get_be32(p + BODY_AT + 1);
	ret->psi = get_be32(p + BODY_AT + 5);
	ret->pdu = p + PDU_AT;
	ret->pdu_len = len - PDU_AT;
	return 0;
}

int rls_decode(const void *datagram, size_t len, struct rls_message *ret)
{
	const uint8_t *p = datagram;
	uint64_t sti;

	*ret = (struct rls_message){};
	if (len < BODY_AT || memcmp(p, preamble, sizeof(preamble)))
		return -EBADMSG;
	ret->type = p[TYPE_AT];
	memcpy(&sti, p + STI_AT, sizeof(sti));
	ret->sti = be64toh(sti);
	switch (ret->type) {
	case RLS_HEARTBEAT:
		return len == HEARTBEAT_LEN ? 0 : -EBADMSG;
	case RLS_HEARTBEAT_ACK:
		return len == HEARTBEAT_ACK_LEN ? 0 : -EBADMSG;
	case RLS_PDU:
		return decode_pdu(p, len, ret);
	default:
		return -EBADMSG;
	}
}
