/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "kernel_btf.h"
#include "kernel_symbols.h"
#include "privileges.h"

DEFINE_CLEANUP(struct btf *, kernel_btf, kernel_btf_put)

/* A function that every kernel with CONFIG_NET has, made to be attached to. */
#define TEST_FUNCTION "bpf_fentry_test1"

/* What the kernel hands out of it by one read. */
#define KALLSYMS_AT_A_TIME 4096

/* linux/capability.h */
#define CAP_BIT_NET_ADMIN 12
#define CAP_BIT_SYS_ADMIN 21
#define CAP_BIT_PERFMON 38
#define CAP_BIT_BPF 39

/* enum bpf_attach_type of Linux 6.6, which older headers lack. */
#define ATTACH_TCX_INGRESS 46

const char *features_missing_right(void)
{
	uint64_t caps = privileges_effective("");
	bool admin = caps >> CAP_BIT_SYS_ADMIN & 1;

	if (!admin && !(caps >> CAP_BIT_BPF & 1))
		return "CAP_BPF";
	if (!admin && !(caps >> CAP_BIT_PERFMON & 1))
		return "CAP_PERFMON";
	return caps >> CAP_BIT_NET_ADMIN & 1 ? NULL : "CAP_NET_ADMIN";
}

/* The file is of the patches for real time; the version of a kernel says so too, with and without them. */
bool features_realtime(const char *root)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[512], line[512];

	snprintf(path, sizeof(path), "%s/sys/kernel/realtime", root);
	if (access(path, F_OK) == 0)
		return true;
	snprintf(path, sizeof(path), "%s/proc/version", root);
	file = fopen(path, "re");
	return file && fgets(line, sizeof(line), file) && strstr(line, "PREEMPT_RT");
}

/* "none [integrity] confidentiality": the one in brackets. */
void features_lockdown(const char *root, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[512], line[128];
	const char *open;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "%s/sys/kernel/security/lockdown", root);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return;
	open = strchr(line, '[');
	if (open)
		snprintf(ret, size, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
}

int features_ringbuf(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "teide_try", 0, 0, 4096, NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* bpf_probe_read_kernel(fp - 8, 8, NULL) */
int features_kernel_reads(void)
{
	const struct bpf_insn read[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "teide_try", "GPL", read, ARRAY_SIZE(read), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

bool features_locked_down(int kernel_reads)
{
	return kernel_reads == -EINVAL && !features_missing_right();
}

/* btf_fd 0: the kernel's own BTF. */
static int try_fentry(int btf_fd, int btf_id)
{
	const struct bpf_insn empty[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = (uint32_t)btf_id, .attach_btf_obj_fd = (uint32_t)btf_fd);
	_cleanup_close_ int prog = -1, link = -1;

	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "teide_try", "GPL", empty, ARRAY_SIZE(empty), &opts);
	if (prog >= 0)
		link = bpf_raw_tracepoint_open(NULL, prog);
	if (link >= 0)
		return 0;
	/* ENOTSUPP is the kernel's own: no number of user space. */
	return errno == 524 ? -EOPNOTSUPP : -errno;
}

static int find_kernel_function(const char *name)
{
	_cleanup_(cleanup_kernel_btf) struct btf *btf = kernel_btf_get();

	return btf ? kernel_btf_find(btf, name, BTF_KIND_FUNC) : -ENOENT;
}

static int try_kernel_fentry(void)
{
	int id = find_kernel_function(TEST_FUNCTION);

	return id < 0 ? id : try_fentry(0, id);
}

bool features_direct_reads(void)
{
	return find_kernel_function("bpf_rdonly_cast") > 0;
}

static int kprobe_pmu_type(void)
{
	_cleanup_fclose_ FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int type;

	if (!file || fscanf(file, "%d", &type) != 1)
		return -ENOENT;
	return type;
}

/* symbol may be "module:function". */
static int try_kprobe(const char *symbol)
{
	int type = kprobe_pmu_type();
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config1 = (uint64_t)(uintptr_t)symbol,
	};
	long fd;

	if (type < 0)
		return type;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* No interface has the index 0: a kernel that knows tcx looks for it, an older one refuses. */
static int try_tcx(void)
{
	const struct bpf_insn next[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	_cleanup_close_ int prog = -1, link = -1;

	prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "teide_try", "GPL", next, ARRAY_SIZE(next), NULL);
	if (prog < 0)
		return -errno;
	link = bpf_link_create(prog, 0, (enum bpf_attach_type)ATTACH_TCX_INGRESS, NULL);
	return link < 0 && errno != ENODEV ? -errno : 0;
}

void features_probe(struct features *ret)
{
	uint64_t caps = privileges_effective("");

	*ret = (struct features){
		.cap_sys_admin = caps >> CAP_BIT_SYS_ADMIN & 1,
		.cap_perfmon = (caps >> CAP_BIT_PERFMON | caps >> CAP_BIT_SYS_ADMIN) & 1,
		.cap_bpf = (caps >> CAP_BIT_BPF | caps >> CAP_BIT_SYS_ADMIN) & 1,
		.vmlinux_btf = !access("/sys/kernel/btf/vmlinux", R_OK),
		.ringbuf = features_ringbuf(),
		.kernel_reads = features_kernel_reads(),
		.fentry = try_kernel_fentry(),
		.kprobe = try_kprobe(TEST_FUNCTION),
		.tcx = try_tcx(),
	};
}

static bool module_is_loaded(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return access(path, F_OK) == 0;
}

void features_module(const char *module, struct module_facts *ret)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[128];

	*ret = (struct module_facts){0};
	ret->loaded = module_is_loaded(module);
	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module);
	ret->btf = !access(path, R_OK);
	snprintf(path, sizeof(path), "/sys/module/%s/version", module);
	file = fopen(path, "re");
	if (file && fgets(ret->version, sizeof(ret->version), file))
		ret->version[strcspn(ret->version, "\n")] = 0;
}

