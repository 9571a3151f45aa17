/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The UE: its packets between the TUN device and the radio link, as UERANSIM's nr-ue carries them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "device.h"
#include "inner.h"
#include "node_internal.h"
#include "rls.h"

#define HEARTBEAT_MS 1000
#define PDU_SESSION 1

struct ue {
	const struct lab_ue *plan;
	struct sockaddr_in gnb;
	int tun; /* -1: no PDU session */
	int radio;
	int command_line; /* -1: none */
};

/* The kernel's own chatter on the device (multicast reports) is not the user's. */
static bool is_users(const struct ue *ue, const uint8_t *packet, size_t len)
{
	struct inner in;

	return inner_parse(packet, len, &in) == 0 &&
	       (addr_equal(&in.src, &ue->plan->address) || addr_equal(&in.src, &ue->plan->address6));
}

static int uplink(const struct node *node, void *data)
{
	const struct ue *ue = data;
	uint8_t packet[NODE_DATAGRAM_MAX], head[RLS_HEADER_MAX];
	struct rls_message m = {.type = RLS_PDU, .sti = node->index, .psi = PDU_SESSION};

	for (;;) {
		ssize_t n = node_receive(node, ue->tun, packet, sizeof(packet), NULL);

		if (n < 0)
			return n == -ECANCELED ? 0 : (int)n;
		if (!is_users(ue, packet, (size_t)n))
			continue;
		m.pdu_id++;
		m.pdu_len = (size_t)n;
		node_send(ue->radio, &ue->gnb, node_part(head, rls_header_encode(&m, head)),
			  node_part(packet, (size_t)n));
	}
}

static int downlink(const struct node *node, void *data)
{
	const struct ue *ue = data;
	uint8_t datagram[NODE_DATAGRAM_MAX];

	for (;;) {
		struct sockaddr_in from;
		struct rls_message m;
		ssize_t n = node_receive(node, ue->radio, datagram, sizeof(datagram), &from);

		if (n < 0)
			return n == -ECANCELED ? 0 : (int)n;
		if (from.sin_addr.s_addr != ue->gnb.sin_addr.s_addr || rls_decode(datagram, (size_t)n, &m) < 0 ||
		    m.type != RLS_PDU || ue->tun < 0)
			continue;
		/* What is no IP packet is refused by the device; nothing to do about it here. */
		(void)!write(ue->tun, m.pdu, m.pdu_len);
	}
}

static int heartbeat(const struct node *node, void *data)
{
	const struct ue *ue = data;
	const struct rls_message m = {.type = RLS_HEARTBEAT, .sti = node->index};
	uint8_t head[RLS_HEADER_MAX];
	int r;

	do {
		node_send(ue->radio, &ue->gnb, node_part(head, rls_header_encode(&m, head)), NODE_NO_BODY);
		r = node_wait(node, -1, 0, HEARTBEAT_MS);
	} while (r == 0);
	return r == -ECANCELED ? 0 : r;
}

static size_t add_threads(struct ue *ue, const struct lab_core_traits *core, struct node_thread *threads)
{
	size_t n = 0;

	threads[n++] = (struct node_thread){downlink, ue};
	threads[n++] = (struct node_thread){heartbeat, ue};
	if (ue->tun >= 0)
		threads[n++] = (struct node_thread){uplink, ue};
	if (core->command_line)
		threads[n++] = (struct node_thread){node_drain, &ue->command_line};
	return node_add_idle(threads, n, core->ue_threads + (ue->tun >= 0 ? core->session_threads : 0));
}

static int open_session(struct ue *ue, const struct lab_plan *plan, struct err *err)
{
	int r;

	if (!ue->plan->session)
		return 0;
	ue->tun = node_tun(ue->plan->device, err);
	if (ue->tun < 0)
		return ue->tun;
	r = lab_device_setup_ue(plan, ue->plan, err);
	if (r < 0)
		close(ue->tun);
	return r;
}

int node_ue_main(struct node *node, int ready_fd, struct err *err)
{
	const struct lab_ue *plan = &node->plan->ues[node->index - 1];
	const struct lab_core_traits *core = node->plan->core;
	_cleanup_close_ int radio = node_udp_socket(NULL, 0, err);
	_cleanup_close_ int command_line = node_command_line(node, err);
	struct ue ue = {
		.plan = plan,
		.gnb = node_sockaddr(&plan->gnb_radio_address, LAB_PORT_RADIO),
		.tun = -1,
		.radio = radio,
		.command_line = command_line,
	};
	struct node_thread threads[NODE_THREADS_MAX];
	int r;

	if (radio < 0 || (core->command_line && command_line < 0))
		return radio < 0 ? radio : command_line;
	r = open_session(&ue, node->plan, err);
	if (r < 0)
		return r;
	r = node_run(node, threads, add_threads(&ue, core, threads), ready_fd, err);
	if (ue.tun >= 0)
		close(ue.tun);
	return r;
}
