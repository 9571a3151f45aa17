/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sends packets from within the kernel, many in a short time: GTP-U frames out of a gNB's device, or
 * inner packets into a UPF's GTP device. What is sent is an order, a line written to /proc/sender
 * (order.c); reading the same descriptor then tells what came of it (control.c). */
#pragma once

#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/skbuff.h>
#include <linux/types.h>

/* Numbers in host byte order. */
struct order {
	char device[IFNAMSIZ]; /* in the network namespace of who writes */
	u8 mac[ETH_ALEN];      /* uplink: of the UPF's interface */
	u32 downlink;	       /* 0: uplink */
	u32 hostile;	       /* 1: frames of hostile.c instead */
	u32 seed;	       /* of the hostile ones */
	u32 count;
	u32 batch;	 /* packets sent at once */
	u32 pause_us;	 /* between batches */
	u32 src, dst;	 /* uplink: gNB's and UPF's address */
	u32 teid, ue;	 /* of the first session; of the n-th: + n */
	u32 sessions;	 /* packets go to one after the other */
	u32 dn;		 /* the data network's address */
	u32 length;	 /* of the inner packet */
	u32 qfi;	 /* uplink: in a PDU Session Container, 0: without one */
	u32 victim_teid; /* hostile: whose rules malformed packets meet; 0: nobody's */
	u32 victim_ue;
};

#define FRAME_MAX 2048
#define FRAME_LEAST_INNER 28

struct frame {
	u8 bytes[FRAME_MAX];
	u32 len;
	u32 linear;   /* bytes of the skb's linear part */
	u16 protocol; /* downlink: the ethertype */
};

#define KINDS_MAX 16

/* An order on its way. */
struct sending {
	struct order order;
	struct frame frame;
	u64 sent;    /* the device took it */
	u64 refused; /* the device, or what is behind it, dropped it at once */
	u64 unmade;  /* there was no memory */
	u64 bytes;
	u64 duration_ns;
	u64 random;
	u32 kinds[KINDS_MAX]; /* hostile: how many of each */
	u32 fragment_id;
	bool fragment_left; /* its second part is still to be sent */
};

/* order.c: "key=value ..." into *ret, the defaults where a key is not named. text is changed. */
int order_parse(char *text, struct order *ret);

/* frames.c: packet number i of an order. */
void frame_uplink(struct frame *f, const struct order *o, u32 i);
void frame_downlink(struct frame *f, const struct order *o, u32 i);
void frame_headers(struct frame *f, const struct order *o, u32 payload);
u32 frame_gtp(u8 *p, const struct order *o, u32 teid, u32 payload);
u32 frame_inner(u8 *p, const struct order *o, u32 ue, u32 length);
void put16(u8 *p, u32 value);
void put32(u8 *p, u32 value);

#define FRAME_IP ETH_HLEN
#define FRAME_UDP (FRAME_IP + 20)
#define FRAME_GTP (FRAME_UDP + 8)

/* hostile.c: one frame of a kind that is drawn. */
void frame_hostile(struct sending *s);
const char *hostile_kind(const struct order *o, u32 kind); /* NULL: there are no more */

/* send.c: all packets of an order, then waits until they have been received. 0 or -errno. */
int send_all(struct sending *s);
