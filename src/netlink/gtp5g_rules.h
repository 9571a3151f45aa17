/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gtp5g module says of its rules (generic netlink dumps; its src/genl/genl_*.c), in the
 * calling thread's network namespace. Numbers in host order, terms of TS 29.244.
 *
 * A dump tells neither the device a rule belongs to nor a PDR's source interface. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "err.h"

struct nlmsghdr;

enum gtp5g_rule_kind {
	GTP5G_RULE_PDR,
	GTP5G_RULE_FAR,
	GTP5G_RULE_QER,
	GTP5G_RULE_URR,
	GTP5G_RULE_BAR,
	GTP5G_RULE_KINDS
};

/* Which fields the module sent; the others are zero. */
enum {
	GTP5G_HAS_ID = 1 << 0,
	GTP5G_HAS_PRECEDENCE = 1 << 1,
	GTP5G_HAS_REMOVAL = 1 << 2,
	GTP5G_HAS_FAR_ID = 1 << 3,
	GTP5G_HAS_UE = 1 << 4,
	GTP5G_HAS_TEID = 1 << 5,
	GTP5G_HAS_LOCAL = 1 << 6,
	GTP5G_HAS_SDF = 1 << 7,
	GTP5G_HAS_SOURCE = 1 << 8,
	GTP5G_HAS_FRAMED_ROUTES = 1 << 9,
	GTP5G_HAS_ACTION = 1 << 10,
	GTP5G_HAS_PEER = 1 << 11,
	GTP5G_HAS_PORT = 1 << 12,
	GTP5G_HAS_BAR_ID = 1 << 13,
	GTP5G_HAS_GATE = 1 << 14,
	GTP5G_HAS_QFI = 1 << 15,
	GTP5G_HAS_MBR = 1 << 16,
	GTP5G_HAS_GBR = 1 << 17,
	GTP5G_HAS_METHOD = 1 << 18,
	GTP5G_HAS_TRIGGER = 1 << 19,
	GTP5G_HAS_PERIOD = 1 << 20,
	GTP5G_HAS_THRESHOLD = 1 << 21,
	GTP5G_HAS_QUOTA = 1 << 22,
	GTP5G_HAS_DELAY = 1 << 23,
	GTP5G_HAS_COUNT = 1 << 24,
	GTP5G_HAS_FLOW = 1 << 25,
};

#define GTP5G_IDS_MAX 16

struct gtp5g_ids {
	uint32_t n;
	uint32_t left_out; /* beyond GTP5G_IDS_MAX */
	uint32_t ids[GTP5G_IDS_MAX];
};

#define GTP5G_PORTS_MAX 8

struct gtp5g_ports {
	uint16_t n;	   /* 0: any */
	uint16_t left_out; /* beyond GTP5G_PORTS_MAX */
	struct {
		uint16_t first, last;
	} ranges[GTP5G_PORTS_MAX];
};

struct gtp5g_flow_end {
	struct addr address;
	uint32_t mask; /* network order */
	struct gtp5g_ports ports;
};

#define GTP5G_FLOW_PERMIT 1
#define GTP5G_FLOW_IN 1
#define GTP5G_FLOW_OUT 2 /* the module compares packets of both directions with this one alone */
#define GTP5G_FLOW_ANY_PROTOCOL 0xff

/* The Flow Description of an SDF filter, TS 29.244 8.2.5, as packets inside the tunnel go: the control plane's from the
 * core's side, which the UPF turns round for an uplink PDR. */
struct gtp5g_flow {
	uint8_t action, direction, protocol;
	struct gtp5g_flow_end from, to;
};

struct gtp5g_pdr_rule {
	uint32_t precedence; /* the lower wins */
	uint32_t far_id;
	uint32_t teid; /* F-TEID */
	uint8_t removal;
	uint8_t source;	   /* enum gtp5g_interface (gtp5g.h) */
	struct addr local; /* F-TEID's address */
	struct addr ue;
	struct gtp5g_ids qers, urrs;
	struct gtp5g_flow flow;
};

