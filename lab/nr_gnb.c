/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gNB: between the radio links of its UEs and the N3 tunnels towards the UPF. */
#include <errno.h>
#include <stdatomic.h>

#include "cleanup.h"
#include "gtpu_path.h"
#include "log.h"
#include "rls.h"

#define ECHO_MS 5000
#define ECHOES_UNANSWERED 3
#define PDU_SESSION 1

struct gnb {
	const struct lab_gnb *plan;
	struct sockaddr_in upf;
	int radio;
	int command_line; /* -1: none */
	struct gtpu_path n3;
	/* The port each UE sends from (network order), learned from what it sends; 0: not yet. The
	 * radio thread writes, the N3 thread reads. */
	_Atomic in_port_t ports[LAB_UES_MAX];
};

/* NULL when the sender is none of this gNB's UEs. */
static const struct lab_ue *ue_of(const struct node *node, uint64_t sti, const struct sockaddr_in *from)
{
	const struct lab_ue *ue;

	if (sti < 1 || sti > node->plan->options.ues)
		return NULL;
	ue = &node->plan->ues[sti - 1];
	if (ue->gnb != node->index || addr_v4(&ue->radio_address) != from->sin_addr.s_addr)
		return NULL;
	return ue;
}

static void answer_heartbeat(const struct node *node, const struct gnb *gnb, const struct sockaddr_in *ue)
{
	const struct rls_message m = {.type = RLS_HEARTBEAT_ACK, .sti = node->index};
	uint8_t head[RLS_HEADER_MAX];

	node_send(gnb->radio, ue, node_part(head, rls_header_encode(&m, head)), NODE_NO_BODY);
}

static void uplink_message(const struct node *node, struct gnb *gnb, const struct rls_message *m,
			   const struct sockaddr_in *from)
{
	const struct lab_ue *ue = ue_of(node, m->sti, from);

	if (!ue)
		return;
	atomic_store_explicit(&gnb->ports[ue->index - 1], from->sin_port, memory_order_relaxed);
	if (m->type == RLS_HEARTBEAT)
		answer_heartbeat(node, gnb, from);
	else if (m->type == RLS_PDU && ue->session)
		gtpu_path_send(node, &gnb->n3, &(struct gtpu_tunnel){&gnb->upf, ue->teid_uplink, NULL}, m->pdu,
			       m->pdu_len);
}

static int uplink(const struct node *node, void *data)
{
	struct gnb *gnb = data;
	uint8_t datagram[NODE_DATAGRAM_MAX];

	for (;;) {
		struct sockaddr_in from;
		struct rls_message m;
		ssize_t n = node_receive(node, gnb->radio, datagram, sizeof(datagram), &from);

		if (n < 0)
			return n == -ECANCELED ? 0 : (int)n;
		if (rls_decode(datagram, (size_t)n, &m) == 0)
			uplink_message(node, gnb, &m, &from);
	}
}

static const struct lab_ue *ue_by_teid(const struct node *node, uint32_t teid)
{
	for (unsigned u = 0; u < node->plan->options.ues; u++) {
		const struct lab_ue *ue = &node->plan->ues[u];

		if (ue->session && ue->teid_downlink == teid && ue->gnb == node->index)
			return ue;
	}
	return NULL;
}

static int downlink_g_pdu(const struct node *node, void *data, const struct gtpu_message *m)
{
	struct gnb *gnb = data;
	const struct lab_ue *ue = ue_by_teid(node, m->header.teid);
	struct rls_message pdu = {.type = RLS_PDU, .sti = node->index, .psi = PDU_SESSION, .pdu_len = m->payload_len};
	uint8_t head[RLS_HEADER_MAX];
	struct sockaddr_in to;

	if (!ue)
		return -ENOENT;
	to = node_sockaddr(&ue->radio_address, 0);
	to.sin_port = atomic_load_explicit(&gnb->ports[ue->index - 1], memory_order_relaxed);
	if (!to.sin_port)
		return -ENOTCONN;
	node_send(gnb->radio, &to, node_part(head, rls_header_encode(&pdu, head)),
		  node_part(m->payload, m->payload_len));
	return 0;
}

static void watch_path(const struct node *node, struct gnb *gnb, bool *warned)
{
	bool down = atomic_load(&gnb->n3.unanswered) >= ECHOES_UNANSWERED;
	char text[ADDR_TEXT_MAX];

	if (down && !*warned)
		log_info("nr-gnb %u: %s answers no Echo Requests", node->index,
			 addr_format(&gnb->plan->upf_n3_address, text));
	*warned = down;
}

/* Path management (TS 29.281 7.2). */
static int housekeeping(const struct node *node, void *data)
{
	struct gnb *gnb = data;
	bool warned = false;
	uint16_t seq = 0;
	int r;

	do {
		gtpu_path_send_echo(&gnb->n3, &gnb->upf, seq++);
		r = node_wait(node, -1, 0, ECHO_MS);
		watch_path(node, gnb, &warned);
	} while (r == 0);
	return r == -ECANCELED ? 0 : r;
}

static size_t add_threads(struct gnb *gnb, const struct lab_core_traits *core, struct node_thread *threads)
{
	size_t n = 0;

	threads[n++] = (struct node_thread){uplink, gnb};
	threads[n++] = (struct node_thread){gtpu_path_serve, &gnb->n3};
	if (core->path_management)
		threads[n++] = (struct node_thread){housekeeping, gnb};
	if (core->command_line)
		threads[n++] = (struct node_thread){node_drain, &gnb->command_line};
	return node_add_idle(threads, n, core->gnb_threads);
}

/* The address of the link that its UEs share; any where each has a link, or there are none. */
static const struct addr *radio_address(const struct node *node)
{
	const struct lab_plan *plan = node->plan;

	if (!plan->core->one_ue_netns || node->index > plan->options.ues)
		return NULL;
	return &plan->ues[node->index - 1].gnb_radio_address;
}

int node_gnb_main(struct node *node, int ready_fd, struct err *err)
{
	const struct lab_gnb *plan = &node->plan->gnbs[node->index - 1];
	const struct lab_core_traits *core = node->plan->core;
	_cleanup_close_ int radio = node_udp_socket(radio_address(node), LAB_PORT_RADIO, err);
	_cleanup_close_ int command_line = node_command_line(node, err);
	_cleanup_close_ int n3 = radio < 0 ? -1 : node_udp_socket(&plan->n3_address, LAB_PORT_GTPU, err);
	struct gnb gnb = {
		.plan = plan,
		.upf = node_sockaddr(&plan->upf_n3_address, LAB_PORT_GTPU),
		.radio = radio,
		.command_line = command_line,
		.n3 = {.fd = n3,
		       .pdu_type = GTPU_PDU_UPLINK,
		       .plain = node->plan->plain_gtpu,
		       .quiet = !core->error_indications,
		       .g_pdu = downlink_g_pdu,
		       .data = &gnb},
	};
	struct node_thread threads[NODE_THREADS_MAX];

	if (radio < 0 || n3 < 0)
		return radio < 0 ? radio : n3;
	if (core->command_line && command_line < 0)
		return command_line;
	return node_run(node, threads, add_threads(&gnb, core, threads), ready_fd, err);
}
