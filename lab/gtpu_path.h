/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One end of GTP-U paths (TS 29.281 4.3): what gNB and UPF do alike with their N3 socket. */
#pragma once

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>

#include "gtpu_codec.h"
#include "node_internal.h"

struct gtpu_path {
	int fd;			/* the N3 socket, borrowed */
	uint8_t pdu_type;	/* enum gtpu_pdu_type of what this end sends */
	bool plain;		/* G-PDUs without PDU Session Container */
	bool quiet;		/* sends no Error Indication */
	atomic_uint unanswered; /* Echo Requests since the last response */

	/* Takes a G-PDU's inner packet. -ENOENT: no such tunnel, which the sender is told by an
	 * Error Indication; any other error drops the packet. */
	int (*g_pdu)(const struct node *node, void *data, const struct gtpu_message *m);
	void *data;
};

/* A thread's body: receives until stopped, answering Echo Requests. data: struct gtpu_path. */
int gtpu_path_serve(const struct node *node, void *data);

struct gtpu_tunnel {
	const struct sockaddr_in *peer;
	uint32_t teid;
	uint16_t *next_seq; /* NULL: no sequence numbers */
};

/* Wraps an inner packet and sends it into the tunnel, with the QFI its DSCP asks for and the next number. */
void gtpu_path_send(const struct node *node, const struct gtpu_path *path, const struct gtpu_tunnel *tunnel,
		    const void *packet, size_t len);

void gtpu_path_send_echo(struct gtpu_path *path, const struct sockaddr_in *peer, uint16_t seq);
