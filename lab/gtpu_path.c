/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtpu_path.h"

#include <errno.h>

#include "inner.h"
#include "log.h"

/* This end's address as the peer knows it; NULL when the peer is none of the lab's. */
static const struct addr *own_address(const struct node *node, const struct sockaddr_in *from)
{
	struct addr peer = addr_from_v4(from->sin_addr.s_addr);

	if (node->kind == LAB_NODE_GNB)
		return &node->plan->gnbs[node->index - 1].n3_address;
	for (unsigned g = 0; g < node->plan->options.gnbs; g++)
		if (addr_equal(&peer, &node->plan->gnbs[g].n3_address))
			return &node->plan->gnbs[g].upf_n3_address;
	return NULL;
}

static void answer_unknown_teid(const struct node *node, const struct gtpu_path *path, const struct sockaddr_in *from,
				uint32_t teid)
{
	const struct addr *own = own_address(node, from);
	struct sockaddr_in to = *from;
	uint8_t out[GTPU_MESSAGE_MAX];

	if (!own || path->quiet)
		return;
	to.sin_port = htons(GTPU_PORT); /* whatever port the G-PDU came from: 29.281 4.4.2.4 */
	node_send(path->fd, &to, node_part(out, gtpu_error_indication(teid, own, out)), NODE_NO_BODY);
}

static void log_error_indication(const struct gtpu_message *m)
{
	char text[ADDR_TEXT_MAX];
	struct addr peer;
	uint32_t teid;

	if (gtpu_error_indication_decode(m, &teid, &peer) == 0)
		log_debug("Error Indication: %s has no tunnel 0x%08x", addr_format(&peer, text), teid);
}

static void dispatch(const struct node *node, struct gtpu_path *path, const struct gtpu_message *m,
		     const struct sockaddr_in *from)
{
	uint8_t out[GTPU_MESSAGE_MAX];

	switch (m->header.type) {
	case GTPU_G_PDU:
		if (path->g_pdu(node, path->data, m) == -ENOENT)
			answer_unknown_teid(node, path, from, m->header.teid);
		break;
	case GTPU_ECHO_REQUEST:
		node_send(path->fd, from, node_part(out, gtpu_echo_response(m->header.seq, out)), NODE_NO_BODY);
		break;
	case GTPU_ECHO_RESPONSE:
		atomic_store(&path->unanswered, 0);
		break;
	case GTPU_ERROR_INDICATION:
		log_error_indication(m);
		break;
	case GTPU_END_MARKER:
		log_debug("End Marker of tunnel 0x%08x", m->header.teid);
		break;
	}
}

int gtpu_path_serve(const struct node *node, void *data)
{
	struct gtpu_path *path = data;
	uint8_t datagram[NODE_DATAGRAM_MAX];

	for (;;) {
		struct sockaddr_in from;
		struct gtpu_message m;
		ssize_t n = node_receive(node, path->fd, datagram, sizeof(datagram), &from);

		if (n < 0)
			return n == -ECANCELED ? 0 : (int)n;
		if (gtpu_decode(datagram, (size_t)n, &m) == 0)
			dispatch(node, path, &m, &from);
	}
}

void gtpu_path_send(const struct node *node, const struct gtpu_path *path, const struct gtpu_tunnel *tunnel,
		    const void *packet, size_t len)
{
	struct gtpu_header h = {.type = GTPU_G_PDU, .teid = tunnel->teid, .pdu_type = path->pdu_type};
	uint8_t head[GTPU_HEADER_MAX];
	struct inner in;
	ssize_t head_len;

	if (inner_parse(packet, len, &in) < 0)
		return;
	h.has_pdu_session = !path->plain;
	h.qfi = lab_dscp_qfi(node->plan, in.dscp);
	h.has_seq = tunnel->next_seq != NULL;
	h.seq = h.has_seq ? (*tunnel->next_seq)++ : 0;
	head_len = gtpu_header_encode(&h, len, head);
	if (head_len > 0)
		node_send(path->fd, tunnel->peer, node_part(head, (size_t)head_len), node_part(packet, len));
}

void gtpu_path_send_echo(struct gtpu_path *path, const struct sockaddr_in *peer, uint16_t seq)
{
	uint8_t out[GTPU_MESSAGE_MAX];

	atomic_fetch_add(&path->unanswered, 1);
	node_send(path->fd, peer, node_part(out, gtpu_echo_request(seq, out)), NODE_NO_BODY);
}
