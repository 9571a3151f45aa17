/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cleanup.h"
#include "discover.h"
#include "fake_root.h"

#define SOCKETS 8

struct node {
	struct fake_root root;
	struct discover_options options;
	struct discover *discover;
	struct socket_entry entries[SOCKETS];
	struct socket_list sockets;
	struct findings found;
};

static int setup(void **state)
{
	struct node *n = calloc(1, sizeof(*n));

	fake_begin(&n->root);
	n->options = discover_defaults();
	n->options.root = n->root.path;
	n->discover = discover_new(&n->options);
	n->sockets.items = n->entries;
	*state = n;
	return 0;
}

static int teardown(void **state)
{
	struct node *n = *state;

	findings_free(&n->found);
	discover_free(n->discover);
	fake_end(&n->root);
	free(n);
	return 0;
}

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* In ascending order of inodes. */
static void add_udp(struct node *n, unsigned inode, const char *local, uint16_t local_port, const char *remote,
		    uint16_t remote_port)
{
	assert_in_range(n->sockets.len, 0, SOCKETS - 1);
	n->entries[n->sockets.len++].udp = (struct udp_socket){
		.inode = inode,
		.local = address(local),
		.local_port = local_port,
		.remote = address(remote),
		.remote_port = remote_port,
	};
}

static void look(struct node *n)
{
	_cleanup_(proc_list_free) struct proc_list procs = {0};

	findings_free(&n->found);
	assert_int_equal(proc_list(n->root.path, &procs, NULL), 0);
	assert_int_equal(discover_match(n->discover, &procs, &n->sockets, &n->found, NULL), 0);
}

static const struct finding *found(const struct node *n, int32_t pid, enum evidence kind)
{
	for (size_t i = 0; i < n->found.len; i++) {
		if (n->found.items[i].proc.pid == pid && n->found.items[i].kind == kind)
			return &n->found.items[i];
	}
	return NULL;
}

static void a_gnb_and_its_ue(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "nr-gnb", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_socket(&n->root, 100, 6, 501);
	fake_socket(&n->root, 100, 7, 999);
	fake_process(&n->root, 200, "nr-ue", 6, 2);
	fake_socket(&n->root, 200, 3, 502);
	fake_tun(&n->root, 200, 4, "uesimtun0");
	add_udp(n, 500, "10.0.0.1", 2152, "0.0.0.0", 0);
	add_udp(n, 501, "10.0.1.1", 4997, "0.0.0.0", 0);
	add_udp(n, 502, "10.0.1.2", 40000, "10.0.1.1", 4997);
	look(n);
	assert_int_equal(n->found.len, 6);
	assert_non_null(found(n, 100, EVIDENCE_NAME));
	assert_string_equal(found(n, 100, EVIDENCE_SOCKET_OWNER)->detail, "udp 10.0.0.1:2152");
	assert_string_equal(found(n, 100, EVIDENCE_PEER)->detail, "udp with nr-ue (pid 200)");
	assert_int_equal(found(n, 100, EVIDENCE_PEER)->proc.start_time, 5);
	assert_non_null(found(n, 200, EVIDENCE_NAME));
	assert_string_equal(found(n, 200, EVIDENCE_PEER)->detail, "udp with nr-gnb (pid 100)");
	assert_string_equal(found(n, 200, EVIDENCE_TUN_OWNER)->detail, "tun uesimtun0");
	assert_int_equal(discover_full_scans(n->discover), 0);
}

static void a_name_in_arguments_is_no_name(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "sleep", 5, 1);
	fake_file(&n->root, "nr-gnb", "proc/100/cmdline");
	fake_process(&n->root, 101, "nr-gnb-watch", 5, 1);
	fake_process(&n->root, 102, "my-nr-gnb", 5, 1);
	fake_process(&n->root, 103, "NR-GNB", 5, 1);
	look(n);
	assert_int_equal(n->found.len, 0);
	assert_int_equal(n->found.processes, 4);
}

/* Two strangers that use the ports are owners of what they own, and nobody's known peer. */
static void strangers_on_the_ports(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "upf", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_process(&n->root, 101, "a", 5, 1);
	fake_socket(&n->root, 101, 5, 501);
	fake_process(&n->root, 102, "b", 5, 1);
	fake_socket(&n->root, 102, 5, 502);
	add_udp(n, 500, "::", 2152, "::", 0);
	add_udp(n, 501, "10.0.1.1", 4997, "0.0.0.0", 0);
	add_udp(n, 502, "10.0.1.2", 40000, "10.0.1.1", 4997);
	look(n);
	assert_int_equal(n->found.len, 1);
	assert_string_equal(found(n, 100, EVIDENCE_SOCKET_OWNER)->detail, "udp [::]:2152");
}