static bool same_module(const char *wanted, const char *found)
{
	return wanted ? found && !strcmp(wanted, found) : !found;
}

static void match_symbol(const char *name, const char *module, const struct plan_hook *hooks, size_t n,
			 struct symbol_facts *facts)
{
	for (size_t i = 0; i < n; i++) {
		size_t len;

		/* First what costs least: most lines are of no module, most hooks of one. */
		if (!same_module(hooks[i].module, module))
			continue;
		len = strlen(hooks[i].function);
		if (strncmp(name, hooks[i].function, len))
			continue;
		if (!name[len])
			facts[i].symbol = true;
		else if (name[len] == '.' && !strstr(name + len, ".cold") && strlen(name) < sizeof(facts[i].mangled))
			memcpy(facts[i].mangled, name, strlen(name) + 1);
	}
}

/* Splits "ffffffffc0a01000 t gtp_encap_recv\t[gtp]\n" in place; NULL when it is no function. */
static const char *split_symbol(char *line, const char **ret_module)
{
	char *type = strchr(line, ' '), *name, *end;

	*ret_module = NULL;
	if (!type || (type[1] != 't' && type[1] != 'T') || type[2] != ' ')
		return NULL;
	name = type + 3;
	end = strpbrk(name, "\t\n");
	if (!end)
		return NULL;
	if (*end == '\t' && end[1] == '[') {
		*ret_module = end + 2;
		end[2 + strcspn(end + 2, "]\n")] = 0;
	}
	*end = 0;
	return name;
}

static const struct symbol_facts no_facts = {.fentry = -ENODATA, .kprobe = -ENODATA};

static int scan_kallsyms(const struct plan_hook *hooks, size_t n, struct symbol_facts *facts, struct err *err)
{
	char line[512], buffer[KALLSYMS_AT_A_TIME]; /* outlives the file */
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");

	if (!file)
		return err_set(err, -errno,
			       "/proc/kallsyms: %s; the functions of the kernel are "
			       "looked up there",
			       err_name(-errno));
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	while (fgets(line, sizeof(line), file)) {
		const char *module, *name = split_symbol(line, &module);

		if (name)
			match_symbol(name, module, hooks, n, facts);
	}
	return 0;
}

/* How a compiler names what it made of a function whose arguments it changed. */
static const char *const suffixes[] = {".isra.0", ".constprop.0", ".part.0", ".isra.0.constprop.0",
				       ".constprop.0.isra.0"};

static void symbol_name(const struct plan_hook *hook, const char *suffix, char ret[static KERNEL_SYMBOL_MAX])
{
	snprintf(ret, KERNEL_SYMBOL_MAX, "%s%s%s%s", hook->module ? hook->module : "", hook->module ? ":" : "",
		 hook->function, suffix);
}

