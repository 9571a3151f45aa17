/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The user-space UPF: between the N3 tunnels and a TUN device, behind which the kernel routes to
 * N6. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "device.h"
#include "gtpu_path.h"
#include "inner.h"
#include "map.h"

/* One PDU session: a UE's tunnel both ways. */
struct session {
	const struct lab_ue *ue;
	struct sockaddr_in gnb;
	/* Of the downlink PDR of each flow, from 1. The downlink's thread alone uses it. */
	uint16_t next_seq[LAB_FLOWS_MAX + 1];
};

struct upf {
	int tun;
	struct gtpu_path n3;
	/* Both filled before the threads start and constant then: struct session * by uplink TEID
	 * (host order) and by the UE's address as session_key() has it. */
	struct map *by_teid;
	struct map *by_address;
	struct session sessions[LAB_UES_MAX];
};

/* A UE owns one IPv4 address or an IPv6 prefix of 64 bits. */
static struct addr session_key(const struct addr *a)
{
	struct addr key = *a;

	if (!addr_is_v4(a))
		memset(key.b + 8, 0, 8);
	return key;
}

static struct session *find(const struct map *map, const void *key)
{
	struct session **s = map_get(map, key);

	return s ? *s : NULL;
}

static int put(struct map *map, const void *key, struct session *s)
{
	struct session **slot = map_put(map, key, NULL);

	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

static int add_session(struct upf *upf, const struct lab_plan *plan, unsigned i)
{
	const struct lab_ue *ue = &plan->ues[i];
	struct addr v4 = session_key(&ue->address), v6 = session_key(&ue->address6);
	struct session *s = &upf->sessions[i];

	s->ue = ue;
	s->gnb = node_sockaddr(&plan->gnbs[ue->gnb - 1].n3_address, LAB_PORT_GTPU);
	if (put(upf->by_teid, &ue->teid_uplink, s) < 0 || put(upf->by_address, &v4, s) < 0)
		return -ENOMEM;
	return put(upf->by_address, &v6, s);
}

static int uplink_g_pdu(const struct node *node, void *data, const struct gtpu_message *m)
{
	struct upf *upf = data;
	struct session *s = find(upf->by_teid, &m->header.teid);
	struct addr key;
	struct inner in;

	if (!s)
		return -ENOENT;
	if (inner_parse(m->payload, m->payload_len, &in) < 0)
		return -EBADMSG;
	key = session_key(&in.src);
	if (find(upf->by_address, &key) != s)
		return -EPERM; /* a UE with another UE's address */
	return write(upf->tun, m->payload, m->payload_len) < 0 ? -errno : 0;
}

struct downlink_packet {
	const struct inner *in;
	const uint8_t *bytes;
	size_t len;
};

/* gtp5g numbers what each PDR takes: two PDRs of one session are two series in one tunnel. */
static void send_downlink(const struct node *node, const struct upf *upf, struct session *s,
			  const struct downlink_packet *packet)
{
	unsigned flow = lab_address_flow(node->plan, &packet->in->src);
	const struct gtpu_tunnel tunnel = {&s->gnb, s->ue->teid_downlink,
					   node->plan->core->numbered ? &s->next_seq[flow] : NULL};

	gtpu_path_send(node, &upf->n3, &tunnel, packet->bytes, packet->len);
}

static int downlink(const struct node *node, void *data)
{
	struct upf *upf = data;
	uint8_t packet[NODE_DATAGRAM_MAX];

	for (;;) {
		ssize_t n = node_receive(node, upf->tun, packet, sizeof(packet), NULL);
		struct session *s;
		struct inner in;
		struct addr key;

		if (n < 0)
			return n == -ECANCELED ? 0 : (int)n;
		if (inner_parse(packet, (size_t)n, &in) < 0)
			continue;
		key = session_key(&in.dst);
		s = find(upf->by_address, &key);
		if (s)
			send_downlink(node, upf, s, &(const struct downlink_packet){&in, packet, (size_t)n});
	}
}

static int run(struct node *node, struct upf *upf, int ready_fd, struct err *err)
{
	struct node_thread threads[NODE_THREADS_MAX] = {
		{gtpu_path_serve, &upf->n3},
		{downlink, upf},
	};

	for (unsigned i = 0; i < node->plan->options.sessions; i++)
		if (add_session(upf, node->plan, i) < 0)
			return err_set(err, -ENOMEM, "upf: out of memory");
	return node_run(node, threads, node_add_idle(threads, 2, node->plan->core->upf_threads), ready_fd, err);
}

int node_upf_main(struct node *node, int ready_fd, struct err *err)
{
	_cleanup_(cleanup_map) struct map *by_teid = map_new(sizeof(uint32_t), sizeof(struct session *), LAB_UES_MAX);
	_cleanup_(cleanup_map) struct map *by_address =
		map_new(sizeof(struct addr), sizeof(struct session *), 2 * LAB_UES_MAX);
	_cleanup_close_ int tun = node_tun(LAB_UPF_DEVICE, err);
	_cleanup_close_ int n3 = tun < 0 ? -1 : node_udp_socket(NULL, LAB_PORT_GTPU, err);
	struct upf upf = {
		.tun = tun,
		.by_teid = by_teid,
		.by_address = by_address,
		.n3 = {.fd = n3,
		       .pdu_type = GTPU_PDU_DOWNLINK,
		       .plain = node->plan->plain_gtpu,
		       .quiet = !node->plan->core->error_indications,
		       .g_pdu = uplink_g_pdu,
		       .data = &upf},
	};
	int r;

	if (tun < 0 || n3 < 0)
		return tun < 0 ? tun : n3;
	if (!by_teid || !by_address)
		return err_set(err, -ENOMEM, "upf: out of memory");
	r = lab_device_setup_upf(node->plan, err);
	return r < 0 ? r : run(node, &upf, ready_fd, err);
}
