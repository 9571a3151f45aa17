/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the flow ring to events: every field, absence, and bytes that nobody should trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "flow/flow_run.h"

static struct flow_target target = {.netns_text = "gnb", .interface = "n3", .ifindex = 2};
static struct flow_attachment attachments[] = {{.target = &target}, {.target = &target, .egress = true}};
static struct flow_interface interfaces[1];
static const struct probe_run run = {
	.attachments = attachments, .interfaces = interfaces, .n_attachments = 2, .probe_id = 1};

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

static struct flow_record uplink(void)
{
	struct flow_record r = {
		.hdr = {.ts_ns = 5,
			.size = sizeof(r),
			.probe = 1,
			.kind = FLOW_PACKET,
			.version = RECORD_VERSION,
			.flags = RECORD_TASK | RECORD_CGROUP,
			.cpu = 1,
			.tid = 11,
			.tgid = 10,
			.context = CONTEXT_PROCESS,
			.cgroup_id = 99,
			.comm = "nr-gnb"},
		.attachment = 1,
		.len = 120,
		.vlan = {7, 8},
		.vlans = 2,
		.head = HEAD_GTPU,
		.gtp = {.teid = 78,
			.type = 255,
			.qfi = 9,
			.pdu_type = 1,
			.seq = 3,
			.flags = RECORD_GTP | RECORD_GTP_QFI | RECORD_GTP_SEQ},
		.overlay = OVERLAY_GENEVE << RECORD_OVERLAY_SHIFT | 0xabcdef,
	};

	set_tuple(&r.outer, "10.0.0.2", "10.0.0.1", 2152, 2152, 17);
	set_tuple(&r.inner, "2001:db8::1", "2001:db8::2", 40000, 53, 17);
	return r;
}

static void assert_json(const struct flow_record *r, const char *text)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct event e;

	assert_true(flow_decode(&run, r, sizeof(*r), &e));
	event_to_json(&e, "", 0, &out);
	if (!strstr(out.data, text))
		fail_msg("%s\nlacks\n%s", out.data, text);
}

static void test_every_field(void **state)
{
	struct flow_record r = uplink();

	assert_json(&r, "\"probe\":\"flow\",\"event\":\"packet\",\"cpu\":1,\"pid\":11,\"tgid\":10,"
			"\"comm\":\"nr-gnb\",\"context\":\"process\",\"cgroup\":\"99\",\"netns\":\"gnb\","
			"\"interface\":\"n3\",\"ifindex\":2,\"dir\":\"egress\",\"direction\":\"uplink\","
			"\"vlan\":7,\"inner_vlan\":8,\"overlay\":\"geneve\",\"vni\":11259375,\"len\":120");
	assert_json(&r, "\"gtp\":{\"teid\":78,\"type\":255,\"qfi\":9,\"seq\":3}");
	assert_json(&r, "\"outer\":{\"src\":\"10.0.0.2\",\"dst\":\"10.0.0.1\",\"sport\":2152,"
			"\"dport\":2152,\"proto\":17}");
	assert_json(&r, "\"inner\":{\"src\":\"2001:db8::1\",\"dst\":\"2001:db8::2\",\"sport\":40000,"
			"\"dport\":53,\"proto\":17}");
}

/* An uplink container has neither; the first bit of a downlink one says whether there is a policy. */
static void test_container(void **state)
{
	struct flow_record r = uplink();

	r.gtp.pdu_type = 0;
	assert_json(&r, "\"gtp\":{\"teid\":78,\"type\":255,\"qfi\":9,\"seq\":3,\"rqi\":0}");
	r.gtp.rqi = 1;
	r.gtp.ppi = 6;
	r.gtp.flags |= RECORD_GTP_PPI;
	assert_json(&r, "\"qfi\":9,\"seq\":3,\"rqi\":1,\"ppi\":6}");
}

static void test_tcp_flags(void **state)
{
	struct flow_record r = uplink();

	r.tcp = 1;
	assert_json(&r, "\"tcp_flags\":\"none\"");
	r.tcp_flags = 0x12;
	assert_json(&r, "\"tcp_flags\":\"SA\"");
	r.tcp_flags = 0xff;
	assert_json(&r, "\"tcp_flags\":\"FSRPAUEC\"");
}

