/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The plan for what is loaded here, each method of it tried as far as the verifier. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "gtpu_probe.h"

DEFINE_CLEANUP(struct probe_run *, run, gtpu_run_free)

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

int gtpu_describe(const void *options, enum attach_force attach, plan_fn fn, void *data,
		  struct err *err)
{
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	struct err whole = {""};
	unsigned mask;
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->options = *(const struct gtpu_options *)options;
	run->env.events = true;
	mask = gtpu_loaded_modules(&run->options);
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
