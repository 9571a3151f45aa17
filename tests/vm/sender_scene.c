/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sender_scene gtp|gtp5g SESSIONS: the device upfgtp of that module and as many sessions: the n-th has
 * the uplink TEID TEID_BASE + n, the UE address UE_BASE + n and the downlink TEID of the uplink + 0x1000.
 * Says "ready", and keeps the device's socket until its standard input ends. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"
#include "gtp.h"
#include "gtp5g.h"
#include "rtnl.h"
#include "script.h"

#define DOWNLINK_TEIDS 0x1000
#define QFI 9
#define SESSIONS_MAX 10000

static struct addr v4(uint32_t host_order)
{
	struct in_addr in = {.s_addr = htonl(host_order)};
	char text[INET_ADDRSTRLEN];
	struct addr a = {0};

	addr_parse(inet_ntop(AF_INET, &in, text, sizeof(text)), &a);
	return a;
}

static int gtp_session(unsigned ifindex, uint32_t n, struct err *err)
{
	struct gtp_pdp pdp = {.ifindex = ifindex,
			      .i_tei = TEID_BASE + n,
			      .o_tei = TEID_BASE + DOWNLINK_TEIDS + n,
			      .ms_addr = v4(UE_BASE + n),
			      .peer = v4(GNB_ADDRESS)};

	return gtp_pdp_add(&pdp, err);
}

static int make_gtp(uint32_t sessions, struct err *err)
{
	int r = rtnl_gtp_add("upfgtp", &(struct rtnl_gtp){-1, -1, 0, RTNL_GTP_ROLE_UPF}, err);
	unsigned ifindex = if_nametoindex("upfgtp");

	for (uint32_t n = 0; !r && n < sessions; n++)
		r = gtp_session(ifindex, n, err);
	return r;
}

static int gtp5g_session(const struct gtp5g *g, uint32_t n, struct err *err)
{
	struct gtp5g_qer qer = {.seid = 1 + n, .id = 30, .qfi = QFI};
	struct gtp5g_far far = {.seid = 1 + n, .id = 10, .action = GTP5G_ACTION_FORW};
	struct gtp5g_pdr pdr = {.seid = 1 + n,
				.id = 1,
				.precedence = 1,
				.source = GTP5G_ACCESS,
				.ue = v4(UE_BASE + n),
				.teid = TEID_BASE + n,
				.local = v4(UPF_ADDRESS),
				.far_id = 10,
				.qers = {30}};
	int r = gtp5g_qer_add(g, &qer, err);

	if (!r)
		r = gtp5g_far_add(g, &far, err);
	if (!r)
		r = gtp5g_pdr_add(g, &pdr, err);
	far.id = pdr.far_id = 20;
	far.encapsulate = true;
	far.teid = TEID_BASE + DOWNLINK_TEIDS + n;
	far.peer = v4(GNB_ADDRESS);
	far.port = GTPU_UDP_PORT;
	pdr.id = 2;
	pdr.source = GTP5G_CORE;
	if (!r)
		r = gtp5g_far_add(g, &far, err);
	return r ? r : gtp5g_pdr_add(g, &pdr, err);
}

static int make_gtp5g(int fd, uint32_t sessions, struct err *err)
{
	struct gtp5g g = {0};
	int r = rtnl_gtp5g_add("upfgtp", fd, 1024, RTNL_GTP_ROLE_UPF, err);

	if (!r)
		r = genl_family("gtp5g", &g.family, err);
	g.ifindex = if_nametoindex("upfgtp");
	for (uint32_t n = 0; !r && n < sessions; n++)
		r = gtp5g_session(&g, n, err);
	return r;
}

/* The socket that gtp5g listens at. */
static int own_socket(struct err *err)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(GTPU_UDP_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
		return err_set(err, -1, "no socket at port %d", GTPU_UDP_PORT);
	return fd;
}

static int make(const char *module, uint32_t sessions, struct err *err)
{
	int fd;

	if (!strcmp(module, "gtp"))
		return make_gtp(sessions, err);
	fd = own_socket(err);
	return fd < 0 ? fd : make_gtp5g(fd, sessions, err);
}

int main(int argc, char **argv)
{
	unsigned sessions = 0;
	struct err err = {""};
	char end;

	if (argc != 3 || sscanf(argv[2], "%5u", &sessions) != 1 || sessions > SESSIONS_MAX) {
		fprintf(stderr, "usage: sender_scene gtp|gtp5g SESSIONS\n");
		return 2;
	}
	if (make(argv[1], sessions, &err)) {
		fprintf(stderr, "sender_scene: %s\n", err.text);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	return 0;
}
