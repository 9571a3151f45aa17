/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What follows from the facts about a network namespace, and how they are read. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "doctor_expect.h"
#include "doctor_network.h"
#include "fake_root.h"

static struct user_plane upf(void)
{
	/* clang-format off */
	struct user_plane f = {
		.net = {.name = "upf", .inside = "ip netns exec upf ", .n_devices = 1, .ip_forward = 1, .ip6_forward = 0,
			.other_routes = 2, .sockets = 1},
		.links = {{.ifindex = 2, .name = "n3", .mtu = 1500, .up = true, .ethernet = true, .n3 = true},
			  {.ifindex = 3, .name = "n6", .mtu = 1400, .up = true, .ethernet = true, .n6 = true}},
		.n_links = 2, .n3_known = true};

	f.net.devices[0] = (struct ue_device){.name = "upfgtp", .kind = "gtp5g", .mtu = 1456, .up = true,
					      .forwarding = 1, .routes = 1, .tx_packets = 10, .ifindex = 4};
	f.net.devices[0].pools[UE_V4] = (struct ue_pool){.routes = 1, .way = UE_WAY_DEFAULT, .n6 = 3};
	/* clang-format on */
	return f;
}

static void set_routes(struct user_plane *f, unsigned n)
{
	f->net.devices[0].routes = f->net.devices[0].pools[UE_V4].routes = n;
}

static enum report_verdict judge_netns(const struct user_plane *f, struct report *r)
{
	doctor_judge_netns(f, -1, r);
	return report_verdict(r);
}

static void network_in_order(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	_cleanup_(buf_free) struct buf out = {0};
	const struct report_heading h = {"1.2.3", "node", "6.1"};
	struct user_plane f = upf();

	assert_int_equal(judge_netns(&f, &r), REPORT_USABLE);
	report_text(&r, &h, &out);
	assert_non_null(strstr(out.data, "NETWORK of upf\n  ok       in order         ip_forward, MTU, "));
}

static void broken_network(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	struct user_plane f = upf();

	f.net.ip_forward = 0;
	f.net.devices[0].rp_filter = 1;
	set_routes(&f, 0);
	f.net.devices[0].pools[UE_V4].way = UE_WAY_NONE;
	f.net.devices[0].mtu = 1500;
	f.net.other_routes = 1;
	f.net.socket_drops = 5000;
	f.net.datagrams = 100000;
	f.net.devices[0].tx_errors = 3;
	assert_int_equal(judge_netns(&f, &r), REPORT_LIMITED);
	expect(&r, "network.upf.ip_forward.upfgtp", CHECK_LIMITED, "decapsulation");
	assert_string_equal(find(&r, "network.upf.ip_forward.upfgtp")->remedy,
			    "ip netns exec upf sysctl net.ipv4.ip_forward=1");
	expect(&r, "network.upf.rp_filter.upfgtp", CHECK_LIMITED, "every uplink packet");
	expect(&r, "network.upf.ue_pool.upfgtp", CHECK_LIMITED, "no route to upfgtp");
	expect(&r, "network.upf.mtu.upfgtp", CHECK_INFO, "fragmented");
	assert_non_null(strstr(find(&r, "network.upf.mtu.upfgtp")->remedy, "mtu 1456"));
	expect(&r, "network.upf.n6", CHECK_INFO, "no default route, and one network alone");
	expect(&r, "network.upf.n3_socket", CHECK_LIMITED, "5000 datagrams");
	expect(&r, "network.upf.tx_errors.upfgtp", CHECK_INFO, "3 packets");
}

static void reverse_path_by_cases(void **state)
{
	_cleanup_(report_free) struct report strict = {0}, loose = {0}, one = {0};
	struct user_plane f = upf();

	f.net.rp_all = 1;
	judge_netns(&f, &strict);
	expect(&strict, "network.upf.rp_filter.upfgtp", CHECK_INFO, "framed routes");
	f.net.rp_all = 2;
	judge_netns(&f, &loose);
	expect(&loose, "network.upf.rp_filter.upfgtp", CHECK_OK, "2 at upfgtp");
	f.net.devices[0].forwarding = 0;
	judge_netns(&f, &one);
	expect(&one, "network.upf.ip_forward.upfgtp", CHECK_LIMITED, "0 at upfgtp");
	assert_non_null(strstr(find(&one, "network.upf.ip_forward.upfgtp")->remedy, "conf.upfgtp.forwarding=1"));
}

