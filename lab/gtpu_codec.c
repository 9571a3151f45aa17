/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtpu_codec.h"

#include <errno.h>
#include <string.h>

#define VERSION_MASK 0xe0
#define VERSION_1 0x20
#define FLAG_PT 0x10
#define FLAG_E 0x04
#define FLAG_S 0x02
#define FLAG_PN 0x01

#define MANDATORY_LEN 8
#define OPTIONAL_LEN 4
#define EXT_PDU_SESSION 0x85
#define EXT_UNIT 4
#define EXT_MAX 16

#define IE_RECOVERY 14
#define IE_TEID_DATA_I 16
#define IE_PEER_ADDRESS 133

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static size_t put_pdu_session(const struct gtpu_header *h, uint8_t *p)
{
	p[0] = 1;
	p[1] = (uint8_t)(h->pdu_type << 4);
	p[2] = h->qfi & 0x3f;
	p[3] = 0;
	return EXT_UNIT;
}

ssize_t gtpu_header_encode(const struct gtpu_header *h, size_t payload_len, uint8_t out[static GTPU_HEADER_MAX])
{
	size_t len = MANDATORY_LEN;

	out[0] = VERSION_1 | FLAG_PT | (h->has_pdu_session ? FLAG_E : 0) | (h->has_seq ? FLAG_S : 0) |
		 (h->has_npdu ? FLAG_PN : 0);
	out[1] = h->type;
	put32(out + 4, h->teid);
	if (out[0] & (FLAG_E | FLAG_S | FLAG_PN)) {
		put16(out + len, h->has_seq ? h->seq : 0);
		out[len + 2] = h->has_npdu ? h->npdu : 0;
		out[len + 3] = h->has_pdu_session ? EXT_PDU_SESSION : 0;
		len += OPTIONAL_LEN;
	}
	if (h->has_pdu_session)
		len += put_pdu_session(h, out + len);
	if (payload_len > UINT16_MAX - (len - MANDATORY_LEN))
		return -EMSGSIZE;
	put16(out + 2, (uint16_t)(len - MANDATORY_LEN + payload_len));
	return (ssize_t)len;
}

/* ext: the whole extension header, its length octet first. */
static int take_pdu_session(const uint8_t *ext, struct gtpu_header *h)
{
	if (h->has_pdu_session)
		return -EBADMSG;
	h->has_pdu_session = true;
	h->pdu_type = ext[1] >> 4;
	h->qfi = ext[2] & 0x3f;
	return 0;
}

/* Returns the offset behind the last extension header. */
static ssize_t walk_extensions(const uint8_t *p, size_t at, size_t end, uint8_t next, struct gtpu_header *h)
{
	for (unsigned i = 0; next; i++) {
		size_t size;

		if (i == EXT_MAX)
			return -ELOOP;
		size = at < end ? (size_t)p[at] * EXT_UNIT : 0;
		if (!size || size > end - at)
			return -EBADMSG;
		if (next == EXT_PDU_SESSION && take_pdu_session(p + at, h) < 0)
			return -EBADMSG;
		at += size;
		next = p[at - 1];
	}
	return (ssize_t)at;
}

static ssize_t take_optional(const uint8_t *p, size_t end, struct gtpu_header *h)
{
	size_t at = MANDATORY_LEN;

	if (!(p[0] & (FLAG_E | FLAG_S | FLAG_PN)))
		return (ssize_t)at;
	if (end < at + OPTIONAL_LEN)
		return -EBADMSG;
	h->has_seq = p[0] & FLAG_S;
	h->seq = h->has_seq ? get16(p + at) : 0;
	h->has_npdu = p[0] & FLAG_PN;
	h->npdu = h->has_npdu ? p[at + 2] : 0;
	if (!(p[0] & FLAG_E))
		return (ssize_t)at + OPTIONAL_LEN;
	return walk_extensions(p, at + OPTIONAL_LEN, end, p[at + 3], h);
}

