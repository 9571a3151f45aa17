/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_symbols.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* Of enum bpf_prog_type (5.14) and enum bpf_func_id (5.16), which older headers lack. */
#define PROG_TYPE_SYSCALL 31
#define HELPER_KALLSYMS_LOOKUP_NAME 179

#define RESULT_AT (-8)
#define NAME_AT (RESULT_AT - KERNEL_SYMBOL_MAX)
#define NAME_WORDS (KERNEL_SYMBOL_MAX / 4)

static struct bpf_insn store_word(int at, int32_t value)
{
	return (struct bpf_insn){
		.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = (int16_t)at, .imm = value};
}

static struct bpf_insn move(int to, int32_t value)
{
	return (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (uint8_t)to & 15, .imm = value};
}

static struct bpf_insn copy(int to, int from)
{
	return (struct bpf_insn){
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (uint8_t)to & 15, .src_reg = (uint8_t)from & 15};
}

static struct bpf_insn add(int to, int32_t value)
{
	return (struct bpf_insn){.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (uint8_t)to & 15, .imm = value};
}

/* *(u64 *)ctx = the address of name, 0 where there is none. The name is written onto the stack. */
static size_t write_program(const char *name, struct bpf_insn *to)
{
	int32_t words[NAME_WORDS] = {0};
	size_t n = 0;

	memcpy(words, name, strlen(name));
	to[n++] = copy(BPF_REG_6, BPF_REG_1);
	for (int i = 0; i < NAME_WORDS; i++)
		to[n++] = store_word(NAME_AT + 4 * i, words[i]);
	to[n++] = (struct bpf_insn){.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = RESULT_AT};
	to[n++] = copy(BPF_REG_1, BPF_REG_10);
	to[n++] = add(BPF_REG_1, NAME_AT);
	to[n++] = move(BPF_REG_2, (int32_t)strlen(name) + 1);
	to[n++] = move(BPF_REG_3, 0);
	to[n++] = copy(BPF_REG_4, BPF_REG_10);
	to[n++] = add(BPF_REG_4, RESULT_AT);
	to[n++] = (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = HELPER_KALLSYMS_LOOKUP_NAME};
	to[n++] = (struct bpf_insn){
		.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10, .off = RESULT_AT};
	to[n++] = (struct bpf_insn){.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1};
	to[n++] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
	return n;
}

/* The kernel's answer is in *ret_said: 0, or -ENOENT. */
static int run_program(int prog, uint64_t *ret, int *ret_said)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ret, .ctx_size_in = sizeof(*ret));

	*ret = 0;
	if (bpf_prog_test_run_opts(prog, &opts) < 0)
		return -errno;
	*ret_said = (int)opts.retval;
	return 0;
}

static int ask_kernel(const char *name, uint64_t *ret)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_SLEEPABLE);
	struct bpf_insn program[NAME_WORDS + 16];
	_cleanup_close_ int prog = -1;
	int said = 0, r;

	prog = bpf_prog_load((enum bpf_prog_type)PROG_TYPE_SYSCALL, "teide_ask", "GPL", program,
			     write_program(name, program), &opts);
	if (prog < 0)
		return -errno;
	r = run_program(prog, ret, &said);
	return r == 0 && said != 0 && said != -ENOENT ? said : r;
}

static int ask(const char *name, uint64_t *ret)
{
	return strlen(name) < KERNEL_SYMBOL_MAX ? ask_kernel(name, ret) : -EINVAL;
}

int kernel_symbol_exists(const char *name, bool *ret)
{
	uint64_t address;
	int r = ask(name, &address);

	*ret = r == 0 && address;
	return r;
}

static int ask_for_all(const char *const names[], size_t n, uint64_t ret[])
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = ask(names[i], &ret[i]);
	return r;
}

/* "ADDRESS TYPE NAME", the address in 16 digits. Not by sscanf: there are 200,000 lines. */
#define LINE_NAME_AT 19

static void take_line(const char *line, const char *const names[], size_t n, uint64_t ret[])
{
	if (strnlen(line, LINE_NAME_AT) < LINE_NAME_AT)
		return;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (line[LINE_NAME_AT] == names[i][0] && !strncmp(line + LINE_NAME_AT, names[i], len) &&
		    line[LINE_NAME_AT + len] == '\n' && sscanf(line, "%" SCNx64, &ret[i]) != 1)
			ret[i] = 0;
	}
}

static void read_all(const char *const names[], size_t n, uint64_t ret[])
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		take_line(line, names, n, ret);
}

void kernel_symbols_find(const char *const names[], size_t n, uint64_t ret[])
{
	if (ask_for_all(names, n, ret) == 0)
		return;
	memset(ret, 0, n * sizeof(ret[0]));
	read_all(names, n, ret);
}
