/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow programs on crafted packets (BPF_PROG_TEST_RUN): every field of every packet equals what
 * tshark says of the same bytes, every packet is under exactly one head, none is changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "cpu_context.h"
#include "flow.h"
#include "flow_entry.skel.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "gen.h"
#include "object.h"
#include "packet_text.h"
#include "pidns.h"
#include "ring_reader.h"

#define SKIP_STATUS 77
#define LINE_MAX_LEN 20000
#define MAX_FLOWS 4096
#define RECORDS_MAX 65536 /* more than any ring here holds */

struct bench {
	struct flow_bpf *bpf;
	struct flow_entry_bpf *entry;
	struct gen *flows, *tunnels, *senders, *qualities;
	struct ring *ring;
	struct flow_attachment attachment;
	struct probe_run run; /* for flow_ledger_read() */
	struct flow_ledger before;
	struct buf text; /* of the packet just run */
	unsigned records, cases, failures, from_sender, newcomers;
};

static void open_programs(struct bench *b, struct err *err)
{
	struct cpu_context context;

	b->bpf = flow_bpf__open();
	b->entry = flow_entry_bpf__open();
	assert_non_null(b->bpf);
	assert_non_null(b->entry);
	cpu_context_find(&context);
	b->bpf->rodata->events_wanted = true;
	b->bpf->rodata->newcomers_wanted = true;
	b->bpf->rodata->task_pidns = pidns_of_proc("");
	b->bpf->rodata->context_count_address = context.context_count_address;
	b->bpf->rodata->context_cpu_offsets = context.context_cpu_offsets;
	b->bpf->rodata->context_by_tracepoint = context.context_by_tracepoint;
	bpf_program__set_autoload(b->bpf->progs.context_softirq_entry, context.context_by_tracepoint);
	bpf_program__set_autoload(b->bpf->progs.context_softirq_exit, context.context_by_tracepoint);
	b->entry->rodata->egress = 1;
	assert_int_equal(ring_prepare(b->bpf->obj, 65536, err), 0);
	assert_int_equal(gen_prepare(&b->flows, b->bpf->maps.flows, MAX_FLOWS, err), 0);
	assert_int_equal(gen_prepare(&b->tunnels, b->bpf->maps.tunnels, MAX_FLOWS, err), 0);
	assert_int_equal(gen_prepare(&b->senders, b->bpf->maps.senders, 16, err), 0);
	assert_int_equal(gen_prepare(&b->qualities, b->bpf->maps.qualities, MAX_FLOWS, err), 0);
	assert_int_equal(bpf_map__set_max_entries(b->bpf->maps.orders, MAX_FLOWS), 0);
}

static void load_programs(struct bench *b, struct err *err)
{
	uint32_t zero = 0;
	int fd;

	if (object_load(b->bpf->skeleton, "flow program", err) < 0)
		fail_msg("%s", err->text);
	bpf_map__reuse_fd(b->entry->maps.flow_ledgers, bpf_map__fd(b->bpf->maps.flow_ledgers));
	bpf_map__reuse_fd(b->entry->maps.flow_entries, bpf_map__fd(b->bpf->maps.flow_entries));
	bpf_map__reuse_fd(b->entry->maps.flow_programs, bpf_map__fd(b->bpf->maps.flow_programs));
	if (object_load(b->entry->skeleton, "flow entry program", err) < 0)
		fail_msg("%s", err->text);
	fd = bpf_program__fd(b->bpf->progs.flow_packet);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(b->bpf->maps.flow_programs), &zero, &fd, BPF_ANY), 0);
	assert_int_equal(gen_start(b->flows, err), 0);
	assert_int_equal(gen_start(b->tunnels, err), 0);
	assert_int_equal(gen_start(b->senders, err), 0);
	assert_int_equal(gen_start(b->qualities, err), 0);
	assert_int_equal(ring_open(&b->ring, b->bpf->obj, err), 0);
	b->run.attachments = &b->attachment;
	b->run.ledger_fd = bpf_map__fd(b->bpf->maps.flow_ledgers);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct object_capture capture;
	struct err err = {0};

	object_begin(&capture);
	open_programs(b, &err);
	object_end(&capture, 0, NULL, NULL);
	load_programs(b, &err);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	ring_free(b->ring);
	gen_free(b->flows);
	gen_free(b->tunnels);
	gen_free(b->senders);
	gen_free(b->qualities);
	flow_entry_bpf__destroy(b->entry);
	flow_bpf__destroy(b->bpf);
	buf_free(&b->text);
	free(b);
	return 0;
}

