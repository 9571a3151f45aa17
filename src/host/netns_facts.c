/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network as /proc shows it to a thread in that namespace. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "netns_facts.h"

#define NGAP_PORT 38412 /* TS 38.412 7: the port of the AMF */
#define RADIO_PORT 4997 /* of UERANSIM: nr-gnb and nr-ue */
#define PATH_LEN 512
#define LINE_LEN 512

static FILE *open_net(const char *root, const char *file)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/proc/thread-self/net/%s", root, file);
	return fopen(path, "re");
}

static int read_sysctl(const char *root, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int read_sysctl(const char *root, const char *format, ...)
{
	char path[128] = "/proc/sys/net/", line[32];
	size_t n = strlen(path);
	va_list ap;
	int value;

	va_start(ap, format);
	vsnprintf(path + n, sizeof(path) - n, format, ap);
	va_end(ap);
	if (!read_first_line(root, path, line, sizeof(line)) || sscanf(line, "%d", &value) != 1)
		return -1;
	return value;
}

static struct ue_device *find_device(struct netns_facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_devices; i++)
		if (!strcmp(f->devices[i].name, name))
			return &f->devices[i];
	return NULL;
}

static void read_counters(const char *root, struct netns_facts *f)
{
	_cleanup_fclose_ FILE *file = open_net(root, "dev");
	char line[LINE_LEN];

	while (file && fgets(line, sizeof(line), file)) {
		uint64_t rx, rx_errors, rx_drops, tx, tx_errors;
		char *colon = strchr(line, ':'), *name = line + strspn(line, " ");
		struct ue_device *d;

		if (!colon)
			continue;
		*colon = '\0';
		d = find_device(f, name);
		if (!d || sscanf(colon + 1,
				 "%*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64,
				 &rx, &rx_errors, &rx_drops, &tx, &tx_errors) != 5)
			continue;
		d->rx_packets = rx;
		d->rx_drops = rx_drops;
		d->tx_packets = tx;
		d->tx_errors = tx_errors;
	}
}

/* In hexadecimal words of the machine's order, which is little endian on all that teide runs on: 127.0.0.0/8, ::1. */
static bool is_loopback(const char *address)
{
	size_t len = strlen(address);

	return len == 8 ? !strcmp(address + 6, "7F") : !strcmp(address, "00000000000000000000000001000000");
}

/* net/ipv4/udp.c, udp4_format_sock(): behind addresses and state TX_QUEUE:RX_QUEUE; the last field are the drops. */
static void read_sockets(const char *root, const char *name, struct netns_facts *f)
{
	_cleanup_fclose_ FILE *file = open_net(root, name);
	char line[LINE_LEN], address[33];
	unsigned port, queue;
	uint64_t drops;

	while (file && fgets(line, sizeof(line), file)) {
		const char *last;

		line[strcspn(line, "\n")] = '\0';
		while (line[0] && line[strlen(line) - 1] == ' ')
			line[strlen(line) - 1] = '\0';
		last = strrchr(line, ' ');
		if (!last || sscanf(line, " %*[0-9]: %32[0-9A-Fa-f]:%x %*s %*x %*x:%x", address, &port, &queue) != 3)
			continue;
		f->ran |= port == RADIO_PORT;
		if (port != (f->port ? f->port : GTPU_PORT) || sscanf(last, "%" SCNu64, &drops) != 1)
			continue;
		f->sockets++;
		f->loopback |= is_loopback(address);
		f->socket_drops += drops;
		f->socket_queue += queue;
	}
}

/* net/sctp/proc.c, sctp_assocs_seq_show(): ten columns, the inode, then the ports. */
static void read_associations(const char *root, struct netns_facts *f)
{
	_cleanup_fclose_ FILE *file = open_net(root, "sctp/assocs");
	char line[LINE_LEN];
	unsigned local, remote;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %u %u", &local, &remote) == 2)
			f->ran |= remote == NGAP_PORT && local != NGAP_PORT;
}

/* Two lines of each protocol: names, then numbers. InDatagrams is UDP's first, ForwDatagrams IP's sixth. */
static void read_protocols(const char *root, struct netns_facts *f)
{
	_cleanup_fclose_ FILE *file = open_net(root, "snmp");
	char line[LINE_LEN];
	uint64_t n;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Udp: %" SCNu64, &n) == 1)
			f->datagrams = n;
		else if (sscanf(line, "Ip: %*d %*d %*u %*u %*u %" SCNu64, &n) == 1)
			f->forwarded = n;
	}
}

void netns_facts_read(const char *root, struct netns_facts *f)
{
	f->ip_forward = read_sysctl(root, "ipv4/ip_forward");
	f->ip6_forward = read_sysctl(root, "ipv6/conf/all/forwarding");
	f->rp_all = read_sysctl(root, "ipv4/conf/all/rp_filter");
	for (size_t i = 0; i < f->n_devices; i++) {
		struct ue_device *d = &f->devices[i];

		d->rp_filter = read_sysctl(root, "ipv4/conf/%s/rp_filter", d->name);
		d->forwarding = read_sysctl(root, "ipv4/conf/%s/forwarding", d->name);
		d->own_ipv6 = read_sysctl(root, "ipv6/conf/%s/disable_ipv6", d->name) == 0;
		d->force_ipv6 = read_sysctl(root, "ipv6/conf/%s/force_forwarding", d->name) == 1;
	}
	netns_facts_read_routes(f);
	read_counters(root, f);
	read_sockets(root, "udp", f);
	read_sockets(root, "udp6", f);
	read_associations(root, f);
	read_protocols(root, f);
}
