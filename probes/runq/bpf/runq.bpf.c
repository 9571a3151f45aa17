/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long the threads of the watched processes wait in a run queue, and how long they run. The
 * scheduler calls these programs under the lock of the thread's run queue, so what they see of one
 * thread is in order. Atomic adds all the same: a thread that wakes itself does so without. */
#include "generations.h"
#include "kernel.h"
#include "log2.h"
#include "run.h"
#include "runq.h"
#include "task_number.h"

RUN_MARK(runq);

#define TASK_DEAD 0x80 /* include/linux/sched.h */

/* task->__state since 5.14, before that task->state. */
struct task_struct___state {
	unsigned int __state;
} __attribute__((preserve_access_index));

struct task_struct___old_state {
	volatile long state;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runq_filter);
} filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runq_watched);
} watched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runq_thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runq_ledger);
} ledger SEC(".maps");

GENERATIONS(waits, struct runq_key, struct runq_value);

/* What the hooks have in common about one thread. */
struct sight {
	__u64 now_ns;
	__u64 watched_ns; /* since when */
	__u32 tgid, tid;  /* as user space knows them */
	struct runq_thread *thread;
	struct runq_ledger *ledger;
};

static __always_inline void note(__u64 *count)
{
	__sync_fetch_and_add(count, 1);
}

static __always_inline struct runq_thread *thread_of(__u32 key, const struct sight *s)
{
	struct runq_thread fresh = {.tgid = s->tgid, .tid = s->tid}, *t = bpf_map_lookup_elem(&threads, &key);

	if (!t) {
		bpf_map_update_elem(&threads, &key, &fresh, BPF_NOEXIST);
		return bpf_map_lookup_elem(&threads, &key);
	}
	if (t->tgid != s->tgid)
		*t = fresh; /* the number of a thread that ended unwatched */
	return t;
}

/* A task that ends has no number any more at its last switch: by what its thread was known. */
static __always_inline bool number_inside(struct task_struct *task, struct sight *s)
{
	__u32 key = task->pid;
	struct runq_thread *t;

	s->tgid = task_number_inside(task->group_leader);
	s->tid = task_number_inside(task);
	if (s->tgid != RECORD_NO_NUMBER && s->tid != RECORD_NO_NUMBER)
		return true;
	t = bpf_map_lookup_elem(&threads, &key);
	if (!t)
		return false;
	s->tgid = t->tgid;
	s->tid = t->tid;
	return true;
}

/* By plain loads in the kernel's own PID namespace: most switches on a node get no further. */
static __always_inline bool number(struct task_struct *task, struct sight *s)
{
	if (task_pidns)
		return number_inside(task, s);
	s->tgid = task->tgid;
	s->tid = task->pid;
	return true;
}

/* False: the process is not watched, or there is no room. */
static __always_inline bool look(struct task_struct *task, enum runq_hook hook, struct sight *s)
{
	__u32 zero = 0;
	struct runq_filter *f = bpf_map_lookup_elem(&filter, &zero);
	struct runq_watched *w;

	if (!f || !number(task, s) || !(f->words[RUNQ_FILTER_WORD(s->tgid)] & RUNQ_FILTER_BIT(s->tgid)))
		return false;
	w = bpf_map_lookup_elem(&watched, &s->tgid);
	if (!w)
		return false;
	s->ledger = bpf_map_lookup_elem(&ledger, &zero);
	if (!s->ledger)
		return false;
	note(&s->ledger->seen[hook]);
	s->now_ns = bpf_ktime_get_ns();
	s->watched_ns = w->since_ns;
	s->thread = thread_of(task->pid, s);
	if (!s->thread)
		note(&s->ledger->skipped[hook][RUNQ_SKIP_FULL]);
	return s->thread;
}

static __always_inline bool is(const struct sight *s, enum runq_state state)
{
	return s->thread->state == state && s->thread->since_ns >= s->watched_ns;
}

/* What the thread did until now has no length. */
static __always_inline void skip(const struct sight *s, enum runq_hook hook)
{
	bool known = s->thread->since_ns >= s->watched_ns;

	note(&s->ledger->skipped[hook][known ? RUNQ_SKIP_UNSEEN : RUNQ_SKIP_BEGUN]);
}

static __always_inline void becomes(struct sight *s, enum runq_state state)
{
	s->thread->state = state;
	s->thread->since_ns = s->now_ns;
}

