/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gtpu probe's programs cost a packet: their bodies, on a packet in a map, beside nothing and
 * beside one ring event a packet, in turn, many rounds; as text or, with --json, as one JSON object. With
 * --probe-reads as on a kernel without direct reads. A step's figure is what the run with it took over the
 * run without it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "gen.h"
#include "gtpu_run.h"
#include "gtpu_cost.h"
#include "gtpu_cost.skel.h"
#include "object.h"

/* So short that on a busy machine too some of the runs are not interrupted. */
#define ROUNDS 300
#define REPEAT 500
#define SUBJECTS_MAX 64
#define TABLES_MAX 8
#define TABLE_ROWS 65536

enum path { GTP5G_UPLINK, GTP5G_DOWNLINK, GTP_UPLINK, GTP_DOWNLINK, PRIMITIVE, PATHS };

static const char *const path_names[PATHS] = {
	"gtp5g_uplink", "gtp5g_downlink", "gtp_uplink", "gtp_downlink", "primitive",
};

/* One run: which steps of which path, with how many sessions. over: the subject without the step. */
struct subject {
	const char *name;
	enum path path;
	unsigned steps;
	unsigned sessions;
	unsigned over;
	double ns[ROUNDS];
};

struct bench {
	struct gtpu_cost_bpf *skel;
	struct ring_buffer *ring;
	struct gen *tables[TABLES_MAX];
	unsigned n_tables;
	struct subject subjects[SUBJECTS_MAX];
	unsigned n;
};

struct step {
	const char *name;
	unsigned bit;
};

/* In the order in which they are added; the exit is there from the second on. */
static const struct step gtp5g_uplink_steps[] = {
	{"lookup", STEP_LOOKUP},
	{"usage", STEP_USAGE},
	{"police", STEP_POLICE},
	{0},
};
static const struct step gtp5g_downlink_steps[] = {
	{"handle", STEP_HANDLE}, {"lookup", STEP_LOOKUP}, {"push", STEP_PUSH},	   {"usage", STEP_USAGE},
	{"send", STEP_SEND},	 {"police", STEP_POLICE}, {"tunnel", STEP_TUNNEL}, {0},
};
static const struct step gtp_uplink_steps[] = {{"rx", STEP_LOOKUP}, {0}};
static const struct step gtp_downlink_steps[] = {{"push", STEP_PUSH}, {0}};

static const struct step primitives[] = {
	{"boot_clock", PRIMITIVE_CLOCK},   {"coarse_clock", PRIMITIVE_COARSE}, {"read_8", PRIMITIVE_READ},
	{"read_40", PRIMITIVE_READ_MORE},  {"note", PRIMITIVE_NOTE},	       {"count", PRIMITIVE_COUNT},
	{"clear_packet", PRIMITIVE_CLEAR}, {"read_direct", PRIMITIVE_DIRECT},  {0},
};

static const struct step *const path_steps[PRIMITIVE] = {
	gtp5g_uplink_steps,
	gtp5g_downlink_steps,
	gtp_uplink_steps,
	gtp_downlink_steps,
};

/* What each packet meets by default: policePacket wants gtp5g's qos switch, iptunnel_xmit is hooked
 * only where the module has no BTF. */
#define STEPS_USUAL (~(STEP_RING | STEP_POLICE | STEP_TUNNEL))

static unsigned add_subject(struct bench *b, const struct subject *subject)
{
	if (b->n == SUBJECTS_MAX)
		abort();
	b->subjects[b->n] = *subject;
	return b->n++;
}

/* What an empty program costs there, which the others are measured over. */
static unsigned add_empty(struct bench *b, enum path path, unsigned sessions)
{
	return add_subject(b, &(struct subject){"empty", .path = path, .sessions = sessions, .over = b->n});
}

static unsigned add_step(struct bench *b, enum path path, const struct step *s, unsigned over)
{
	return add_subject(b, &(struct subject){s->name, .path = path, .steps = s->bit, .sessions = 1, .over = over});
}

static void add_path(struct bench *b, enum path path)
{
	unsigned empty = add_empty(b, path, 1), steps = STEP_ENTRY | STEP_EXIT;
	unsigned previous = add_step(b, path, &(struct step){"entry", STEP_ENTRY}, empty);

	add_step(b, path, &(struct step){"ring_event", STEP_RING}, empty);
	previous = add_step(b, path, &(struct step){"exit", steps}, previous);
	for (const struct step *s = path_steps[path]; s->name; s++) {
		steps |= s->bit;
		previous = add_step(b, path, &(struct step){s->name, steps}, previous);
	}
	add_step(b, path, &(struct step){"packet", steps & STEPS_USUAL}, empty);
	for (unsigned sessions = 1024; sessions <= 16384; sessions *= 16) {
		empty = add_empty(b, path, sessions);
		add_subject(b, &(struct subject){"packet", .path = path, .steps = steps & STEPS_USUAL,
						 .sessions = sessions, .over = empty});
	}
}