static void a_peer_is_joined_with_the_known(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "nr-gnb", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_process(&n->root, 101, "other", 5, 1);
	fake_socket(&n->root, 101, 5, 501);
	fake_process(&n->root, 102, "elsewhere", 5, 1);
	fake_socket(&n->root, 102, 5, 502);
	fake_process(&n->root, 103, "nr-ue", 5, 1);
	fake_socket(&n->root, 103, 5, 503);
	add_udp(n, 500, "10.0.1.1", 4997, "0.0.0.0", 0);
	add_udp(n, 501, "10.0.1.2", 40000, "10.0.1.1", 4997);
	add_udp(n, 502, "10.0.1.2", 40001, "10.9.9.9", 4997);
	add_udp(n, 503, "10.0.1.2", 40002, "10.0.1.1", 4998);
	look(n);
	assert_non_null(found(n, 101, EVIDENCE_PEER));
	assert_null(found(n, 102, EVIDENCE_PEER));
	assert_null(found(n, 103, EVIDENCE_PEER));
	assert_null(found(n, 100, EVIDENCE_PEER));
}

/* A process does not become its own peer by talking to itself. */
static void nobody_is_his_own_peer(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "nr-gnb", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_socket(&n->root, 100, 6, 501);
	add_udp(n, 500, "0.0.0.0", 4997, "0.0.0.0", 0);
	add_udp(n, 501, "127.0.0.1", 40000, "127.0.0.1", 4997);
	look(n);
	assert_int_equal(n->found.len, 1);
	assert_non_null(found(n, 100, EVIDENCE_NAME));
}

/* The same addresses live in many namespaces: only a full one says who it is. */
static void peers_of_other_namespaces(void **state)
{
	struct node *n = *state;

	for (int i = 0; i < 3; i++) {
		fake_process(&n->root, 100 + i, "nr-gnb", 5, 1);
		fake_socket(&n->root, 100 + i, 5, 500 + (unsigned)i);
		fake_process(&n->root, 200 + i, "nr-ue", 5, 2);
		fake_socket(&n->root, 200 + i, 5, 510 + (unsigned)i);
	}
	add_udp(n, 500, "0.0.0.0", 4997, "0.0.0.0", 0);
	add_udp(n, 501, "127.0.0.1", 4997, "0.0.0.0", 0);
	add_udp(n, 502, "10.0.1.1", 4997, "0.0.0.0", 0);
	add_udp(n, 510, "10.0.1.2", 40000, "10.0.1.9", 4997);
	add_udp(n, 511, "127.0.0.1", 40000, "127.0.0.1", 4997);
	add_udp(n, 512, "10.0.1.2", 40000, "10.0.1.1", 4997);
	for (int i = 0; i < 3; i++)
		n->entries[3 + i].netns = 2;
	look(n);
	assert_null(found(n, 200, EVIDENCE_PEER));
	assert_null(found(n, 201, EVIDENCE_PEER));
	assert_non_null(found(n, 202, EVIDENCE_PEER));
	assert_non_null(found(n, 102, EVIDENCE_PEER));
}

static void a_wildcard_socket_is_reached(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "nr-gnb", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_process(&n->root, 101, "nr-ue", 5, 1);
	fake_socket(&n->root, 101, 5, 501);
	add_udp(n, 500, "0.0.0.0", 4997, "0.0.0.0", 0);
	add_udp(n, 501, "10.0.1.2", 40000, "10.0.1.1", 4997);
	look(n);
	assert_non_null(found(n, 100, EVIDENCE_PEER));
	assert_non_null(found(n, 101, EVIDENCE_PEER));
}

/* UERANSIM's own sockets, before the UE has a PDU session: 127.0.0.1 is its command line's. */
static void a_ue_that_does_not_connect(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "nr-gnb", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_socket(&n->root, 100, 6, 501);
	fake_process(&n->root, 200, "nr-ue", 5, 2);
	fake_socket(&n->root, 200, 5, 510);
	fake_socket(&n->root, 200, 6, 511);
	add_udp(n, 500, "10.0.1.1", 4997, "0.0.0.0", 0);
	add_udp(n, 501, "127.0.0.1", 45000, "0.0.0.0", 0);
	add_udp(n, 510, "127.0.0.1", 45001, "0.0.0.0", 0);
	add_udp(n, 511, "0.0.0.0", 40000, "0.0.0.0", 0);
	n->entries[2].netns = n->entries[3].netns = 2;
	look(n);
	assert_int_equal(n->found.len, 3);
	assert_string_equal(found(n, 200, EVIDENCE_PEER)->detail, "udp 40000 not connected, beside nr-gnb (pid 100)");
	assert_null(found(n, 100, EVIDENCE_PEER));
	/* The gNB of the UE's own namespace, whatever address it has. */
	fake_process(&n->root, 101, "nr-gnb", 5, 2);
	fake_socket(&n->root, 101, 5, 512);
	add_udp(n, 512, "127.0.0.1", 4997, "0.0.0.0", 0);
	n->entries[4].netns = 2;
	look(n);
	assert_string_equal(found(n, 200, EVIDENCE_PEER)->detail, "udp 40000 not connected, beside nr-gnb (pid 101)");
}