static void a_gnb_is_asked_for_its_socket_alone(void **state)
{
	const struct user_plane f = {.net = {.name = "gnb", .sockets = 1}};
	_cleanup_(report_free) struct report r = {0};

	assert_int_equal(judge_netns(&f, &r), REPORT_USABLE);
	assert_int_equal(r.len, 1);
	expect(&r, "network.gnb.n3_socket", CHECK_OK, "1 socket");
}

static void fake_net(const struct fake_root *root)
{
	fake_file(root,
		  "Inter-|   Receive   |  Transmit\n face |bytes    packets errs drop\n"
		  "    lo: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
		  "upfgtp:  5000 50 1 7 0 0 0 0 9000 90 11 12 0 0 0 0\n",
		  "proc/thread-self/net/dev");
	fake_file(root,
		  "   sl  local_address rem_address   st tx_queue rx_queue tr drops\n"
		  "   29: 0101640A:0868 00000000:0000 07 00000000:00000000 00:00000000 00000000     0"
		  "        0 5 2 ffff8880 17         \n"
		  "   30: 0101640A:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0"
		  "        0 6 2 ffff8881 99\n",
		  "proc/thread-self/net/udp");
	fake_file(root,
		  "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams\n"
		  "Ip: 1 64 900 1 2 66\n"
		  "Udp: InDatagrams NoPorts\nUdp: 4242 1\nUdpLite: InDatagrams\nUdpLite: 7\n",
		  "proc/thread-self/net/snmp");
	fake_file(root, "1\n", "proc/sys/net/ipv4/ip_forward");
	fake_file(root, "2\n", "proc/sys/net/ipv4/conf/all/rp_filter");
	fake_file(root, "1\n", "proc/sys/net/ipv4/conf/upfgtp/rp_filter");
	fake_file(root, "0\n", "proc/sys/net/ipv4/conf/upfgtp/forwarding");
	fake_file(root, "0\n", "proc/sys/net/ipv6/conf/all/forwarding");
	fake_file(root, "0\n", "proc/sys/net/ipv6/conf/upfgtp/disable_ipv6");
}

static void namespace_is_read(void **state)
{
	struct netns_facts f = {.n_devices = 1, .devices = {{.name = "upfgtp", .kind = "gtp"}}};
	struct fake_root root;

	fake_begin(&root);
	fake_net(&root);
	netns_facts_read(root.path, &f);
	fake_end(&root);
	assert_int_equal(f.ip_forward, 1);
	assert_int_equal(f.rp_all, 2);
	assert_int_equal(f.devices[0].rp_filter, 1);
	assert_int_equal(f.devices[0].forwarding, 0);
	assert_int_equal(f.ip6_forward, 0);
	assert_true(f.devices[0].own_ipv6);
	assert_false(f.devices[0].force_ipv6);
	assert_int_equal(f.forwarded, 66);
	assert_int_equal(f.devices[0].rx_packets, 50);
	assert_int_equal(f.devices[0].rx_drops, 7);
	assert_int_equal(f.devices[0].tx_packets, 90);
	assert_int_equal(f.devices[0].tx_errors, 11);
	assert_int_equal(f.sockets, 1);
	assert_int_equal(f.socket_drops, 17);
	assert_int_equal(f.datagrams, 4242);
}

/* A device that is left when its UPF has ended, and one that may be apart from its sockets. */
static void a_device_without_a_receiver(void **state)
{
	_cleanup_(report_free) struct report dead = {0}, moved = {0}, lone = {0};
	struct user_plane f = upf();

	f.net.sockets = 0;
	f.socket_elsewhere = true;
	assert_int_equal(judge_netns(&f, &dead), REPORT_LIMITED);
	expect(&dead, "network.upf.n3_socket.upfgtp", CHECK_LIMITED, "the UPF has ended; its device upfgtp");
	assert_string_equal(find(&dead, "network.upf.n3_socket.upfgtp")->remedy,
			    "ip netns exec upf ip link del dev upfgtp, and start the UPF again");
	strcpy(f.net.devices[0].kind, "gtp");
	assert_int_equal(judge_netns(&f, &moved), REPORT_USABLE);
	expect(&moved, "network.upf.n3_socket.upfgtp", CHECK_INFO, "in another namespace, or the UPF has ended");
	f.socket_elsewhere = false;
	judge_netns(&f, &lone);
	assert_false(has_check(&lone, "network.upf.n3_socket"));
	expect(&lone, "network.upf.n3_socket.upfgtp", CHECK_LIMITED, "no process receives");
}

