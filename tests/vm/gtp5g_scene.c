/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gtp5g_scene [framed] [qer]: the device upfgtp and, for each kind of packet of kinds.h that needs one, a
 * session that brings its outcome about. Says "made"; then, for each line "change" or "again" of its
 * standard input, replaces what some of the sessions are and says the word. Keeps the device's socket until
 * its standard input ends. framed: with a framed route, which 0.10.0 and later know. qer: a QER is
 * among what is replaced, which 0.10.1 and later survive. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gtp5g.h"
#include "kinds.h"
#include "rtnl.h"

#define SEID_BASE 0x100
#define OTHER_UE 0x0a3c00c8 /* 10.60.0.200: its packets never come */
#define DUPL_ALONE 0x10	    /* an Apply Action that says nothing of the packet itself */
#define FAST 1000000	    /* kbit/s */
#define SLOW 60		    /* kbit/s */
#define PLENTY 1000000000

struct session {
	struct gtp5g_qer qer, session_qer; /* the second has id 0: none */
	struct gtp5g_urr urr;
	struct gtp5g_far up, down;
	struct gtp5g_pdr up_pdr, down_pdr;
	bool urr_last; /* after its PDRs */
};

static struct addr v4(uint32_t host_order)
{
	struct in_addr in = {.s_addr = htonl(host_order)};
	char text[INET_ADDRSTRLEN];
	struct addr a = {0};

	addr_parse(inet_ntop(AF_INET, &in, text, sizeof(text)), &a);
	return a;
}

static void n9(struct gtp5g_far *far, uint32_t peer)
{
	far->encapsulate = true;
	far->peer = v4(peer);
}

static void forwarding(struct session *s, unsigned kind)
{
	uint64_t seid = SEID_BASE + kind;

	s->qer = (struct gtp5g_qer){.seid = seid, .id = 30, .qfi = 9};
	s->up = (struct gtp5g_far){
		.seid = seid, .id = 10, .action = GTP5G_ACTION_FORW, .teid = 0x3000 + kind, .port = GTPU_UDP_PORT};
	s->down = s->up;
	s->down.id = 20;
	s->down.teid = 0x2000 + kind;
	n9(&s->down, GNB_ADDRESS);
	s->up_pdr = (struct gtp5g_pdr){.seid = seid,
				       .id = 1,
				       .precedence = 1,
				       .source = GTP5G_ACCESS,
				       .ue = v4(UE_BASE + kind),
				       .teid = TEID_BASE + kind,
				       .local = v4(UPF_ADDRESS),
				       .far_id = 10,
				       .qers = {30},
				       .buffers = true};
	s->down_pdr = s->up_pdr;
	s->down_pdr.id = 2;
	s->down_pdr.source = GTP5G_CORE;
	s->down_pdr.far_id = 20;
}

static void both_fars(struct session *s, uint16_t action)
{
	s->up.action = s->down.action = action;
}

static void both_pdrs_filter(struct session *s, uint8_t protocol)
{
	s->up_pdr.protocol = s->down_pdr.protocol = protocol;
}

static void rate(struct session *s, uint64_t kbit_s)
{
	s->qer.mbr_uplink = s->qer.mbr_downlink = kbit_s;
}

/* Of the session, in the place of each PDR's list. */
static void add_session_qer(struct session *s, unsigned uplink_place, unsigned downlink_place)
{
	s->session_qer = (struct gtp5g_qer){.seid = s->qer.seid, .id = 31, .mbr_uplink = FAST, .mbr_downlink = FAST};
	s->up_pdr.qers[!uplink_place] = s->down_pdr.qers[!downlink_place] = s->qer.id;
	s->up_pdr.qers[uplink_place] = s->down_pdr.qers[downlink_place] = s->session_qer.id;
}

static void metered(struct session *s, uint32_t triggers, uint64_t quota)
{
	s->urr = (struct gtp5g_urr){.seid = s->qer.seid, .id = 40, .triggers = triggers, .quota = quota};
	s->up_pdr.urr_id = s->down_pdr.urr_id = 40;
}

