// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* send uplink|downlink N [KIND...]: N packets of each KIND, or of each of the stand-in's kinds that there
 * is in that direction but those given as -KIND; on standard output a JSON line for each kind: what its
 * packets look like. Every kind has a length of its own. Uplink it is the gNB, downlink the data network.
 *
 * All of it on one CPU, so that the receiver takes the packets in this order; with kinds named, uplink
 * ends with an Echo Request and its answer: whatever was sent before has been taken.
 * send burst N KIND: the N packets in one, for the receiver's kernel to part; it waits for nothing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../kinds.h"

#define DN_ADDRESS 0x0a0a0009 /* 10.10.0.9: nobody has it */
#define QFI 9
#define INNER_HEADERS 28
#define OTHER_QFI 5
#define GTP_HEADERS 16
#define PACKET_MAX 256

struct row {
	const char *name;
	bool uplink, downlink;
};

static const struct row kinds[kinds_end] = {
#define KIND(name, uplink, downlink) {#name, uplink, downlink},
	OUTCOMES(KIND) MESSAGES(KIND) SESSIONS(KIND)
#undef KIND
};

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static unsigned int sum16(const uint8_t *p, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static uint32_t ue_of(size_t kind)
{
	return (kind == kind_framed ? FRAMED_BASE : UE_BASE) + kind;
}

static size_t put_inner(uint8_t *p, size_t kind)
{
	size_t data = LEAST_DATA + kind, len = INNER_HEADERS + data;

	p[0] = 0x45;
	put16(p + 2, len);
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	put32(p + 12, ue_of(kind));
	put32(p + 16, DN_ADDRESS);
	put16(p + 10, sum16(p, 20));
	put16(p + 20, 4000 + kind);
	put16(p + 22, 9);
	put16(p + 24, 8 + data);
	return len;
}

/* A T-PDU with a sequence number and the PDU Session Container of an uplink packet. */
static size_t put_tpdu(uint8_t *p, size_t kind, unsigned int seq)
{
	static const uint8_t extension[] = {0, 0x85, 1, 0x10, QFI, 0};
	size_t len = put_inner(p + GTP_HEADERS, kind);

	p[0] = 0x36;
	p[1] = 255;
	put16(p + 2, len + 8);
	put32(p + 4, TEID_BASE + kind);
	put16(p + 8, seq);
	memcpy(p + 10, extension, sizeof(extension));
	return len + GTP_HEADERS;
}

/* 12 bytes and padding that make the length the kind's own. */
static size_t put_message(uint8_t *p, unsigned int type, uint32_t teid, size_t kind)
{
	p[0] = 0x32;
	p[1] = type;
	put16(p + 2, 4 + kind);
	put32(p + 4, teid);
	return 12 + kind;
}

static size_t put_broken(uint8_t *p, size_t kind, size_t len)
{
	switch (kind) {
	case kind_bad_extension:
		p[12] = 0;
		break;
	case kind_long_length:
		put16(p + 2, 1000);
		break;
	case kind_cut_options:
		len = 10;
		put16(p + 2, len - 8);
		break;
	case kind_cut_extension:
		p[12] = 200;
		break;
	case kind_cut_inner:
		len = GTP_HEADERS + 19;
		put16(p + 2, len - 8);
		put32(p + 4, TEID_BASE);
		break;
	case kind_other_qfi:
		p[14] = OTHER_QFI;
		break;
	}
	return len;
}

static size_t put_uplink(uint8_t *p, size_t kind, unsigned int seq)
{
	switch (kind) {
	case kind_echo:
	case kind_echo_no_route:
		return put_message(p, 1, 0, kind);
	case kind_to_user:
		return put_message(p, 26, TEID_BASE, kind);
	case kind_end_marker:
		return put_message(p, 254, TEID_BASE, kind);
	case kind_end_marker_n9:
		return put_message(p, 254, TEID_BASE + outcome_to_n9, kind);
	case kind_end_marker_buffered:
		return put_message(p, 254, TEID_BASE + outcome_buffered, kind);
	case kind_short:
		return 4;
	}
	return put_broken(p, kind, put_tpdu(p, kind, seq));
}

static void say(const char *direction, size_t kind, unsigned int count, size_t len)
{
	printf("{\"direction\":\"%s\",\"kind\":\"%s\",\"index\":%zu,\"count\":%u,\"len\":%zu}\n", direction,
	       kinds[kind].name, kind, count, len);
}

static int udp_socket(uint32_t address, unsigned int port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
		err(1, "socket");
	return fd;
}

static void send_to(int fd, const void *data, size_t len, uint32_t address, unsigned int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};

	if (sendto(fd, data, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		err(1, "sendto");
}

static void uplink(size_t kind, unsigned int count)
{
	int fd = udp_socket(kind == kind_echo_no_route ? UNREACHABLE : GNB_ADDRESS, GTPU_UDP_PORT);
	size_t len = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint8_t packet[PACKET_MAX] = {0};

		len = put_uplink(packet, kind, i);
		send_to(fd, packet, len, UPF_ADDRESS, GTPU_UDP_PORT);
	}
	close(fd);
	say("uplink", kind, count, 8 + len);
}

/* Without a checksum: gtp5g takes the request's skb for its answer, and with the checksum that a veth leaves
 * to the receiver the answer's is wrong. */
static void until_answered(void)
{
	int fd = udp_socket(GNB_ADDRESS, GTPU_UDP_PORT), one = 1;
	struct timeval ample = {.tv_sec = 60};
	uint8_t packet[PACKET_MAX] = {0}, answer[PACKET_MAX];
	size_t len = put_uplink(packet, kind_echo, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &ample, sizeof(ample)))
		err(1, "setsockopt");
	send_to(fd, packet, len, UPF_ADDRESS, GTPU_UDP_PORT);
	do {
		if (recv(fd, answer, sizeof(answer), 0) < 0)
			err(1, "the answer to an Echo Request");
	} while (answer[1] != 2);
	close(fd);
	say("uplink", kind_echo, 1, 8 + len);
}

