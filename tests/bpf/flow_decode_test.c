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
#include "flow_bench.h"
#include "packet_text.h"

#define SKIP_STATUS 77
#define LINE_MAX_LEN 20000

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

	flow_ledger_read(&b->run, 0, &now);
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

static void check_sender(void *data, const struct gen_row *row)
{
	const struct sender_key *k = row->key;

	assert_int_equal(k->tgid, getpid());
	assert_int_equal(k->tid, syscall(SYS_gettid));
	assert_true(k->context == CONTEXT_PROCESS || k->context == CONTEXT_UNKNOWN);
	flow_bench_sum(data, row);
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
	struct sums flows = {0}, gpdus = {0}, tunnels = {0}, senders = {0}, again = {0};
	struct ring_counts ring;

	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &flows), 0);
	assert_int_equal(gen_collect(b->gpdus, flow_bench_sum, &gpdus), 0);
	assert_int_equal(gen_collect(b->tunnels, flow_bench_sum, &tunnels), 0);
	assert_int_equal(gen_collect(b->senders, check_sender, &senders), 0);
	assert_int_equal(gpdus.packets, l->head[HEAD_GTPU]);
	assert_int_equal(flows.packets + gpdus.packets, sum_heads(l, 0, HEAD_SKIPPED));
	assert_int_equal(tunnels.packets, l->head[HEAD_GTPU_MESSAGE]);
	assert_int_equal(senders.packets, b->from_sender);
	assert_int_equal(l->seen, sum_heads(l, 0, HEAD_MAX));
	assert_int_equal(l->seen, b->cases);
	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &again), 0);
	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &again), 0);
	assert_int_equal(again.rows, 0);
	assert_int_equal(ring_counts(b->ring, &ring), 0);
	/* Where the kernel tells no context, nobody is known to send as himself. */
	if (b->newcomers)
		assert_int_equal(b->newcomers, senders.rows);
	assert_int_equal(ring.emitted, flows.packets + gpdus.packets + b->newcomers);
	assert_int_equal(ring.delivered, flows.packets + gpdus.packets + b->newcomers);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_agrees_with_tshark, flow_bench_set_up, flow_bench_tear_down),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return SKIP_STATUS;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