struct gtp5g_far_rule {
	uint16_t action; /* GTP5G_ACTION_* (gtp5g.h) */
	uint16_t port;
	uint32_t teid; /* Outer Header Creation: this, peer and port */
	uint32_t bar_id;
	struct addr peer;
};

struct gtp5g_rate {
	uint32_t ul_high, dl_high; /* bits 8 to 39 of kbit/s */
	uint8_t ul_low, dl_low;	   /* bits 0 to 7 */
};

static inline uint64_t gtp5g_kbps(uint32_t high, uint8_t low)
{
	return (uint64_t)high << 8 | low;
}

struct gtp5g_qer_rule {
	uint8_t gate; /* GTP5G_GATE_* (gtp5g.h) */
	uint8_t qfi;
	struct gtp5g_rate mbr, gbr;
};

#define GTP5G_VOLUME_TOTAL 0x1 /* TS 29.244 8.2.13 */
#define GTP5G_VOLUME_UPLINK 0x2
#define GTP5G_VOLUME_DOWNLINK 0x4

struct gtp5g_volume {
	uint64_t total, uplink, downlink; /* bytes */
	uint8_t flags;			  /* which of them count: GTP5G_VOLUME_* */
};

struct gtp5g_urr_rule {
	uint8_t method;
	uint8_t info; /* Measurement Information, TS 29.244 8.2.68 */
	uint32_t trigger;
	uint32_t period; /* as the UPF wrote it: seconds, or the low bits of nanoseconds (go-upf) */
	struct gtp5g_volume threshold, quota;
};

struct gtp5g_bar_rule {
	uint8_t delay;	/* as the UPF wrote it: units of 50 ms, or the low bits of nanoseconds (go-upf) */
	uint16_t count; /* suggested buffering packets */
};

/* Zeroed before it is filled, so that equal rules are equal bytes. */
struct gtp5g_rule {
	enum gtp5g_rule_kind kind;
	uint32_t id;
	uint64_t seid;
	uint32_t has; /* GTP5G_HAS_* */
	union {
		struct gtp5g_pdr_rule pdr;
		struct gtp5g_far_rule far;
		struct gtp5g_qer_rule qer;
		struct gtp5g_urr_rule urr;
		struct gtp5g_bar_rule bar;
	};
};

/* One message of a dump. -EPROTO when it is not well formed: a header or an attribute cut short, an
 * attribute of another length than its type has, no id. ret is untouched then. */
int gtp5g_rule_parse(enum gtp5g_rule_kind kind, const struct nlmsghdr *nlh, struct gtp5g_rule *ret);

#define GTP5G_RULES_MAX 262144 /* of one kind in one namespace */

struct gtp5g_rules_visitor {
	void (*visit)(const struct gtp5g_rule *rule, void *data);
	void *data;
	size_t malformed, left_out; /* a dump adds what it did not visit; left out: beyond GTP5G_RULES_MAX */
};

/* Calls visit for each rule of the kind, of all gtp5g devices here; a rule may come twice. family: of
 * genl_family("gtp5g"). 0, -EPERM without CAP_NET_ADMIN, or -errno, after which it has visited none. */
int gtp5g_rules_dump(uint16_t family, enum gtp5g_rule_kind kind, struct gtp5g_rules_visitor *visitor, struct err *err);

/* The same attributes as a request to add or replace a rule has them (without the headers before
 * them), over what the rule was; a field that is not among them stays. -EPROTO as above, and the rule
 * is untouched. */
int gtp5g_rule_apply(const void *attrs, size_t len, struct gtp5g_rule *rule);

/* One rule as it is now, of the device: rule->kind, seid and id say which. -ENOENT when there is none;
 * -ENODEV when there is no such device here. */
int gtp5g_rule_get(uint16_t family, unsigned ifindex, struct gtp5g_rule *rule, struct err *err);

#define GTP5G_VERSION_MAX 32

/* The module's version, such as "0.10.2". -EPROTO when the answer has none. */
int gtp5g_version(uint16_t family, char version[static GTP5G_VERSION_MAX], struct err *err);