/* The name with a socket is not enough, nor a socket beside a gNB: what differs is all that each case has. */
static void unconnected_sockets_that_say_nothing(void **state)
{
	static const struct {
		const char *name, *gnb, *gnb_at, *local;
		uint16_t port;
	} cases[] = {
		{"nr-ue", "other", "10.0.1.1", "0.0.0.0", 40000},   /* a stranger has the link's port */
		{"nr-ue", "nr-gnb", "127.0.0.1", "0.0.0.0", 40000}, /* a loopback address of another namespace */
		{"nr-ue", "nr-gnb", "0.0.0.0", "0.0.0.0", 40000},   /* which of many namespaces' */
		{"nr-ue", "nr-gnb", "10.0.1.1", "127.0.0.1", 40000}, {"nr-ue", "nr-gnb", "10.0.1.1", "0.0.0.0", 4997},
		{"nr-ue", "nr-gnb", "10.0.1.1", "0.0.0.0", 2152},    {"nr-ue", "nr-gnb", "10.0.1.1", "0.0.0.0", 0},
		{"upf", "nr-gnb", "10.0.1.1", "0.0.0.0", 40000},
	};
	struct node *n = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_process(&n->root, 100, cases[i].gnb, 5, 1);
		fake_socket(&n->root, 100, 5, 500);
		fake_process(&n->root, 200, cases[i].name, 5, 2);
		fake_socket(&n->root, 200, 5, 510);
		n->sockets.len = 0;
		add_udp(n, 500, cases[i].gnb_at, 4997, "0.0.0.0", 0);
		add_udp(n, 510, cases[i].local, cases[i].port, "0.0.0.0", 0);
		n->entries[1].netns = 2;
		look(n);
		assert_null(found(n, 200, EVIDENCE_PEER));
	}
}

static void only_the_ues_tun(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "nr-ue", 5, 1);
	fake_tun(&n->root, 100, 4, "tun0");
	fake_link(&n->root, "/dev/net/tun", "proc/100/fd/5");
	fake_file(&n->root, "pos:\t0\nflags:\t02\n", "proc/100/fdinfo/5");
	fake_link(&n->root, "/dev/net/tun", "proc/100/fd/6");
	fake_process(&n->root, 101, "vpn", 5, 1);
	fake_tun(&n->root, 101, 4, "uesimtun0");
	look(n);
	assert_int_equal(n->found.len, 1);
	assert_non_null(found(n, 100, EVIDENCE_NAME));
}

/* Every process is read for a new socket, not again while its owner keeps it. */
static void owners_are_remembered(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "upf", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_process(&n->root, 101, "bash", 5, 1);
	add_udp(n, 500, "10.0.0.1", 2152, "0.0.0.0", 0);
	for (int i = 0; i < 5; i++) {
		look(n);
		assert_int_equal(n->found.len, 1);
		assert_non_null(found(n, 100, EVIDENCE_SOCKET_OWNER));
	}
	assert_int_equal(discover_full_scans(n->discover), 1);
	/* The same pid, another process: who owns the socket is asked anew. */
	fake_process(&n->root, 100, "upf", 6, 1);
	look(n);
	assert_int_equal(found(n, 100, EVIDENCE_SOCKET_OWNER)->proc.start_time, 6);
	assert_int_equal(discover_full_scans(n->discover), 2);
	/* The descriptor is another socket's now. */
	fake_socket(&n->root, 100, 5, 600);
	fake_socket(&n->root, 101, 9, 500);
	look(n);
	assert_null(found(n, 100, EVIDENCE_SOCKET_OWNER));
	assert_non_null(found(n, 101, EVIDENCE_SOCKET_OWNER));
	assert_int_equal(discover_full_scans(n->discover), 3);
}

static void a_forks_socket_has_two_owners(void **state)
{
	struct node *n = *state;

	for (int pid = 100; pid < 102; pid++) {
		fake_process(&n->root, pid, "upf", 5, 1);
		fake_socket(&n->root, pid, 5, 500);
	}
	add_udp(n, 500, "10.0.0.1", 2152, "0.0.0.0", 0);
	for (int i = 0; i < 3; i++) {
		look(n);
		assert_int_equal(n->found.len, 2);
		assert_non_null(found(n, 100, EVIDENCE_SOCKET_OWNER));
		assert_non_null(found(n, 101, EVIDENCE_SOCKET_OWNER));
	}
}

