/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the lab's programs read and write besides GTP-U. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "dn.h"
#include "inner.h"
#include "rls.h"
#include "traffic.h"

/* Octets as UERANSIM 3.2.7 sends them (src/lib/rls/rls_pdu.cpp). */
static const uint8_t heartbeat[25] = {3, 3, 2, 7, 4, 0, 0, 0, 0, 0, 0, 0x12, 0x34};
static const uint8_t pdu[] = {3, 3, 2, 7, 6, 0, 0, 0, 0, 0, 0, 0,   5,	 2,  0,
			      0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 3, 'a', 'b', 'c'};

static void test_rls_encodes(void **state)
{
	struct rls_message beat = {.type = RLS_HEARTBEAT, .sti = 0x1234};
	struct rls_message data = {.type = RLS_PDU, .sti = 5, .pdu_id = 9, .psi = 1, .pdu_len = 3};
	uint8_t out[RLS_HEADER_MAX];

	assert_int_equal(rls_header_encode(&beat, out), sizeof(heartbeat));
	assert_memory_equal(out, heartbeat, sizeof(heartbeat));
	assert_int_equal(rls_header_encode(&data, out), sizeof(pdu) - 3);
	assert_memory_equal(out, pdu, sizeof(pdu) - 3);
}

static void test_rls_decodes(void **state)
{
	struct rls_message m;

	assert_int_equal(rls_decode(heartbeat, sizeof(heartbeat), &m), 0);
	assert_int_equal(m.type, RLS_HEARTBEAT);
	assert_int_equal(m.sti, 0x1234);
	assert_int_equal(rls_decode(pdu, sizeof(pdu), &m), 0);
	assert_int_equal(m.sti, 5);
	assert_int_equal(m.pdu_id, 9);
	assert_int_equal(m.psi, 1);
	assert_int_equal(m.pdu_len, 3);
	assert_memory_equal(m.pdu, "abc", 3);
}

static void test_rls_acknowledges(void **state)
{
	struct rls_message ack = {.type = RLS_HEARTBEAT_ACK, .sti = 2}, m;
	uint8_t out[RLS_HEADER_MAX];
	size_t len = rls_header_encode(&ack, out);

	assert_int_equal(len, 17);
	assert_int_equal(rls_decode(out, len, &m), 0);
	assert_int_equal(m.type, RLS_HEARTBEAT_ACK);
}

static void test_rls_refuses(void **state)
{
	struct rls_message m;
	uint8_t other[sizeof(pdu)];

	for (size_t len = 0; len < sizeof(pdu); len++)
		assert_int_equal(rls_decode(pdu, len, &m), -EBADMSG);
	memcpy(other, pdu, sizeof(pdu));
	other[13] = 1; /* RRC */
	assert_int_equal(rls_decode(other, sizeof(other), &m), -EBADMSG);
	other[13] = 2;
	other[22] = 0xff; /* a length beyond the datagram */
	assert_int_equal(rls_decode(other, sizeof(other), &m), -EBADMSG);
	other[0] = 1;
	assert_int_equal(rls_decode(other, sizeof(other), &m), -EBADMSG);
}

static void check_inner(const uint8_t *packet, size_t len, const char *src, const char *dst, uint8_t dscp)
{
	char text[ADDR_TEXT_MAX];
	struct inner in;

	assert_int_equal(inner_parse(packet, len - 1, &in), -EBADMSG);
	assert_int_equal(inner_parse(packet, len, &in), 0);
	assert_string_equal(addr_format(&in.src, text), src);
	assert_string_equal(addr_format(&in.dst, text), dst);
	assert_int_equal(in.dscp, dscp);
}