int gtpu_decode(const void *datagram, size_t len, struct gtpu_message *ret)
{
	const uint8_t *p = datagram;
	ssize_t at;

	*ret = (struct gtpu_message){};
	if (len < MANDATORY_LEN)
		return -EBADMSG;
	if ((p[0] & VERSION_MASK) != VERSION_1 || !(p[0] & FLAG_PT))
		return -EPROTO;
	if ((size_t)get16(p + 2) + MANDATORY_LEN != len)
		return -EBADMSG;
	ret->header.type = p[1];
	ret->header.teid = get32(p + 4);
	at = take_optional(p, len, &ret->header);
	if (at < 0)
		return (int)at;
	ret->payload = p + at;
	ret->payload_len = len - (size_t)at;
	return 0;
}

static size_t put_message(const struct gtpu_header *h, const uint8_t *ies, size_t ies_len, uint8_t *out)
{
	size_t at = (size_t)gtpu_header_encode(h, ies_len, out);

	memcpy(out + at, ies, ies_len);
	return at + ies_len;
}

size_t gtpu_echo_request(uint16_t seq, uint8_t out[static GTPU_MESSAGE_MAX])
{
	struct gtpu_header h = {.type = GTPU_ECHO_REQUEST, .has_seq = true, .seq = seq};

	return (size_t)gtpu_header_encode(&h, 0, out);
}

size_t gtpu_echo_response(uint16_t seq, uint8_t out[static GTPU_MESSAGE_MAX])
{
	struct gtpu_header h = {.type = GTPU_ECHO_RESPONSE, .has_seq = true, .seq = seq};
	/* The restart counter is unused by GTP-U and shall be 0 (TS 29.281 8.2). */
	static const uint8_t recovery[] = {IE_RECOVERY, 0};

	return put_message(&h, recovery, sizeof(recovery), out);
}

size_t gtpu_end_marker(uint32_t teid, uint8_t out[static GTPU_MESSAGE_MAX])
{
	struct gtpu_header h = {.type = GTPU_END_MARKER, .teid = teid};

	return (size_t)gtpu_header_encode(&h, 0, out);
}

size_t gtpu_error_indication(uint32_t teid, const struct addr *peer, uint8_t out[static GTPU_MESSAGE_MAX])
{
	struct gtpu_header h = {.type = GTPU_ERROR_INDICATION, .has_seq = true};
	size_t skip = addr_is_v4(peer) ? 12 : 0;
	size_t addr_len = sizeof(peer->b) - skip;
	uint8_t ies[5 + 3 + sizeof(peer->b)] = {IE_TEID_DATA_I, [5] = IE_PEER_ADDRESS};

	put32(ies + 1, teid);
	put16(ies + 6, (uint16_t)addr_len);
	memcpy(ies + 8, peer->b + skip, addr_len);
	return put_message(&h, ies, 8 + addr_len, out);
}

static int take_peer(const uint8_t *value, size_t len, struct addr *ret)
{
	uint32_t v4;

	if (len == sizeof(ret->b)) {
		memcpy(ret->b, value, len);
		return 0;
	}
	if (len != sizeof(v4))
		return -EBADMSG;
	memcpy(&v4, value, sizeof(v4));
	*ret = addr_from_v4(v4);
	return 0;
}

/* The two elements are mandatory and stand in the order of their types. */
int gtpu_error_indication_decode(const struct gtpu_message *m, uint32_t *ret_teid, struct addr *ret_peer)
{
	const uint8_t *p = m->payload;
	size_t len;

	if (m->header.type != GTPU_ERROR_INDICATION || m->payload_len < 8 || p[0] != IE_TEID_DATA_I ||
	    p[5] != IE_PEER_ADDRESS)
		return -EBADMSG;
	len = get16(p + 6);
	if (len > m->payload_len - 8 || take_peer(p + 8, len, ret_peer) < 0)
		return -EBADMSG;
	*ret_teid = get32(p + 1);
	return 0;
}