static void outcome_session(struct session *s, unsigned kind)
{
	switch (kind) {
	case outcome_to_n9:
		n9(&s->up, N9_ADDRESS);
		break;
	case outcome_buffered:
		both_fars(s, GTP5G_ACTION_BUFF);
		break;
	case outcome_far_drop:
		both_fars(s, GTP5G_ACTION_DROP);
		break;
	case outcome_no_outer_header_removal:
		s->up_pdr.keeps_outer_header = true;
		break;
	case outcome_gate_closed:
		/* Before 0.9.2 a QER without rates has no gate. */
		rate(s, FAST);
		s->qer.gate = GTP5G_GATE_UPLINK_CLOSED | GTP5G_GATE_DOWNLINK_CLOSED;
		add_session_qer(s, 1, 1);
		break;
	case outcome_no_ran_address:
		s->down.encapsulate = false;
		break;
	case outcome_no_route:
		n9(&s->up, NOWHERE);
		n9(&s->down, NOWHERE);
		break;
	}
}

static void rule_session(struct session *s, unsigned kind, const char *framed_route)
{
	switch (kind) {
	case kind_other_ue:
		s->up_pdr.ue = v4(OTHER_UE);
		break;
	case kind_sdf_match:
		both_pdrs_filter(s, IPPROTO_UDP);
		break;
	case kind_sdf_miss:
		both_pdrs_filter(s, IPPROTO_TCP);
		break;
	case kind_no_action:
		both_fars(s, DUPL_ALONE);
		break;
	case kind_policed:
		rate(s, SLOW);
		add_session_qer(s, 0, 1);
		break;
	case kind_framed:
		s->up_pdr.framed_route = s->down_pdr.framed_route = framed_route;
		break;
	}
}

static void metered_session(struct session *s, unsigned kind)
{
	switch (kind) {
	case kind_metered:
	case kind_metered_downlink:
		metered(s, GTP5G_TRIGGER_VOLUME_QUOTA, QUOTA_PACKETS * (LEAST_DATA + kind));
		break;
	case kind_quota_zero:
		s->urr_last = true;
		metered(s, GTP5G_TRIGGER_VOLUME_QUOTA, 0);
		break;
	case kind_quota_before:
		metered(s, GTP5G_TRIGGER_VOLUME_QUOTA, 0);
		break;
	case kind_start_n9:
		n9(&s->up, N9_ADDRESS);
		metered(s, GTP5G_TRIGGER_START, PLENTY);
		break;
	case kind_start:
		metered(s, GTP5G_TRIGGER_START, PLENTY);
		break;
	}
}

static void session_of(struct session *s, unsigned kind, const char *framed_route)
{
	*s = (struct session){0};
	forwarding(s, kind);
	outcome_session(s, kind);
	rule_session(s, kind, framed_route);
	metered_session(s, kind);
}

static int add(const struct gtp5g *g, const struct session *s, struct err *err)
{
	int r = gtp5g_qer_add(g, &s->qer, err);

	if (!r && s->session_qer.id)
		r = gtp5g_qer_add(g, &s->session_qer, err);
	if (!r && s->urr.id && !s->urr_last)
		r = gtp5g_urr_add(g, &s->urr, err);
	if (!r)
		r = gtp5g_far_add(g, &s->up, err);
	if (!r)
		r = gtp5g_far_add(g, &s->down, err);
	if (!r)
		r = gtp5g_pdr_add(g, &s->up_pdr, err);
	if (!r)
		r = gtp5g_pdr_add(g, &s->down_pdr, err);
	if (!r && s->urr_last)
		r = gtp5g_urr_add(g, &s->urr, err);
	return r;
}

