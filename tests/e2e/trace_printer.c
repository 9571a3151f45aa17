/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* trace_printer NAME: a process of that name whose BPF programs print into the kernel's trace_pipe, one for each
 * line of standard input: "main TEXT" from the leader, "thread TEXT" from a thread of its own, "idle TEXT"
 * from the idle task. {tid} and {tgid} in the text are the printer's. Tells "done" for each line, or "never
 * idle". */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IDLE_WAIT_MS 10000
#define TEXT_MAX 256 /* on the program's stack */
#define INSNS_MAX (3 * TEXT_MAX / 8 + 32)

static void require(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static struct bpf_insn insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	return (struct bpf_insn){code, dst, src, off, imm};
}

/* Puts the text on the stack and prints it. */
static size_t print_text(struct bpf_insn *p, const char *text)
{
	int16_t words = (int16_t)(strlen(text) / 8 + 1);
	char padded[TEXT_MAX + 8] = {0};
	size_t n = 0;

	snprintf(padded, TEXT_MAX, "%s", text);
	for (int16_t i = 0; i < words; i++) {
		uint32_t half[2];

		memcpy(half, padded + 8 * i, sizeof(half));
		p[n++] = insn(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, (int32_t)half[0]);
		p[n++] = insn(0, 0, 0, 0, (int32_t)half[1]);
		p[n++] = insn(BPF_STX | BPF_DW | BPF_MEM, 10, 1, (int16_t)(8 * (i - words)), 0);
	}
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, 1, 10, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, -8 * words);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, (int32_t)strlen(text) + 1);
	p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_trace_printk);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	p[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(type, "trace_printer", "GPL", insns, n, NULL);

	require(fd >= 0, "bpf_prog_load");
	return fd;
}

static void expand(char out[TEXT_MAX], const char *text)
{
	size_t n = 0;

	while (*text && n + 16 < TEXT_MAX) {
		int tid = strncmp(text, "{tid}", 5) == 0, tgid = strncmp(text, "{tgid}", 6) == 0;

		if (tid || tgid)
			n += (size_t)snprintf(out + n, TEXT_MAX - n, "%d", tid ? (int)syscall(SYS_gettid) : getpid());
		else
			out[n++] = *text;
		text += tid ? 5 : tgid ? 6 : 1;
	}
	out[n] = '\0';
}

static void *print(void *text)
{
	struct bpf_insn insns[INSNS_MAX];
	char packet[64] = {0}, expanded[TEXT_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
	int fd;

	expand(expanded, text);
	fd = load(BPF_PROG_TYPE_SOCKET_FILTER, insns, print_text(insns, expanded));
	require(bpf_prog_test_run_opts(fd, &opts) == 0, "bpf_prog_test_run");
	close(fd);
	return NULL;
}

/* The thread that prints stays: its tid must be somebody's when it is looked up. */
static void *print_and_stay(void *text)
{
	print(text);
	free(text);
	puts("done");
	fflush(stdout);
	for (;;)
		pause();
	return NULL;
}

/* Ends the program where the idle task is not the current one, else counts in the array. */
static size_t count_idle(struct bpf_insn *p, int array)
{
	size_t n = 0;

	p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid);
	p[n++] = insn(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	p[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	p[n++] = insn(BPF_ST | BPF_W | BPF_MEM, 10, 0, -4, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4);
	p[n++] = insn(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, array);
	p[n++] = insn(0, 0, 0, 0, 0);
	p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	p[n++] = insn(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	p[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1);
	p[n++] = insn(BPF_STX | BPF_DW | BPF_ATOMIC, 0, 1, 0, BPF_ADD);
	return n;
}

/* At entries into softirq that interrupt the idle task, until there was one; a machine may have none. */
static bool print_idle(const char *text)
{
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "trace_printer", 4, 8, 1, NULL), fd, link;
	struct bpf_insn insns[INSNS_MAX];
	uint64_t times = 0;
	uint32_t zero = 0;
	size_t n;

	require(array >= 0, "bpf_map_create");
	n = count_idle(insns, array);
	n += print_text(insns + n, text);
	fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, n);
	link = bpf_raw_tracepoint_open("softirq_entry", fd);
	require(link >= 0, "bpf_raw_tracepoint_open");
	for (int i = 0; !times && i < IDLE_WAIT_MS; i++) {
		usleep(1000);
		require(bpf_map_lookup_elem(array, &zero, &times) == 0, "bpf_map_lookup_elem");
	}
	close(link);
	close(fd);
	close(array);
	return times > 0;
}

static void do_line(char *line)
{
	pthread_t thread;
	bool done = true;

	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "thread ", 7)) {
		require(pthread_create(&thread, NULL, print_and_stay, strdup(line + 7)) == 0, "pthread_create");
		return;
	}
	if (!strncmp(line, "main ", 5))
		print(line + 5);
	else if (!strncmp(line, "idle ", 5))
		done = print_idle(line + 5);
	puts(done ? "done" : "never idle");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[TEXT_MAX];

	if (argc != 2)
		return 2;
	prctl(PR_SET_NAME, argv[1]);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		do_line(line);
	return 0;
}
