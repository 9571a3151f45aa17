/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* flood INTERFACE FLOWS PACKETS PER_SECOND gtpu|udp: sends so many packets of so many flows in random order from the
 * interface, at that rate (0: as fast as it goes), and prints what it reached: {"packets": N, "seconds": S}. Each of
 * GTP-U's flows has a tunnel of its own. */
#include <net/if.h>
#include <linux/if_packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define BATCH 32
#define SIZE 128

/* clang-format off */
static const unsigned char gtpu[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	/* IPv4, UDP 2152 -> 2152 */
	0x45, 0, 0, 114, 0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2, 0x08, 0x68, 0x08, 0x68, 0, 94, 0, 0,
	/* G-PDU, E; PDU Session Container, uplink, QFI 9 */
	0x34, 0xff, 0, 78, 0, 0, 0, 0, 0, 0, 0, 0x85, 1, 0x10, 9, 0,
	/* inner IPv4, UDP */
	0x45, 0, 0, 70, 0, 1, 0, 0, 64, 17, 0, 0, 10, 60, 0, 1, 10, 70, 0, 2, 0x0f, 0xa0, 0x13, 0x88, 0, 50, 0, 0,
};
/* clang-format on */
/* clang-format off */
static const unsigned char udp[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 114, 0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2, 0x0f, 0xa0, 0x13, 0x88, 0, 94, 0, 0,
};
/* clang-format on */

struct flood {
	int fd;
	unsigned long flows;
	int is_gtpu;
	uint64_t random;
	unsigned char packets[BATCH][SIZE];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH];
};

/* xorshift64: a flow of the next packet. */
static unsigned long next_flow(struct flood *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random % f->flows;
}

static void put(unsigned char *p, unsigned long flow)
{
	p[0] = (unsigned char)(flow >> 24);
	p[1] = (unsigned char)(flow >> 16);
	p[2] = (unsigned char)(flow >> 8);
	p[3] = (unsigned char)flow;
}

static void make(struct flood *f, int i)
{
	unsigned long flow = next_flow(f);

	if (f->is_gtpu)
		put(f->packets[i] + 46, flow + 1); /* TEID */
	else
		put(f->packets[i] + 26, 0x0b000000 + flow); /* source address */
}

static void prepare(struct flood *f, struct sockaddr_ll *to)
{
	for (int i = 0; i < BATCH; i++) {
		memcpy(f->packets[i], f->is_gtpu ? gtpu : udp, f->is_gtpu ? sizeof(gtpu) : sizeof(udp));
		f->iov[i] = (struct iovec){f->packets[i], SIZE};
		f->messages[i].msg_hdr = (struct msghdr){
			.msg_name = to, .msg_namelen = sizeof(*to), .msg_iov = &f->iov[i], .msg_iovlen = 1};
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_until(double when)
{
	struct timespec t = {(time_t)when, (long)((when - (double)(time_t)when) * 1e9)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static unsigned long run(struct flood *f, unsigned long packets, double rate)
{
	double begin = now();
	unsigned long sent = 0;

	while (sent < packets) {
		int n = packets - sent < BATCH ? (int)(packets - sent) : BATCH;

		for (int i = 0; i < n; i++)
			make(f, i);
		n = sendmmsg(f->fd, f->messages, (unsigned)n, 0);
		if (n < 0)
			break;
		sent += (unsigned long)n;
		if (rate > 0 && (double)sent / rate > now() - begin)
			wait_until(begin + (double)sent / rate);
	}
	return sent;
}

int main(int argc, char **argv)
{
	static struct flood f = {.random = 88172645463325252ULL};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	unsigned long sent;
	double begin;

	if (argc != 6)
		return 2;
	f.fd = socket(AF_PACKET, SOCK_RAW, 0);
	f.flows = strtoul(argv[2], NULL, 10);
	f.is_gtpu = !strcmp(argv[5], "gtpu");
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (f.fd < 0 || !f.flows || !to.sll_ifindex)
		return 2;
	prepare(&f, &to);
	begin = now();
	sent = run(&f, strtoul(argv[3], NULL, 10), strtod(argv[4], NULL));
	printf("{\"packets\": %lu, \"seconds\": %.3f}\n", sent, now() - begin);
	return 0;
}
