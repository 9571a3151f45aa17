/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which functions are hooked, and by which method. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "gtpu_run.h"
#include "object.h"

DEFINE_CLEANUP(struct probe_run *, run, gtpu_run_free)

const char *const gtpu_modules[GTPU_MODULES] = {[GTPU_GTP] = "gtp", [GTPU_GTP5G] = "gtp5g"};

bool gtpu_module_wanted(const struct gtpu_options *o, unsigned module)
{
	return o->module == GTPU_MODULE_AUTO || o->module == GTPU_MODULE_GTP + module;
}

/* A URR that goes takes its used-up quota with it: that is seen without events too. */
static void drop_rules(struct probe_run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++)
		if (!run->hooks[i].rules || run->hooks[i].func_id == GTP5G_GENL_DEL_URR)
			run->hooks[n++] = run->hooks[i];
	run->n = n;
}

static unsigned loaded_modules(const struct gtpu_options *o)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < GTPU_MODULES; i++) {
		struct module_facts facts;

		features_module(gtpu_modules[i], &facts);
		if (facts.loaded && gtpu_module_wanted(o, i))
			mask |= 1U << i;
	}
	return mask;
}

static void find_hooks(struct probe_run *run, unsigned mask)
{
	run->n = 0;
	for (unsigned i = 0; i < GTPU_MODULES; i++) {
		struct module_facts facts;

		features_module(gtpu_modules[i], &facts);
		if (mask & 1U << i)
			run->n += gtpu_hooks(gtpu_modules[i], &run->options, &facts, run->hooks + run->n,
					     GTPU_HOOKS_MAX - run->n);
	}
	if (!run->env.events)
		drop_rules(run);
	for (size_t i = 0; i < run->n; i++) {
		run->plan_hooks[i] = run->hooks[i].hook;
		run->choices[i] = (struct plan_choice){0};
	}
}

struct hook_plan gtpu_hook_plan(struct probe_run *run)
{
	return (struct hook_plan){
		.hooks = run->plan_hooks, .choices = run->choices, .n = run->n, .exits = run->options.exit};
}

static int no_module(const struct gtpu_options *o, const struct features *f, struct err *err)
{
	static const char *const load[] = {
		("neither the gtp nor the gtp5g module is loaded: modprobe gtp, or install and load "
		 "gtp5g"),
		"the gtp module is not loaded: modprobe gtp",
		"the gtp5g module is not loaded: install and load it (modprobe gtp5g)",
	};

	if (!f->fentry || !f->kprobe)
		return err_set(err, -EOPNOTSUPP, "%s", load[o->module]);
	return err_set(err, -EOPNOTSUPP,
		       "%s; and this kernel could not hook its functions: "
		       "fentry: %s, kprobes: %s",
		       load[o->module], err_name(f->fentry),
		       f->kprobe == -ENOENT ? "not built in" : err_name(f->kprobe));
}

static int check_features(const struct features *f, struct err *err)
{
	if (!f->cap_bpf || !f->cap_perfmon)
		return object_not_permitted("functions of a module", err);
	return object_check_kernel(err);
}

static int check_reads(const struct features *f, struct err *err)
{
	if (!features_locked_down(f->kernel_reads))
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       NO_KERNEL_READS ", as those at a module's functions do; boot with "
				       "lockdown=integrity");
}

/* A trial attaches and detaches, which takes the kernel its time: none of a method that is not wanted. */
static int find_symbols(const struct probe_run *run, const struct features *f, enum attach_force force,
			struct symbol_facts facts[], struct err *err)
{
	struct features wanted = *f;

	if (force == ATTACH_KPROBE)
		wanted.fentry = -ENODATA;
	return features_symbols(&wanted, run->plan_hooks, run->n, facts, err);
}

int gtpu_plan_make(struct probe_run *run, enum attach_force force, unsigned mask, struct err *err)
{
	struct symbol_facts facts[GTPU_HOOKS_MAX];
	struct hook_plan plan;
	struct features f;
	int r;

	features_probe(&f);
	r = check_features(&f, err);
	if (r)
		return r;
	find_hooks(run, mask);
	if (!run->n)
		return check_reads(&f, err) ? -EOPNOTSUPP : no_module(&run->options, &f, err);
	r = find_symbols(run, &f, force, facts, err);
	if (r)
		return r;
	plan = gtpu_hook_plan(run);
	r = plan_hooks(&plan, &f, facts, (enum plan_method)force, err);
	return check_reads(&f, err) ? -EOPNOTSUPP : r;
}

