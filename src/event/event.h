/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A decoded event or a row of counts: what a packet, a tunnel or a process did. Both have one schema with stable keys.
 * A key whose bit is not in `has` is absent, never a false zero. Every kind has the head of struct event and the
 * payload of its family.
 *
 * A new key is a line in event_key_table.h, a member here and an assignment (with event_set()) in the probe that knows
 * the value; `ninja -C build events-page` renews docs/events.md. A new kind is a line in event_kind_table.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "event_kind.h"
#include "event_quality.h"
#include "jsonw.h"

#define EVENT_NAME_MAX 16 /* comm and interface names, with NUL */

struct event_tuple {
	struct addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

/* One bit a key. */
enum event_field {
#define KEY(field, ...) field,
#include "event_key_table.h"
#undef KEY
	F_MAX, /* at most 128 */
};

__extension__ typedef unsigned __int128 event_bits;
#define EVENT_BIT(field) ((event_bits)1 << (field))

struct event_count {
	uint64_t packets, bytes;
};

/* Keys that are not in the table: the event that has them writes them, behind its other keys. */
struct event_more {
	void (*json)(struct jw *j, const void *data);
	void (*text)(struct buf *out, const void *data);
	const void *data;
};

/* How a thread waited for a CPU and ran since the row before. */
#define EVENT_WAIT_BUCKETS 32
struct event_wait {
	uint64_t total_ns; /* in a run queue; a wait that has not ended is included */
	uint64_t max_ns;   /* the longest wait that ended */
	uint64_t on_cpu_ns;
	uint64_t switches;    /* away from the thread */
	uint64_t preemptions; /* switches while the thread could run on */
	uint64_t count;	      /* waits that ended: the sum of buckets */
	/* Bucket i: waits of 2^i to 2^(i+1) - 1 ns. The first has those of 0 ns too, the last all longer ones. */
	uint32_t buckets[EVENT_WAIT_BUCKETS];
};

enum event_dir { DIR_INGRESS, DIR_EGRESS };
enum event_direction { DIRECTION_UPLINK, DIRECTION_DOWNLINK };

/* Of a hook at TC: a packet, or a row of what the hook counted. */
struct event_flow {
	const char *overlay; /* static string */
	uint32_t vni;
	uint16_t vlan, inner_vlan;
	uint16_t gtp_port; /* no key. Of a row of GTP-U packets: the port by which the probe knows them; 0: unknown */
	char tcp_flags[9];
	uint8_t tcp_bits; /* no key: the same as in TCP's header */
	bool twin_turned; /* no key: what is ingress here is egress at the twin */
	uint64_t segments, interval_ns;
	const struct event_quality *quality; /* borrowed for the call; NULL: none */
};

/* Of a function of a kernel module: a call, or a row of calls. The names are static strings. */
struct event_call {
	const char *function, *verdict, *color, *stage;
	uint32_t func_id;
	int32_t return_value;
	uint8_t far_action, rule_qfi;
	struct {
		uint32_t parse_ns, lookup_ns, apply_ns, send_ns;
	} stages;
	uint64_t duration_ns;
};

enum event_rule_kind { RULE_PDR, RULE_FAR, RULE_QER, RULE_URR, RULE_BAR, RULE_KINDS };
enum event_change { CHANGE_CREATED, CHANGE_REPLACED, CHANGE_REMOVED, CHANGE_REFUSED };

/* Of a change of a rule of gtp5g, or of an End Marker that such a change sends. */
struct event_rule {
	uint8_t kind;		 /* enum event_rule_kind */
	uint8_t change;		 /* enum event_change */
	uint32_t urr_id, bar_id; /* the other ids are of calls too: struct event has them */
	struct event_count buffered, dropped;
	/* None of these is a key. */
	const void *attrs; /* borrowed for the call: netlink attributes of the rule; NULL: none */
	uint32_t attrs_len;
	bool sees_end_markers;	       /* an End Marker that this request sends is an event too */
	const struct event_more *more; /* borrowed; NULL: none */
};

struct event {
	/* What every kind can have. */
	enum event_kind kind;
	uint32_t cpu, pid, tgid;
	const char *probe; /* static: the probe's name */
	uint64_t ts_ns;	   /* boot clock; JSON's "ts" is made of it */
	event_bits has;	   /* EVENT_BIT(enum event_field) */
	char comm[EVENT_NAME_MAX];
	uint64_t cgroup;
	const char *pod, *pod_uid, *container, *container_id; /* borrowed for the call */
	const char *netns;	   /* borrowed for the call: the namespace's name, or its inode in digits */
	const char *peer;	   /* the same */
	uint64_t netns_inode;	   /* no key; 0: unknown */
	uint64_t peer_netns_inode; /* no key: of the other end of the interface; 0: none, or unknown */
	char interface[EVENT_NAME_MAX];
	uint32_t ifindex;
	uint8_t context; /* enum record_context of abi/record.h */
	uint8_t dir, direction;
	/* The packet. One without GTP has its own addresses in outer and no inner. */
	uint32_t len;
	struct {
		uint32_t teid;
		uint16_t seq;
		uint8_t type, qfi, rqi, ppi;
	} gtp;
	struct event_tuple outer, inner;
	const char *reason; /* static string */
	/* The rules that a packet met, or the rule that changed. */
	uint64_t seid;
	uint32_t far_id, qer_id;
	uint16_t pdr_id;
	/* A row's counts. */
	uint64_t packets, bytes, first_ns, last_ns;
	/* What kinds of one family alone have; event_kind_payload() says which of these it is. */
	union {
		struct event_flow flow;
		struct event_call call;
		struct event_rule rule;
		const struct event_wait *wait; /* borrowed for the call; NULL: unknown */
	};
};

static inline bool event_has(const struct event *e, enum event_field f)
{
	return e->has & EVENT_BIT(f);
}

static inline void event_set(struct event *e, enum event_field f)
{
	e->has |= EVENT_BIT(f);
}

static inline void event_clear(struct event *e, enum event_field f)
{
	e->has &= ~EVENT_BIT(f);
}

typedef void (*event_fn)(void *data, const struct event *e);

/* One JSON object (no newline): schema, node, ts, ts_ns, probe, event, then what the event has.
 * boot_to_real_ns as of clock_boot_to_real_ns(). */
void event_to_json(const struct event *e, const char *node, int64_t boot_to_real_ns, struct buf *out);

/* One line of key=value (no newline): ts pid tgid comm func pktlen teid inner_src ... */
void event_to_text(const struct event *e, struct buf *out);

/* event_wait.c: the key "wait" of a row, with "on_cpu_ns", "switches", "preemptions" beside it. */
void event_wait_json(const struct event_wait *w, struct jw *j);
void event_wait_text(const struct event_wait *w, struct buf *out);

/* Of a kind with the payload PAYLOAD_RULE: which rule it is, with the bits of SEID and id. */
void event_set_rule(struct event *e, enum event_rule_kind kind, uint64_t seid, uint32_t id);
/* The id of that rule; false where the event has none. */
bool event_rule_id(const struct event *e, uint32_t *ret);

const char *event_context_name(uint8_t context);
const char *event_proto_name(uint8_t proto, char text[static 8]);
