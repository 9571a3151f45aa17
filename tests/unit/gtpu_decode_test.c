/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the gtpu ring to events: every field, absence, and bytes that nobody should trust. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "fake_root.h"
#include "gtpu/gtpu_run.h"

static void set_tuple(struct record_tuple *t, const char *src, const char *dst, uint16_t sport, uint16_t dport,
		      uint8_t proto)
{
	struct addr a;

	assert_int_equal(addr_parse(src, &a), 0);
	memcpy(t->src, a.b, sizeof(t->src));
	assert_int_equal(addr_parse(dst, &a), 0);
	memcpy(t->dst, a.b, sizeof(t->dst));
	t->sport = sport;
	t->dport = dport;
	t->ports = 1;
	t->proto = proto;
	t->family = addr_is_v4(&a) ? 4 : 6;
}

static struct gtpu_record uplink_exit(void)
{
	struct gtpu_record r = {
		.hdr = {.ts_ns = 5,
			.size = sizeof(r),
			.kind = GTPU_EXIT,
			.version = RECORD_VERSION,
			.flags = RECORD_TASK,
			.cpu = 1,
			.tid = 11,
			.tgid = 10,
			.context = CONTEXT_SOFTIRQ,
			.comm = "nr-gnb"},
		.duration_ns = 700,
		.netns = 4026531840,
		.len = 84,
		.ifindex = 3,
		.ret = -1,
		.func_id = GTP5G_ENCAP_RECV,
		.direction = GTPU_UPLINK,
		.has = GTPU_HAS_INTERFACE | GTPU_HAS_RETURN | GTPU_HAS_DURATION | GTPU_HAS_LEN,
		.interface = "n3",
		.gtp = {.teid = 78, .type = 255, .qfi = 9, .pdu_type = 1, .flags = RECORD_GTP | RECORD_GTP_QFI},
	};

	set_tuple(&r.outer, "10.0.0.2", "10.0.0.1", 2152, 2152, 17);
	set_tuple(&r.inner, "2001:db8::1", "2001:db8::2", 40000, 53, 17);
	return r;
}

static void decodes_to(const struct gtpu_record *r, const char *text)
{
	_cleanup_(buf_free) struct buf out = {0};
	char netns[GTPU_NETNS_MAX];
	struct event e;

	assert_int_equal(gtpu_record_decode(r, sizeof(*r), &e, netns), 0);
	event_to_json(&e, "", 0, &out);
	assert_non_null(strstr(out.data, text));
}

static void every_field(void **state)
{
	struct gtpu_record r = uplink_exit();

	decodes_to(&r, "\"probe\":\"gtpu\",\"event\":\"exit\",\"cpu\":1,\"pid\":11,\"tgid\":10,"
		       "\"comm\":\"nr-gnb\",\"context\":\"softirq\",\"netns\":\"4026531840\","
		       "\"interface\":\"n3\",\"ifindex\":3,\"direction\":\"uplink\",\"len\":84,"
		       "\"gtp\":{\"teid\":78,\"type\":255,\"qfi\":9},"
		       "\"outer\":{\"src\":\"10.0.0.2\",\"dst\":\"10.0.0.1\",\"sport\":2152,"
		       "\"dport\":2152,\"proto\":17},"
		       "\"inner\":{\"src\":\"2001:db8::1\",\"dst\":\"2001:db8::2\","
		       "\"sport\":40000,\"dport\":53,\"proto\":17},"
		       "\"function\":\"gtp5g_encap_recv\",\"func_id\":3,\"return\":-1,"
		       "\"duration_ns\":700}");
}

static void the_rules_and_what_became_of_it(void **state)
{
	struct gtpu_record r = uplink_exit();
	char netns[GTPU_NETNS_MAX];
	struct event e;

	r.has |= GTPU_HAS_PDR | GTPU_HAS_FAR | GTPU_HAS_QER | GTPU_HAS_RULE_QFI;
	r.seid = 0x11;
	r.pdr_id = 2;
	r.far_id = 3;
	r.far_action = 1;
	r.qer_id = 4;
	r.rule_qfi = 5;
	r.verdict = GTPU_DROPPED;
	r.reason = GTPU_FAR_DROP;
	decodes_to(&r, "\"seid\":\"17\",\"pdr_id\":2,\"far_id\":3,\"far_action\":1,\"qer_id\":4,"
		       "\"rule_qfi\":5,\"verdict\":\"dropped\",\"reason\":\"far_drop\"");
	r = uplink_exit();
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), 0);
	assert_false(event_has(&e, F_SEID));
	assert_false(event_has(&e, F_FAR_ID));
	assert_false(event_has(&e, F_QER_ID));
	assert_false(event_has(&e, F_RULE_QFI));
	assert_false(event_has(&e, F_VERDICT));
	assert_false(event_has(&e, F_REASON));
	assert_false(event_has(&e, F_COLOR));
	assert_false(event_has(&e, F_STAGE_PARSE_NS));
}

