/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cases_sender INTERFACE FILE: sends the packets of lines "NAME HEX ..." as they are, where there is no python. */
#include <net/if.h>
#include <netinet/in.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PACKET_MAX 9216

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static size_t from_hex(const char *text, unsigned char *ret)
{
	size_t n = 0;

	while (n < PACKET_MAX && nibble(text[2 * n]) >= 0 && nibble(text[2 * n + 1]) >= 0) {
		ret[n] = (unsigned char)(nibble(text[2 * n]) << 4 | nibble(text[2 * n + 1]));
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	static unsigned char packet[PACKET_MAX];
	static char line[4 * PACKET_MAX];
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	FILE *f = argc == 3 ? fopen(argv[2], "r") : NULL;
	unsigned long n = 0;

	if (!f || fd < 0)
		return 2;
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	while (fgets(line, sizeof(line), f)) {
		char *hex = strchr(line, ' ');
		size_t len = hex ? from_hex(hex + 1, packet) : 0;

		if (sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len) {
			perror(line);
			return 1;
		}
		n++;
	}
	printf("%lu\n", n);
	return 0;
}