static void check_newcomer(struct bench *b, const struct flow_newcomer *r)
{
	assert_int_equal(r->hdr.kind, FLOW_NEWCOMER);
	assert_int_equal(r->hdr.size, sizeof(*r));
	assert_int_equal(r->hdr.tgid, getpid());
	assert_int_equal(r->hdr.tid, syscall(SYS_gettid));
	assert_int_equal(r->hdr.context, CONTEXT_PROCESS);
	assert_int_equal(r->attachment, 0);
	b->newcomers++;
}

/* In the words of flow_cases.py. */
static void print_record(void *data, const void *record, size_t len)
{
	struct bench *b = data;
	const struct flow_record *r = record;

	if (len == sizeof(struct flow_newcomer)) {
		check_newcomer(b, record);
		return;
	}
	assert_int_equal(len, sizeof(*r));
	assert_int_equal(r->hdr.size, sizeof(*r));
	b->records++;
	packet_text(&b->text, &(struct packet){.outer = r->outer,
					       .inner = r->inner,
					       .gtp = r->gtp,
					       .vlan = {r->vlan[0], r->vlan[1]},
					       .vlans = r->vlans,
					       .head = r->head,
					       .tcp = r->tcp,
					       .tcp_flags = r->tcp_flags,
					       .overlay = r->overlay});
}

/* The one head under which the packet just run was accounted; HEAD_MAX: none, or more than one. */
static unsigned head_of_last(struct bench *b)
{
	struct flow_ledger now;
	unsigned head = HEAD_MAX, n = 0;

	assert_int_equal(flow_ledger_read(&b->run, 0, &now), 0);
	assert_int_equal(now.seen, b->before.seen + 1);
	assert_int_equal(now.no_program, 0);
	for (unsigned i = 0; i < HEAD_MAX; i++) {
		if (now.head[i] == b->before.head[i])
			continue;
		head = i;
		n += (unsigned)(now.head[i] - b->before.head[i]);
	}
	b->before = now;
	return n == 1 ? head : HEAD_MAX;
}

static void run_packet(struct bench *b, const uint8_t *data, uint32_t len)
{
	uint8_t after[4096];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = len, .data_out = after,
		    .data_size_out = sizeof(after));
	unsigned head;

	buf_reset(&b->text);
	b->records = 0;
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	assert_int_equal((int)opts.retval, -1);
	assert_int_equal(opts.data_size_out, len);
	assert_memory_equal(after, data, len);
	ring_drain(b->ring, RECORDS_MAX, print_record, b);
	head = head_of_last(b);
	assert_in_range(head, 0, HEAD_MAX - 1);
	if (head >= HEAD_SKIPPED)
		buf_printf(&b->text, "head=%s", flow_head_name(head));
	assert_int_equal(b->records, head < HEAD_SKIPPED);
}

static uint32_t from_hex(const char *hex, uint8_t *to, size_t size)
{
	uint32_t n = 0;

	for (; n < size && sscanf(hex, "%2hhx", &to[n]) == 1; hex += 2)
		n++;
	return n;
}

static bool sent_from_here(const char *wanted)
{
	return strstr(wanted, ",17,2152,") || strstr(wanted, ",2152 ") || strstr(wanted, ",4997 ");
}

static void run_case(struct bench *b, const char *name, const char *hex, const char *wanted)
{
	uint8_t data[4096];
	uint32_t len = from_hex(hex, data, sizeof(data));

	run_packet(b, data, len);
	b->cases++;
	b->from_sender += sent_from_here(wanted);
	if (b->text.data && !strcmp(b->text.data, wanted))
		return;
	b->failures++;
	print_error("%s:\n  got  %s\n  want %s\n", name, b->text.data ?: "nothing", wanted);
}

