/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel loads every BPF program of teide, in every variant that user space can choose, within the
 * budgets of verifier.budget. A program at a module's function loads by fentry only where the module is.
 *
 *	verifier_test [FENTRY]	only fentry or kprobe, direct or probe reads, all else switched on: for an emulated
 *				machine. Fails if fewer than FENTRY fentry and fexit programs were loaded.
 *
 * BUDGETS names the folder with PROBE/verifier.budget; BPF_CLANG is the major version of the compiler. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "budget.h"
#include "cleanup.h"
#include "cpu_context.h"
#include "flow/flow.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "flow_entry.skel.h"
#include "gtpu/gtpu_run.h"
#include "gtpu.skel.h"
#include "kernel_features.h"
#include "runq.skel.h"

#define PROGRAMS_MAX 256
#define LOG_TAIL 4096
#define NO_COUNT_ADDRESS 8 /* loads as any other address does */

enum context { CONTEXT_BY_COUNT, CONTEXT_BY_TRACEPOINT, CONTEXT_BY_NOTHING, CONTEXTS };

static const char *const context_names[] = {"context by count", "context by tracepoint", "no context"};

/* What user space can choose before the load. */
struct variant {
	bool direct; /* reads kernel memory by plain loads */
	enum context context;
	bool events;   /* events are wanted, of each function, with exits */
	bool realtime; /* the kernel is a PREEMPT_RT one */
	bool seldom;   /* the service's events alone: drops and outliers, by context and filter */
	bool locked;   /* the kernel lets no program read its memory: flow alone */
};

struct seen {
	const char *probe;
	char name[96];
	unsigned most; /* instructions that the verifier processed, over the variants */
};

struct targets;

struct report {
	const struct targets *targets; /* of fentry */
	struct seen seen[PROGRAMS_MAX];
	size_t n;
	unsigned tests, failed, fentry;
};

/* The end of what libbpf has said: the verifier's reason stands there. */
static char tail[LOG_TAIL];

static int keep_tail(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL, *both = NULL;
	size_t len;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	if (asprintf(&both, "%s%s", tail, text) >= 0) {
		len = strlen(both);
		strcpy(tail, len < sizeof(tail) ? both : both + len - sizeof(tail) + 1);
		free(both);
	}
	free(text);
	return 0;
}

static struct seen *seen_of(struct report *r, const char *probe, const char *name)
{
	size_t i = 0;

	while (i < r->n && (strcmp(r->seen[i].name, name) || strcmp(r->seen[i].probe, probe)))
		i++;
	if (i == r->n && r->n < PROGRAMS_MAX) {
		r->seen[r->n].probe = probe;
		snprintf(r->seen[r->n].name, sizeof(r->seen[0].name), "%s", name);
		r->n++;
	}
	return &r->seen[i < PROGRAMS_MAX ? i : PROGRAMS_MAX - 1];
}

static bool is_fentry(const char *program)
{
	return !strncmp(program, "fentry_", 7) || !strncmp(program, "fexit_", 6);
}

/* Returns how many programs were loaded. */
static unsigned note_programs(struct report *r, const char *probe, struct bpf_object *object)
{
	struct bpf_program *program;
	unsigned loaded = 0;

	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);
		struct seen *s;

		if (!bpf_program__autoload(program))
			continue;
		s = seen_of(r, probe, bpf_program__name(program));
		if (!bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len) && info.verified_insns > s->most)
			s->most = info.verified_insns;
		r->fentry += is_fentry(bpf_program__name(program));
		loaded++;
	}
	return loaded;
}

static void describe(const struct variant *v, char *text, size_t size)
{
	snprintf(text, size, "%s reads, %s, %s%s%s",
		 v->locked   ? "no"
		 : v->direct ? "direct"
			     : "probe",
		 context_names[v->context], v->events ? "events" : "counts", v->realtime ? ", PREEMPT_RT" : "",
		 v->seldom ? ", notable events" : "");
}

static void load(struct report *r, const char *probe, const struct variant *v, struct bpf_object *object)
{
	char what[128];
	int error;

	describe(v, what, sizeof(what));
	tail[0] = '\0';
	error = bpf_object__load(object);
	r->tests++;
	if (error) {
		printf("not ok %u - %s: %s: %s\n%s\n", r->tests, probe, what, strerror(-error), tail);
		r->failed++;
		return;
	}
	printf("ok %u - %s: %s: %u programs\n", r->tests, probe, what, note_programs(r, probe, object));
}

