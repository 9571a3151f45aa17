/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A probe: one folder, one descriptor. Nothing outside the folder names it; config keys, the list of
 * probes, ledger and documentation come from here. */
#pragma once

#include "clock.h"
#include "containers.h"
#include "err.h"
#include "event.h"
#include "option.h"

enum attach_force { ATTACH_AUTO, ATTACH_FENTRY, ATTACH_KPROBE, ATTACH_TRACEPOINT };

/* What a probe is started with. */
struct probe_env {
	uint16_t id;	     /* index into probes[]; goes into every record */
	const void *options; /* the probe's own options struct */
	enum attach_force attach;
	bool events;	/* events are wanted: without it the ring stays silent */
	bool newcomers; /* even so: "newcomer", a task that sends, as soon as it is seen to */
	bool notable;	/* without events: the few that matter unasked, drops and outliers */
	const struct containers
		*containers; /* looked at anew before each tick; outlives the run. NULL: none is known */
	bool wait;	     /* for what it watches, where that is not there yet; else start() fails */
	bool trial;	     /* whether it starts is all that is asked: with small maps, for a moment */
};

/* How often tick() is called. */
#define PROBE_TICK_NS (200 * NSEC_PER_MSEC)

/* What a tick came upon. */
enum probe_news {
	PROBE_NO_NEWS,
	PROBE_SAYS,	/* a word to the log */
	PROBE_WARNS,	/* the same, of what keeps the probe from seeing packets */
	PROBE_ATTACHED, /* the same; and there is a new plan to show */
};

#define PROBE_HELD_MAX 64

/* One line of the ledger. For a hook: seen = counted + sum of skipped; where a method can miss,
 * calls = seen + missed. For a ring: emitted = delivered + pending + sum of lost. */
struct ledger_row {
	const char *where;  /* "ring", an interface, a function */
	const char *name;   /* "seen", "counted", "skipped", "missed", "emitted", ... */
	const char *reason; /* for skipped and lost; else NULL */
	uint64_t value;
	bool unknown; /* the kernel cannot tell: value means nothing */
};
typedef void (*ledger_fn)(void *data, const struct ledger_row *row);

/* One hook of the attach plan, as applied. */
struct plan_row {
	const char *hook;    /* "gtp_encap_recv", "ingress teide-upf/n3" */
	const char *method;  /* "fentry", "kprobe", "tcx", "clsact", "skip" */
	const char *reason;  /* why this one, or why none */
	const char *warning; /* what hides packets from the hook, and the way out; NULL: nothing that is known */
	/* By describe alone: */
	const char *module;	/* whose function the hook is; NULL: the kernel's */
	const char *load_error; /* why its programs do not load, although method is one that works; NULL: they do */
};
typedef void (*plan_fn)(void *data, const struct plan_row *row);

struct probe_run; /* each probe defines its own */

struct probe {
	const char *name;
	const char *help;
	const struct config_option *options;
	size_t options_size;
	bool at_interfaces; /* its hooks are those of interfaces that the options name */
	bool sees_rules;    /* among its events are requests to change gtp5g's rules */

	/* What is wrong with these options on any node: 0 or -EINVAL with the key and the way out. Looks at nothing
	 * else. NULL: each value for itself says it all. */
	int (*check)(const void *options, struct err *err);
	/* The plan that start() would make of these options here: hooks are tried and their programs
	 * loaded, none stays. 0, also when a required hook is not possible (its row says "fail") or a
	 * program does not load (load_error), or -errno. NULL: it has none. */
	int (*describe)(const void *options, enum attach_force attach, plan_fn fn, void *data, struct err *err);
	/* Loads the programs that need nothing of this node but its kernel, as a trial by start() would, and keeps
	 * none. 0 or -errno. NULL: it has none, or describe does it. */
	int (*try_load)(const void *options, enum attach_force attach, struct err *err);
	/* Loads and attaches. On failure nothing stays behind. -EOPNOTSUPP: not on this node.
	 * -ENODATA: the configuration gives it nothing to do. */
	int (*start)(struct probe_run **ret, const struct probe_env *env, struct err *err);
	/* For epoll; -1 when the probe has no ring. */
	int (*ring_fd)(const struct probe_run *run);
	/* Reads at most max records, the oldest, and hands on their events: a flood must leave the loop its
	 * other work. The number of records, max when there may be more, or -errno. */
	int (*drain)(struct probe_run *run, size_t max, event_fn emit, void *data);
	/* Hands on what was counted since the last collection, as rows. 0 or -errno. */
	int (*collect)(struct probe_run *run, event_fn emit, void *data);
	/* The processes of the path by tgid, whenever they may have changed: all of them, in any order.
	 * 0 or -errno. NULL: it does not go by processes. */
	int (*watch)(struct probe_run *run, const uint32_t *tgids, size_t n);
	void (*ledger)(struct probe_run *run, ledger_fn fn, void *data);
	void (*plan)(struct probe_run *run, plan_fn fn, void *data);
	/* Looks whether what it watches has come or gone, and takes hooks off or puts them on. What
	 * there is to log is in says. enum probe_news, or -errno. NULL: nothing comes or goes. */
	int (*tick)(struct probe_run *run, uint64_t now_ns, struct err *says);
	/* Takes the hooks off until what it watches comes anew. held: the kernel modules that the hooks
	 * kept from being unloaded, by spaces. 0 or -errno. NULL: it keeps none. */
	int (*release)(struct probe_run *run, char held[static PROBE_HELD_MAX], struct err *err);
	/* Takes the hooks off; ring and counts can still be read. Idempotent. 0, or -errno when a hook
	 * stays; the others are off all the same. */
	int (*detach)(struct probe_run *run, struct err *err);
	void (*stop)(struct probe_run *run); /* NULL is fine */
};

extern const struct probe *const probes[]; /* generated from the folders; NULL-terminated */
