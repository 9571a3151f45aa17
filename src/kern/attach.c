/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach_targets.h"
#include "cleanup.h"

#define SIDES 2

/* struct bpf_link_info of Linux 6.7 for a kprobe, which older headers lack. */
struct kprobe_link_info {
	uint32_t type, id, prog_id, pad;
	uint32_t perf_type, pad2;
	uint64_t func_name;
	uint32_t name_len, offset;
	uint64_t addr, missed, cookie;
};

_Static_assert(sizeof(struct kprobe_link_info) == 64, "bpf_link_info");

#define LINK_TYPE_PERF_EVENT 7
#define PERF_TYPE_KPROBE 3
#define PERF_TYPE_KRETPROBE 4

struct attach_hook {
	struct bpf_program *programs[SIDES];
	struct bpf_link *links[SIDES];
	int missed_error[SIDES]; /* as it was when the link was taken off */
	uint64_t missed[SIDES];
};

struct attach {
	struct hook_plan plan;
	struct attach_hook state[];
};

static const char *const fentry_sides[SIDES] = {"fentry", "fexit"};
static const char *const kprobe_sides[SIDES] = {"kprobe", "kretprobe"};

static struct bpf_program *find_program(struct bpf_object *object, const char *prefix, const char *function)
{
	char name[128];

	snprintf(name, sizeof(name), "%s_%s", prefix, function);
	return bpf_object__find_program_by_name(object, name);
}

static struct bpf_program *chosen_program(struct bpf_object *object, const struct hook_plan *plan, size_t i, int side)
{
	const struct plan_hook *hook = &plan->hooks[i];

	if (side == ATTACH_EXIT && (!plan->exits || !hook->exits))
		return NULL;
	if (plan->choices[i].method == PLAN_FENTRY)
		return find_program(object, fentry_sides[side], hook->function);
	if (plan->choices[i].method == PLAN_KPROBE)
		return find_program(object, kprobe_sides[side], hook->function);
	return NULL;
}

static int prepare_side(struct attach_targets *targets, struct bpf_object *object, const struct hook_plan *plan,
			size_t i, int side)
{
	const struct plan_hook *hook = &plan->hooks[i];
	struct bpf_program *fentry = find_program(object, fentry_sides[side], hook->function);
	struct bpf_program *kprobe = find_program(object, kprobe_sides[side], hook->function);
	struct bpf_program *program = chosen_program(object, plan, i, side);

	if (fentry)
		bpf_program__set_autoload(fentry, program == fentry);
	if (kprobe)
		bpf_program__set_autoload(kprobe, program == kprobe);
	return program && program == fentry ? attach_targets_add(targets, fentry, hook) : 0;
}

int attach_prepare(struct attach_targets **ret, struct bpf_object *object, const struct hook_plan *plan,
		   struct err *err)
{
	struct attach_targets *targets = attach_targets_new(SIDES * plan->n);

	if (!targets)
		return err_oom(err);
	for (size_t i = 0; i < plan->n; i++) {
		for (int side = 0; side < SIDES; side++) {
			int r = prepare_side(targets, object, plan, i, side);

			if (r < 0) {
				attach_targets_free(targets);
				return err_set(err, r, "%s %s: %s", fentry_sides[side], plan->hooks[i].function,
					       err_name(r));
			}
		}
	}
	*ret = targets;
	return 0;
}

static struct bpf_link *attach_kprobe(struct bpf_program *program, const struct plan_hook *hook, int side)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .retprobe = side == ATTACH_EXIT);
	char symbol[PLAN_SYMBOL_MAX];

	/* The module's name keeps a function of the same name elsewhere out of it. */
	snprintf(symbol, sizeof(symbol), "%s%s%s", hook->module ? hook->module : "", hook->module ? ":" : "",
		 hook->function);
	return bpf_program__attach_kprobe_opts(program, symbol, &opts);
}