static void add_primitives(struct bench *b)
{
	unsigned empty = add_empty(b, PRIMITIVE, 1);

	for (const struct step *s = primitives; s->name; s++)
		add_step(b, PRIMITIVE, s, empty);
}

static int program_of(const struct bench *b, enum path path)
{
	const struct bpf_program *programs[PATHS] = {
		b->skel->progs.cost_gtp5g_uplink, b->skel->progs.cost_gtp5g_downlink, b->skel->progs.cost_gtp_uplink,
		b->skel->progs.cost_gtp_downlink, b->skel->progs.cost_primitive,
	};

	return bpf_program__fd(programs[path]);
}

static int test_run(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, o);

	return bpf_prog_test_run_opts(fd, &o);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int measure(struct bench *b, struct subject *s, int round)
{
	int fd = program_of(b, s->path), r;
	double begin;

	b->skel->bss->downlink = s->path == GTP5G_DOWNLINK || s->path == GTP_DOWNLINK;
	b->skel->bss->steps = s->steps;
	b->skel->bss->session_mask = s->sessions - 1;
	b->skel->bss->repeat = REPEAT;
	r = test_run(bpf_program__fd(b->skel->progs.cost_setup));
	begin = now_ns();
	if (r >= 0)
		r = test_run(fd);
	s->ns[round] = (now_ns() - begin) / REPEAT;
	return r;
}

static int ignore(void *ctx, void *data, size_t size)
{
	return 0;
}

/* Every subject in turn, the ring emptied between: a full one would make the peer look cheap. */
static int run_rounds(struct bench *b)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < b->n; i++) {
			int r = measure(b, &b->subjects[i], round);

			if (r >= 0 && b->subjects[i].steps & STEP_RING)
				r = ring_buffer__consume(b->ring);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds a packet, the empty program's taken off. */
struct figure {
	double least, median;
};

static struct figure whole(const struct subject *s)
{
	double ns[ROUNDS];

	memcpy(ns, s->ns, sizeof(ns));
	qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
	return (struct figure){ns[0], ns[ROUNDS / 2]};
}

static struct figure figure_of(const struct bench *b, const struct subject *s)
{
	const struct subject *over = &b->subjects[s->over];
	struct figure f = whole(s), less = s == over ? (struct figure){0} : whole(over);

	return (struct figure){f.least - less.least, f.median - less.median};
}

static void put64(__u8 *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* A session's rules as gtp5g 0.10.2 has them: forwarded, to a gNB, policed by a QER. */
static void write_rules(struct fake_packet *p, const struct gtpu_layout *l)
{
	uint64_t base = p->address;

	put64(p->pdr + l->pdr_seid, 0x5e1d);
	p->pdr[l->pdr_id] = 1;
	put64(p->pdr + l->pdr_outer_header_removal, base + offsetof(struct fake_packet, far));
	put64(p->pdr + l->pdr_far, base + offsetof(struct fake_packet, far));
	put64(p->pdr + l->pdr_qer_ids, base + offsetof(struct fake_packet, qer_id));
	p->pdr[l->pdr_qer_num] = 1;
	p->pdr[l->pdr_qfi] = 9;
	p->far[l->far_id] = 10;
	p->far[l->far_action] = 2;
	put64(p->far + l->far_fwd_param, base + offsetof(struct fake_packet, parameter));
	p->qer_id = 30;
}

static void write_packet(struct fake_packet *p)
{
	/* clang-format off */
	static const unsigned char headers[] = {
		/* IPv4, UDP 2152 -> 2152 */
		0x45, 0, 0, 188, 0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1,
		0x08, 0x68, 0x08, 0x68, 0, 168, 0, 0,
		/* G-PDU, E, TEID 0x1000; PDU Session Container, uplink, QFI 9 */
		0x34, 0xff, 0, 152, 0, 0, 0x10, 0, 0, 0, 0, 0x85, 1, 0x10, 9, 0,
		/* inner IPv4, UDP 4000 -> 9 */
		0x45, 0, 0, 144, 0, 1, 0, 0, 64, 17, 0, 0, 10, 60, 0, 1, 10, 60, 0, 9,
		0x0f, 0xa0, 0, 9, 0, 124, 0, 0,
	};
	/* clang-format on */

	memcpy(p->head + PACKET_NETWORK, headers, sizeof(headers));
}

/* Every table of two generations, whatever it counts. */
static int prepare_tables(struct bench *b, struct err *err)
{
	struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, b->skel->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_ARRAY_OF_MAPS || r)
			continue;
		r = b->n_tables < TABLES_MAX ? gen_prepare(&b->tables[b->n_tables++], map, TABLE_ROWS, err)
					     : err_set(err, -ENOSPC, "too many tables");
	}
	return r;
}