static void how_long_each_stage_took(void **state)
{
	struct gtpu_record r = uplink_exit();

	r.color = GTPU_YELLOW;
	r.stage_ns[GTPU_PARSE] = 100;
	r.stage_ns[GTPU_APPLY] = UINT32_MAX;
	decodes_to(&r, "\"color\":\"yellow\",\"function\":\"gtp5g_encap_recv\",\"func_id\":3,"
		       "\"return\":-1,\"stages\":{\"parse_ns\":100,\"apply_ns\":4294967295},"
		       "\"duration_ns\":700}");
}

/* gtp5g before 0.9.2 has no gate in its PDR and other return values; an unknown version has no
 * places. */
static void the_version_places_the_rules(void **state)
{
	struct module_facts m = {.loaded = true, .version = "0.9.1"};
	struct gtpu_layout l;
	char why[PLAN_REASON_MAX];

	assert_string_equal(gtpu_layout_find(&m, "", &l, why, NULL), "offsets");
	assert_int_equal(l.pdr_seid, 48);
	assert_int_equal(l.pdr_ul_dl_gate, GTPU_NOWHERE);
	assert_int_equal(l.qer_ul_dl_gate, 28);
	assert_int_equal(l.pdr_urr_num, 128);
	assert_int_equal(gtpu_codes_of(m.version), GTPU_CODES_FAR_ACTION);
	snprintf(m.version, sizeof(m.version), "0.9.2");
	assert_string_equal(gtpu_layout_find(&m, "", &l, why, NULL), "offsets");
	assert_int_equal(l.pdr_ul_dl_gate, 120);
	assert_int_equal(l.qer_ul_dl_gate, GTPU_NOWHERE);
	assert_int_equal(l.pdr_urr_num, 136);
	assert_int_equal(gtpu_codes_of(m.version), GTPU_CODES_VERDICT);
	/* Before 0.8.9 no gate counts. */
	snprintf(m.version, sizeof(m.version), "0.8.8");
	assert_string_equal(gtpu_layout_find(&m, "", &l, why, NULL), "offsets");
	assert_int_equal(l.pdr_qer_with_rate, 112);
	assert_int_equal(l.qer_ul_dl_gate, GTPU_NOWHERE);
	snprintf(m.version, sizeof(m.version), "0.10.3");
	assert_string_equal(gtpu_layout_find(&m, "", &l, why, NULL), "skip");
	assert_int_equal(l.pdr_seid, GTPU_NOWHERE);
	assert_non_null(strstr(why, "0.10.3"));
	m.version[0] = '\0';
	assert_string_equal(gtpu_layout_find(&m, "", &l, why, NULL), "skip");
	assert_int_equal(gtpu_codes_of(m.version), GTPU_CODES_UNKNOWN);
}

static void a_filter_needs_an_address_and_exits(void **state)
{
	struct gtpu_options o = {.exit = true, .ue = ""};
	struct gtpu_filter f;
	struct err err;

	assert_int_equal(gtpu_filter_make(&o, &f, &err), 0);
	assert_false(f.on);
	o.ue = "10.60.0.1";
	assert_int_equal(gtpu_filter_make(&o, &f, &err), 0);
	assert_true(f.on && f.by_ue);
	o.exit = false;
	assert_int_equal(gtpu_filter_make(&o, &f, &err), -EINVAL);
	o = (struct gtpu_options){.exit = true, .ue = "ue1"};
	assert_int_equal(gtpu_filter_make(&o, &f, &err), -EINVAL);
	assert_non_null(strstr(err.text, "ue1"));
}