static int make(const struct gtp5g *g, const char *framed_route, struct err *err)
{
	static const unsigned kinds[] = {
		outcome_forwarded,     outcome_to_n9,
		outcome_buffered,      outcome_no_far,
		outcome_far_drop,      outcome_no_outer_header_removal,
		outcome_gate_closed,   outcome_no_ran_address,
		outcome_no_route,      kind_other_ue,
		kind_sdf_match,	       kind_sdf_miss,
		kind_other_qfi,	       kind_no_action,
		kind_long_length,      kind_far_replaced,
		kind_qer_replaced,     kind_metered,
		kind_metered_downlink, kind_quota_zero,
		kind_quota_before,     kind_start,
		kind_start_n9,	       kind_policed,
		kind_framed,
	};
	struct session s;
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(kinds) / sizeof(*kinds); i++) {
		session_of(&s, kinds[i], framed_route);
		r = add(g, &s, err);
	}
	/* There is no making a PDR without its FAR. */
	session_of(&s, outcome_no_far, NULL);
	if (!r)
		r = gtp5g_far_remove(g, s.up.seid, s.up.id, err);
	return r ? r : gtp5g_far_remove(g, s.down.seid, s.down.id, err);
}

static int change_qer(const struct gtp5g *g, struct err *err)
{
	struct session s;

	session_of(&s, kind_qer_replaced, NULL);
	s.qer.qfi = 5;
	return gtp5g_qer_update(g, &s.qer, err);
}

/* The FAR of the PDRs without one comes, another begins to buffer, a QER has another QFI, a quota is
 * granted again. */
static int change(const struct gtp5g *g, bool qer, struct err *err)
{
	struct session s;
	int r;

	session_of(&s, outcome_no_far, NULL);
	r = gtp5g_far_add(g, &s.up, err);
	if (!r)
		r = gtp5g_far_add(g, &s.down, err);
	session_of(&s, kind_far_replaced, NULL);
	both_fars(&s, GTP5G_ACTION_BUFF);
	if (!r)
		r = gtp5g_far_update(g, &s.up, err);
	if (!r)
		r = gtp5g_far_update(g, &s.down, err);
	if (!r && qer)
		r = change_qer(g, err);
	session_of(&s, kind_metered, NULL);
	s.urr.quota = PLENTY;
	return r ? r : gtp5g_urr_update(g, &s.urr, err);
}

/* The FAR that buffers forwards again, to another peer and tunnel; the PDRs of the QER take notice of
 * its QFI. */
static int again(const struct gtp5g *g, struct err *err)
{
	struct session s;
	int r;

	session_of(&s, kind_far_replaced, NULL);
	n9(&s.up, OTHER_PEER);
	n9(&s.down, OTHER_PEER);
	s.down.teid += 0x100;
	r = gtp5g_far_update(g, &s.up, err);
	if (!r)
		r = gtp5g_far_update(g, &s.down, err);
	session_of(&s, kind_qer_replaced, NULL);
	if (!r)
		r = gtp5g_pdr_update(g, &s.up_pdr, err);
	return r ? r : gtp5g_pdr_update(g, &s.down_pdr, err);
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static int run(int fd, const char *framed_route, bool qer, struct err *err)
{
	struct gtp5g g = {0};
	char line[16];
	int r = rtnl_gtp5g_add("upfgtp", fd, 1024, RTNL_GTP_ROLE_UPF, err);

	if (!r)
		r = gtp5g_find("upfgtp", &g, err);
	if (!r)
		r = make(&g, framed_route, err);
	if (!r)
		say("made");
	while (!r && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		r = strcmp(line, "again") ? change(&g, qer, err) : again(&g, err);
		if (!r)
			say(line);
	}
	return r;
}

static bool given(char **argv, const char *word)
{
	while (*argv && strcmp(*argv, word))
		argv++;
	return *argv;
}

int main(int argc, char **argv)
{
	bool framed = argc && given(argv + 1, "framed"), qer = argc && given(argv + 1, "qer");
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(GTPU_UDP_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct err err = {""};
	int r;

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own))) {
		perror("gtp5g_scene: socket");
		return 1;
	}
	r = run(fd, framed ? FRAMED_ROUTE : NULL, qer, &err);
	if (r)
		fprintf(stderr, "gtp5g_scene: %s\n", err.text);
	close(fd);
	return !!r;
}
