/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lab's encoder, read back by tshark: a capture of raw IPv4 packets, written here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtpu_codec.h"

#define LINKTYPE_IPV4 228
#define UDP_AT 20
#define MESSAGE_AT 28

static const uint8_t inner[28] = {0x45, 0, 0,  28, 0, 0, 0,    0, 64, 17, 0, 0, 10, 60,
				  0,	1, 10, 70, 0, 2, 0xc0, 0, 0,  9,  0, 8, 0,  0};

struct capture {
	FILE *file;
	char path[32];
};

static void put_packet(struct capture *c, const uint8_t *message, size_t len)
{
	uint8_t head[MESSAGE_AT] = {0x45, [8] = 64, 17, [12] = 10, 100, 1, 2, 10, 100, 1, 1};
	uint32_t record[4] = {0, 0, (uint32_t)(MESSAGE_AT + len), (uint32_t)(MESSAGE_AT + len)};

	head[3] = (uint8_t)(MESSAGE_AT + len);
	head[UDP_AT] = head[UDP_AT + 2] = GTPU_PORT >> 8;
	head[UDP_AT + 1] = head[UDP_AT + 3] = GTPU_PORT & 0xff;
	head[UDP_AT + 5] = (uint8_t)(8 + len);
	assert_int_equal(fwrite(record, sizeof(record), 1, c->file), 1);
	assert_int_equal(fwrite(head, sizeof(head), 1, c->file), 1);
	assert_int_equal(fwrite(message, len, 1, c->file), 1);
}

static void put_g_pdu(struct capture *c, const struct gtpu_header *h)
{
	uint8_t out[GTPU_HEADER_MAX + sizeof(inner)];
	ssize_t len = gtpu_header_encode(h, sizeof(inner), out);

	assert_true(len > 0);
	memcpy(out + len, inner, sizeof(inner));
	put_packet(c, out, (size_t)len + sizeof(inner));
}

static void put_messages(struct capture *c)
{
	uint8_t out[GTPU_MESSAGE_MAX];
	struct addr peer;

	put_g_pdu(c, &(struct gtpu_header){.type = GTPU_G_PDU,
					   .teid = 0x10001,
					   .has_pdu_session = true,
					   .pdu_type = GTPU_PDU_UPLINK,
					   .qfi = 63});
	put_g_pdu(c, &(struct gtpu_header){.type = GTPU_G_PDU,
					   .teid = 0xfffffffe,
					   .has_pdu_session = true,
					   .has_seq = true,
					   .seq = 0xabcd,
					   .pdu_type = GTPU_PDU_DOWNLINK,
					   .qfi = 1});
	put_g_pdu(c, &(struct gtpu_header){.type = GTPU_G_PDU, .teid = 7});
	put_g_pdu(c, &(struct gtpu_header){.type = GTPU_G_PDU, .teid = 8, .has_npdu = true, .npdu = 5});
	put_packet(c, out, gtpu_echo_request(258, out));
	put_packet(c, out, gtpu_echo_response(258, out));
	put_packet(c, out, gtpu_end_marker(0x20001, out));
	assert_int_equal(addr_parse("10.100.1.2", &peer), 0);
	put_packet(c, out, gtpu_error_indication(0x20001, &peer, out));
	assert_int_equal(addr_parse("fd00::1", &peer), 0);
	put_packet(c, out, gtpu_error_indication(0x20002, &peer, out));
}

static const char expected[] = "0xff|0x00010001|||1|63|10.100.1.2,10.60.0.1|\n"
			       "0xff|0xfffffffe|0xabcd||0|1|10.100.1.2,10.60.0.1|\n"
			       "0xff|0x00000007|||||10.100.1.2,10.60.0.1|\n"
			       "0xff|0x00000008||0x05|||10.100.1.2,10.60.0.1|\n"
			       "0x01|0x00000000|0x0102||||10.100.1.2|\n"
			       "0x02|0x00000000|0x0102||||10.100.1.2|\n"
			       "0xfe|0x00020001|||||10.100.1.2|\n"
			       "0x1a|0x00000000|0x0000||||10.100.1.2|0x00020001\n"
			       "0x1a|0x00000000|0x0000||||10.100.1.2|0x00020002\n";

static void run_tshark(const char *path, const char *arguments, char *out, size_t size)
{
	char command[512];
	FILE *p;
	size_t n;

	snprintf(command, sizeof(command), "tshark -n -r %s %s 2>/dev/null", path, arguments);
	p = popen(command, "r");
	assert_non_null(p);
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	assert_int_equal(pclose(p), 0);
}

static void test_tshark_reads_what_is_encoded(void **state)
{
	static const uint32_t file_head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, LINKTYPE_IPV4};
	struct capture c = {.path = "/tmp/lab_gtpu.XXXXXX"};
	char out[8192];

	if (system("command -v tshark >/dev/null 2>&1")) {
		printf("# skip: tshark is not installed\n");
		skip();
	}
	c.file = fdopen(mkstemp(c.path), "wb");
	assert_non_null(c.file);
	assert_int_equal(fwrite(file_head, sizeof(file_head), 1, c.file), 1);
	put_messages(&c);
	assert_int_equal(fclose(c.file), 0);
	run_tshark(c.path,
		   "-T fields -E separator='|' -e gtp.message -e gtp.teid -e gtp.seq_number "
		   "-e gtp.npdu_number -e gtp.ext_hdr.pdu_ses_con.pdu_type "
		   "-e gtp.ext_hdr.pdu_ses_con.qos_flow_id -e ip.src -e gtp.teid_data",
		   out, sizeof(out));
	assert_string_equal(out, expected);
	run_tshark(c.path, "-Y _ws.malformed", out, sizeof(out));
	assert_string_equal(out, "");
	unlink(c.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tshark_reads_what_is_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
