/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "attach_targets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "kernel_btf.h"

struct target {
	const struct bpf_program *program;
	int btf_fd; /* 0: the kernel's own types */
	uint32_t btf_id;
};

/* The module of the hook that was added last: hooks of one module stand together. */
struct target_module {
	const char *name;
	struct module_btf types;
	struct target_module *before;
};

struct attach_targets {
	struct btf *kernel;
	struct target_module *modules; /* their descriptors stay open until the load */
	struct attach_targets *previous;
	size_t n;
	struct target items[];
};

/* libbpf's callbacks know the program alone; this is the one way to its target. */
static _Thread_local struct attach_targets *at_hand;

struct attach_targets *attach_targets_new(size_t max)
{
	struct attach_targets *t = calloc(1, sizeof(*t) + max * sizeof(t->items[0]));

	if (!t)
		return NULL;
	t->kernel = kernel_btf_get();
	t->previous = at_hand;
	at_hand = t;
	return t;
}

static void free_modules(struct target_module *m)
{
	while (m) {
		struct target_module *before = m->before;

		module_btf_close(&m->types);
		free(m);
		m = before;
	}
}

void attach_targets_free(struct attach_targets *t)
{
	if (!t)
		return;
	at_hand = t->previous;
	free_modules(t->modules);
	kernel_btf_put(t->kernel);
	free(t);
}

static int open_module(struct attach_targets *t, const char *name, struct target_module **ret)
{
	struct target_module *m = t->modules;
	int r;

	while (m && strcmp(m->name, name))
		m = m->before;
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		r = module_btf_open(&m->types, name, t->kernel);
		if (r < 0) {
			free(m);
			return r;
		}
		m->name = name;
		m->before = t->modules;
		t->modules = m;
	}
	*ret = m;
	return 0;
}

static int find_function(struct attach_targets *t, const struct plan_hook *hook, int *ret_fd)
{
	struct target_module *m;
	int r;

	*ret_fd = 0;
	if (!t->kernel)
		return -ENOENT;
	if (!hook->module)
		return kernel_btf_find(t->kernel, hook->function, BTF_KIND_FUNC);
	r = open_module(t, hook->module, &m);
	if (r < 0)
		return r;
	*ret_fd = m->types.fd;
	return module_btf_find(&m->types, t->kernel, hook->function, BTF_KIND_FUNC);
}

int attach_targets_add(struct attach_targets *t, const struct bpf_program *program, const struct plan_hook *hook)
{
	int fd, id = find_function(t, hook, &fd);

	if (id < 0)
		return id;
	t->items[t->n++] = (struct target){.program = program, .btf_fd = fd, .btf_id = (uint32_t)id};
	return 0;
}

/* A program that has its target already, by bpf_program__set_attach_target(), keeps it. */
static int give_target(struct bpf_program *program, struct bpf_prog_load_opts *opts, long cookie)
{
	if (opts->attach_btf_id)
		return 0;
	for (size_t i = 0; at_hand && i < at_hand->n; i++) {
		const struct target *target = &at_hand->items[i];

		if (target->program != program)
			continue;
		opts->attach_btf_id = target->btf_id;
		opts->attach_btf_obj_fd = (uint32_t)target->btf_fd;
		return 0;
	}
	return -ESRCH;
}

static int attach_by_trampoline(const struct bpf_program *program, long cookie, struct bpf_link **ret)
{
	*ret = bpf_program__attach_trace(program);
	return *ret ? 0 : -errno;
}

static int registered; /* -errno where libbpf refused */

static void register_sections(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = give_target,
		    .prog_attach_fn = attach_by_trampoline);

	registered = libbpf_register_prog_handler("fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, &opts);
	if (registered >= 0)
		registered = libbpf_register_prog_handler("fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, &opts);
}

int attach_take_sections(struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_sections);
	return registered < 0 ? err_set(err, registered, "programs at functions: %s", err_name(registered)) : 0;
}