static int ask_for_mangled(const struct plan_hook *hook, struct symbol_facts *facts)
{
	char name[KERNEL_SYMBOL_MAX];
	bool there = false;
	int r = 0;

	for (size_t i = 0; r == 0 && !there && i < ARRAY_SIZE(suffixes); i++) {
		symbol_name(hook, suffixes[i], name);
		r = kernel_symbol_exists(name, &there);
		if (there)
			snprintf(facts->mangled, sizeof(facts->mangled), "%s%s", hook->function, suffixes[i]);
	}
	return r;
}

static int ask_for_symbol(const struct plan_hook *hook, struct symbol_facts *facts)
{
	char name[KERNEL_SYMBOL_MAX];
	int r;

	symbol_name(hook, "", name);
	r = kernel_symbol_exists(name, &facts->symbol);
	return r == 0 && !facts->symbol ? ask_for_mangled(hook, facts) : r;
}

/* By a look-up for each, since Linux 6.2 in no time. */
static int ask_for_symbols(const struct plan_hook *hooks, size_t n, struct symbol_facts *facts)
{
	int r = features_direct_reads() ? 0 : -EOPNOTSUPP;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!hooks[i].module || module_is_loaded(hooks[i].module))
			r = ask_for_symbol(&hooks[i], &facts[i]);
	return r;
}

/* All at once: 200,000 lines. */
static int find_symbols(const struct plan_hook *hooks, size_t n, struct symbol_facts *facts, struct err *err)
{
	if (ask_for_symbols(hooks, n, facts) == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		facts[i] = no_facts;
	return scan_kallsyms(hooks, n, facts, err);
}

/* The module whose hooks are looked up, with its BTF where it has one. Hooks of one module stand together. */
struct module_at_hand {
	const char *name; /* NULL: none yet */
	struct module_facts facts;
	struct module_btf types;
};

static void close_module(struct module_at_hand *m)
{
	module_btf_close(&m->types);
}

static void take_module(struct module_at_hand *m, const char *name, struct btf *kernel)
{
	if (m->name && !strcmp(m->name, name))
		return;
	module_btf_close(&m->types);
	m->name = name;
	features_module(name, &m->facts);
	if (m->facts.loaded && m->facts.btf && kernel)
		module_btf_open(&m->types, name, kernel);
}

static void try_btf_func(const struct features *f, int btf_fd, int id, struct symbol_facts *facts)
{
	facts->btf_func = id > 0;
	if (id > 0 && !f->fentry)
		facts->fentry = try_fentry(btf_fd, id);
}

static void fill_module(const struct features *f, struct module_at_hand *m, struct btf *kernel,
			const struct plan_hook *hook, struct symbol_facts *facts)
{
	take_module(m, hook->module, kernel);
	facts->loaded = m->facts.loaded;
	facts->module_btf = m->types.btf;
	if (m->types.btf)
		try_btf_func(f, m->types.fd, module_btf_find(&m->types, kernel, hook->function, BTF_KIND_FUNC), facts);
}

static void fill_kernel(const struct features *f, const struct btf *kernel, const struct plan_hook *hook,
			struct symbol_facts *facts)
{
	facts->loaded = true;
	facts->module_btf = kernel;
	if (kernel)
		try_btf_func(f, 0, kernel_btf_find(kernel, hook->function, BTF_KIND_FUNC), facts);
}

static void try_symbol(const struct features *f, const struct plan_hook *hook, struct symbol_facts *facts)
{
	bool fentry_works = !f->fentry && !facts->fentry;
	char name[PLAN_SYMBOL_MAX];

	if (!facts->symbol || f->kprobe || (fentry_works && !hook->seldom))
		return;
	snprintf(name, sizeof(name), "%s%s%s", hook->module ? hook->module : "", hook->module ? ":" : "",
		 hook->function);
	facts->kprobe = try_kprobe(name);
}

int features_symbols(const struct features *f, const struct plan_hook *hooks, size_t n, struct symbol_facts *ret,
		     struct err *err)
{
	_cleanup_(cleanup_kernel_btf) struct btf *kernel = kernel_btf_get();
	_cleanup_(close_module) struct module_at_hand module = {.types = {.fd = -1}};
	int r;

	for (size_t i = 0; i < n; i++)
		ret[i] = no_facts;
	r = find_symbols(hooks, n, ret, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (hooks[i].module)
			fill_module(f, &module, kernel, &hooks[i], &ret[i]);
		else
			fill_kernel(f, kernel, &hooks[i], &ret[i]);
		try_symbol(f, &hooks[i], &ret[i]);
	}
	return 0;
}
