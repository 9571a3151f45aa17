/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gtp5g_far DEVICE COMMAND...: changes rules of gtp5g, one command after the other, and says on a line
 * of JSON what it did.
 *
 *   forward SEID FAR TEID PEER        the FAR forwards there from now on
 *   marker SEID FAR TEID PEER         the same, and the old peer is sent an End Marker
 *   buffer SEID FAR | drop SEID FAR   the FAR keeps, drops the packets from now on
 *   rebuffer SEID FAR                 asks for that once more: it changes nothing, and is not said
 *   session SEID UE TEID LOCAL PEER   QER 1, FAR 1 and 2, PDR 1 and 2 (whose packets can be kept)
 *   end SEID                          removes those
 *   again SEID FAR                    adds the FAR once more, which the module refuses
 *   qfi SEID N                        QER 1 has another QFI (before 0.10.1 the kernel would hang)
 *   precede SEID UE TEID LOCAL N      PDR 1 has another precedence
 *   repeat SEID UE TEID LOCAL N       PDR 1 with that precedence and a filter for any packet: it has both, and nothing
 * is said quota SEID N                      URR 1, which no PDR has, with a quota requota SEID N                    URR
 * 1 has another bar SEID N                        BAR 1 for so many packets forget SEID                       removes
 * URR 1 and BAR 1 remove SEID FAR                   removes the FAR send UE N                         N packets of 100
 * bytes to the UE */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "genl.h"
#include "gtp5g.h"
#include "gtp5g_rules.h"
#include "rtnl.h"

#define PACKET_LEN 100 /* IP and UDP headers included */
#define UDP_IP_LEN 28

static int number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno || end == text || *end ? -EINVAL : 0;
}

static int session_number(char **argv, uint64_t *seid, struct err *err)
{
	return number(argv[0], seid) < 0 ? err_set(err, -EINVAL, "%s is no SEID", argv[0]) : 0;
}

static void did(const char *change, const char *rule, const char *key, uint64_t seid, uint64_t id)
{
	printf("{\"change\": \"%s\", \"rule\": \"%s\", \"seid\": \"%" PRIu64 "\", \"%s\": %" PRIu64 "}\n", change, rule,
	       seid, key, id);
	fflush(stdout);
}

static int far_number(char **argv, struct gtp5g_far *far, struct err *err)
{
	uint64_t id;
	int r = session_number(argv, &far->seid, err);

	if (r < 0)
		return r;
	if (number(argv[1], &id) < 0)
		return err_set(err, -EINVAL, "%s is no FAR", argv[1]);
	far->id = (uint32_t)id;
	return 0;
}

static int replace(const struct gtp5g *g, struct gtp5g_far *far, char **argv, struct err *err)
{
	int r = far_number(argv, far, err);

	if (r >= 0)
		r = gtp5g_far_update(g, far, err);
	if (r >= 0)
		did("replaced", "FAR", "far_id", far->seid, far->id);
	return r;
}

static int on_remove(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_far far;
	int r = far_number(argv, &far, err);

	if (r >= 0)
		r = gtp5g_far_remove(g, far.seid, far.id, err);
	if (r >= 0)
		did("removed", "FAR", "far_id", far.seid, far.id);
	return r;
}

static int forward(const struct gtp5g *g, char **argv, bool marker, struct err *err)
{
	struct gtp5g_far far = {.action = GTP5G_ACTION_FORW, .encapsulate = true, .port = 2152, .end_marker = marker};
	uint64_t teid;

	if (number(argv[2], &teid) < 0 || addr_parse(argv[3], &far.peer) < 0)
		return err_set(err, -EINVAL, "%s %s is no tunnel", argv[2], argv[3]);
	far.teid = (uint32_t)teid;
	return replace(g, &far, argv, err);
}

static int on_forward(const struct gtp5g *g, char **argv, struct err *err)
{
	return forward(g, argv, false, err);
}

static int on_marker(const struct gtp5g *g, char **argv, struct err *err)
{
	return forward(g, argv, true, err);
}

static int on_buffer(const struct gtp5g *g, char **argv, struct err *err)
{
	return replace(g, &(struct gtp5g_far){.action = GTP5G_ACTION_BUFF}, argv, err);
}

static int on_rebuffer(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_far far = {.action = GTP5G_ACTION_BUFF};
	int r = far_number(argv, &far, err);

	return r < 0 ? r : gtp5g_far_update(g, &far, err);
}

static int on_drop(const struct gtp5g *g, char **argv, struct err *err)
{
	return replace(g, &(struct gtp5g_far){.action = GTP5G_ACTION_DROP}, argv, err);
}

