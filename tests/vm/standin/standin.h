/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A module that looks to a tracer as gtp5g v0.10.2 does: names and signatures of its functions, the
 * order in which a packet meets them, the values that they return, and its structs as far as their
 * offsets are known. What becomes of a packet is scripted (script.h). */
#pragma once

#include <linux/in.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/un.h>
#include <net/flow.h>
#include <net/route.h>

#include "script.h"

/* gtp5g's own are called from other files or often enough that gcc keeps them whole. */
#define KEPT __attribute__((noipa))

enum verdict { PKT_DROPPED_AND_FREED = -2, PKT_DROPPED = -1, PKT_FORWARDED = 0, PKT_TO_APP = 1 };
enum { FAR_DROP = 1, FAR_FORW = 2, FAR_BUFF = 4, FAR_ACTION_MASK = 7 };
enum { GATE_DL_CLOSED = 1, GATE_UL_CLOSED = 4 };
enum { ACCESS = 0, CORE = 1 };

typedef enum { Green, Yellow, Red } Color;

typedef struct {
	int cbs, ebs, tc, te;
	u64 byteRate;
	Color scripted;
} TrafficPolicer;

struct outer_header_creation {
	u16 description;
	u32 teid; /* network byte order, as everywhere in these structs */
	struct in_addr peer_addr_ipv4;
	u16 port;
	u8 tosTc;
};

struct forwarding_parameter {
	struct outer_header_creation *hdr_creation;
};

/* A build of its own: a member that no version has stands before the member of its name (build-standin). */
#ifdef STANDIN_SHIFT_SEID
#define BEFORE_SEID u64 shift;
#else
#define BEFORE_SEID
#endif
#ifdef STANDIN_SHIFT_REMOVAL
#define BEFORE_REMOVAL u64 shift;
#else
#define BEFORE_REMOVAL
#endif
#ifdef STANDIN_SHIFT_ACTION
#define BEFORE_ACTION u32 shift;
#else
#define BEFORE_ACTION
#endif

/* clang-format off */
struct far {
	struct hlist_node hlist_id;
	struct hlist_node hlist_related_bar;
	BEFORE_SEID
	u64 seid;
	u32 id;
	BEFORE_ACTION
	u16 action;
	u16 seq_number;
	struct forwarding_parameter __rcu *fwd_param;
};
/* clang-format on */

/* high << 8 | low */
struct kbps {
	u32 ul_high;
	u8 ul_low;
	u32 dl_high;
	u8 dl_low;
};

struct qer {
	struct hlist_node hlist_id;
	u64 seid;
	u32 id;
	u8 ul_dl_gate;
	struct kbps mbr;
	u64 ul_mbr, dl_mbr; /* kbit/s */
	struct kbps gbr;
	u32 qer_corr_id;
	u8 rqi;
	u8 qfi;
	u8 ppi;
	u8 rcsr;
	struct net_device *dev;
	struct rcu_head rcu_head;
	TrafficPolicer *ul_policer, *dl_policer;
};

struct urr {
	struct hlist_node hlist_id;
	u64 seid;
	u32 id;
	bool quota_exhausted;
};

struct local_f_teid {
	u32 teid;
	struct in_addr gtpu_addr_ipv4;
};

struct pdi {
	u8 srcIntf;
	struct in_addr *ue_addr_ipv4;
	struct local_f_teid *f_teid;
};

/* clang-format off */
struct pdr {
	struct hlist_node hlist_id;
	struct hlist_node hlist_i_teid;
	struct hlist_node hlist_addr;
	BEFORE_SEID
	u64 seid;
	u16 id;
	u32 precedence;
	BEFORE_REMOVAL
	u8 *outer_header_removal;
	struct pdi *pdi;
	u32 *far_id;
	struct far __rcu *far;
	u32 *qer_ids;
	u32 qer_num;
	u8 qfi;
	struct qer __rcu *qer_with_rate;
	u8 ul_dl_gate;
	u32 *urr_ids;
	u32 urr_num;
	struct sockaddr_un addr_unix;
	struct socket *sock_for_buf;
	u16 af;
	struct in_addr role_addr_ipv4;
	struct sock *sk;
	struct net_device *dev;
	struct rcu_head rcu_head;
	u64 ul_drop_cnt, dl_drop_cnt;
};
/* clang-format on */

struct gtp5g_dev {
	struct list_head list;
	struct sock *sk1u;
	struct net_device *dev;
	unsigned int role;
	struct socket *socket;
};

struct gtp5g_pktinfo {
	struct sock *sk;
	struct iphdr *iph;
	struct flowi4 fl4;
	struct rtable *rt;
	struct outer_header_creation *hdr_creation;
	u8 qfi;
	u8 pdu_type;
	u16 seq_number;
	struct net_device *dev;
	__be16 gtph_port;
};

struct usage_report {
	u32 urr_id;
};

struct gtpv1_hdr {
	u8 flags;
	u8 type;
	__be16 length;
	__be32 tid;
} __packed;

/* A filter as gtp5g has it: permit out ip; masks of 0 compare nothing, of ~0 the whole address. */
struct flow_description {
	struct in_addr src, dest;
	__be32 src_mask, dest_mask;
};