/* The socket that is there is a gNB's. */
static void a_receiver_of_another_address(void **state)
{
	_cleanup_(report_free) struct report gtp5g = {0}, gtp = {0};
	struct user_plane f = upf();

	f.unheard = true;
	judge_netns(&f, &gtp5g);
	expect(&gtp5g, "network.upf.n3_socket", CHECK_OK, "1 socket");
	expect(&gtp5g, "network.upf.n3_socket.upfgtp", CHECK_LIMITED, "the UPF has ended");
	strcpy(f.net.devices[0].kind, "gtp");
	judge_netns(&f, &gtp);
	assert_false(has_check(&gtp, "network.upf.n3_socket.upfgtp"));
}

static void packets_of_the_device_itself(void **state)
{
	_cleanup_(report_free) struct report own = {0}, more = {0}, many = {0}, none = {0};
	struct user_plane f = upf();

	f.net.devices[0].tx_errors = 7;
	judge_netns(&f, &none);
	expect(&none, "network.upf.tx_errors.upfgtp", CHECK_INFO, "7 packets were refused by upfgtp, 10 sent");
	assert_non_null(strstr(find(&none, "network.upf.tx_errors.upfgtp")->remedy, "no session"));
	f.net.devices[0].own_ipv6 = true;
	judge_netns(&f, &own);
	expect(&own, "network.upf.tx_errors.upfgtp", CHECK_INFO, "own IPv6 (router solicitations, MLD)");
	assert_string_equal(find(&own, "network.upf.tx_errors.upfgtp")->remedy, "");
	f.net.devices[0].tx_errors = 30;
	judge_netns(&f, &more);
	expect(&more, "network.upf.tx_errors.upfgtp", CHECK_INFO, "own IPv6");
	assert_non_null(strstr(find(&more, "network.upf.tx_errors.upfgtp")->remedy, "no session"));
	f.net.devices[0].tx_errors = 300;
	judge_netns(&f, &many);
	expect(&many, "network.upf.tx_errors.upfgtp", CHECK_LIMITED, "300 packets");
}

static void mtu_is_that_of_n3(void **state)
{
	_cleanup_(report_free) struct report fine = {0}, wide = {0}, tun = {0};
	struct user_plane f = upf();

	/* N4 is the narrowest, and carries no tunnel. */
	f.links[2] = (struct plane_link){.ifindex = 5, .name = "n4", .mtu = 1280, .up = true, .ethernet = true};
	f.n_links = 3;
	judge_netns(&f, &fine);
	expect(&fine, "network.upf.mtu.upfgtp", CHECK_OK, "upfgtp 1456, n3 1500");
	expect(&fine, "network.upf.n6_mtu.upfgtp", CHECK_OK, "n6 1400, upfgtp 1456");
	f.net.devices[0].mtu = 1380;
	judge_netns(&f, &wide);
	expect(&wide, "network.upf.n6_mtu.upfgtp", CHECK_INFO, "n6 1400 exceeds 1380 of upfgtp");
	assert_non_null(strstr(find(&wide, "network.upf.n6_mtu.upfgtp")->remedy, "-o upfgtp -p tcp"));
	strcpy(f.net.devices[0].kind, "tun");
	f.net.devices[0].mtu = 1500;
	f.n3_known = false;
	judge_netns(&f, &tun);
	expect(&tun, "network.upf.mtu.upfgtp", CHECK_INFO, "1500 of n3 (N3, if it is that");
}

static void ways_out_by_cases(void **state)
{
	_cleanup_(report_free) struct report refused = {0}, listed = {0}, none = {0};
	struct user_plane f = upf();

	f.net.devices[0].pools[UE_V4].way = UE_WAY_REFUSED;
	f.net.devices[0].pools[UE_V4].ue = addr_from_v4(htonl(0x0a3c0002));
	judge_netns(&f, &refused);
	expect(&refused, "network.upf.n6", CHECK_LIMITED, "unreachable or prohibit to what comes in at upfgtp");
	assert_non_null(strstr(find(&refused, "network.upf.n6")->remedy, "from 10.60.0.2 iif upfgtp"));
	f.net.devices[0].pools[UE_V4].way = UE_WAY_UNKNOWN;
	f.net.other_routes = 1;
	judge_netns(&f, &none);
	expect(&none, "network.upf.n6", CHECK_INFO, "one network alone"); /* N6 may be on N3's interface */
	f.net.default_route = true;
	judge_netns(&f, &listed);
	expect(&listed, "network.upf.n6", CHECK_OK, "a default route");
}