static void test_inner_packets(void **state)
{
	/* scapy: IP(src="10.60.0.1", dst="10.70.0.2", tos=46 << 2, proto=59),
	 * IPv6(src="fd00:60:0:1::1", dst="fd00:70::2", tc=46 << 2 | 1, fl=0xabcde) */
	static const uint8_t v4[] = {0x45, 0xb8, 0,  0x14, 0, 1, 0,  0,	 0x40, 0x3b,
				     0x65, 0x72, 10, 60,   0, 1, 10, 70, 0,    2};
	static const uint8_t v6[40] = {0x6b, 0x9a, 0xbc, 0xde, 0, 0, 59,       64,	    0xfd,	 0,
				       0,    0x60, 0,	 0,    0, 1, [23] = 1, [24] = 0xfd, [27] = 0x70, [39] = 2};
	struct inner in;

	check_inner(v4, sizeof(v4), "10.60.0.1", "10.70.0.2", 46);
	check_inner(v6, sizeof(v6), "fd00:60:0:1::1", "fd00:70::2", 46);
	assert_int_equal(inner_parse("\x55", 1, &in), -EBADMSG);
	assert_int_equal(inner_parse("", 0, &in), -EBADMSG);
}

static void test_pattern_is_one_stream(void **state)
{
	_cleanup_free_ struct dn_pattern *p = malloc(sizeof(*p));
	const uint64_t far = 1ULL << 40;

	assert_non_null(p);
	dn_pattern_init(p);
	for (uint64_t at = 0; at < 1000; at++) {
		const uint8_t *here = dn_pattern_at(p, far + at);

		assert_int_equal(here[0], (far + at) % DN_PATTERN_PERIOD);
		assert_memory_equal(here + 1, dn_pattern_at(p, far + at + 1), DN_PATTERN_CHUNK - 1);
	}
}

static void test_traffic_options(void **state)
{
	struct lab_traffic_options o;
	struct err err = {};

	lab_traffic_defaults(&o);
	assert_int_equal(o.duration_ns, 10000000000);
	assert_int_equal(lab_traffic_option(&o, "duration", "7", &err), 0);
	assert_int_equal(o.duration_ns, 7000000000);
	assert_int_equal(lab_traffic_option(&o, "duration", "2m", &err), 0);
	assert_int_equal(o.duration_ns, 120000000000);
	assert_int_equal(lab_traffic_option(&o, "download", "256KB", &err), 0);
	assert_int_equal(o.download_bytes, 256 << 10);
	assert_int_equal(lab_traffic_option(&o, "download", "100M", &err), 0);
	assert_int_equal(o.download_bytes, 100 << 20);
	assert_int_equal(lab_traffic_option(&o, "malformed", "short,chain", &err), 0);
	assert_int_equal(o.malformed, 1 << LAB_MALFORMED_SHORT | 1 << LAB_MALFORMED_CHAIN);
	assert_int_equal(lab_traffic_option(&o, "malformed", "all", &err), 0);
	assert_int_equal(o.malformed, LAB_MALFORMED_ALL);
	assert_int_equal(lab_traffic_option(&o, "family", "6", &err), 0);
	assert_int_equal(o.family, LAB_FAMILY_IPV6);
	assert_int_equal(lab_traffic_option(&o, "o", "json", &err), 0);
	assert_true(o.json);
}

static void test_traffic_options_refused(void **state)
{
	static const char *const bad[][2] = {
		{"count", ""},
		{"count", "-1"},
		{"count", "5x"},
		{"count", "1k"},
		{"count", "99999999999999999999"},
		{"download", "1kk"},
		{"download", "9999G"},
		{"download", "M"},
		{"malformed", ""},
		{"malformed", "long"},
		{"malformed", "short;chain"},
		{"family", "5"},
		{"o", "yaml"},
		{"ue", "201"},
		{"ue", "0"},
		{"ue", "010"},
		{"rate", "0"},
		{"count", "0"},
		{"duration", "0"},
		{"duration", "86401"},
		{"duration", "1e9"},
	};
	struct lab_traffic_options o;
	struct err err;

	lab_traffic_defaults(&o);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err.text[0] = '\0';
		assert_int_equal(lab_traffic_option(&o, bad[i][0], bad[i][1], &err), -EINVAL);
		assert_non_null(strstr(err.text, bad[i][0]));
	}
	assert_int_equal(lab_traffic_option(&o, "speed", "1", &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rls_encodes),	 cmocka_unit_test(test_rls_decodes),
		cmocka_unit_test(test_rls_acknowledges), cmocka_unit_test(test_rls_refuses),
		cmocka_unit_test(test_inner_packets),	 cmocka_unit_test(test_pattern_is_one_stream),
		cmocka_unit_test(test_traffic_options),	 cmocka_unit_test(test_traffic_options_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