static int attach_side(struct attach *a, struct bpf_object *object, size_t i, int side, struct err *err)
{
	const struct plan_hook *hook = &a->plan.hooks[i];
	enum plan_method method = a->plan.choices[i].method;
	struct bpf_program *program = chosen_program(object, &a->plan, i, side);
	struct bpf_link *link;
	int r;

	if (!program)
		return 0;
	link = method == PLAN_KPROBE ? attach_kprobe(program, hook, side) : bpf_program__attach(program);
	if (!link) {
		r = -errno;
		return err_set(err, r, "%s on %s: %s", plan_method_name(method), hook->function, err_name(r));
	}
	a->state[i].programs[side] = program;
	a->state[i].links[side] = link;
	return 0;
}

int attach_new(struct attach **ret, struct bpf_object *object, const struct hook_plan *plan, struct err *err)
{
	struct attach *a = calloc(1, sizeof(*a) + plan->n * sizeof(a->state[0]));
	int r = 0;

	if (!a)
		return err_oom(err);
	a->plan = *plan;
	for (int side = SIDES - 1; side >= 0 && !r; side--)
		for (size_t i = 0; i < plan->n && !r; i++)
			r = attach_side(a, object, i, side, err);
	if (r) {
		attach_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

static int link_missed(const struct bpf_link *link, uint64_t *ret)
{
	struct kprobe_link_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &len))
		return -errno;
	if (len < offsetof(struct kprobe_link_info, cookie) || info.type != LINK_TYPE_PERF_EVENT ||
	    (info.perf_type != PERF_TYPE_KPROBE && info.perf_type != PERF_TYPE_KRETPROBE))
		return -ENOTSUP;
	*ret = info.missed;
	return 0;
}

/* Runs that the kernel refused because the program, or for kprobes any program, was running on that
 * CPU. Kernels before 5.12 do not have that check for fentry, and so nothing to count. */
static uint64_t recursion_misses(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
		return 0;
	return info.recursion_misses;
}

static int side_missed(const struct attach *a, size_t i, int side, uint64_t *ret)
{
	const struct attach_hook *state = &a->state[i];
	uint64_t missed = 0;
	int r = 0;

	if (!state->links[side])
		return state->programs[side] ? state->missed_error[side] : -ENOENT;
	if (a->plan.choices[i].method == PLAN_KPROBE)
		r = link_missed(state->links[side], &missed);
	if (!r)
		*ret = missed + recursion_misses(state->programs[side]);
	return r;
}

int attach_missed(const struct attach *a, size_t i, enum attach_side side, uint64_t *ret)
{
	if (i >= a->plan.n || (side != ATTACH_ENTRY && side != ATTACH_EXIT))
		return -ENOENT;
	*ret = a->state[i].missed[side];
	return side_missed(a, i, side, ret);
}

static void detach_side(struct attach *a, size_t i, int side)
{
	struct attach_hook *state = &a->state[i];

	if (!state->links[side])
		return;
	state->missed_error[side] = side_missed(a, i, side, &state->missed[side]);
	bpf_link__destroy(state->links[side]);
	state->links[side] = NULL;
}

/* Entries first: a call that is under way still finds its exit. */
void attach_detach(struct attach *a)
{
	for (int side = 0; side < SIDES; side++)
		for (size_t i = 0; i < a->plan.n; i++)
			detach_side(a, i, side);
}

/* A second descriptor of a link that takes its time to go; -1: it has none, or does not. */
static int another_of(const struct attach *a, size_t i, int side)
{
	const struct bpf_link *link = a->state[i].links[side];

	if (!link || a->plan.choices[i].method != PLAN_FENTRY)
		return -1;
	return fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 0);
}

/* A link goes with the last of its descriptors. */
struct closer *attach_detach_aside(struct attach *a)
{
	_cleanup_free_ int *fds = calloc(SIDES * a->plan.n, sizeof(*fds));
	size_t n = 0;

	for (int side = 0; fds && side < SIDES; side++) {
		for (size_t i = 0; i < a->plan.n; i++) {
			int fd = another_of(a, i, side);

			if (fd >= 0)
				fds[n++] = fd;
		}
	}
	attach_detach(a);
	return n ? closer_new(fds, n) : NULL;
}

void attach_free(struct attach *a)
{
	if (!a)
		return;
	attach_detach(a);
	free(a);
}
