/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is not user traffic on N3, from a gNB: Echo Requests, each answered before the next; End
 * Markers of a tunnel that is there; G-PDUs of one that is not, which the UPF answers to the gNB's
 * own N3 port by Error Indications. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "gtpu_codec.h"
#include "node_internal.h"
#include "traffic_internal.h"

#define PATIENCE_MS 10000
#define TEID_UNKNOWN 0x00f10000U
#define INNER_LEN 28 /* IPv4 and UDP headers, no payload */

static int send_whole(struct traffic_worker *w, int fd, const uint8_t *message, size_t len)
{
	if (send(fd, message, len, MSG_NOSIGNAL) == (ssize_t)len)
		return 0;
	return err_set(&w->err, -errno, "%s: cannot send: %s", w->netns, strerror(errno));
}

/* 0 also when nothing came in time: then it is missing in the count. */
static int await_echo(struct traffic_worker *w, int fd, uint16_t seq)
{
	struct pollfd fds[] = {{.fd = w->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	uint8_t answer[GTPU_MESSAGE_MAX];
	struct gtpu_message m;
	ssize_t n;

	if (poll(fds, ARRAY_SIZE(fds), PATIENCE_MS) < 0)
		return -errno;
	if (fds[0].revents)
		return -ECANCELED;
	n = recv(fd, answer, sizeof(answer), 0);
	if (n > 0 && gtpu_decode(answer, (size_t)n, &m) == 0 && m.header.type == GTPU_ECHO_RESPONSE &&
	    m.header.seq == seq)
		w->result.signalling.echo_responses++;
	return 0;
}

static int send_echo(struct traffic_worker *w, int fd, unsigned i)
{
	uint8_t out[GTPU_MESSAGE_MAX];
	int r = send_whole(w, fd, out, gtpu_echo_request((uint16_t)i, out));

	if (r < 0)
		return r;
	w->result.signalling.echo_requests++;
	return await_echo(w, fd, (uint16_t)i);
}

static int send_end_marker(struct traffic_worker *w, int fd, unsigned i)
{
	uint8_t out[GTPU_MESSAGE_MAX];
	int r = send_whole(w, fd, out, gtpu_end_marker(traffic_gnb_ue(w)->teid_uplink, out));

	w->result.signalling.end_markers += r == 0;
	return r;
}

static void put_inner(const struct traffic_worker *w, uint8_t p[static INNER_LEN])
{
	static const uint8_t head[INNER_LEN] = {
		0x45, [3] = INNER_LEN, [8] = 64, [9] = IPPROTO_UDP, [20] = 0xc0, 0, 0, 9, 0, 8};
	uint32_t src = addr_v4(&traffic_gnb_ue(w)->address), dst = addr_v4(&w->plan->dn_address);
	uint16_t sum;

	memcpy(p, head, INNER_LEN);
	memcpy(p + 12, &src, sizeof(src));
	memcpy(p + 16, &dst, sizeof(dst));
	sum = traffic_checksum(p, 20);
	memcpy(p + 10, &sum, sizeof(sum));
}

static int send_unknown(struct traffic_worker *w, int fd, unsigned i)
{
	struct gtpu_header h = {
		.type = GTPU_G_PDU,
		.teid = TEID_UNKNOWN + w->index,
		.has_pdu_session = !w->plan->plain_gtpu,
		.pdu_type = GTPU_PDU_UPLINK,
		.qfi = lab_flow_qfi(w->plan, 1),
	};
	uint8_t out[GTPU_HEADER_MAX + INNER_LEN];
	ssize_t head = gtpu_header_encode(&h, INNER_LEN, out);
	int r;

	put_inner(w, out + head);
	r = send_whole(w, fd, out, (size_t)head + INNER_LEN);
	w->result.signalling.unknown_teids += r == 0;
	return r;
}

int traffic_run_signalling(struct traffic_worker *w)
{
	static int (*const steps[])(struct traffic_worker *, int, unsigned) = {send_echo, send_end_marker,
									       send_unknown};
	_cleanup_close_ int fd = traffic_n3_socket(w);
	int r = fd < 0 ? fd : 0;

	/* In turn: the answer to an Echo Request shows that the UPF keeps up. */
	for (unsigned i = 0; r == 0 && i < w->options->signalling; i++)
		for (unsigned s = 0; r == 0 && s < ARRAY_SIZE(steps); s++)
			r = steps[s](w, fd, i);
	return r == -ECANCELED ? 0 : r;
}
