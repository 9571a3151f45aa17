/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "gtpu_codec.h"
#include "node_internal.h"
#include "traffic_internal.h"

#define CHAIN_LINKS 64
#define MALFORMED_MAX (12 + 4 * CHAIN_LINKS)

/* Written octet by octet and not by the codec, which refuses to. The TEIDs are those of a UE that
 * the lab has, so that nothing but the fault stands between the packet and its tunnel. */
static size_t put_head(uint8_t *p, uint8_t flags, uint16_t length, uint32_t teid)
{
	const uint8_t head[] = {flags,	    GTPU_G_PDU,		 length >> 8,	     length & 0xff,
				teid >> 24, (teid >> 16) & 0xff, (teid >> 8) & 0xff, teid & 0xff};

	memcpy(p, head, sizeof(head));
	return sizeof(head);
}

static size_t put_chain(uint8_t *p, uint32_t teid)
{
	size_t at = put_head(p, 0x34, 4 + 4 * CHAIN_LINKS, teid);

	memcpy(p + at, "\0\0\0\x85", 4);
	at += 4;
	for (unsigned i = 0; i < CHAIN_LINKS; i++, at += 4)
		memcpy(p + at, "\x01\x10\x09\x85", 4);
	return at;
}

static size_t put_malformed(enum lab_malformed kind, uint32_t teid, uint8_t *p)
{
	switch (kind) {
	case LAB_MALFORMED_SHORT:
		return put_head(p, 0x30, 0, teid) - 3;
	case LAB_MALFORMED_VERSION:
		put_head(p, 0x50, 20, teid);
		memset(p + 8, 0, 20);
		return 28;
	case LAB_MALFORMED_LENGTH:
		put_head(p, 0x30, 1000, teid);
		memset(p + 8, 0, 20);
		p[8] = 0x45;
		return 28;
	default:
		return put_chain(p, teid);
	}
}

static int send_kind(struct traffic_worker *w, int fd, enum lab_malformed kind, uint32_t teid)
{
	uint8_t packet[MALFORMED_MAX];
	size_t len = put_malformed(kind, teid, packet);

	while (w->result.malformed[kind] < w->options->malformed_count) {
		struct pollfd fds[] = {{.fd = w->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLOUT}};

		if (send(fd, packet, len, MSG_NOSIGNAL) == (ssize_t)len) {
			w->result.malformed[kind]++;
			continue;
		}
		/* An ICMP error of an earlier one is reported once, and nothing was sent. */
		if (errno != EAGAIN && errno != ECONNREFUSED)
			return err_set(&w->err, -errno, "%s: cannot send: %s", w->netns, strerror(errno));
		if (poll(fds, ARRAY_SIZE(fds), -1) >= 0 && fds[0].revents)
			return -ECANCELED;
	}
	return 0;
}

const struct lab_ue *traffic_gnb_ue(const struct traffic_worker *w)
{
	const struct lab_plan *plan = w->plan;

	for (unsigned u = 0; u < plan->options.ues; u++)
		if (plan->ues[u].gnb == w->index)
			return &plan->ues[u];
	return &plan->ues[0];
}

int traffic_n3_socket(struct traffic_worker *w)
{
	struct sockaddr_in upf = node_sockaddr(&w->plan->gnbs[w->index - 1].upf_n3_address, LAB_PORT_GTPU);
	_cleanup_close_ int fd = node_udp_socket(NULL, 0, &w->err);

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&upf, sizeof(upf)) < 0)
		return err_set(&w->err, -errno, "%s: cannot reach the UPF: %s", w->netns, strerror(errno));
	return TAKE_FD(fd);
}

int traffic_run_malformed(struct traffic_worker *w)
{
	uint32_t teid = traffic_gnb_ue(w)->teid_uplink;
	_cleanup_close_ int fd = traffic_n3_socket(w);
	int r = fd < 0 ? fd : 0;

	for (unsigned k = 0; k < LAB_MALFORMED_KINDS && r == 0; k++)
		if (w->options->malformed & 1U << k)
			r = send_kind(w, fd, k, teid);
	return r == -ECANCELED ? 0 : r;
}