/* UEs with IPv6 alone are asked for nothing of IPv4, and the other way about. */
static void families_by_routes(void **state)
{
	_cleanup_(report_free) struct report four = {0}, six = {0}, forced = {0};
	struct user_plane f = upf();

	judge_netns(&f, &four);
	assert_false(has_check(&four, "network.upf.ip6_forward.upfgtp"));
	set_routes(&f, 0);
	f.net.ip_forward = 0;
	f.net.devices[0].rp_filter = 1;
	f.net.devices[0].ipv6_alone = true;
	f.net.devices[0].pools[UE_V6] = (struct ue_pool){.routes = 1, .way = UE_WAY_DEFAULT};
	judge_netns(&f, &six);
	assert_false(has_check(&six, "network.upf.ip_forward.upfgtp"));
	assert_false(has_check(&six, "network.upf.rp_filter.upfgtp"));
	assert_false(has_check(&six, "network.upf.n6"));
	expect(&six, "network.upf.ue_pool.upfgtp", CHECK_OK, "1 route to upfgtp");
	expect(&six, "network.upf.n6_ipv6", CHECK_OK, "a default route");
	expect(&six, "network.upf.ip6_forward.upfgtp", CHECK_LIMITED, "uplink packets of IPv6 end");
	assert_string_equal(find(&six, "network.upf.ip6_forward.upfgtp")->remedy,
			    "ip netns exec upf sysctl net.ipv6.conf.all.forwarding=1");
	f.net.devices[0].force_ipv6 = true;
	judge_netns(&f, &forced);
	expect(&forced, "network.upf.ip6_forward.upfgtp", CHECK_OK, "1");
}

static void packet_filters_by_cases(void **state)
{
	_cleanup_(report_free) struct report fine = {0}, empty = {0}, some = {0}, many = {0}, unused = {0};
	struct user_plane f = upf();

	judge_netns(&f, &fine);
	expect(&fine, "network.upf.packet_filter.upfgtp", CHECK_OK, "no chain");
	f.forward[UE_V4] =
		(struct forward_policy){.drops = true, .counts = true, .chain = "chain FORWARD of table filter"};
	judge_netns(&f, &unused);
	expect(&unused, "network.upf.packet_filter.upfgtp", CHECK_OK, "so far 0 packets");
	f.forward[UE_V4].dropped = 64;
	judge_netns(&f, &some);
	expect(&some, "network.upf.packet_filter.upfgtp", CHECK_INFO, "so far 64 packets");
	assert_non_null(strstr(find(&some, "network.upf.packet_filter.upfgtp")->remedy,
			       "ip netns exec upf iptables -I FORWARD -o upfgtp -j ACCEPT"));
	f.forward[UE_V4].dropped = 6400;
	judge_netns(&f, &many);
	expect(&many, "network.upf.packet_filter.upfgtp", CHECK_LIMITED, "what none of its rules accepts");
	f.forward[UE_V4] = (struct forward_policy){.drops = true, .empty = true, .chain = "chain x of table y"};
	judge_netns(&f, &empty);
	expect(&empty, "network.upf.packet_filter.upfgtp", CHECK_LIMITED, "every packet that is forwarded");
	assert_non_null(strstr(find(&empty, "network.upf.packet_filter.upfgtp")->remedy, "nft list ruleset"));
}

static void what_teide_does_not_see(void **state)
{
	_cleanup_(report_free) struct report r = {0}, other = {0};
	struct user_plane f = upf();

	strcpy(f.links[0].xdp, "upf_entry_func");
	f.links[0].features_known = f.links[0].merges = true;
	assert_int_equal(judge_netns(&f, &r), REPORT_LIMITED);
	expect(&r, "network.upf.xdp.n3", CHECK_LIMITED, "n3 has an XDP program (upf_entry_func)");
	expect(&r, "network.upf.udp_gro.n3", CHECK_INFO, "teide counts each for its own");
	f.links[0].n3 = f.links[0].merges = false;
	judge_netns(&f, &other);
	expect(&other, "network.upf.xdp.n3", CHECK_INFO, "not seen at TC");
	assert_false(has_check(&other, "network.upf.udp_gro.n3"));
}