/* All rules of one outcome in one direction. */
struct rules {
	struct pdr pdr;
	struct pdi pdi;
	struct in_addr ue;
	struct local_f_teid f_teid;
	struct far far;
	struct forwarding_parameter fwd_param;
	struct outer_header_creation hdr_creation;
	struct qer qer, session_qer;
	TrafficPolicer policer;
	struct urr urr;
	u32 far_id, qer_ids[2], urr_id;
	u8 outer_header_removal;
	bool has_flow;
	struct flow_description flow;
};

/* rules.c */
void rules_write(struct net_device *dev); /* NULL: they are nobody's */
struct pdr *rules_uplink(u32 teid);
struct pdr *rules_downlink(__be32 ue);
struct pdr *find_pdr_by_id(struct gtp5g_dev *gtp, u64 seid, u16 id);
struct urr *find_urr_by_id(struct gtp5g_dev *gtp, u64 seid, u32 id);
bool rules_backlog_full(const struct pdr *pdr);
struct rules *rules_at(unsigned int i); /* NULL behind the last */
struct qer *rules_qer(unsigned int i);	/* the same; without a SEID it is none */
/* A packet was forwarded: where its PDR has a URR, that was its quota. */
void rules_forwarded(struct pdr *pdr, struct gtp5g_dev *gtp);
void urr_quota_exhaust_action(struct urr *urr, struct gtp5g_dev *gtp);
void urr_reverse_quota_exhaust_action(struct urr *urr, struct gtp5g_dev *gtp);

/* session.c: behind them a session as free5GC makes it. */
#define FREE5GC_SEID 0xf5
void session_write(struct net_device *dev);
struct rules *session_at(unsigned int i); /* NULL behind the last */
struct qer *session_qer(unsigned int i);  /* the same */

/* device.c: for a device that is down the kernel's backlog takes nothing. */
struct net_device *device_down(void);

/* genl.c */
int genl_begin(void);
void genl_finish(void);
struct genl_info;
struct gtp5g_emark_pktinfo;
enum { ATTR_ID = 3 };
extern struct genl_family gtp5g_family;
bool genl_here(const struct genl_info *info); /* the request is for the device */
int gtp5g_genl_add_pdr(struct sk_buff *skb, struct genl_info *info);
int gtp5g_genl_add_far(struct sk_buff *skb, struct genl_info *info);
int gtp5g_genl_del_far(struct sk_buff *skb, struct genl_info *info);
void gtp5g_fwd_emark_skb_ipv4(struct sk_buff *skb, struct net_device *dev, struct gtp5g_emark_pktinfo *info);

/* genl_qer.c */
int genl_get_qer(struct sk_buff *request, struct genl_info *info);
int genl_dump_qer(struct sk_buff *skb, struct netlink_callback *cb);

/* spend.c: a known time is spent in a function when its parameter says so. */
#define SPENDERS(X)                                                                                                    \
	X(gtp5g_encap_recv)                                                                                            \
	X(gtp5g_dev_xmit)                                                                                              \
	X(gtp5g_handle_skb_ipv4)                                                                                       \
	X(gtp5g_push_header)                                                                                           \
	X(gtp5g_xmit_skb_ipv4)                                                                                         \
	X(pdr_find_by_gtp1u)                                                                                           \
	X(pdr_find_by_ipv4)                                                                                            \
	X(policePacket)                                                                                                \
	X(netlink_send)                                                                                                \
	X(update_usage_statistic)                                                                                      \
	X(ip_xmit)                                                                                                     \
	X(ip4_rm_header)

enum spender {
#define SPENDER_ENUM(f) spender_##f,
	SPENDERS(SPENDER_ENUM)
#undef SPENDER_ENUM
		spenders
};

void spend(enum spender f);
void spend_init(void);
void spend_end(void);

/* functions.c: the ones that both directions call. */
struct pdr *pdr_find_by_gtp1u(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen, u32 teid, u8 type);
struct pdr *pdr_find_by_ipv4(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen, __be32 addr);
Color policePacket(TrafficPolicer *p, int pktLen);
u64 ip4_rm_header(struct sk_buff *skb, unsigned int hdrlen);
int ip_xmit(struct sk_buff *skb, struct sock *sk, struct net_device *gtp_dev);
void update_usage_statistic(struct gtp5g_dev *gtp, u64 rxVol, u64 txVol, int pkt_action, uint srcIntf);
int netlink_send(struct pdr *pdr, struct far *far, struct sk_buff *skb_in, struct net *net,
		 struct usage_report *reports, u32 report_num);
struct rtable *outer_route(struct net *net, struct flowi4 *fl4, __be32 daddr);

/* uplink.c */
int gtp5g_encap_recv(struct sock *sk, struct sk_buff *skb);
int gtp1u_udp_encap_recv(struct gtp5g_dev *gtp, struct sk_buff *skb);
int gtp5g_rx(struct pdr *pdr, struct sk_buff *skb, unsigned int hdrlen, unsigned int role);
/* downlink.c */
netdev_tx_t gtp5g_dev_xmit(struct sk_buff *skb, struct net_device *dev);
int gtp5g_fwd_skb_ipv4(struct sk_buff *skb, struct net_device *dev, struct gtp5g_pktinfo *pktinfo, struct pdr *pdr,
		       struct far *far);
int gtp5g_handle_skb_ipv4(struct sk_buff *skb, struct net_device *dev, struct gtp5g_pktinfo *pktinfo);
void gtp5g_push_header(struct sk_buff *skb, struct gtp5g_pktinfo *pktinfo);
void gtp5g_xmit_skb_ipv4(struct sk_buff *skb, struct gtp5g_pktinfo *pktinfo);