static void the_unknown_is_absent(void **state)
{
	struct gtpu_record r = uplink_exit();
	char netns[GTPU_NETNS_MAX];
	struct event e;

	r.hdr.kind = GTPU_ENTRY;
	r.hdr.context = CONTEXT_UNKNOWN;
	r.direction = GTPU_DOWNLINK;
	r.func_id = GTP_DEV_XMIT;
	r.has = 0;
	r.gtp = (struct record_gtp){0};
	r.outer = (struct record_tuple){0};
	r.inner.ports = 0;
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), 0);
	assert_false(event_has(&e, F_CONTEXT));
	assert_false(event_has(&e, F_GTP_TEID));
	assert_false(event_has(&e, F_GTP_QFI));
	assert_false(event_has(&e, F_OUTER_SRC));
	assert_false(event_has(&e, F_OUTER_DPORT));
	assert_false(event_has(&e, F_INNER_SPORT));
	assert_false(event_has(&e, F_LEN));
	assert_false(event_has(&e, F_RETURN));
	assert_false(event_has(&e, F_DURATION_NS));
	assert_false(event_has(&e, F_INTERFACE));
	assert_true(event_has(&e, F_INNER_DST));
	decodes_to(&r, "\"direction\":\"downlink\",\"inner\":{\"src\":\"2001:db8::1\","
		       "\"dst\":\"2001:db8::2\",\"proto\":17},\"function\":\"gtp_dev_xmit\"");
}

/* A receiver may be a gNB or the far end of N9: its packets go the other way. */
static void the_container_tells_the_direction(void **state)
{
	struct gtpu_record r = uplink_exit();

	r.gtp.pdu_type = 0;
	decodes_to(&r, "\"direction\":\"downlink\"");
	r.gtp.pdu_type = 7;
	decodes_to(&r, "\"direction\":\"uplink\"");
	r.gtp.flags = RECORD_GTP;
	r.direction = GTPU_DOWNLINK;
	decodes_to(&r, "\"direction\":\"downlink\"");
}

static void refuses(struct gtpu_record r, size_t size)
{
	char netns[GTPU_NETNS_MAX];
	struct event e;

	assert_int_equal(gtpu_record_decode(&r, size, &e, netns), -EBADMSG);
}

static void foreign_records_are_refused(void **state)
{
	const struct gtpu_record good = uplink_exit();
	struct gtpu_record r = good;

	refuses(r, sizeof(r) - 1);
	refuses(r, 0);
	r.hdr.version++;
	refuses(r, sizeof(r));
	r = good;
	r.hdr.size = 1;
	refuses(r, sizeof(r));
	r = good;
	r.hdr.kind = 77;
	refuses(r, sizeof(r));
	r = good;
	r.func_id = 63;
	refuses(r, sizeof(r));
	r = good;
	r.direction = 2;
	refuses(r, sizeof(r));
	r = good;
	r.verdict = GTPU_VERDICTS;
	refuses(r, sizeof(r));
	r = good;
	r.reason = GTPU_REASONS;
	refuses(r, sizeof(r));
}

static void names_without_an_end_are_cut(void **state)
{
	struct gtpu_record r = uplink_exit();

	memset(r.hdr.comm, 'c', sizeof(r.hdr.comm));
	memset(r.interface, 'i', sizeof(r.interface));
	decodes_to(&r, "\"comm\":\"ccccccccccccccc\"");
	decodes_to(&r, "\"interface\":\"iiiiiiiiiiiiiii\"");
}

static void any_bytes_behind_a_good_header(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};
	char netns[GTPU_NETNS_MAX];
	struct event e;
	int decoded = 0;

	srand(1);
	for (int i = 0; i < 20000; i++) {
		struct gtpu_record r = uplink_exit();
		uint8_t *bytes = (uint8_t *)&r;

		for (int k = 0; k < 8; k++)
			bytes[(size_t)rand() % sizeof(r)] = (uint8_t)rand();
		if (gtpu_record_decode(&r, sizeof(r), &e, netns))
			continue;
		buf_reset(&out);
		event_to_json(&e, "n", 0, &out);
		event_to_text(&e, &out);
		decoded++;
	}
	assert_in_range(decoded, 1000, 20000);
}