static int add_fars(const struct gtp5g *g, const struct gtp5g_far *to_gnb, struct err *err)
{
	const struct gtp5g_far to_n6 = {.seid = to_gnb->seid, .id = 1, .action = GTP5G_ACTION_FORW};
	int r = gtp5g_far_add(g, &to_n6, err);

	if (r >= 0) {
		did("created", "FAR", "far_id", to_n6.seid, to_n6.id);
		r = gtp5g_far_add(g, to_gnb, err);
	}
	if (r >= 0)
		did("created", "FAR", "far_id", to_gnb->seid, to_gnb->id);
	return r;
}

static int add_pdrs(const struct gtp5g *g, struct gtp5g_pdr *pdr, struct err *err)
{
	int r;

	pdr->id = 1;
	pdr->far_id = 1;
	r = gtp5g_pdr_add(g, pdr, err);
	if (r < 0)
		return r;
	did("created", "PDR", "pdr_id", pdr->seid, pdr->id);
	pdr->id = 2;
	pdr->far_id = 2;
	pdr->source = GTP5G_CORE;
	r = gtp5g_pdr_add(g, pdr, err);
	if (r >= 0)
		did("created", "PDR", "pdr_id", pdr->seid, pdr->id);
	return r;
}

static int on_session(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_far far = {.id = 2, .action = GTP5G_ACTION_FORW, .encapsulate = true, .port = 2152};
	struct gtp5g_qer qer = {.id = 1, .qfi = 9};
	struct gtp5g_pdr pdr = {.precedence = 255, .qers = {1}, .buffers = true};
	uint64_t teid;
	int r = session_number(argv, &far.seid, err);

	if (r < 0)
		return r;
	if (number(argv[2], &teid) < 0 || addr_parse(argv[1], &pdr.ue) < 0 || addr_parse(argv[3], &pdr.local) < 0 ||
	    addr_parse(argv[4], &far.peer) < 0)
		return err_set(err, -EINVAL, "session: not understood");
	qer.seid = pdr.seid = far.seid;
	pdr.teid = far.teid = (uint32_t)teid;
	r = gtp5g_qer_add(g, &qer, err);
	if (r < 0)
		return r;
	did("created", "QER", "qer_id", qer.seid, qer.id);
	r = add_fars(g, &far, err);
	return r < 0 ? r : add_pdrs(g, &pdr, err);
}

static int two_numbers(char **argv, uint64_t *seid, uint64_t *n, struct err *err)
{
	int r = session_number(argv, seid, err);

	if (r < 0)
		return r;
	return number(argv[1], n) < 0 ? err_set(err, -EINVAL, "%s is no number", argv[1]) : 0;
}

static int on_qfi(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_qer qer = {.id = 1};
	uint64_t n;
	int r = two_numbers(argv, &qer.seid, &n, err);

	qer.qfi = (uint8_t)n;
	if (r >= 0)
		r = gtp5g_qer_update(g, &qer, err);
	if (r >= 0)
		did("replaced", "QER", "qer_id", qer.seid, qer.id);
	return r;
}

static int replace_pdr(const struct gtp5g *g, char **argv, struct gtp5g_pdr *pdr, struct err *err)
{
	uint64_t teid, n;
	int r = session_number(argv, &pdr->seid, err);

	if (r < 0)
		return r;
	if (addr_parse(argv[1], &pdr->ue) < 0 || number(argv[2], &teid) < 0 || addr_parse(argv[3], &pdr->local) < 0 ||
	    number(argv[4], &n) < 0)
		return err_set(err, -EINVAL, "a PDR: not understood");
	pdr->teid = (uint32_t)teid;
	pdr->precedence = (uint32_t)n;
	return gtp5g_pdr_update(g, pdr, err);
}

static int on_precede(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_pdr pdr = {.id = 1, .far_id = 1, .qers = {1}, .buffers = true};
	int r = replace_pdr(g, argv, &pdr, err);

	if (r >= 0)
		did("replaced", "PDR", "pdr_id", pdr.seid, pdr.id);
	return r;
}

static int on_repeat(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_pdr pdr = {
		.id = 1, .far_id = 1, .qers = {1}, .buffers = true, .protocol = GTP5G_FLOW_ANY_PROTOCOL};

	return replace_pdr(g, argv, &pdr, err);
}

static int on_quota(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_urr urr = {.id = 1, .triggers = GTP5G_TRIGGER_VOLUME_QUOTA};
	int r = two_numbers(argv, &urr.seid, &urr.quota, err);

	if (r >= 0)
		r = gtp5g_urr_add(g, &urr, err);
	if (r >= 0)
		did("created", "URR", "urr_id", urr.seid, urr.id);
	return r;
}

static int on_requota(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_urr urr = {.id = 1, .triggers = GTP5G_TRIGGER_VOLUME_QUOTA};
	int r = two_numbers(argv, &urr.seid, &urr.quota, err);

	if (r >= 0)
		r = gtp5g_urr_update(g, &urr, err);
	if (r >= 0)
		did("replaced", "URR", "urr_id", urr.seid, urr.id);
	return r;
}

