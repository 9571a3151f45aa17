// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* send uplink|downlink N: N packets of each kind that there is in that direction, and on standard
 * output a JSON line for each kind: what its packets look like. Every kind has a length of its own.
 * Uplink it is the gNB, downlink the data network. */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "script.h"

#define DN_ADDRESS 0x0a0a0009 /* 10.10.0.9: nobody has it */
#define QFI 9
#define INNER_HEADERS 28
#define GTP_HEADERS 16
#define LEAST_DATA 8

struct kind {
	const char *name;
	bool uplink, downlink;
};

static const struct kind kinds[] = {
#define KIND(name, uplink, downlink) {#name, uplink, downlink},
	OUTCOMES(KIND)
#undef KIND
	{"echo", true, false},
	{"to_user", true, false},
	{"end_marker", true, false},
	{"bad_extension", true, false},
	{"short", true, false},
	{"not_ipv4", false, true},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

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

static size_t put_inner(uint8_t *p, size_t kind)
{
	size_t data = LEAST_DATA + kind, len = INNER_HEADERS + data;

	p[0] = 0x45;
	put16(p + 2, len);
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	put32(p + 12, UE_BASE + kind);
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

static size_t put_uplink(uint8_t *p, size_t kind, unsigned int seq)
{
	const char *name = kinds[kind].name;
	size_t len;

	if (!strcmp(name, "echo"))
		return put_message(p, 1, 0, kind);
	if (!strcmp(name, "to_user"))
		return put_message(p, 26, TEID_BASE, kind);
	if (!strcmp(name, "end_marker"))
		return put_message(p, 254, TEID_BASE, kind);
	if (!strcmp(name, "short"))
		return 4;
	len = put_tpdu(p, kind, seq);
	if (!strcmp(name, "bad_extension"))
		p[12] = 0;
	return len;
}

static void say(const char *direction, size_t kind, unsigned int count, size_t len)
{
	printf("{\"direction\":\"%s\",\"kind\":\"%s\",\"index\":%zu,\"count\":%u,\"len\":%zu}\n",
	       direction, kinds[kind].name, kind, count, len);
}

static int udp_socket(uint32_t address, unsigned int port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
		err(1, "socket");
	return fd;
}

static void send_to(int fd, const void *data, size_t len, uint32_t address, unsigned int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(address)};

	if (sendto(fd, data, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		err(1, "sendto");
}

static void uplink(size_t kind, unsigned int count)
{
	int fd = udp_socket(GNB_ADDRESS, GTPU_UDP_PORT);
	size_t len = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint8_t packet[256] = {0};

		len = put_uplink(packet, kind, i);
		send_to(fd, packet, len, UPF_ADDRESS, GTPU_UDP_PORT);
	}
	close(fd);
	say("uplink", kind, count, 8 + len);
}

static void send_ipv6(const uint8_t *packet, size_t len)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6),
				 .sll_ifindex = (int)if_nametoindex("upfgtp")};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		err(1, "packet socket");
	close(fd);
}

static void downlink(size_t kind, unsigned int count)
{
	bool ipv6 = !strcmp(kinds[kind].name, "not_ipv4");
	size_t data = LEAST_DATA + kind, len = ipv6 ? 40 + data : INNER_HEADERS + data;
	int fd = udp_socket(0, 5000 + kind);

	for (unsigned int i = 0; i < count; i++) {
		uint8_t packet[256] = {0};

		packet[0] = 0x60;
		packet[5] = data;
		packet[6] = 59; /* no next header */
		if (ipv6)
			send_ipv6(packet, len);
		else
			send_to(fd, packet, data, UE_BASE + kind, 9);
	}
	close(fd);
	say("downlink", kind, count, len);
}

int main(int argc, char **argv)
{
	unsigned int count = 0;
	bool up = argc == 3 && !strcmp(argv[1], "uplink");

	if (argc != 3 || sscanf(argv[2], "%5u", &count) != 1)
		errx(2, "usage: send uplink|downlink N");
	for (size_t i = 0; i < KINDS; i++) {
		if (up && kinds[i].uplink)
			uplink(i, count);
		if (!up && kinds[i].downlink)
			downlink(i, count);
	}
	return 0;
}
