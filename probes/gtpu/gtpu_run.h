/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the user side share: first the types, then the functions, file by file. */
#pragma once

#include <bpf/libbpf.h>

#include "attach.h"
#include "cleanup.h"
#include "devices.h"
#include "event.h"
#include "gen.h"
#include "gtp5g_qers.h"
#include "gtpu.h"
#include "kernel_features.h"
#include "netns.h"
#include "probe.h"
#include "ring_reader.h"

#define GTPU_HOOKS_MAX 48

enum gtpu_module { GTPU_MODULE_AUTO, GTPU_MODULE_GTP, GTPU_MODULE_GTP5G, GTPU_MODULE_CHOICES };

/* The modules themselves: bits of a mask, and places in arrays. */
enum { GTPU_GTP, GTPU_GTP5G, GTPU_MODULES };
extern const char *const gtpu_modules[GTPU_MODULES];

struct gtpu_options {
	uint64_t ring_size;
	bool exit;
	bool each_function;
	unsigned module; /* enum gtpu_module */
	/* The packets whose exits are events; 0 or "": all. */
	uint64_t teid, seid, slower_than;
	const char *ue;
	unsigned verdict; /* enum gtpu_verdict */
	unsigned reason;  /* enum gtpu_reason */
	uint64_t sessions;
	unsigned contexts; /* enum gtpu_contexts */
	uint64_t outlier;  /* ns */
	uint64_t events_per_second;
	const char *module_btf; /* path; "": the module's own */
};

enum gtpu_contexts { GTPU_CONTEXTS_OFF, GTPU_CONTEXTS_OF_PACKETS, GTPU_CONTEXTS_OF_CALLS };

struct gtpu_hook {
	struct plan_hook hook;
	uint16_t func_id;
	uint8_t direction;
	bool packet;	  /* the receive or transmit function: a packet's record is opened here */
	bool pushes;	  /* its return is where the downlink's TEID is seen */
	bool verdict;	  /* its return says what becomes of the packet, and is counted */
	bool detail;	  /* it tells nothing but its own call: with each_function only */
	bool without_btf; /* only needed where the module has no BTF */
	bool refuses;	  /* only needed where gtp5g does not tell what the backlog refused */
	bool rules;	  /* changes the module's rules: worth it for events alone */
};

#define GTPU_NETNS_MAX 24

/* The names of the namespaces seen since the last collection. A flood of events asks the file system only once, and
 * a namespace that goes or gets a name is looked up again soon. */
struct gtpu_netns {
	struct {
		uint64_t inode;
		char name[NETNS_NAME_MAX];
	} rows[32];
	size_t len;
};

/* What was collected so far, by key: collect hands on the differences. */
struct gtpu_counted {
	struct gtpu_count_key key;
	struct gtpu_count total;
};

struct gtpu_counts {
	struct gtpu_counted rows[GTPU_COUNT_KEYS];
	size_t len;
	struct gtpu_usual_counts usual[GTPU_FUNCS];
};

/* What was handed on of the durations. */
struct gtpu_latencies {
	struct {
		struct gtpu_latency_key key;
		struct gtpu_latency seen;
	} rows[GTPU_LATENCY_KEYS];
	size_t len;
};

/* What is counted by keys that come and go. */
struct gtpu_tables {
	struct gen *sessions, *strays, *contexts;
};

#define GTPU_WARNING_MAX 320

/* Whether the places of gtp5g's rules are right (gtpu_check.c). Bits of enum gtpu_member. */
struct gtpu_check {
	bool wanted; /* they are not of the module's own BTF */
	bool has_urrs;
	enum gtp5g_qer_era qer_era;
	unsigned members, confirmed, refuted, warned;
	size_t compared;	       /* PDRs */
	uint64_t next_ns, pause_ns;    /* of the next round */
	struct bpf_link *pdr_links[2]; /* entry and return; NULL: not attached */
	struct bpf_link *urr_links[2];
	char why[64];			    /* it is not possible */
	char reason[PLAN_REASON_MAX + 192]; /* the plan's, with what is known */
};

/* A function that was hooked at some time of the run, and the calls that its programs were not run
 * for while they were attached before. */
struct gtpu_told {
	struct gtpu_hook hook;
	uint64_t missed[2]; /* by enum attach_side */
	bool unknown[2];
};

/* What comes and goes while the run lasts. */
struct gtpu_life {
	uint64_t hooked[GTPU_MODULES];	     /* the number of the module's load; 0: not hooked */
	uint64_t released[GTPU_MODULES];     /* the same, when it was released on demand; 0: it was not */
	struct device_list devices;	     /* as last looked for */
	struct device_list released_devices; /* those that were there when the modules were released on demand */
	uint64_t next_scan_ns;
	uint64_t next_try_ns, patience_ns; /* after attaching has failed */
	char trouble[128];		   /* what has been said of that */
	bool waiting;			   /* has been said */
	unsigned left;			   /* the modules that programs are on their way off from, and why */
	const char *left_why;
};