static int start_counts(struct bench *b, struct err *err)
{
	int r = gtpu_latencies_start(bpf_map__fd(b->skel->maps.gtpu_latencies));

	if (r)
		return err_set(err, r, "latencies: %s", err_name(r));
	for (unsigned i = 0; i < b->n_tables && !r; i++)
		r = gen_start(b->tables[i], err);
	return r;
}

static int load_programs(struct bench *b, struct err *err)
{
	struct object_capture capture;
	int r = prepare_tables(b, err);

	if (r)
		return r;
	object_begin(&capture);
	r = object_end(&capture, gtpu_cost_bpf__load(b->skel), "gtpu programs", err);
	return r ? r : start_counts(b, err);
}

static int load(struct bench *b, bool direct, struct err *err)
{
	struct module_facts facts = {.loaded = true, .version = "0.10.2"};
	char reason[PLAN_REASON_MAX];
	struct bpf_program *program;
	struct gtpu_layout layout;
	int r;

	b->skel = gtpu_cost_bpf__open();
	if (!b->skel)
		return err_set(err, -errno, "opening the programs");
	bpf_object__for_each_program(program, b->skel->obj)
		bpf_program__set_autoload(program, !strncmp(bpf_program__name(program), "cost_", 5));
	if (!gtpu_layout_find(&facts, "", &layout, reason, err))
		return -EINVAL;
	memcpy((void *)&b->skel->rodata->layout, &layout, sizeof(layout));
	b->skel->rodata->hooked = ~(UINT64_C(1) << NETIF_RX); /* as of 0.10.2 */
	b->skel->rodata->direct_reads = direct;
	b->skel->rodata->downlink_codes = GTPU_CODES_VERDICT;
	bpf_map__set_max_entries(b->skel->maps.ring, 1 << 24);
	r = load_programs(b, err);
	if (r)
		return r;
	r = test_run(bpf_program__fd(b->skel->progs.cost_setup));
	if (r)
		return err_set(err, r, "test run: %s", err_name(r));
	write_packet(&b->skel->bss->fake);
	write_rules(&b->skel->bss->fake, &layout);
	b->ring = ring_buffer__new(bpf_map__fd(b->skel->maps.ring), ignore, NULL, NULL);
	return b->ring ? 0 : err_set(err, -errno, "ring");
}

static void print_text(const struct bench *b)
{
	printf("gtpu bodies, ns a packet over the empty program, least and median of %d rounds:\n", ROUNDS);
	for (unsigned i = 0; i < b->n; i++) {
		const struct subject *s = &b->subjects[i];
		struct figure f = figure_of(b, s);

		printf("  %-14s  %-12s  %5u sessions  %7.1f  %7.1f\n", path_names[s->path], s->name, s->sessions,
		       f.least, f.median);
	}
}

static void print_json(const struct bench *b)
{
	printf("{\"bench\":\"gtpu_cost\",\"rounds\":%d,\"repeat\":%d,\"figures\":[", ROUNDS, REPEAT);
	for (unsigned i = 0; i < b->n; i++) {
		const struct subject *s = &b->subjects[i];
		struct figure f = figure_of(b, s);

		printf("%s{\"path\":\"%s\",\"step\":\"%s\",\"sessions\":%u,\"least_ns\":%.1f,"
		       "\"median_ns\":%.1f}",
		       i ? "," : "", path_names[s->path], s->name, s->sessions, f.least, f.median);
	}
	printf("]}\n");
}

static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct err err = {0};
	bool json = false, probes = false;
	int r;

	for (int i = 1; i < argc; i++) {
		json |= !strcmp(argv[i], "--json");
		probes |= !strcmp(argv[i], "--probe-reads");
	}
	stay_on_this_cpu();
	for (enum path path = 0; path < PRIMITIVE; path++)
		add_path(&b, path);
	add_primitives(&b);
	r = load(&b, !probes && features_direct_reads(), &err);
	if (!r) {
		r = run_rounds(&b);
		if (r < 0)
			err_set(&err, r, "test run: %s", err_name(r));
	}
	if (r < 0) {
		fprintf(stderr, "gtpu_cost: %s\n", err.text);
		return 1;
	}
	if (json)
		print_json(&b);
	else
		print_text(&b);
	return 0;
}