static void test_absence(void **state)
{
	struct flow_record r = uplink();
	struct event e;

	r.hdr.flags = 0;
	r.attachment = 0;
	r.vlans = 0;
	r.overlay = 0;
	r.head = HEAD_FRAGMENT;
	r.gtp = (struct record_gtp){0};
	r.inner = (struct record_tuple){0};
	r.outer.ports = 0;
	assert_true(flow_decode(&run, &r, sizeof(r), &e));
	assert_true(e.has == (EVENT_BIT(F_CPU) | EVENT_BIT(F_INTERFACE) | EVENT_BIT(F_IFINDEX) | EVENT_BIT(F_NETNS) |
			      EVENT_BIT(F_DIR) | EVENT_BIT(F_LEN) | EVENT_BIT(F_OUTER_SRC) | EVENT_BIT(F_OUTER_DST) |
			      EVENT_BIT(F_OUTER_PROTO) | EVENT_BIT(F_REASON)));
	assert_string_equal(e.reason, "fragment");
}

static void assert_refused(const struct flow_record *r, size_t len)
{
	struct event e;

	assert_false(flow_decode(&run, r, len, &e));
}

static void test_damaged(void **state)
{
	const struct flow_record good = uplink();
	struct flow_record r = good;

	for (size_t len = 0; len < sizeof(r); len++) {
		_cleanup_free_ void *exact = malloc(len ?: 1);

		memcpy(exact, &good, len);
		assert_refused(exact, len);
	}
	r.hdr.size = sizeof(r) + 8;
	assert_refused(&r, sizeof(r));
	r = good;
	r.hdr.version++;
	assert_refused(&r, sizeof(r));
	r = good;
	r.hdr.kind = 2;
	assert_refused(&r, sizeof(r));
	r = good;
	r.hdr.probe = 2;
	assert_refused(&r, sizeof(r));
	r = good;
	r.attachment = 2;
	assert_refused(&r, sizeof(r));
	r = good;
	r.head = HEAD_MAX;
	assert_refused(&r, sizeof(r));
	r = good;
	r.vlans = 3;
	assert_refused(&r, sizeof(r));
}

static void test_newcomer(void **state)
{
	struct flow_newcomer good = {.hdr = uplink().hdr, .attachment = 1}, r;
	struct event e;

	good.hdr.size = sizeof(good);
	good.hdr.kind = FLOW_NEWCOMER;
	assert_true(flow_decode(&run, &good, sizeof(good), &e));
	assert_int_equal(e.kind, KIND_NEWCOMER);
	assert_int_equal(e.tgid, 10);
	assert_int_equal(e.pid, 11);
	assert_int_equal(e.context, CONTEXT_PROCESS);
	assert_int_equal(e.dir, DIR_EGRESS);
	r = good;
	r.attachment = 2;
	assert_false(flow_decode(&run, &r, sizeof(r), &e));
	r = good;
	r.hdr.kind = FLOW_PACKET;
	assert_false(flow_decode(&run, &r, sizeof(r), &e));
	assert_false(flow_decode(&run, &good, sizeof(good) - 8, &e));
	r = good;
	r.hdr.flags = 0;
	r.attachment = 0;
	assert_true(flow_decode(&run, &r, sizeof(r), &e));
	assert_int_equal(e.dir, DIR_INGRESS);
	assert_false(event_has(&e, F_TGID));
}

/* Whatever stands behind a sound header: no read outside, strings end. */
static void test_any_bytes(void **state)
{
	struct flow_record r;
	struct event e;

	srandom(29281);
	for (int i = 0; i < 20000; i++) {
		const struct flow_record good = uplink();

		for (size_t at = 0; at < sizeof(r); at++)
			((uint8_t *)&r)[at] = (uint8_t)random();
		r.hdr.size = sizeof(r);
		r.hdr.probe = good.hdr.probe;
		r.hdr.kind = good.hdr.kind;
		r.hdr.version = good.hdr.version;
		if (flow_decode(&run, &r, sizeof(r), &e)) {
			_cleanup_(buf_free) struct buf out = {0};

			event_to_json(&e, "", 0, &out);
			assert_non_null(memchr(e.comm, 0, sizeof(e.comm)));
		}
		r.attachment %= 2;
		r.head %= HEAD_MAX;
		r.vlans %= 3;
		assert_true(flow_decode(&run, &r, sizeof(r), &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field), cmocka_unit_test(test_container), cmocka_unit_test(test_tcp_flags),
		cmocka_unit_test(test_absence),	    cmocka_unit_test(test_damaged),   cmocka_unit_test(test_newcomer),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