static int on_bar(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_bar bar = {.id = 1};
	uint64_t n;
	int r = two_numbers(argv, &bar.seid, &n, err);

	bar.packets = (uint16_t)n;
	if (r >= 0)
		r = gtp5g_bar_add(g, &bar, err);
	if (r >= 0)
		did("created", "BAR", "bar_id", bar.seid, bar.id);
	return r;
}

static int on_forget(const struct gtp5g *g, char **argv, struct err *err)
{
	uint64_t seid;
	int r = session_number(argv, &seid, err);

	if (r >= 0)
		r = gtp5g_urr_remove(g, seid, 1, err);
	if (r < 0)
		return r;
	did("removed", "URR", "urr_id", seid, 1);
	r = gtp5g_bar_remove(g, seid, 1, err);
	if (r >= 0)
		did("removed", "BAR", "bar_id", seid, 1);
	return r;
}

static int remove_pdrs_and_fars(const struct gtp5g *g, uint64_t seid, struct err *err)
{
	int r = 0;

	for (uint16_t id = 1; r >= 0 && id <= 2; id++) {
		r = gtp5g_pdr_remove(g, seid, id, err);
		if (r < 0)
			return r;
		did("removed", "PDR", "pdr_id", seid, id);
		r = gtp5g_far_remove(g, seid, id, err);
		if (r >= 0)
			did("removed", "FAR", "far_id", seid, id);
	}
	return r;
}

static int on_end(const struct gtp5g *g, char **argv, struct err *err)
{
	uint64_t seid;
	int r = session_number(argv, &seid, err);

	if (r >= 0)
		r = remove_pdrs_and_fars(g, seid, err);
	if (r >= 0)
		r = gtp5g_qer_remove(g, seid, 1, err);
	if (r >= 0)
		did("removed", "QER", "qer_id", seid, 1);
	return r;
}

static int on_again(const struct gtp5g *g, char **argv, struct err *err)
{
	struct gtp5g_far far = {.action = GTP5G_ACTION_DROP};
	int r = far_number(argv, &far, err);

	if (r < 0)
		return r;
	r = gtp5g_far_add(g, &far, err);
	if (r != -EEXIST)
		return err_set(err, -EPROTO, "it was not refused: %d", r);
	did("refused", "FAR", "far_id", far.seid, far.id);
	return 0;
}

static int send_packets(const char *to, uint64_t n)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(9)};
	char bytes[PACKET_LEN - UDP_IP_LEN] = {0};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, to, &addr.sin_addr) != 1)
		return -EINVAL;
	for (uint64_t i = 0; i < n; i++)
		if (sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&addr, sizeof(addr)) < 0)
			return -errno;
	return 0;
}

static int on_send(const struct gtp5g *g, char **argv, struct err *err)
{
	uint64_t n;
	int r = number(argv[1], &n) < 0 ? -EINVAL : send_packets(argv[0], n);

	(void)g;
	return r < 0 ? err_set(err, r, "sending to %s: %s", argv[0], err_name(r)) : 0;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(const struct gtp5g *g, char **argv, struct err *err);
} commands[] = {
	{"rebuffer", 2, on_rebuffer}, {"repeat", 5, on_repeat}, {"forward", 4, on_forward}, {"marker", 4, on_marker},
	{"buffer", 2, on_buffer},     {"drop", 2, on_drop},	{"session", 5, on_session}, {"end", 1, on_end},
	{"again", 2, on_again},	      {"remove", 2, on_remove}, {"send", 2, on_send},	    {"qfi", 2, on_qfi},
	{"precede", 5, on_precede},   {"quota", 2, on_quota},	{"requota", 2, on_requota}, {"bar", 2, on_bar},
	{"forget", 1, on_forget},
};

static int run_one(const struct gtp5g *g, int argc, char **argv, int *used, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		if (argc <= commands[i].arguments)
			return err_set(err, -EINVAL, "%s: too few arguments", argv[0]);
		*used = 1 + commands[i].arguments;
		return commands[i].run(g, argv + 1, err);
	}
	return err_set(err, -EINVAL, "no command %s", argv[0]);
}

static int run(int argc, char **argv, struct err *err)
{
	struct gtp5g g = {0};
	int used = 1, r = gtp5g_find(argv[1], &g, err);

	for (int i = 2; r >= 0 && i < argc; i += used)
		r = run_one(&g, argc - i, argv + i, &used, err);
	return r;
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (argc > 2 && run(argc, argv, &err) >= 0)
		return 0;
	fprintf(stderr, "gtp5g_far: %s\n", argc > 2 ? err.text : "usage: gtp5g_far DEVICE COMMAND...");
	return 1;
}