static void rates_that_are_not_enforced(void **state)
{
	_cleanup_(report_free) struct report off = {0}, on = {0}, unknown = {0};
	struct user_plane f = upf();

	f.qers = 4;
	f.limits = 3;
	doctor_judge_netns(&f, 0, &off);
	expect(&off, "network.upf.qos", CHECK_INFO, "3 of 4 QERs have an MBR");
	assert_string_equal(find(&off, "network.upf.qos")->remedy, "echo 1 > /proc/gtp5g/qos");
	doctor_judge_netns(&f, 1, &on);
	expect(&on, "network.upf.qos", CHECK_OK, "MBR of 3 QERs");
	doctor_judge_netns(&f, -1, &unknown);
	assert_false(has_check(&unknown, "network.upf.qos"));
}

/* A socket at UDP 2152 is the gNB's where there is N2 to an AMF, or UERANSIM's radio link. */
static void ran_is_told_from_a_upf(void **state)
{
	static const struct {
		const char *file, *text;
		bool ran;
	} cases[] = {
		{"proc/thread-self/net/udp", "   1: 0200000A:0868 00000000:0000 07 0:0 00:0 0 0 0 1 2 0 0\n", false},
		{"proc/thread-self/net/udp", "   1: 0200000A:1385 00000000:0000 07 0:0 00:0 0 0 0 1 2 0 0\n", true},
		{"proc/thread-self/net/sctp/assocs", " 1 2 2 1 3 4 5 0 0 0 99 51000 38412 192.0.2.1 <-> *192.0.2.2\n",
		 true},
		{"proc/thread-self/net/sctp/assocs", " 1 2 2 1 3 4 5 0 0 0 99 38412 51000 192.0.2.2 <-> *192.0.2.1\n",
		 false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct netns_facts f = {0};
		struct fake_root root;

		fake_begin(&root);
		fake_file(&root, cases[i].text, "%s", cases[i].file);
		netns_facts_read(root.path, &f);
		fake_end(&root);
		assert_int_equal(f.ran, cases[i].ran);
	}
}

static void sockets_on_the_loopback_device(void **state)
{
	static const struct {
		const char *file, *text;
		bool loopback;
	} cases[] = {
		{"udp", "   1: 0800007F:0868 00000000:0000 07 0:0 00:0 0 0 0 1 2 0 0\n", true},
		{"udp", "   1: 0800007F:1385 00000000:0000 07 0:0 00:0 0 0 0 1 2 0 0\n", false}, /* another port */
		{"udp", "   1: 7F00000A:0868 00000000:0000 07 0:0 00:0 0 0 0 1 2 0 0\n", false}, /* 10.0.0.127 */
		{"udp6", "   1: 00000000000000000000000001000000:0868 0:0 07 0:0 00:0 0 0 0 1 2 0 0\n", true},
		{"udp6", "   1: 00000000000000000000000000000000:0868 0:0 07 0:0 00:0 0 0 0 1 2 0 0\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct netns_facts f = {0};
		struct fake_root root;

		fake_begin(&root);
		fake_file(&root, cases[i].text, "proc/thread-self/net/%s", cases[i].file);
		netns_facts_read(root.path, &f);
		fake_end(&root);
		assert_int_equal(f.loopback, cases[i].loopback);
	}
}

static void namespace_without_files(void **state)
{
	struct netns_facts f = {.n_devices = 1, .devices = {{.name = "upfgtp", .kind = "gtp"}}};
	struct fake_root root;

	fake_begin(&root);
	netns_facts_read(root.path, &f);
	fake_end(&root);
	assert_int_equal(f.ip_forward, -1);
	assert_int_equal(f.devices[0].rp_filter, -1);
	assert_int_equal(f.sockets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_in_order),
		cmocka_unit_test(broken_network),
		cmocka_unit_test(reverse_path_by_cases),
		cmocka_unit_test(a_gnb_is_asked_for_its_socket_alone),
		cmocka_unit_test(namespace_is_read),
		cmocka_unit_test(a_device_without_a_receiver),
		cmocka_unit_test(a_receiver_of_another_address),
		cmocka_unit_test(packets_of_the_device_itself),
		cmocka_unit_test(mtu_is_that_of_n3),
		cmocka_unit_test(ways_out_by_cases),
		cmocka_unit_test(families_by_routes),
		cmocka_unit_test(packet_filters_by_cases),
		cmocka_unit_test(what_teide_does_not_see),
		cmocka_unit_test(rates_that_are_not_enforced),
		cmocka_unit_test(ran_is_told_from_a_upf),
		cmocka_unit_test(sockets_on_the_loopback_device),
		cmocka_unit_test(namespace_without_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