/* Which modules are to be hooked, of what is seen on the node. */
struct gtpu_sight {
	uint64_t load[GTPU_MODULES];	 /* the number of its load; 0: not loaded, or not wanted */
	uint64_t released[GTPU_MODULES]; /* the same when it was released on demand; 0: it was not */
	bool device[GTPU_MODULES]; /* the module has a device that was made after the module was released on demand */
	bool blind;		   /* some namespaces could not be looked into */
};

struct probe_run {
	struct gtpu_maps_bpf *maps; /* its maps are the run's */
	struct gtpu_bpf *skel;	    /* the programs at those maps; NULL: nothing is hooked */
	struct attach *attach;	    /* NULL: the same */
	struct ring *ring;
	struct bpf_link *context_links[2];
	struct closer *leaving; /* programs on their way off; NULL: none */
	struct gtpu_hook hooks[GTPU_HOOKS_MAX];
	struct plan_hook plan_hooks[GTPU_HOOKS_MAX];
	struct plan_choice choices[GTPU_HOOKS_MAX];
	size_t n;
	struct gtpu_told told[GTPU_FUNCS];
	size_t n_told;
	struct probe_env env;
	struct gtpu_options options;
	const char *context_means;
	struct gtpu_counts counts;
	struct gtpu_outcomes outcomes;
	struct gtpu_latencies latencies;
	struct gtpu_tables tables;
	struct gtpu_filter filter;
	const char *layout; /* NULL: gtp5g is not watched */
	char layout_reason[PLAN_REASON_MAX];
	bool layout_own; /* of the module's own BTF, or nothing: there is nothing to check */
	struct gtpu_check check;
	struct gtpu_netns netns;
	struct gtpu_life life;
	bool detached; /* for good */
	uint64_t bad_records;
};

/* gtpu.c */
void gtpu_run_free(struct probe_run *run); /* NULL is fine */

/* gtpu_options.c */
extern const struct config_option gtpu_option_table[];

/* -EINVAL: err says which option. */
int gtpu_filter_make(const struct gtpu_options *o, struct gtpu_filter *ret, struct err *err);
int gtpu_check_options(const void *options, struct err *err);

/* Static; NULL for none. */
const char *gtpu_verdict_name(unsigned verdict);
const char *gtpu_reason_name(unsigned reason);
const char *gtpu_color_name(unsigned color);
const char *gtpu_stage_name(unsigned stage);

/* gtpu_hooks.c: the hooks of one module, whose facts these are, for these options, in *ret; how many. */
size_t gtpu_hooks(const char *module, const struct gtpu_options *options, const struct module_facts *facts,
		  struct gtpu_hook *ret, size_t max);

/* The function's name by its number, NULL when there is none. Static. */
const char *gtpu_function_name(uint32_t func_id);
enum gtpu_direction gtpu_function_direction(uint32_t func_id);

/* gtpu_plan.c: finds the hooks in the modules of the mask, tries them, and chooses a method for each. */
struct hook_plan gtpu_hook_plan(struct probe_run *run);
int gtpu_plan_make(struct probe_run *run, enum attach_force force, unsigned mask, struct err *err);
/* The same for the modules that are loaded; nothing comes of it but the error. wait: none loaded is
 * none, as long as this kernel could hook functions. */
int gtpu_plan_try(struct probe_run *run, enum attach_force force, bool wait, struct err *err);
bool gtpu_module_wanted(const struct gtpu_options *o, unsigned module);
void gtpu_plan_rows(struct probe_run *run, plan_fn fn, void *data);
/* The plan for what is loaded here, each method of it tried as far as the verifier. */
int gtpu_describe(const void *options, enum attach_force attach, plan_fn fn, void *data, struct err *err);

/* gtpu_programs.c: the maps, for the whole run; the programs on the modules of the mask; and their
 * end, after which no program keeps a module loaded (the kernel frees them within moments).
 * What was counted stays. On failure nothing is attached. */
int gtpu_maps_load(struct probe_run *run, struct err *err);
int gtpu_programs_attach(struct probe_run *run, unsigned mask, struct err *err);
/* Loads what the plan has chosen, of one hook alone or (NULL) of all, and keeps nothing. */
int gtpu_programs_try(struct probe_run *run, unsigned mask, const struct gtpu_hook *only, struct err *err);
void gtpu_programs_detach(struct probe_run *run);
void gtpu_programs_free(struct probe_run *run);
/* The same without waiting for the kernel: run->leaving is done when they are off. */
void gtpu_programs_leave(struct probe_run *run);
/* The descriptor of one of the run's maps, by its name. */
int gtpu_map(const struct probe_run *run, const char *name);

/* gtpu_life.c: makes the maps, and puts the hooks on what is there. */
int gtpu_life_begin(struct probe_run *run, struct err *err);
int gtpu_tick(struct probe_run *run, uint64_t now_ns, struct err *says);
int gtpu_release(struct probe_run *run, char held[static PROBE_HELD_MAX], struct err *err);
void gtpu_life_free(struct gtpu_life *l);