/* A kernel's socket has no owner: looks for one become rare, and one that appears is found. */
static void orphans_cost_ever_less(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "upf", 5, 1);
	add_udp(n, 0, "10.0.0.9", 2152, "0.0.0.0", 0);
	look(n);
	assert_int_equal(discover_full_scans(n->discover), 0);
	add_udp(n, 500, "10.0.0.1", 2152, "0.0.0.0", 0);
	for (int i = 0; i < 128; i++)
		look(n);
	assert_in_range(discover_full_scans(n->discover), 5, 9);
	fake_socket(&n->root, 100, 5, 500);
	for (int i = 0; i < 64; i++)
		look(n);
	assert_non_null(found(n, 100, EVIDENCE_SOCKET_OWNER));
}

/* What is not looked at is counted. */
static void more_descriptors_than_are_read(void **state)
{
	struct node *n = *state;

	n->options.max_fds = 8;
	discover_free(n->discover);
	n->discover = discover_new(&n->options);
	fake_process(&n->root, 100, "nr-gnb", 5, 1);
	look(n);
	assert_int_equal(n->found.processes_unreadable, 0);
	for (int fd = 1; fd <= 8; fd++)
		fake_socket(&n->root, 100, fd, 500 + (unsigned)fd);
	look(n);
	assert_int_equal(n->found.processes_unreadable, 1);
}

static void who_holds_n4(void **state)
{
	struct node *n = *state;

	fake_process(&n->root, 100, "smf", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	add_udp(n, 500, "10.0.0.1", 8805, "0.0.0.0", 0);
	look(n);
	assert_int_equal(n->found.len, 1);
	assert_string_equal(found(n, 100, EVIDENCE_SOCKET_OWNER)->detail, "udp 10.0.0.1:8805");
}

static void patterns_and_ports_are_configuration(void **state)
{
	struct node *n = *state;
	static const char *const names[] = {"upf-*"};

	n->options.names = names;
	n->options.n_names = 1;
	n->options.owner_ports[0] = 9152;
	n->options.tun = "tun*";
	discover_free(n->discover);
	n->discover = discover_new(&n->options);
	fake_process(&n->root, 100, "upf-1", 5, 1);
	fake_socket(&n->root, 100, 5, 500);
	fake_socket(&n->root, 100, 6, 501);
	fake_tun(&n->root, 100, 7, "tun3");
	fake_process(&n->root, 101, "nr-gnb", 5, 1);
	add_udp(n, 500, "10.0.0.1", 2152, "0.0.0.0", 0);
	add_udp(n, 501, "10.0.0.1", 9152, "0.0.0.0", 0);
	look(n);
	assert_int_equal(n->found.len, 3);
	assert_non_null(found(n, 100, EVIDENCE_NAME));
	assert_string_equal(found(n, 100, EVIDENCE_SOCKET_OWNER)->detail, "udp 10.0.0.1:9152");
	assert_non_null(found(n, 100, EVIDENCE_TUN_OWNER));
}

static void evidence_names_go_both_ways(void **state)
{
	for (int i = 0; i < EVIDENCE_MAX; i++)
		assert_int_equal(evidence_parse(evidence_name((enum evidence)i)), i);
	assert_int_equal(evidence_parse("nonsense"), -EINVAL);
	assert_int_equal(evidence_parse(""), -EINVAL);
}

int main(void)
{
#define NODE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		NODE_TEST(a_gnb_and_its_ue),
		NODE_TEST(a_name_in_arguments_is_no_name),
		NODE_TEST(strangers_on_the_ports),
		NODE_TEST(a_peer_is_joined_with_the_known),
		NODE_TEST(nobody_is_his_own_peer),
		NODE_TEST(peers_of_other_namespaces),
		NODE_TEST(a_wildcard_socket_is_reached),
		NODE_TEST(a_ue_that_does_not_connect),
		NODE_TEST(unconnected_sockets_that_say_nothing),
		NODE_TEST(only_the_ues_tun),
		NODE_TEST(owners_are_remembered),
		NODE_TEST(a_forks_socket_has_two_owners),
		NODE_TEST(orphans_cost_ever_less),
		NODE_TEST(more_descriptors_than_are_read),
		NODE_TEST(who_holds_n4),
		NODE_TEST(patterns_and_ports_are_configuration),
		cmocka_unit_test(evidence_names_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
