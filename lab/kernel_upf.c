/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_upf.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "cleanup.h"
#include "device.h"
#include "gtp.h"
#include "gtp5g.h"
#include "gtp5g_session.h"
#include "gtpu_path.h"
#include "node_internal.h"
#include "rtnl.h"

#define PORT_GTPU0 3386 /* GTP version 0 */
#define HASH_SIZE 1024

struct holder {
	const struct lab_plan *plan;
	int fd0;  /* GTP version 0, gtp only; -1 otherwise */
	int fd1u; /* N3 */
};

/* The kernel could make the sockets itself from 5.11 on, but then it answers an Echo Request to
 * port 2152, whatever port it came from, and neither side sends Error Indications. */
static int make_gtp(struct holder *h, struct err *err)
{
	h->fd0 = node_udp_socket(NULL, PORT_GTPU0, err);
	if (h->fd0 < 0)
		return h->fd0;
	h->fd1u = node_udp_socket(NULL, LAB_PORT_GTPU, err);
	if (h->fd1u < 0)
		return h->fd1u;
	return rtnl_gtp_add(LAB_UPF_DEVICE, &(struct rtnl_gtp){h->fd0, h->fd1u, HASH_SIZE, RTNL_GTP_ROLE_UPF}, err);
}

static int make_gtp5g(struct holder *h, struct err *err)
{
	h->fd1u = node_udp_socket(NULL, LAB_PORT_GTPU, err);
	if (h->fd1u < 0)
		return h->fd1u;
	return rtnl_gtp5g_add(LAB_UPF_DEVICE, h->fd1u, HASH_SIZE, RTNL_GTP_ROLE_UPF, err);
}

static struct addr prefix64(const struct addr *a)
{
	struct addr prefix = {0};

	memcpy(prefix.b, a->b, 8);
	return prefix;
}

static int add_pdps(const struct lab_plan *plan, const struct lab_ue *ue, unsigned ifindex, struct err *err)
{
	struct gtp_pdp pdp = {
		.ifindex = ifindex,
		.i_tei = ue->teid_uplink,
		.o_tei = ue->teid_downlink,
		.ms_addr = ue->address,
		.peer = plan->gnbs[ue->gnb - 1].n3_address,
	};
	int r = gtp_pdp_add(&pdp, err);

	if (r < 0 || !plan->options.inner_ipv6)
		return r;
	pdp.ms_addr = prefix64(&ue->address6);
	return gtp_pdp_add(&pdp, err);
}

static int add_tunnels(const struct lab_plan *plan, struct err *err)
{
	struct rtnl_link link;
	struct gtp5g g = {0};
	int r = rtnl_link_get(LAB_UPF_DEVICE, &link, err);

	if (r < 0)
		return r;
	if (plan->options.upf == LAB_UPF_GTP5G)
		r = gtp5g_find(LAB_UPF_DEVICE, &g, err);
	for (unsigned u = 0; r >= 0 && u < plan->options.sessions; u++)
		r = plan->options.upf == LAB_UPF_GTP5G ? lab_gtp5g_session_add(&g, plan, &plan->ues[u], err)
						       : add_pdps(plan, &plan->ues[u], link.ifindex, err);
	return r;
}

/* The module hands over what it has no tunnel for, and what is not its UE's or not IP. */
static int refuse(const struct node *node, void *data, const struct gtpu_message *m)
{
	for (unsigned u = 0; u < node->plan->options.sessions; u++) {
		if (node->plan->ues[u].teid_uplink == m->header.teid)
			return -EACCES;
	}
	return -ENOENT;
}

static int hold(struct node *node, struct holder *h, int ready_fd, struct err *err)
{
	const struct lab_core_traits *core = h->plan->core;
	struct gtpu_path path = {.plain = h->plan->plain_gtpu, .quiet = !core->error_indications, .g_pdu = refuse};
	struct node_thread threads[NODE_THREADS_MAX] = {{gtpu_path_serve, &path}};
	int r = h->plan->options.upf == LAB_UPF_GTP5G ? make_gtp5g(h, err) : make_gtp(h, err);

	if (r >= 0)
		r = lab_device_setup_upf(h->plan, err);
	if (r >= 0)
		r = add_tunnels(h->plan, err);
	path.fd = h->fd1u;
	return r < 0 ? r : node_run(node, threads, node_add_idle(threads, 1, core->upf_threads), ready_fd, err);
}

int lab_kernel_upf_main(const struct lab_plan *plan, int ready_fd, struct err *err)
{
	_cleanup_close_ int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct node node = {.plan = plan, .kind = LAB_NODE_UPF, .index = 1, .stop_fd = stop_fd};
	struct holder h = {.plan = plan, .fd0 = -1, .fd1u = -1};
	int r;

	if (stop_fd < 0 || prctl(PR_SET_NAME, lab_node_comm(LAB_NODE_UPF)) < 0)
		return err_set(err, -errno, "upf: %s", strerror(errno));
	r = hold(&node, &h, ready_fd, err);
	if (h.fd0 >= 0)
		close(h.fd0);
	if (h.fd1u >= 0)
		close(h.fd1u);
	return r;
}
