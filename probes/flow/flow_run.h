/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A running flow probe. */
#pragma once

#include "flow.h"
#include "flow_quality.h"
#include "flow_target.h"
#include "gen.h"
#include "netns.h"
#include "probe.h"
#include "ring_reader.h"
#include "tc.h"

struct flow_bpf;
struct flow_entry_bpf;

struct flow_options {
	struct string_list interfaces;
	uint64_t ring_size, max_flows, max_tunnels, max_interfaces, max_quality, gtp_port, radio_port, vxlan_port,
		geneve_port, sample;
	const char *teid, *qfi, *address, *ue, *port, *proto, *direction,
		*dir; /* of events; as for event_filter_set() */
	bool per_cpu;
	unsigned tc; /* enum flow_tc */
};

enum flow_tc { FLOW_TC_AUTO, FLOW_TC_CLSACT };

enum flow_state {
	FLOW_UNUSED,
	FLOW_WATCHED,
	FLOW_REFUSED, /* it is there, and could not be attached to */
	FLOW_GONE,
};

/* One interface, for as long as it is there; then another one can have its place. */
struct flow_interface {
	struct flow_target target; /* netns is its own */
	enum flow_state state;
	unsigned undrained; /* collections until the counting maps hold nothing of it */
	/* flow_peers.c */
	char peer[NETNS_NAME_MAX + IF_NAMESIZE]; /* "[NETNS/]INTERFACE"; "": none, or not known */
	uint64_t peer_netns_inode;		 /* of a veth's; 0: the same */
	bool twin;				 /* its packets are the peer's, which is watched too */
	bool turned;				 /* what is ingress here is egress at the peer */
	bool loops;				 /* its own peer: what leaves it comes in again */
	struct err why;				 /* FLOW_REFUSED */
	unsigned put_back; /* times that a hook which something else had taken off was attached again */
	bool bare;	   /* it could not be attached again, which has been said */
};

struct flow_attachment {
	const struct flow_target *target;
	bool egress;
	struct flow_entry_bpf *entry;
	struct tc_link *link; /* NULL once detached */
	char hook[96];	      /* "ingress NETNS/IFACE" */
	char method[8];
	uint64_t attached_ns;
	unsigned ahead;				 /* foreign filters, as tc_ahead() */
	uint64_t taken_off;			 /* times that something else took the hook off */
	struct flow_value other_told[OTHER_MAX]; /* of the others, what collect() has handed on */
	struct flow_ledger before;		 /* counted for those that had the place before */
};

struct probe_run {
	struct flow_wanted wanted;	   /* processes is its own */
	uint64_t containers_changes;	   /* at the last look */
	struct flow_interface *interfaces; /* max_interfaces of them */
	size_t max_interfaces;
	struct string_list absent, why_absent; /* of interfaces, as at the last look */
	size_t no_room;			       /* interfaces that the last look found no place for */
	bool warns;			       /* among the news of a look is a warning */
	uint64_t next_look_ns, look_took_ns;
	struct tc_run tc;
	struct flow_attachment *attachments; /* the index is the id in keys and records; two an interface */
	size_t n_attachments;		     /* those that are or were in use */
	struct flow_ledger forgotten;	     /* of interfaces whose place another one has now */
	uint64_t forgotten_taken_off;	     /* of those as well */
	struct flow_bpf *bpf;
	struct bpf_link *context_links[2];
	struct gen *flows, *gpdus, *tunnels, *senders, *qualities;
	uint64_t counts_since_ns;	 /* the generation that counts has counted since then, boot clock */
	uint64_t detached_ns;		 /* 0: it is attached */
	struct quality_key order_cursor; /* the order looked at last */
	bool order_cursor_set;
	struct ring *ring;
	const struct flow_ledger *ledgers; /* cpu_slots of each attachment, one behind the other */
	size_t ledgers_size;
	uint32_t cpu_slots;
	uint16_t probe_id, gtp_port;
	bool per_cpu;	   /* a row for each CPU that counted */
	bool kernel_reads; /* programs may read the kernel's memory */
	uint64_t bad_records;
};

/* flow_event.c. false: the record is not the probe's, or damaged. */
bool flow_decode(const struct probe_run *run, const void *record, size_t len, struct event *ret);
void flow_event_place(const struct probe_run *run, uint32_t attachment, struct event *e);
void flow_event_vlan(struct event *e, uint8_t vlans, const uint16_t vlan[2]);
/* Of a PDU Session Container (TS 38.415 5.5.2): 0 downlink, 1 uplink; others say nothing. */
void flow_event_direction(struct event *e, uint8_t pdu_type);
void flow_event_overlay(struct event *e, uint32_t overlay);
const char *flow_head_name(unsigned head);

/* flow_check.c. 0 or -EINVAL. */
int flow_check(const void *options, struct err *err);

/* flow_filter.c. 0 or -EINVAL. */
int flow_filter_make(const struct flow_options *o, struct flow_filter *ret, struct err *err);

/* A collection under way. */
struct flow_rows {
	struct probe_run *run;
	event_fn emit;
	void *data;
	uint64_t now_ns;
	uint64_t since_ns, until_ns; /* when the rows counted */
};

/* flow_quality.c: between open and load, after load, and after the generations were swapped. */
int flow_quality_prepare(struct probe_run *run, uint32_t max, struct err *err);
void flow_quality_set_clock(struct probe_run *run);
int flow_quality_collect(const struct flow_rows *rows);

/* flow_rows.c. */
int flow_collect(struct probe_run *run, event_fn emit, void *data);

/* flow_attach.c. Those of the interface's two hooks that are not attached. On failure one may be. */
int flow_attach(struct probe_run *run, size_t place, struct err *err);
/* Loads one of the programs that attachments have, and attaches it nowhere. */
int flow_try_entry(struct probe_run *run, struct err *err);
/* 0, or -errno when a filter could not be removed; detached it is all the same. */
int flow_detach_interface(struct probe_run *run, size_t place, struct err *err);
/* 1 while both hooks are at the interface; 0 when something else has taken one off, which is counted,
 * and flow_attach() puts it back; or -errno. */
int flow_is_attached(struct probe_run *run, size_t place, struct err *err);

/* flow_follow.c. 0 or -ENOMEM. */
int flow_follow_begin(struct probe_run *run, const struct probe_env *env);
void flow_follow_end(struct probe_run *run);
/* Attaches to the wanted interfaces that are there. may_come: an interface that is missing or refuses is no error. */
int flow_look(struct probe_run *run, bool may_come, struct err *err);
int flow_tick(struct probe_run *run, uint64_t now_ns, struct err *says);
void flow_follow_collected(struct probe_run *run);
void flow_plan(struct probe_run *run, plan_fn fn, void *data);

/* flow_peers.c: after interfaces have come or gone. */
void flow_name_peers(struct probe_run *run);

/* flow_ledgers.c: before load, and after. 0, or -errno with a message. */
uint32_t flow_cpu_slots(void);
int flow_ledgers_prepare(struct probe_run *run, struct bpf_map *map, size_t attachments, struct err *err);
int flow_ledgers_open(struct probe_run *run, const struct bpf_map *map, struct err *err);
void flow_ledgers_close(struct probe_run *run);

/* flow_account.c. */
void flow_ledger_forget(struct probe_run *run, uint32_t attachment);
void flow_value_add(struct flow_value *sum, const struct flow_value *v);
/* One attachment's ledger, added up over the CPUs. */
void flow_ledger_read(const struct probe_run *run, uint32_t attachment, struct flow_ledger *ret);
void flow_ledger_tell(struct probe_run *run, ledger_fn fn, void *data);