/* What the probe hooks: the numbers are promised in docs/probes/gtpu.md. */
static void hooks_follow_the_options(void **state)
{
	const struct module_facts btf = {.btf = true}, plain = {.version = "0.9.11"};
	struct gtpu_options o = {.exit = true};
	struct gtpu_hook h[GTPU_HOOKS_MAX];
	size_t n = gtpu_hooks("gtp", &o, &btf, h, GTPU_HOOKS_MAX);

	assert_int_equal(n, 5);
	assert_int_equal(h[4].func_id, GTP_RX);
	assert_true(h[4].hook.exits);
	assert_int_equal(gtpu_hooks("gtp", &o, &plain, h, GTPU_HOOKS_MAX), 6);
	assert_string_equal(h[5].hook.function, "iptunnel_xmit");
	o.exit = false;
	/* The packet functions, and the rules whatever else is asked for. */
	assert_int_equal(gtpu_hooks("gtp5g", &o, &plain, h, GTPU_HOOKS_MAX), 2 + 11);
	assert_false(h[0].hook.exits);
	for (size_t i = 2; i < 13; i++)
		assert_true(h[i].rules && h[i].hook.sleeps && !h[i].hook.exits && !h[i].hook.required);
	assert_string_equal(gtpu_function_name(1), "gtp5g_handle_skb_ipv4");
	assert_string_equal(gtpu_function_name(2), "gtp5g_dev_xmit");
	assert_null(gtpu_function_name(0));
}

static bool hooks_netif_rx(const char *module, const char *version)
{
	struct gtpu_options o = {.exit = true};
	struct gtpu_hook h[GTPU_HOOKS_MAX];
	struct module_facts facts = {.btf = true};
	size_t n, found = 0;

	snprintf(facts.version, sizeof(facts.version), "%s", version);
	n = gtpu_hooks(module, &o, &facts, h, GTPU_HOOKS_MAX);
	for (size_t i = 0; i < n; i++)
		found += h[i].func_id == NETIF_RX && h[i].hook.exits;
	return found == 1;
}

/* It is everybody's, so only where the module does not tell by itself what the backlog refused. */
static void netif_rx_is_hooked_for_old_versions_alone(void **state)
{
	assert_true(hooks_netif_rx("gtp5g", "0.8.5"));
	assert_true(hooks_netif_rx("gtp5g", "0.9.10"));
	assert_true(hooks_netif_rx("gtp5g", ""));
	assert_false(hooks_netif_rx("gtp5g", "0.9.11"));
	assert_false(hooks_netif_rx("gtp5g", "0.10.2"));
	assert_false(hooks_netif_rx("gtp", ""));
}

static void namespaces_have_names(void **state)
{
	struct gtpu_netns *n = calloc(1, sizeof(*n));
	struct fake_root root;
	char path[FAKE_PATH_MAX];
	struct stat st;

	assert_non_null(n);
	fake_begin(&root);
	fake_file(&root, "", "run/netns/upf");
	snprintf(path, sizeof(path), "%s/run/netns/upf", root.path);
	assert_int_equal(stat(path, &st), 0);
	assert_string_equal(gtpu_netns_name(n, root.path, st.st_ino), "upf");
	assert_string_equal(gtpu_netns_name(n, root.path, 1), "1");
	for (uint64_t i = 0; i < 2 * ARRAY_SIZE(n->rows); i++)
		assert_non_null(gtpu_netns_name(n, root.path, i << 40));
	assert_true(n->len <= ARRAY_SIZE(n->rows));
	assert_string_equal(gtpu_netns_name(n, root.path, st.st_ino), "upf");
	fake_end(&root);
	assert_string_equal(gtpu_netns_name(n, root.path, st.st_ino), "upf");
	gtpu_netns_forget(n);
	snprintf(path, sizeof(path), "%llu", (unsigned long long)st.st_ino);
	assert_string_equal(gtpu_netns_name(n, root.path, st.st_ino), path);
	free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),
		cmocka_unit_test(the_rules_and_what_became_of_it),
		cmocka_unit_test(how_long_each_stage_took),
		cmocka_unit_test(the_version_places_the_rules),
		cmocka_unit_test(a_filter_needs_an_address_and_exits),
		cmocka_unit_test(the_unknown_is_absent),
		cmocka_unit_test(the_container_tells_the_direction),
		cmocka_unit_test(foreign_records_are_refused),
		cmocka_unit_test(names_without_an_end_are_cut),
		cmocka_unit_test(any_bytes_behind_a_good_header),
		cmocka_unit_test(hooks_follow_the_options),
		cmocka_unit_test(netif_rx_is_hooked_for_old_versions_alone),
		cmocka_unit_test(namespaces_have_names),
	};

	return cmocka_run_group_tests_name("gtpu decode", tests, NULL, NULL);
}