static __always_inline struct runq_value *value_of(struct task_struct *task, struct sight *s, enum runq_hook hook)
{
	struct runq_key key = {.tgid = s->tgid, .tid = s->tid, .cpu = bpf_get_smp_processor_id()};
	struct runq_value fresh = {}, *v = generation_slot(&waits, &key, &fresh);

	if (!v)
		note(&s->ledger->skipped[hook][RUNQ_SKIP_FULL]);
	else if (!v->comm[0] || hook == RUNQ_SWITCH_FROM) /* a thread is named once it runs */
		/* not by a helper: a kernel locked down for confidentiality has none that reads its memory */
		__builtin_memcpy(v->comm, task->comm, sizeof(v->comm));
	return v;
}

static __always_inline int woken(struct task_struct *task)
{
	struct sight s;

	if (!look(task, RUNQ_WAKEUP, &s))
		return 0;
	if (is(&s, RUNQ_RUNS) || is(&s, RUNQ_WAITS)) {
		note(&s.ledger->skipped[RUNQ_WAKEUP][RUNQ_SKIP_AWAKE]);
		return 0;
	}
	becomes(&s, RUNQ_WAITS);
	note(&s.ledger->counted[RUNQ_WAKEUP]);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(runq_wakeup, struct task_struct *task)
{
	return woken(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(runq_wakeup_new, struct task_struct *task)
{
	return woken(task);
}

static __always_inline void count_wait(struct task_struct *task, struct sight *s)
{
	struct runq_value *v = value_of(task, s, RUNQ_SWITCH_TO);
	__u64 ns = s->now_ns - s->thread->since_ns;
	__u64 bucket = log2_u64(ns);

	if (!v)
		return;
	/* One 64-bit register for the check and the index: 5.10 does not follow copies of its lower half. */
	asm volatile("" : "+r"(bucket));
	if (bucket >= RUNQ_BUCKETS)
		bucket = RUNQ_BUCKETS - 1;
	__sync_fetch_and_add(&v->waits[bucket], 1);
	__sync_fetch_and_add(&v->wait_ns, ns);
	if (ns > v->max_ns)
		v->max_ns = ns;
	note(&s->ledger->counted[RUNQ_SWITCH_TO]);
}

static __always_inline void switched_to(struct task_struct *next)
{
	struct sight s;

	if (!look(next, RUNQ_SWITCH_TO, &s))
		return;
	if (is(&s, RUNQ_WAITS))
		count_wait(next, &s);
	else
		skip(&s, RUNQ_SWITCH_TO);
	becomes(&s, RUNQ_RUNS);
}

static __always_inline __u32 state_of(struct task_struct *task)
{
	struct task_struct___state *t = (void *)task;

	if (bpf_core_field_exists(t->__state))
		return t->__state;
	return ((struct task_struct___old_state *)(void *)task)->state;
}

static __always_inline void count_run(struct task_struct *task, struct sight *s, bool preempted)
{
	struct runq_value *v = value_of(task, s, RUNQ_SWITCH_FROM);

	if (!v)
		return;
	__sync_fetch_and_add(&v->switches, 1);
	if (preempted)
		__sync_fetch_and_add(&v->preempted, 1);
	if (!is(s, RUNQ_RUNS)) {
		skip(s, RUNQ_SWITCH_FROM);
		return;
	}
	__sync_fetch_and_add(&v->on_cpu_ns, s->now_ns - s->thread->since_ns);
	note(&s->ledger->counted[RUNQ_SWITCH_FROM]);
}

static __always_inline void switched_from(struct task_struct *prev, bool preempt)
{
	__u32 state = state_of(prev), key = prev->pid;
	bool goes_on = preempt || !state;
	struct sight s;

	if (!look(prev, RUNQ_SWITCH_FROM, &s))
		return;
	count_run(prev, &s, goes_on);
	if (!goes_on && state & TASK_DEAD)
		bpf_map_delete_elem(&threads, &key);
	else
		becomes(&s, goes_on ? RUNQ_WAITS : RUNQ_SLEEPS);
}

/* 5.18 put another argument before prev for one release and took it back in its first update; there
 * the verifier refuses this. prev's state is read where it stands, which all kernels allow: a waker
 * may have begun by now, but has not made it 0. */
SEC("tp_btf/sched_switch")
int BPF_PROG(runq_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	switched_from(prev, preempt);
	switched_to(next);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
