/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counted keys of the gtpu probe to rows: what is known is told, what is not is absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtpu/gtpu_run.h"

static void keep(void *data, const struct event *e)
{
	event_to_json(e, "", 0, data);
}

static void set_address(__u8 to[16], const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	memcpy(to, a.b, sizeof(a.b));
}

static void tells(const struct buf *out, const char *text)
{
	if (!strstr(out->data, text))
		fail_msg("%s is not in %s", text, out->data);
}

static void a_session_with_everything(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct gtpu_session_key k = {.seid = 0x11,
				     .teid = 78,
				     .far_id = 3,
				     .qer_id = 4,
				     .pdr_id = 2,
				     .far_action = 2,
				     .path = GTPU_PATH_GTP5G_UPLINK,
				     .verdict = GTPU_DROPPED,
				     .reason = GTPU_QER_RED,
				     .color = GTPU_RED,
				     .qfi = 9,
				     .rule_qfi = 8,
				     .has = GTPU_HAS_PDR | GTPU_HAS_FAR | GTPU_HAS_QER | GTPU_HAS_RULE_QFI,
				     .is = GTPU_IS_TUNNEL | GTPU_IS_QFI | GTPU_IS_PEER | GTPU_IS_UE};
	struct gtpu_session counted = {.packets = 5, .bytes = 500};

	set_address(counted.peer, "10.0.0.2");
	set_address(k.ue, "10.60.0.1");
	gtpu_session_row(&k, &counted, "upf", keep, &out);
	tells(&out, "\"event\":\"session\",\"netns\":\"upf\",\"direction\":\"uplink\","
		    "\"gtp\":{\"teid\":78,\"qfi\":9},\"outer\":{\"src\":\"10.0.0.2\"},"
		    "\"inner\":{\"src\":\"10.60.0.1\"},\"seid\":\"17\",\"pdr_id\":2,\"far_id\":3,"
		    "\"far_action\":2,\"qer_id\":4,\"rule_qfi\":8,\"verdict\":\"dropped\","
		    "\"reason\":\"qer_red\",\"color\":\"red\",\"function\":\"gtp5g_encap_recv\","
		    "\"func_id\":3,\"packets\":5,\"bytes\":500}");
}

static void the_downlink_ends_at_the_peer(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct gtpu_session_key k = {.path = GTPU_PATH_GTP_DOWNLINK,
				     .verdict = GTPU_FORWARDED,
				     .teid = 87,
				     .is = GTPU_IS_TUNNEL | GTPU_IS_PEER | GTPU_IS_UE | GTPU_IS_DOWNLINK};

	set_address(k.peer, "fd00::2");
	set_address(k.ue, "2001:db8::1");
	gtpu_session_row(&k, &(struct gtpu_session){.packets = 1, .bytes = 60}, NULL, keep, &out);
	tells(&out, "\"event\":\"session\",\"direction\":\"downlink\",\"gtp\":{\"teid\":87},"
		    "\"outer\":{\"dst\":\"fd00::2\"},\"inner\":{\"dst\":\"2001:db8::1\"},"
		    "\"verdict\":\"forwarded\",\"function\":\"gtp_dev_xmit\"");
}

static void a_upf_receives_the_downlink_on_n9(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct gtpu_session_key k = {.path = GTPU_PATH_GTP5G_UPLINK,
				     .verdict = GTPU_FORWARDED_N9,
				     .is = GTPU_IS_PEER | GTPU_IS_UE | GTPU_IS_DOWNLINK};
	struct gtpu_session counted = {.packets = 1, .bytes = 60};

	set_address(counted.peer, "10.1.0.2");
	set_address(k.ue, "10.60.0.1");
	gtpu_session_row(&k, &counted, NULL, keep, &out);
	tells(&out, "\"direction\":\"downlink\",\"outer\":{\"src\":\"10.1.0.2\"},"
		    "\"inner\":{\"dst\":\"10.60.0.1\"},\"verdict\":\"forwarded_n9\","
		    "\"function\":\"gtp5g_encap_recv\"");
}

static void what_is_not_known_is_absent(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct gtpu_session_key k = {
		.path = GTPU_PATH_GTP5G_UPLINK, .verdict = GTPU_DROPPED, .reason = GTPU_MALFORMED_SHORT};

	gtpu_session_row(&k, &(struct gtpu_session){.packets = 1, .bytes = 12}, NULL, keep, &out);
	tells(&out, "\"event\":\"session\",\"direction\":\"uplink\",\"verdict\":\"dropped\","
		    "\"reason\":\"malformed_short\",\"function\":\"gtp5g_encap_recv\",\"func_id\":3,"
		    "\"packets\":1,\"bytes\":12}");
}

static void who_was_on_the_cpu(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct gtpu_context_key k = {.tid = 11, .tgid = 10, .func_id = POLICE_PACKET, .context = CONTEXT_SOFTIRQ};
	struct gtpu_context c = {.calls = 7};

	memset(c.comm, 'x', sizeof(c.comm)); /* without an end */
	gtpu_context_row(&k, &c, 3, keep, &out);
	tells(&out, "\"event\":\"context\",\"cpu\":3,\"pid\":11,\"tgid\":10,"
		    "\"comm\":\"xxxxxxxxxxxxxxx\",\"context\":\"softirq\","
		    "\"function\":\"policePacket\",\"func_id\":9,\"packets\":7}");
}

static void nobody_knows_the_function(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};

	gtpu_context_row(&(struct gtpu_context_key){.func_id = 63}, &(struct gtpu_context){1, ""}, 0, keep, &out);
	assert_int_equal(out.len, 0);
}

static void every_span_is_a_hooked_function(void **state)
{
	for (uint32_t path = 0; path < GTPU_PATHS; path++)
		for (uint32_t span = 0; span < GTPU_SPAN_CALLS; span++)
			assert_non_null(gtpu_function_name(gtpu_span_func(path, span)));
	assert_int_equal(gtpu_span_func(GTPU_PATH_GTP_UPLINK, GTPU_SPAN_HANDLE), GTP_RX);
	assert_int_equal(gtpu_span_func(GTPU_PATH_GTP5G_UPLINK, GTPU_SPAN_CALLS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_with_everything),
		cmocka_unit_test(the_downlink_ends_at_the_peer),
		cmocka_unit_test(a_upf_receives_the_downlink_on_n9),
		cmocka_unit_test(what_is_not_known_is_absent),
		cmocka_unit_test(who_was_on_the_cpu),
		cmocka_unit_test(nobody_knows_the_function),
		cmocka_unit_test(every_span_is_a_hooked_function),
	};

	return cmocka_run_group_tests_name("gtpu rows", tests, NULL, NULL);
}
