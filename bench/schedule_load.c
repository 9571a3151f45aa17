/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The two ends of bench/schedule.
 *
 * ping ADDRESS PORT COUNT INTERVAL_US: a UDP datagram every interval, whether or not those before have
 * come back, so that one long wait counts as often as it would hurt; a line of nanoseconds for each
 * echo, "lost" for each that did not come within a second of the last. It takes SCHED_FIFO: what is
 * measured is the way, not whoever holds the watch.
 *
 * hogs FILE N: N busy loops that count what they get done into FILE, 64 bits and a cache line each. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

#define PING_MAX 10000000
#define PATIENCE_NS NSEC_PER_SEC
#define HOGS_MAX 1024
#define HOG_STRIDE 64

struct ping {
	int fd;
	uint64_t count, interval_ns;
	uint64_t *sent_ns, *took_ns; /* of each; took 0: no echo yet */
	uint64_t echoed;
};

/* 0 for what is no number from 1 to max. */
static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	return *end || n > max ? 0 : n;
}

static void receive(struct ping *p)
{
	uint64_t seq;

	while (recv(p->fd, &seq, sizeof(seq), MSG_DONTWAIT) == sizeof(seq)) {
		if (seq >= p->count || p->took_ns[seq] || !p->sent_ns[seq])
			continue;
		p->took_ns[seq] = clock_boot_ns() - p->sent_ns[seq];
		p->echoed++;
	}
}

static void wait_until(struct ping *p, uint64_t due_ns)
{
	for (uint64_t now; (now = clock_boot_ns()) < due_ns;) {
		struct pollfd fd = {.fd = p->fd, .events = POLLIN};
		struct timespec rest = {.tv_sec = (time_t)((due_ns - now) / NSEC_PER_SEC),
					.tv_nsec = (long)((due_ns - now) % NSEC_PER_SEC)};

		if (ppoll(&fd, 1, &rest, NULL) > 0)
			receive(p);
	}
}

static void measure(struct ping *p)
{
	uint64_t due = clock_boot_ns();

	for (uint64_t seq = 0; seq < p->count; seq++, due += p->interval_ns) {
		wait_until(p, due);
		p->sent_ns[seq] = clock_boot_ns();
		/* One that cannot be sent is lost. */
		(void)!send(p->fd, &seq, sizeof(seq), MSG_DONTWAIT);
		receive(p);
	}
	due = clock_boot_ns() + PATIENCE_NS;
	while (p->echoed < p->count && clock_boot_ns() < due)
		wait_until(p, MIN(due, clock_boot_ns() + 10 * NSEC_PER_MSEC));
}

static int open_path(struct ping *p, const char *address, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(port, UINT16_MAX))};

	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || p->fd < 0 ||
	    connect(p->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	return 0;
}

static int ping(char **argv)
{
	const struct sched_param first = {.sched_priority = 50};
	struct ping p = {.count = number(argv[2], PING_MAX), .interval_ns = number(argv[3], 1000000) * 1000};

	if (!p.count || !p.interval_ns || open_path(&p, argv[0], argv[1]) < 0)
		return 2;
	p.sent_ns = calloc(p.count, sizeof(*p.sent_ns));
	p.took_ns = calloc(p.count, sizeof(*p.took_ns));
	if (!p.sent_ns || !p.took_ns || mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ||
	    sched_setscheduler(0, SCHED_FIFO, &first) < 0) {
		perror("ping");
		return 1;
	}
	measure(&p);
	for (uint64_t seq = 0; seq < p.count; seq++)
		if (p.took_ns[seq])
			printf("%" PRIu64 "\n", p.took_ns[seq]);
		else
			puts("lost");
	return 0;
}

static void __attribute__((noreturn)) hog(volatile uint64_t *count)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		++*count;
}

static int hogs(const char *path, uint64_t n)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char *counts;

	if (!n || fd < 0 || ftruncate(fd, (off_t)(n * HOG_STRIDE)) < 0)
		return 2;
	counts = mmap(NULL, n * HOG_STRIDE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counts == MAP_FAILED)
		return 1;
	for (uint64_t i = 0; i < n; i++)
		if (!fork())
			hog((volatile uint64_t *)(counts + i * HOG_STRIDE));
	puts("running");
	fflush(stdout);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "ping"))
		return ping(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "hogs"))
		return hogs(argv[2], number(argv[3], HOGS_MAX));
	fputs("usage: schedule_load ping ADDRESS PORT COUNT INTERVAL_US | hogs FILE N\n", stderr);
	return 2;
}