/* Maps whose size user space gives. */
static void size_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (!bpf_map__max_entries(map))
			bpf_map__set_max_entries(map, 64);
}

static void set_context(const struct variant *v, uint64_t *address, bool *by_tracepoint)
{
	*address = v->context == CONTEXT_BY_COUNT ? NO_COUNT_ADDRESS : 0;
	*by_tracepoint = v->context == CONTEXT_BY_TRACEPOINT;
}

static void load_flow(struct report *r, const struct variant *v)
{
	struct flow_bpf *flow = flow_bpf__open();
	struct flow_entry_bpf *entry = flow_entry_bpf__open();
	uint64_t address;
	bool by_tracepoint;

	set_context(v, &address, &by_tracepoint);
	flow->rodata->context_count_address = address;
	flow->rodata->context_by_tracepoint = by_tracepoint;
	flow->rodata->direct_reads = v->direct;
	flow->rodata->kernel_reads = !v->locked;
	flow->rodata->events_wanted = v->events;
	flow->rodata->newcomers_wanted = v->seldom;
	flow->rodata->task_pidns = v->seldom;
	flow->rodata->preemptible = v->realtime;
	flow->rodata->ring_batch = 4096;
	flow->rodata->gtp_port = 2152;
	flow->rodata->radio_port = 4997;
	flow->rodata->vxlan_port = 4789;
	flow->rodata->geneve_port = 6081;
	bpf_program__set_autoload(flow->progs.context_softirq_entry, by_tracepoint);
	bpf_program__set_autoload(flow->progs.context_softirq_exit, by_tracepoint);
	size_maps(flow->obj);
	load(r, "flow", v, flow->obj);
	entry->rodata->preemptible = v->realtime;
	size_maps(entry->obj);
	load(r, "flow", v, entry->obj);
	flow_entry_bpf__destroy(entry);
	flow_bpf__destroy(flow);
}

static void load_runq(struct report *r, const struct variant *v)
{
	struct runq_bpf *runq = runq_bpf__open();

	runq->rodata->task_pidns = v->seldom;
	size_maps(runq->obj);
	load(r, "runq", v, runq->obj);
	runq_bpf__destroy(runq);
}

static const char *const modules[] = {NULL, "gtp", "gtp5g"};

struct targets {
	struct plan_hook hooks[3 * PROGRAMS_MAX];
	struct symbol_facts facts[3 * PROGRAMS_MAX];
	size_t n;
};

static void add_target(struct targets *t, const char *function)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules) && t->n < ARRAY_SIZE(t->hooks); i++)
		t->hooks[t->n++] = (struct plan_hook){.module = modules[i], .function = function};
}

/* Which functions can be hooked by fentry: the module has BTF, and the kernel lets an empty program do it. Found once,
 * for an emulated machine takes seconds to read its symbols and types. gtpu must live as long as the targets. */
static void find_targets(struct targets *t, const struct gtpu_bpf *gtpu)
{
	struct bpf_program *program;
	struct features features;
	struct err err;

	bpf_object__for_each_program(program, gtpu->obj)
		if (!strncmp(bpf_program__name(program), "fentry_", 7))
			add_target(t, bpf_program__name(program) + 7);
	features_probe(&features);
	if (features.fentry || features_symbols(&features, t->hooks, t->n, t->facts, &err))
		t->n = 0;
}

static bool takes_fentry(const struct targets *t, const char *function)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->hooks[i].function, function) && t->facts[i].btf_func && !t->facts[i].fentry)
			return true;
	return false;
}

static void choose_gtpu(struct gtpu_bpf *gtpu, const struct targets *t, bool fentry, bool by_tracepoint)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, gtpu->obj) {
		const char *name = bpf_program__name(program);
		bool wanted = is_fentry(name) == fentry;

		if (!strncmp(name, "context_", 8))
			wanted = by_tracepoint;
		else if (fentry && wanted)
			wanted = takes_fentry(t, strchr(name, '_') + 1) &&
				 !bpf_program__set_attach_target(program, 0, strchr(name, '_') + 1);
		bpf_program__set_autoload(program, wanted);
	}
}

