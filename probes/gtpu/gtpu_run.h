/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this probe's user side share. */
#pragma once

#include "attach.h"
#include "cleanup.h"
#include "event.h"
#include "gtpu.h"
#include "kernel_features.h"
#include "netns.h"
#include "probe.h"

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

extern const struct config_option gtpu_option_table[];

struct gtpu_hook {
	struct plan_hook hook;
	uint16_t func_id;
	uint8_t direction;
	bool packet;      /* the receive or transmit function: a packet's record is opened here */
	bool pushes;      /* its return is where the downlink's TEID is seen */
	bool verdict;     /* its return says what becomes of the packet, and is counted */
	bool detail;	  /* it tells nothing but its own call: with each_function only */
	bool without_btf; /* only needed where the module has no BTF */
	bool refuses;	  /* only needed where gtp5g does not tell what the backlog refused */
	bool rules;	  /* changes the module's rules: worth it for events alone */
};

/* The hooks of one module, whose facts these are, for these options, in *ret; how many. */
size_t gtpu_hooks(const char *module, const struct gtpu_options *options,
		  const struct module_facts *facts, struct gtpu_hook *ret, size_t max);

/* The function's name by its number, NULL when there is none. Static. */
const char *gtpu_function_name(uint32_t func_id);
enum gtpu_direction gtpu_function_direction(uint32_t func_id);

#define GTPU_NETNS_MAX 24

/* A record of the ring as an event; netns holds the text that it borrows. -EBADMSG when it is not
 * one of ours: nothing in it is trusted. */
int gtpu_record_decode(const void *data, size_t size, struct event *ret,
		       char netns[static GTPU_NETNS_MAX]);

/* The same of a change of a rule, or of an End Marker: "rule", "end_marker". */
int gtpu_rule_decode(const void *data, size_t size, struct event *ret,
		     char netns[static GTPU_NETNS_MAX]);

/* The names of the namespaces seen since the last collection: one that goes, or gets a name, is looked
 * up again soon, and a flood of events asks the file system only once. */
struct gtpu_netns {
	struct {
		uint64_t inode;
		char name[NETNS_NAME_MAX];
	} rows[32];
	size_t len;
};

/* As netns_name(); valid until the next call. */
const char *gtpu_netns_name(struct gtpu_netns *n, const char *root, uint64_t inode);
void gtpu_netns_forget(struct gtpu_netns *n);

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

/* Packets by verdict and reason: what came since *seen, which is brought up to date. */
int gtpu_outcomes_collect(struct gtpu_outcomes *seen, int map_fd, event_fn emit, void *data);

/* What was handed on of the durations. */
struct gtpu_latencies {
	struct {
		struct gtpu_latency_key key;
		struct gtpu_latency seen;
	} rows[GTPU_LATENCY_KEYS];
	size_t len;
};

/* Before the programs run: makes the rows for QFIs without room. 0 or -errno. */
int gtpu_latencies_start(int map_fd);
int gtpu_latencies_collect(struct gtpu_latencies *l, int map_fd, event_fn emit, void *data);

/* A key with its values on each CPU (gen_row_fn of kern/gen.h hands them over) as rows. */
void gtpu_session_row(const struct gtpu_session_key *key, const struct gtpu_session *session,
		      const char *netns, event_fn emit, void *data);
void gtpu_context_row(const struct gtpu_context_key *key, const struct gtpu_context *context,
		      uint32_t cpu, event_fn emit, void *data);

/* The URRs of every gtp5g device here whose quota was used up before we came, into the map. How many,
 * or -errno. */
int gtpu_quotas_find(int map_fd, struct err *err);

/* Static; NULL for none. */
const char *gtpu_verdict_name(unsigned verdict);
const char *gtpu_reason_name(unsigned reason);
const char *gtpu_color_name(unsigned color);
const char *gtpu_stage_name(unsigned stage);

/* A row about a function: its name, number and direction. */
struct event gtpu_function_row(const char *event, uint32_t func_id);
/* The packet function of a path. */
uint32_t gtpu_path_function(size_t path);

/* Where the loaded gtp5g keeps its rules. "btf", "offsets", or "skip" with nothing in *ret. btf_file:
 * what is taken for its BTF, whatever else there is; "": none. NULL where that is not to be had:
 * err says why. */
const char *gtpu_layout_find(const struct module_facts *module, const char *btf_file,
			     struct gtpu_layout *ret, char reason[static PLAN_REASON_MAX],
			     struct err *err);
/* The same from a file alone: BTF, over that of this kernel or complete, or an ELF with a .BTF section.
 * 0, -EINVAL when it is no BTF of gtp5g, or -errno. */
int gtpu_layout_read(const char *path, struct gtpu_layout *ret, struct err *err);
/* By gtp5g's version as text. */
enum gtpu_codes gtpu_codes_of(const char *text);
bool gtpu_refusal_has_code(const char *text);

/* -EINVAL: err says which option. */
int gtpu_filter_make(const struct gtpu_options *o, struct gtpu_filter *ret, struct err *err);
int gtpu_check_options(const void *options, struct err *err);

int gtpu_counts_collect(struct gtpu_counts *c, int map_fd, int usual_fd, event_fn emit, void *data);
