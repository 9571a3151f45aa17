/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gtp5g_scene: the device upfgtp and, for each outcome of standin/script.h that rules alone bring
 * about, a session whose uplink TEID and UE address standin/send.c sends to. Says "ready", and keeps
 * the device's socket until its standard input ends. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"
#include "gtp5g.h"
#include "rtnl.h"
#include "script.h"

#define OTHER_UE 0x0a3c00c8 /* 10.60.0.200: its packets never come */

static struct addr v4(uint32_t host_order)
{
	struct in_addr in = {.s_addr = htonl(host_order)};
	char text[INET_ADDRSTRLEN];
	struct addr a = {0};

	addr_parse(inet_ntop(AF_INET, &in, text, sizeof(text)), &a);
	return a;
}

static uint16_t action_of(enum outcome o)
{
	if (o == outcome_far_drop)
		return GTP5G_ACTION_DROP;
	return o == outcome_buffered ? GTP5G_ACTION_BUFF : GTP5G_ACTION_FORW;
}

static int add_fars(const struct gtp5g *g, enum outcome o, struct err *err)
{
	struct gtp5g_far up = {.seid = 0x100 + o, .id = 10, .action = action_of(o),
			       .encapsulate = o == outcome_to_n9 || o == outcome_no_route,
			       .teid = 0x3000 + o, .port = GTPU_UDP_PORT,
			       .peer = v4(o == outcome_no_route ? NOWHERE : N9_ADDRESS)};
	struct gtp5g_far down = up;
	int r = gtp5g_far_add(g, &up, err);

	down.id = 20;
	down.encapsulate = o != outcome_no_ran_address;
	down.teid = 0x2000 + o;
	return r ? r : gtp5g_far_add(g, &down, err);
}

static int add_session(const struct gtp5g *g, enum outcome o, struct err *err)
{
	struct gtp5g_qer qer = {.seid = 0x100 + o, .id = 30, .qfi = 9};
	struct gtp5g_pdr pdr = {.seid = 0x100 + o, .id = 1, .precedence = 1,
				.source = GTP5G_ACCESS, .ue = v4(UE_BASE + o),
				.teid = TEID_BASE + o, .local = v4(UPF_ADDRESS), .far_id = 10,
				.qer_id = 30, .buffers = true,
				.keeps_outer_header = o == outcome_no_outer_header_removal};
	int r;

	if (o == outcome_gate_closed)
		qer.gate = GTP5G_GATE_UPLINK_CLOSED | GTP5G_GATE_DOWNLINK_CLOSED;
	/* The right TEID, and another UE's: no PDR for these packets. */
	if (o == outcome_no_far)
		pdr.ue = v4(OTHER_UE);
	r = gtp5g_qer_add(g, &qer, err);
	if (!r)
		r = add_fars(g, o, err);
	if (!r)
		r = gtp5g_pdr_add(g, &pdr, err);
	pdr.id = 2;
	pdr.source = GTP5G_CORE;
	pdr.far_id = 20;
	return r ? r : gtp5g_pdr_add(g, &pdr, err);
}

static int make(int fd, struct err *err)
{
	static const enum outcome outcomes_made[] = {
		outcome_forwarded, outcome_to_n9, outcome_buffered, outcome_no_far,
		outcome_far_drop, outcome_no_outer_header_removal, outcome_gate_closed,
		outcome_no_ran_address, outcome_no_route,
	};
	struct gtp5g g = {0};
	int r = rtnl_gtp5g_add("upfgtp", fd, 1024, RTNL_GTP_ROLE_UPF, err);

	if (!r)
		r = genl_family("gtp5g", &g.family, err);
	g.ifindex = if_nametoindex("upfgtp");
	for (size_t i = 0; !r && i < sizeof(outcomes_made) / sizeof(*outcomes_made); i++)
		r = add_session(&g, outcomes_made[i], err);
	return r;
}

int main(void)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(GTPU_UDP_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct err err = {""};
	char end;

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own))) {
		perror("gtp5g_scene: socket");
		return 1;
	}
	if (make(fd, &err)) {
		fprintf(stderr, "gtp5g_scene: %s\n", err.text);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	close(fd);
	return 0;
}