/* A mask of the modules that have a device, or may have a device where teide cannot look. */
static inline unsigned gtpu_modules_to_hook(const struct gtpu_sight *s)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < GTPU_MODULES; i++) {
		bool hidden = s->blind && s->load[i] != s->released[i];

		if (s->load[i] && (s->device[i] || hidden))
			mask |= 1U << i;
	}
	return mask;
}

/* gtpu_layout.c: where the loaded gtp5g keeps its rules. "btf", "offsets", or "skip" with nothing in *ret. btf_file:
 * what is taken for its BTF where the module has none; "": nothing. NULL where that is not to be had:
 * err says why. */
const char *gtpu_layout_find(const struct module_facts *module, const char *btf_file, struct gtpu_layout *ret,
			     char reason[static PLAN_REASON_MAX], struct err *err);
/* Whether that is what the module's own BTF says: nothing can be wrong then. */
bool gtpu_layout_is_own(const struct module_facts *module);
/* The same from a file alone: BTF, over that of this kernel or complete, or an ELF with a .BTF section.
 * 0, -EINVAL when it is no BTF of gtp5g, or -errno. */
int gtpu_layout_read(const char *path, struct gtpu_layout *ret, struct err *err);
/* gtpu_build_id.c */
struct gtpu_build_id {
	uint32_t len;
	uint8_t bytes[60];
};

/* In notes as an ELF file or sysfs has them: 0, -ENOENT, or -EBADMSG for notes that are cut. */
int gtpu_build_id_find(const void *notes, size_t len, struct gtpu_build_id *ret);
/* Of an ELF file, or of a file of notes. 0, -ENOENT where it has none, or -errno. */
int gtpu_build_id_read(const char *path, struct gtpu_build_id *ret);

enum gtpu_build { GTPU_BUILD_UNKNOWN, GTPU_BUILD_SAME, GTPU_BUILD_OTHER };

/* Whether the file is of the build of gtp5g that is loaded; unknown where one of them has no build id. */
enum gtpu_build gtpu_build_of(const char *path);

/* By gtp5g's version as text. */
enum gtpu_codes gtpu_codes_of(const char *text);
bool gtpu_refusal_has_code(const char *text);

/* gtpu_check.c: prepare between open and load, begin when the programs are attached, end before they are freed. A tick
 * is one of the probe's. */
void gtpu_check_prepare(struct probe_run *run, const struct gtpu_layout *layout);
void gtpu_check_begin(struct probe_run *run);
int gtpu_check_tick(struct probe_run *run, uint64_t now_ns, struct err *says);
void gtpu_check_end(struct probe_run *run);
/* NULL: no place is known to be wrong. */
const char *gtpu_check_warning(const struct probe_run *run, char text[static GTPU_WARNING_MAX]);

/* gtpu_netlink.c */
/* Puts the URRs of every gtp5g device here whose quota was used up before the probe came into the map. How many, or
 * -errno. */
int gtpu_quotas_find(int map_fd, struct err *err);

/* gtpu_decode.c: a record of the ring as an event; netns holds the text that the event borrows. -EBADMSG when it is
 * none of the probe's: nothing in it is trusted. */
int gtpu_record_decode(const void *data, size_t size, struct event *ret, char netns[static GTPU_NETNS_MAX]);
/* As netns_name(); valid until the next call. */
const char *gtpu_netns_name(struct gtpu_netns *n, const char *root, uint64_t inode);
void gtpu_netns_forget(struct gtpu_netns *n);

/* gtpu_counts.c: what came since the last call, which *c, *seen, *l remember. */
int gtpu_counts_collect(struct gtpu_counts *c, int map_fd, int usual_fd, event_fn emit, void *data);
/* Packets by verdict and reason. */
int gtpu_outcomes_collect(struct gtpu_outcomes *seen, int map_fd, event_fn emit, void *data);
/* Before the programs run: makes the rows for QFIs without room. 0 or -errno. */
int gtpu_latencies_start(int map_fd);
int gtpu_latencies_collect(struct gtpu_latencies *l, int map_fd, event_fn emit, void *data);
/* A row about a function: its name, number and direction. */
struct event gtpu_function_row(enum event_kind kind, uint32_t func_id);
/* The packet function of a path. */
uint32_t gtpu_path_function(size_t path);

/* gtpu_rows.c: prepare before load, start after it. */
int gtpu_tables_prepare(struct gtpu_tables *t, struct bpf_object *object, const struct gtpu_options *o,
			struct err *err);
int gtpu_tables_start(const struct gtpu_tables *t, struct err *err);
int gtpu_tables_collect(struct probe_run *run, event_fn emit, void *data);
void gtpu_tables_free(struct gtpu_tables *t);
/* A key with its values on each CPU (gen_row_fn of kern/gen.h hands them over) as rows. */
void gtpu_session_row(const struct gtpu_session_key *key, const struct gtpu_session *session, const char *netns,
		      event_fn emit, void *data);
void gtpu_context_row(const struct gtpu_context_key *key, const struct gtpu_context *context, uint32_t cpu,
		      event_fn emit, void *data);

/* gtpu_ledger.c */
void gtpu_ledger_rows(struct probe_run *run, ledger_fn fn, void *data);