static FILE *make_cases(const char *folder)
{
	_cleanup_free_ char *command = NULL;
	char path[256];
	int status;

	assert_true(asprintf(&command, "/usr/bin/python3 '%s' '%s'", getenv("FLOW_CASES"), folder) > 0);
	fflush(stdout);
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP_STATUS)
		return NULL;
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/cases.txt", folder);
	return fopen(path, "re");
}

static void remove_cases(const char *folder)
{
	static const char *const names[] = {"cases.txt", "cases.pcap", "sessions.txt"};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void run_cases(struct bench *b, FILE *f)
{
	_cleanup_free_ char *line = malloc(LINE_MAX_LEN);
	char *hex, *wanted;

	while (fgets(line, LINE_MAX_LEN, f)) {
		line[strcspn(line, "\n")] = '\0';
		hex = strchr(line, ' ');
		wanted = hex ? strchr(hex + 1, ' ') : NULL;
		assert_non_null(wanted);
		*hex = *wanted = '\0';
		run_case(b, line, hex + 1, wanted + 1);
	}
}

struct sums {
	uint64_t packets;
	unsigned rows, slots; /* slots: of rows, by CPU, that anything was counted in */
};

static void sum_flow(void *data, const struct gen_row *row)
{
	struct sums *s = data;

	s->rows++;
	for (unsigned cpu = 0; cpu < row->cpus; cpu++) {
		const struct flow_value *v = (const void *)((const char *)row->values + cpu * row->stride);

		s->packets += v->packets;
		s->slots += v->packets > 0;
	}
}

static void check_sender(void *data, const struct gen_row *row)
{
	const struct sender_key *k = row->key;

	assert_int_equal(k->tgid, getpid());
	assert_int_equal(k->tid, syscall(SYS_gettid));
	assert_true(k->context == CONTEXT_PROCESS || k->context == CONTEXT_UNKNOWN);
	sum_flow(data, row);
}

static uint64_t sum_heads(const struct flow_ledger *l, unsigned from, unsigned to)
{
	uint64_t sum = 0;

	for (unsigned i = from; i < to; i++)
		sum += l->head[i];
	return sum;
}

/* What the maps hold adds up to what the ledger says, and a second collection finds nothing. */
static void check_counts(struct bench *b)
{
	const struct flow_ledger *l = &b->before;
	struct sums flows = {0}, tunnels = {0}, senders = {0}, again = {0};
	struct ring_counts ring;

	assert_int_equal(gen_collect(b->flows, sum_flow, &flows), 0);
	assert_int_equal(gen_collect(b->tunnels, sum_flow, &tunnels), 0);
	assert_int_equal(gen_collect(b->senders, check_sender, &senders), 0);
	assert_int_equal(flows.packets, sum_heads(l, 0, HEAD_SKIPPED));
	assert_int_equal(tunnels.packets, l->head[HEAD_GTPU] + l->head[HEAD_GTPU_MESSAGE]);
	assert_int_equal(senders.packets, b->from_sender);
	assert_int_equal(l->seen, sum_heads(l, 0, HEAD_MAX));
	assert_int_equal(l->seen, b->cases);
	assert_int_equal(gen_collect(b->flows, sum_flow, &again), 0);
	assert_int_equal(gen_collect(b->flows, sum_flow, &again), 0);
	assert_int_equal(again.rows, 0);
	assert_int_equal(ring_counts(b->ring, &ring), 0);
	/* Where the kernel tells no context, nobody is known to send as himself. */
	if (b->newcomers)
		assert_int_equal(b->newcomers, senders.slots);
	assert_int_equal(ring.emitted, flows.packets + b->newcomers);
	assert_int_equal(ring.delivered, flows.packets + b->newcomers);
	assert_int_equal(ring.pending + ring.lost[RING_LOST_FULL], 0);
}

static void test_agrees_with_tshark(void **state)
{
	struct bench *b = *state;
	char folder[] = "/tmp/teide-flow-cases.XXXXXX";
	_cleanup_fclose_ FILE *f = NULL;

	assert_non_null(mkdtemp(folder));
	f = make_cases(folder);
	if (f)
		run_cases(b, f);
	remove_cases(folder);
	if (!f) {
		printf("# skip: scapy or tshark is not installed\n");
		skip();
	}
	assert_int_equal(b->failures, 0);
	assert_in_range(b->cases, 400, 10000);
	check_counts(b);
}

/* Ethernet, IPv4, UDP from a port that makes a new flow. */
static void make_udp(uint8_t packet[64], uint16_t sport)
{
	static const uint8_t pattern[42] = {2, 0,  0,  0, 0, 2,	  2, 0, 0, 0,	0, 1, 8, 0, 0x45, 0, 0, 50, 0,	0, 0,
					    0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0, 0,	  0, 9, 0,  30, 0, 0};

	memset(packet, 0, 64);
	memcpy(packet, pattern, sizeof(pattern));
	packet[34] = (uint8_t)(sport >> 8);
	packet[35] = (uint8_t)sport;
}

static void count_record(void *data, const void *record, size_t len)
{
	++*(unsigned *)data;
}

/* A ring too small loses exactly what the ledger says; a map too small counts the rest as other. */
static void test_full_ring_and_map(void **state)
{
	const unsigned n = MAX_FLOWS + 2000;
	struct bench *b = *state;
	struct sums flows = {0};
	struct ring_counts ring;
	uint8_t packet[64];
	unsigned delivered = 0;

	for (unsigned i = 0; i < n; i++) {
		make_udp(packet, (uint16_t)(10000 + i));
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	}
	assert_int_equal(ring_counts(b->ring, &ring), 0);
	/* 8 bytes go before each record; the last one must leave a byte */
	assert_int_equal(ring.pending, 65535 / (8 + sizeof(struct flow_record)));
	assert_int_equal(ring.emitted, n);
	assert_int_equal(ring.lost[RING_LOST_FULL], n - ring.pending);
	ring_drain(b->ring, 100, count_record, &delivered);
	assert_int_equal(delivered, 100);
	assert_int_equal(ring_counts(b->ring, &ring), 0);
	assert_int_equal(ring.delivered, 100);
	assert_int_equal(ring.emitted, ring.delivered + ring.pending + ring.lost[RING_LOST_FULL]);
	ring_drain(b->ring, RECORDS_MAX, count_record, &delivered);
	assert_int_equal(gen_collect(b->flows, sum_flow, &flows), 0);
	assert_int_equal(flow_ledger_read(&b->run, 0, &b->before), 0);
	assert_int_equal(flows.packets + b->before.other[OTHER_FLOW].packets, n);
	assert_int_equal(flows.rows, MAX_FLOWS);
	assert_int_equal(b->before.head[HEAD_IP], n);
}

static void sum_requests(void *data, const struct gen_row *row)
{
	for (unsigned cpu = 0; cpu < row->cpus; cpu++)
		*(uint64_t *)data +=
			((const struct quality_value *)(const void *)((const char *)row->values + cpu * row->stride))
				->packets;
}

/* Echo Requests: a place for each that waits for its answer; one without a place is counted as that alone. */
static void test_full_echoes(void **state)
{
	struct bench *b = *state;
	const unsigned places = bpf_map__max_entries(b->bpf->maps.echoes), n = places + 100;
	struct flow_ledger ledger = {0};
	uint64_t requests = 0;
	uint8_t packet[64];

	for (unsigned i = 0; i < n; i++) {
		const uint8_t gtp[] = {0x32, 1, 0, 4, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 0, 0};
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

		make_udp(packet, 2152);
		packet[36] = 2152 >> 8;
		packet[37] = 2152 & 0xff;
		memcpy(packet + 42, gtp, sizeof(gtp));
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	}
	assert_int_equal(gen_collect(b->qualities, sum_requests, &requests), 0);
	assert_int_equal(flow_ledger_read(&b->run, 0, &ledger), 0);
	assert_int_equal(requests, places);
	assert_int_equal(ledger.other[OTHER_QUALITY].packets, n - places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_agrees_with_tshark, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_ring_and_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_echoes, set_up, tear_down),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return SKIP_STATUS;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
