/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "attach_plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *plan_method_name(enum plan_method method)
{
	switch (method) {
	case PLAN_AUTO:
		return "auto";
	case PLAN_FENTRY:
		return "fentry";
	case PLAN_KPROBE:
		return "kprobe";
	case PLAN_TRACEPOINT:
		return "tracepoint";
	case PLAN_SKIP:
		return "skip";
	case PLAN_FAIL:
		break;
	}
	return "fail";
}

/* Why a method is not possible; empty when it is. */
struct refusal {
	char text[PLAN_REASON_MAX];
};

static struct refusal make_refusal(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct refusal make_refusal(const char *format, ...)
{
	struct refusal r;
	va_list ap;

	va_start(ap, format);
	vsnprintf(r.text, sizeof(r.text), format, ap);
	va_end(ap);
	return r;
}

static struct refusal missing_symbol(const struct symbol_facts *facts)
{
	if (facts->mangled[0])
		return make_refusal("only %s is there: the compiler changed its arguments", facts->mangled);
	return make_refusal("inlined by the compiler, or not in this version");
}

static struct refusal try_fentry(const struct features *f, const struct plan_hook *hook,
				 const struct symbol_facts *facts)
{
	if (f->fentry)
		return make_refusal("fentry refused by this kernel: %s", err_name(f->fentry));
	if (!facts->module_btf && hook->module)
		return make_refusal("no BTF: /sys/kernel/btf/%s is missing", hook->module);
	if (!facts->module_btf)
		return make_refusal("no BTF: /sys/kernel/btf/vmlinux is missing");
	if (!facts->btf_func)
		return missing_symbol(facts);
	if (facts->fentry)
		return make_refusal("fentry refused on this function: %s", err_name(facts->fentry));
	return (struct refusal){""};
}

static struct refusal try_kprobe(const struct features *f, const struct plan_hook *hook,
				 const struct symbol_facts *facts)
{
	if (f->kprobe == -ENOENT)
		return make_refusal("this kernel has no kprobes");
	if (f->kprobe)
		return make_refusal("kprobes refused by this kernel: %s", err_name(f->kprobe));
	if (hook->exits && hook->sleeps)
		return make_refusal("it may sleep, and a kretprobe would lose its returns");
	if (!facts->symbol)
		return missing_symbol(facts);
	if (facts->kprobe)
		return make_refusal("kprobe refused on this function: %s", err_name(facts->kprobe));
	return (struct refusal){""};
}

static struct refusal try_tracepoint(const struct plan_hook *hook, const struct symbol_facts *facts)
{
	if (!hook->tracepoint)
		return make_refusal("no tracepoint says what it does");
	if (!facts->tracepoint)
		return make_refusal("tracepoint %s is not in this kernel", hook->tracepoint);
	return (struct refusal){""};
}

static struct plan_choice make_choice(enum plan_method method, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct plan_choice make_choice(enum plan_method method, const char *format, ...)
{
	struct plan_choice c = {.method = method};
	va_list ap;

	va_start(ap, format);
	vsnprintf(c.reason, sizeof(c.reason), format, ap);
	va_end(ap);
	return c;
}

static struct plan_choice choose_none(const struct plan_hook *hook, const char *why)
{
	return make_choice(hook->required ? PLAN_FAIL : PLAN_SKIP, "%s", why);
}

static struct plan_choice plan_forced(const struct features *f, const struct plan_hook *hook,
				      const struct symbol_facts *facts, enum plan_method forced)
{
	struct refusal no;

	if (forced == PLAN_FENTRY)
		no = try_fentry(f, hook, facts);
	else if (forced == PLAN_KPROBE)
		no = try_kprobe(f, hook, facts);
	else
		no = try_tracepoint(hook, facts);
	return no.text[0] ? choose_none(hook, no.text) : make_choice(forced, "as asked for");
}

/* To take fentry off a function, kernels from 6.0 on wait out a grace period of their tasks, for one
 * function after the other; to take kprobes off they need not. */
static bool is_for_kprobe(const struct plan_hook *hook, const char *no_fentry, const char *no_kprobe)
{
	return hook->seldom && hook->module && !hook->exits && !no_fentry[0] && !no_kprobe[0];
}

struct plan_choice plan_hook(const struct features *f, const struct plan_hook *hook, const struct symbol_facts *facts,
			     enum plan_method forced)
{
	struct refusal no_fentry, no_kprobe;

	if (hook->module && !facts->loaded)
		return make_choice(hook->required ? PLAN_FAIL : PLAN_SKIP, "module %s is not loaded", hook->module);
	if (forced != PLAN_AUTO)
		return plan_forced(f, hook, facts, forced);
	no_fentry = try_fentry(f, hook, facts);
	no_kprobe = try_kprobe(f, hook, facts);
	if (is_for_kprobe(hook, no_fentry.text, no_kprobe.text))
		return make_choice(PLAN_KPROBE, "seldom called, and a kprobe releases the module sooner");
	if (!no_fentry.text[0])
		return make_choice(PLAN_FENTRY, "fentry works on it");
	if (!no_kprobe.text[0])
		return make_choice(PLAN_KPROBE, "%s", no_fentry.text);
	if (!try_tracepoint(hook, facts).text[0])
		return make_choice(PLAN_TRACEPOINT, "%s", no_fentry.text);
	if (!strcmp(no_fentry.text, no_kprobe.text))
		return choose_none(hook, no_fentry.text);
	return make_choice(hook->required ? PLAN_FAIL : PLAN_SKIP, "%s; %s", no_fentry.text, no_kprobe.text);
}

static int set_required_failed(const struct plan_hook *hook, const struct plan_choice *choice, struct err *err)
{
	return err_set(err, -EOPNOTSUPP,
		       "cannot hook %s%s%s: %s; run as root on a kernel with "
		       "fentry (BTF of the module) or with kprobes",
		       hook->module ? hook->module : "", hook->module ? ":" : "", hook->function, choice->reason);
}

int plan_hooks(const struct hook_plan *plan, const struct features *f, const struct symbol_facts *facts,
	       enum plan_method forced, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < plan->n; i++) {
		plan->choices[i] = plan_hook(f, &plan->hooks[i], &facts[i], forced);
		if (plan->choices[i].method == PLAN_FAIL && !r)
			r = set_required_failed(&plan->hooks[i], &plan->choices[i], err);
	}
	return r;
}
