/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The vectors were made once with scapy 2.5.0 (scapy.contrib.gtp), for example
 *   GTP_U_Header(teid=0x10001, E=1, next_ex=0x85) / GTPPDUSessionContainer(type=1, QFI=9) / inner
 * with inner = IP(src="10.60.0.1", dst="10.70.0.2", id=1) / UDP(sport=1000, dport=5002) / b"teide".
 * scapy numbers the restart counter at will; the echo response here carries the 0 of TS 29.281. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtpu_codec.h"

#define INNER                                                                                                          \
	"\x45\x00\x00\x21\x00\x01\x00\x00\x40\x11\x66\x47\x0a\x3c\x00\x01\x0a\x46\x00\x02\x03\xe8"                     \
	"\x13\x8a\x00\x0d\x91\x13\x74\x65\x69\x64\x65"
/* clang-format off */
#define BYTES(s) {s, sizeof(s) - 1}
/* clang-format on */

struct bytes {
	const char *data;
	size_t len;
};

static const struct bytes inner = BYTES(INNER);

static const struct {
	struct bytes wire;
	struct gtpu_header header;
} g_pdus[] = {
	{BYTES("\x34\xff\x00\x29\x00\x01\x00\x01\x00\x00\x00\x85\x01\x10\x09\x00" INNER),
	 {.type = GTPU_G_PDU, .teid = 0x10001, .has_pdu_session = true, .pdu_type = GTPU_PDU_UPLINK, .qfi = 9}},
	{BYTES("\x34\xff\x00\x29\x00\x02\x00\x01\x00\x00\x00\x85\x01\x00\x2e\x00" INNER),
	 {.type = GTPU_G_PDU, .teid = 0x20001, .has_pdu_session = true, .pdu_type = GTPU_PDU_DOWNLINK, .qfi = 46}},
	{BYTES("\x30\xff\x00\x21\x00\x01\x00\x01" INNER), {.type = GTPU_G_PDU, .teid = 0x10001}},
	{BYTES("\x32\xff\x00\x25\x00\x01\x00\x01\x12\x34\x00\x00" INNER),
	 {.type = GTPU_G_PDU, .teid = 0x10001, .has_seq = true, .seq = 0x1234}},
};

static void assert_header(const struct gtpu_header *a, const struct gtpu_header *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->teid, b->teid);
	assert_int_equal(a->has_seq, b->has_seq);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->has_npdu, b->has_npdu);
	assert_int_equal(a->has_pdu_session, b->has_pdu_session);
	assert_int_equal(a->pdu_type, b->pdu_type);
	assert_int_equal(a->qfi, b->qfi);
}

static void test_encodes_g_pdus_as_scapy_does(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(g_pdus); i++) {
		uint8_t out[GTPU_HEADER_MAX];
		ssize_t len = gtpu_header_encode(&g_pdus[i].header, inner.len, out);

		assert_int_equal(len, g_pdus[i].wire.len - inner.len);
		assert_memory_equal(out, g_pdus[i].wire.data, (size_t)len);
	}
}

static void test_decodes_g_pdus_of_scapy(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(g_pdus); i++) {
		struct gtpu_message m;

		assert_int_equal(gtpu_decode(g_pdus[i].wire.data, g_pdus[i].wire.len, &m), 0);
		assert_header(&m.header, &g_pdus[i].header);
		assert_int_equal(m.payload_len, inner.len);
		assert_memory_equal(m.payload, inner.data, inner.len);
	}
}

/* GTPPDUSessionContainer(type=0, QFI=5, PPP=1, PPI=3): eight octets instead of four. */
static void test_decodes_a_longer_container(void **state)
{
	static const struct bytes wire = BYTES("\x34\xff\x00\x2d\x00\x02\x00\x01\x00\x00\x00\x85"
					       "\x02\x00\x85\x60\x00\x00\x00\x00" INNER);
	struct gtpu_message m;

	assert_int_equal(gtpu_decode(wire.data, wire.len, &m), 0);
	assert_true(m.header.has_pdu_session);
	assert_int_equal(m.header.qfi, 5);
	assert_int_equal(m.payload_len, inner.len);
}

static void test_skips_unknown_extensions(void **state)
{
	static const struct bytes wire = BYTES("\x34\xff\x00\x31\x00\x01\x00\x01\x00\x00\x00\xc3"
					       "\x02\x11\x22\x33\x44\x55\x66\x85\x01\x10\x07\x00" INNER);
	struct gtpu_message m;

	assert_int_equal(gtpu_decode(wire.data, wire.len, &m), 0);
	assert_int_equal(m.header.qfi, 7);
	assert_int_equal(m.payload_len, inner.len);
}

