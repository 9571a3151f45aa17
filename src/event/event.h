/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A decoded event or a row of counts: what a packet, a tunnel, a process did. One schema for both,
 * keys stable. A key whose bit is not in `has` is absent, never a false zero. */
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

/* What an event says beside its fields, written by who knows it, behind them. */
struct event_more {
	void (*json)(struct jw *j, const void *data);
	void (*text)(struct buf *out, const void *data);
	const void *data;
};

/* How a thread fared with the CPU since the last row. */
#define EVENT_WAIT_BUCKETS 32
struct event_wait {
	uint64_t total_ns; /* in a run queue, the wait that goes on included */
	uint64_t max_ns;   /* the longest wait that ended */
	uint64_t on_cpu_ns;
	uint64_t switches;    /* away from the thread */
	uint64_t preemptions; /* of these, while it could go on */
	uint64_t count;       /* waits that ended: the sum of buckets */
	/* i: those of 2^i to 2^(i+1) - 1 ns; the first 0 ns too, the last all that are longer. */
	uint32_t buckets[EVENT_WAIT_BUCKETS];
};

enum event_dir { DIR_INGRESS, DIR_EGRESS };
enum event_direction { DIRECTION_UPLINK, DIRECTION_DOWNLINK };

struct event {
	const char *probe; /* static: the probe's name */
	enum event_kind kind;
	uint64_t ts_ns;    /* boot clock; JSON's "ts" is made of it */
	event_bits has;    /* EVENT_BIT(enum event_field) */
	uint32_t cpu, pid, tgid;
	uint8_t context; /* enum record_context of abi/record.h */
	uint8_t dir, direction;
	char comm[EVENT_NAME_MAX];
	char interface[EVENT_NAME_MAX];
	uint64_t cgroup;
	const char *pod, *pod_uid, *container, *container_id; /* borrowed for the call */
	const char *netns; /* borrowed for the call: the namespace's name, or its inode in digits */
	const char *peer; /* the same */
	uint32_t ifindex, len;
	uint16_t vlan, inner_vlan;
	const char *overlay; /* static string */
	uint32_t vni;
	char tcp_flags[9];
	struct {
		uint32_t teid;
		uint16_t seq;
		uint8_t type, qfi, rqi, ppi;
	} gtp;
	/* A packet without GTP has its own addresses in outer and no inner. */
	struct event_tuple outer, inner;
	uint64_t seid;
	uint32_t far_id, qer_id;
	uint16_t pdr_id;
	uint8_t far_action, rule_qfi;
	const char *verdict, *reason, *color, *function, *stage; /* static strings */
	uint32_t func_id;
	int32_t return_value;
	struct {
		uint32_t parse_ns, lookup_ns, apply_ns, send_ns;
	} stages;
	uint64_t duration_ns;
	uint64_t packets, bytes, segments, first_ns, last_ns, interval_ns;
	const char *rule, *change; /* static strings */
	uint32_t urr_id, bar_id;
	struct event_count buffered, dropped;
	uint64_t netns_inode; /* 0: not known */
	uint64_t peer_netns_inode; /* of the other end of the interface; 0: there is none, or it is not known */
	const struct event_wait *wait; /* borrowed for the call; NULL: not told */
	const struct event_quality *quality; /* the same */
	/* None of these is a key. */
	const void *attrs; /* borrowed for the call: netlink attributes of a rule; NULL: none */
	uint32_t attrs_len;
	uint16_t gtp_port; /* of a row of GTP-U packets: the port by which the probe knows them; 0: not told */
	bool twin_turned; /* what is ingress here is egress at the twin */
	bool sees_end_markers; /* one that this request sends is an event too */
	const struct event_more *more; /* borrowed; NULL: none */
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
void event_to_json(const struct event *e, const char *node, int64_t boot_to_real_ns,
		   struct buf *out);

/* One line of key=value (no newline): ts pid tgid comm func pktlen teid inner_src ... */
void event_to_text(const struct event *e, struct buf *out);

/* event_wait.c: the key "wait" of a row, with "on_cpu_ns", "switches", "preemptions" beside it. */
void event_wait_json(const struct event_wait *w, struct jw *j);
void event_wait_text(const struct event_wait *w, struct buf *out);

const char *event_context_name(uint8_t context);
const char *event_proto_name(uint8_t proto, char text[static 8]);