/* For the modules loaded now; with none loaded, whether this kernel could hook functions at all. */
int gtpu_plan_try(struct probe_run *run, enum attach_force force, bool wait, struct err *err)
{
	unsigned mask = loaded_modules(&run->options);
	struct features f;
	int r = 0;

	if (mask || !wait) {
		r = gtpu_plan_make(run, force, mask, err);
		run->n = 0;
		return r;
	}
	features_probe(&f);
	r = check_features(&f, err);
	if (!r)
		r = check_reads(&f, err);
	return r || !f.fentry || !f.kprobe ? r : no_module(&run->options, &f, err);
}

_Static_assert((int)ATTACH_FENTRY == (int)PLAN_FENTRY && (int)ATTACH_KPROBE == (int)PLAN_KPROBE &&
		       (int)ATTACH_TRACEPOINT == (int)PLAN_TRACEPOINT,
	       "plan_method");

void gtpu_plan_rows(struct probe_run *run, plan_fn fn, void *data)
{
	char warning[GTPU_WARNING_MAX];

	for (size_t i = 0; i < run->n; i++)
		fn(data, &(struct plan_row){.hook = run->hooks[i].hook.function,
					    .method = plan_method_name(run->choices[i].method),
					    .reason = run->choices[i].reason});
	if (run->layout)
		fn(data, &(struct plan_row){.hook = "rules",
					    .method = run->layout,
					    .reason = run->check.reason[0] ? run->check.reason : run->layout_reason,
					    .warning = gtpu_check_warning(run, warning)});
	if (!run->n)
		return;
	fn(data, &(struct plan_row){.hook = "context",
				    .method = run->context_means,
				    .reason = "tells process, softirq and hardirq apart"});
}

/* What keeps all of them from loading together; "": nothing. */
static void try_all(struct probe_run *run, unsigned mask, struct err *ret)
{
	struct err err = {""};

	if (gtpu_maps_load(run, &err) || gtpu_programs_try(run, mask, NULL, &err))
		*ret = err;
}

/* Whether it is this hook's programs that do not load. */
static bool try_hook(struct probe_run *run, unsigned mask, size_t i, struct err *ret)
{
	return run->choices[i].method != PLAN_SKIP && run->choices[i].method != PLAN_FAIL &&
	       (!run->ring || gtpu_programs_try(run, mask, &run->hooks[i], ret));
}

static void tell_hook(const struct probe_run *run, size_t i, const char *load_error, plan_fn fn, void *data)
{
	fn(data, &(struct plan_row){.hook = run->hooks[i].hook.function,
				    .method = plan_method_name(run->choices[i].method),
				    .reason = run->choices[i].reason,
				    .module = run->hooks[i].hook.module,
				    .load_error = load_error});
}

static bool has_failed(const struct probe_run *run)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->choices[i].method == PLAN_FAIL)
			return true;
	return false;
}

/* whole: what keeps the probe from starting with this plan, if it is known already. */
static void tell_hooks(struct probe_run *run, unsigned mask, struct err *whole, plan_fn fn, void *data)
{
	if (!whole->text[0])
		try_all(run, mask, whole);
	for (size_t i = 0; i < run->n; i++) {
		struct err own = *whole;

		tell_hook(run, i, whole->text[0] && try_hook(run, mask, i, &own) ? own.text : NULL, fn, data);
	}
}

int gtpu_describe(const void *options, enum attach_force attach, plan_fn fn, void *data, struct err *err)
{
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	struct err whole = {""};
	unsigned mask;
	int r;

	if (!run)
		return err_oom(err);
	run->options = *(const struct gtpu_options *)options;
	run->options.sessions = 1; /* the verifier does not look at the size of a map */
	run->env.events = true;
	mask = loaded_modules(&run->options);
	r = gtpu_plan_make(run, attach, mask, &whole);
	if (!run->n || run->choices[0].method == PLAN_AUTO)
		return err_set(err, r, "%s", whole.text);
	/* Its row says so, and the others stay untried: without it none of them is put on. */
	for (size_t i = 0; has_failed(run) && i < run->n; i++)
		tell_hook(run, i, NULL, fn, data);
	if (!has_failed(run))
		tell_hooks(run, mask, &whole, fn, data);
	return 0;
}