static void set_gtpu(struct gtpu_bpf *gtpu, const struct variant *v, bool *ret_by_tracepoint)
{
	struct module_facts facts = {.loaded = true, .version = "0.10.2"};
	char reason[PLAN_REASON_MAX];
	struct gtpu_layout layout;
	uint64_t address;
	struct err err;

	set_context(v, &address, ret_by_tracepoint);
	gtpu->rodata->context_count_address = address;
	gtpu->rodata->context_by_tracepoint = *ret_by_tracepoint;
	gtpu->rodata->direct_reads = v->direct;
	gtpu->rodata->hooked = UINT64_MAX;
	gtpu->rodata->preemptible = v->realtime;
	gtpu->rodata->events_wanted = v->events || v->seldom;
	gtpu->rodata->each_function = v->events;
	gtpu->rodata->exits_hooked = v->events || v->seldom;
	gtpu->rodata->refusal_has_code = v->seldom;
	gtpu->rodata->task_pidns = v->seldom;
	gtpu->rodata->notable_only = v->seldom;
	gtpu->rodata->contexts_of_packets = v->seldom;
	gtpu->rodata->contexts_of_calls = v->seldom;
	gtpu->rodata->rules_checked = v->seldom;
	gtpu->rodata->outlier_ns = v->seldom ? 1000000 : 0;
	gtpu->rodata->notable_a_second = v->seldom ? 100 : 0;
	if (gtpu_layout_find(&facts, "", &layout, reason, &err))
		gtpu->rodata->layout = layout;
}

static void load_gtpu(struct report *r, const struct variant *v, bool fentry)
{
	struct gtpu_bpf *gtpu = gtpu_bpf__open();
	bool by_tracepoint;

	set_gtpu(gtpu, v, &by_tracepoint);
	choose_gtpu(gtpu, r->targets, fentry, by_tracepoint);
	size_maps(gtpu->obj);
	load(r, "gtpu", v, gtpu->obj);
	gtpu_bpf__destroy(gtpu);
}

static void load_variant(struct report *r, struct variant v)
{
	load_flow(r, &v);
	load_gtpu(r, &v, false);
	load_gtpu(r, &v, true);
}

static void load_variants(struct report *r, bool direct, bool all)
{
	if (!all) {
		load_variant(r, (struct variant){.direct = direct, .events = true});
		return;
	}
	for (int context = 0; context < CONTEXTS; context++)
		load_variant(r, (struct variant){.direct = direct, .context = (enum context)context, .events = true});
	load_variant(r, (struct variant){.direct = direct, .events = true, .realtime = true});
	load_variant(r, (struct variant){.direct = direct, .context = CONTEXT_BY_TRACEPOINT});
	load_variant(r, (struct variant){.direct = direct, .seldom = true});
}

static void check_budget(struct report *r, const struct seen *s)
{
	unsigned budget;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/verifier.budget", getenv("BUDGETS"), s->probe);
	budget = budget_of(path, s->name, BPF_CLANG);
	r->tests++;
	r->failed += !budget || s->most > budget;
	printf("%s %u - %s %s: %u of %u instructions\n", budget && s->most <= budget ? "ok" : "not ok", r->tests,
	       s->probe, s->name, s->most, budget);
}

static void check_fentry(struct report *r, unsigned least)
{
	r->tests++;
	r->failed += r->fentry < least;
	printf("%s %u - %u fentry and fexit programs loaded, at least %u\n", r->fentry < least ? "not ok" : "ok",
	       r->tests, r->fentry, least);
}

int main(int argc, char **argv)
{
	static struct targets targets;
	static struct report r;
	struct gtpu_bpf *gtpu;
	unsigned least = 0;

	if (argc > 1 && sscanf(argv[1], "%u", &least) != 1)
		return 2;
	if (geteuid()) {
		printf("1..0 # SKIP loading programs needs root\n");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(keep_tail);
	gtpu = gtpu_bpf__open();
	find_targets(&targets, gtpu);
	r.targets = &targets;
	load_runq(&r, &(struct variant){0});
	load_runq(&r, &(struct variant){.seldom = true});
	load_flow(&r, &(struct variant){.context = CONTEXT_BY_NOTHING, .events = true, .locked = true});
	load_variants(&r, false, argc == 1);
	if (features_direct_reads())
		load_variants(&r, true, argc == 1);
	for (size_t i = 0; i < r.n; i++)
		check_budget(&r, &r.seen[i]);
	check_fentry(&r, least);
	gtpu_bpf__destroy(gtpu);
	printf("1..%u\n", r.tests);
	return r.failed ? 1 : 0;
}