static void burst(size_t kind, unsigned int count)
{
	static uint8_t packets[1 << 16];
	int fd = udp_socket(GNB_ADDRESS, GTPU_UDP_PORT);
	int len = (int)put_uplink(packets, kind, 0);

	if (count * len > sizeof(packets) - PACKET_MAX)
		errx(2, "%u packets are too many for one", count);
	for (unsigned int i = 1; i < count; i++)
		put_uplink(packets + i * len, kind, i);
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &len, sizeof(len)))
		err(1, "UDP_SEGMENT");
	send_to(fd, packets, count * len, UPF_ADDRESS, GTPU_UDP_PORT);
	close(fd);
	say("uplink", kind, count, 8 + len);
}

static void send_ipv6(const uint8_t *packet, size_t len)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IPV6),
				 .sll_ifindex = (int)if_nametoindex("upfgtp")};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		err(1, "packet socket");
	close(fd);
}

static void downlink(size_t kind, unsigned int count)
{
	bool ipv6 = kind == kind_not_ipv4;
	size_t data = LEAST_DATA + kind + (ipv6 ? 2 * kinds_end : 0);
	size_t len = data + (ipv6 ? 40 : INNER_HEADERS);
	unsigned int mark = FRAMED_MARK;
	int fd = udp_socket(0, 5000 + kind);

	if (kind == kind_framed && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		err(1, "SO_MARK");
	for (unsigned int i = 0; i < count; i++) {
		uint8_t packet[PACKET_MAX] = {0};

		packet[0] = 0x60;
		packet[5] = data;
		packet[6] = 59; /* no next header */
		if (ipv6)
			send_ipv6(packet, len);
		else
			send_to(fd, packet, data, ue_of(kind), 9);
	}
	close(fd);
	say("downlink", kind, count, len);
}

/* Whether the arguments, if there are any, name the kind. */
static bool named(const char *kind, char **names)
{
	for (; *names; names++)
		if (!strcmp(*names, kind))
			return true;
	return false;
}

static bool wanted(size_t kind, char **names)
{
	char without[64];

	if (names[0] && names[0][0] != '-')
		return named(kinds[kind].name, names);
	snprintf(without, sizeof(without), "-%s", kinds[kind].name);
	return kind <= kind_not_ipv4 && !named(without, names);
}

static void one_cpu(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		err(1, "sched_setaffinity");
}

int main(int argc, char **argv)
{
	unsigned int count = 0;
	bool up = argc > 1 && !strcmp(argv[1], "uplink");
	bool parted = argc > 1 && !strcmp(argv[1], "burst");

	if (argc < 3 || sscanf(argv[2], "%5u", &count) != 1)
		errx(2, "usage: send uplink|downlink|burst N [KIND...]");
	one_cpu();
	for (size_t i = 0; i < kinds_end; i++) {
		if (!wanted(i, argv + 3))
			continue;
		if (parted)
			burst(i, count);
		else if (up && kinds[i].uplink)
			uplink(i, count);
		else if (!up && kinds[i].downlink)
			downlink(i, count);
	}
	if (up && argc > 3 && argv[3][0] != '-')
		until_answered();
	return 0;
}
