/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text of /proc/gtp5g/pdr, and which questions the module can answer safely. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gtp5g_counters.h"

/* Of gtp5g 0.10.2. */
static const char text[] = "PDR: \n"
			   "\t SEID : 8193\n"
			   "\t ID : 2\n"
			   "\t Precedence: 255\n"
			   "\t OHR: 0\n"
			   "\t Role Addr4: 0.0.0.0(00000000)\n"
			   "\t PDI UE Addr4: 10.60.0.99(0x0a3c0063)\n"
			   "\t PDI TEID: 0x000300\n"
			   "\t PDU GTPU Addr4: 10.100.1.1(0x0a640101)\n"
			   "\t FAR ID: 7\n"
			   "\t QER IDs: 0x1, \n"
			   "\t URR IDs: \n"
			   "\t UL Drop Count: 0xf\n"
			   "\t DL Drop Count: 0\n"
			   "\t UL Packet Count: 3\n"
			   "\t DL Packet Count: 4\n"
			   "\t UL Byte Count: 5\n"
			   "\t DL Byte Count: 18446744073709551615\n";

static void a_pdr(void **state)
{
	struct gtp5g_pdr_text t;

	assert_int_equal(gtp5g_pdr_text_parse(text, &t), 0);
	assert_int_equal(t.seid, 8193);
	assert_int_equal(t.id, 2);
	assert_int_equal(t.ue, inet_addr("10.60.0.99"));
	assert_int_equal(t.teid, 0x300);
	assert_int_equal(t.counts.ul_drops, 15);
	assert_int_equal(t.counts.dl_drops, 0);
	assert_int_equal(t.counts.ul_packets, 3);
	assert_int_equal(t.counts.dl_packets, 4);
	assert_int_equal(t.counts.ul_bytes, 5);
	assert_true(t.counts.dl_bytes == UINT64_MAX);
}

static void what_lacks_a_line_is_refused(void **state)
{
	static const char *const lines[] = {"\t SEID",	     "\t ID",		"PDI UE Addr4", "PDI TEID",
					    "UL Drop Count", "DL Packet Count", "UL Byte Count"};
	struct gtp5g_pdr_text t;
	char other[sizeof(text)];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		memcpy(other, text, sizeof(text));
		strstr(other, lines[i])[1] = 'x';
		assert_int_equal(gtp5g_pdr_text_parse(other, &t), -EPROTO);
	}
	for (size_t len = 0; len < strlen(text) - 22; len++) {
		memcpy(other, text, len);
		other[len] = '\0';
		assert_int_equal(gtp5g_pdr_text_parse(other, &t), -EPROTO);
	}
	assert_int_equal(gtp5g_pdr_text_parse("Given PDR ID does not exists\n", &t), -EPROTO);
}

/* It writes its QERs, and its URRs, into 64 bytes. */
static void long_lists_are_not_asked_for(void **state)
{
	struct gtp5g_rule pdr = {.kind = GTP5G_RULE_PDR};

	for (; pdr.pdr.qers.n < 12; pdr.pdr.qers.n++)
		pdr.pdr.qers.ids[pdr.pdr.qers.n] = 1;
	assert_true(gtp5g_pdr_text_fits(&pdr)); /* 12 times "0x1, " */
	pdr.pdr.qers.ids[0] = 0x11111;
	assert_false(gtp5g_pdr_text_fits(&pdr));
	pdr.pdr.qers.n = 0;
	pdr.pdr.urrs.n = GTP5G_IDS_MAX;
	assert_false(gtp5g_pdr_text_fits(&pdr));
	pdr.pdr.urrs.n = 0;
	pdr.pdr.qers.left_out = 1;
	assert_false(gtp5g_pdr_text_fits(&pdr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pdr),
		cmocka_unit_test(what_lacks_a_line_is_refused),
		cmocka_unit_test(long_lists_are_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