static void test_encodes_signalling(void **state)
{
	static const struct bytes request = BYTES("\x32\x01\x00\x04\x00\x00\x00\x00\x00\x07\x00\x00");
	static const struct bytes response = BYTES("\x32\x02\x00\x06\x00\x00\x00\x00\x00\x07\x00\x00\x0e\x00");
	static const struct bytes marker = BYTES("\x30\xfe\x00\x00\x00\x02\x00\x01");
	uint8_t out[GTPU_MESSAGE_MAX];

	assert_int_equal(gtpu_echo_request(7, out), request.len);
	assert_memory_equal(out, request.data, request.len);
	assert_int_equal(gtpu_echo_response(7, out), response.len);
	assert_memory_equal(out, response.data, response.len);
	assert_int_equal(gtpu_end_marker(0x20001, out), marker.len);
	assert_memory_equal(out, marker.data, marker.len);
}

static void test_error_indication_both_ways(void **state)
{
	static const struct bytes wire = BYTES("\x32\x1a\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00"
					       "\x10\x00\x02\x00\x01\x85\x00\x04\x0a\x64\x01\x02");
	uint8_t out[GTPU_MESSAGE_MAX];
	struct gtpu_message m;
	struct addr peer, back;
	uint32_t teid;

	assert_int_equal(addr_parse("10.100.1.2", &peer), 0);
	assert_int_equal(gtpu_error_indication(0x20001, &peer, out), wire.len);
	assert_memory_equal(out, wire.data, wire.len);
	assert_int_equal(gtpu_decode(out, wire.len, &m), 0);
	assert_int_equal(gtpu_error_indication_decode(&m, &teid, &back), 0);
	assert_int_equal(teid, 0x20001);
	assert_true(addr_equal(&peer, &back));
	m.payload_len--;
	assert_int_equal(gtpu_error_indication_decode(&m, &teid, &back), -EBADMSG);
}

static void test_refuses_malformed(void **state)
{
	static const struct {
		struct bytes wire;
		int r;
	} bad[] = {
		{BYTES(""), -EBADMSG},
		{BYTES("\x30\xff\x00\x00\x00\x00\x00"), -EBADMSG},
		{BYTES("\x50\xff\x00\x00\x00\x00\x00\x01"), -EPROTO},
		{BYTES("\x20\xff\x00\x00\x00\x00\x00\x01"), -EPROTO}, /* GTP' */
		{BYTES("\x30\xff\x00\x01\x00\x00\x00\x01"), -EBADMSG},
		{BYTES("\x30\xff\x00\x00\x00\x00\x00\x01\x45"), -EBADMSG},
		{BYTES("\x32\xff\x00\x03\x00\x00\x00\x01\x00\x01\x00"), -EBADMSG},
		{BYTES("\x34\xff\x00\x04\x00\x00\x00\x01\x00\x00\x00\x85"), -EBADMSG},
		{BYTES("\x34\xff\x00\x08\x00\x00\x00\x01\x00\x00\x00\x85\x00\x10\x09\x00"), -EBADMSG},
		{BYTES("\x34\xff\x00\x08\x00\x00\x00\x01\x00\x00\x00\x85\x02\x10\x09\x00"), -EBADMSG},
		{BYTES("\x34\xff\x00\x08\x00\x00\x00\x01\x00\x00\x00\x85\x01\x10\x09\x85"), -EBADMSG},
	};
	struct gtpu_message m;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(gtpu_decode(bad[i].wire.data, bad[i].wire.len, &m), bad[i].r);
}

static void test_bounds_the_chain(void **state)
{
	uint8_t wire[12 + 4 * 64] = {0x34, 0xff, (4 + 4 * 64) >> 8, (4 + 4 * 64) & 0xff, [11] = 0xc3};
	struct gtpu_message m;

	for (size_t at = 12; at < sizeof(wire); at += 4) {
		wire[at] = 1;
		wire[at + 3] = 0xc3;
	}
	assert_int_equal(gtpu_decode(wire, sizeof(wire), &m), -ELOOP);
}

static void test_every_truncation_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(g_pdus); i++) {
		for (size_t len = 0; len < g_pdus[i].wire.len; len++) {
			/* A heap copy of exact size: the address sanitizer sees a byte too far. */
			_cleanup_free_ uint8_t *copy = malloc(len ? len : 1);
			struct gtpu_message m;

			assert_non_null(copy);
			memcpy(copy, g_pdus[i].wire.data, len);
			assert_int_equal(gtpu_decode(copy, len, &m), -EBADMSG);
		}
	}
}

static void test_length_field_has_a_limit(void **state)
{
	struct gtpu_header h = {.type = GTPU_G_PDU, .has_pdu_session = true};
	uint8_t out[GTPU_HEADER_MAX];

	assert_int_equal(gtpu_header_encode(&h, 65527, out), 16);
	assert_int_equal(gtpu_header_encode(&h, 65528, out), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodes_g_pdus_as_scapy_does),
		cmocka_unit_test(test_decodes_g_pdus_of_scapy),
		cmocka_unit_test(test_decodes_a_longer_container),
		cmocka_unit_test(test_skips_unknown_extensions),
		cmocka_unit_test(test_encodes_signalling),
		cmocka_unit_test(test_error_indication_both_ways),
		cmocka_unit_test(test_refuses_malformed),
		cmocka_unit_test(test_bounds_the_chain),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_length_field_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
