/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types of the gtp and gtp5g modules, placed by the module's own BTF. Where it has none, nothing of
 * them exists for CO-RE and what they would tell is absent. */
#pragma once

#include "gtpu.h"
#include "gtpu_skb.h"
#include "kernel.h"

#define FAMILY_INET6 10 /* AF_INET6 */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct flowi4 {
	__u32 saddr;
	__u32 daddr;
};

struct in6_bytes {
	__u8 b[16];
};

struct flowi6 {
	struct in6_bytes saddr;
	struct in6_bytes daddr;
};

/* drivers/net/gtp.c. fl4 and fl6 share their place since Linux 6.12. */
struct gtp_pktinfo {
	struct sock *sk;
	struct flowi4 fl4;
	struct flowi6 fl6;
	__u16 gtph_port;
};

/* gtp5g include/pktinfo.h and include/far.h. */
struct outer_header_creation {
	__u16 port;
};

struct gtp5g_pktinfo {
	struct flowi4 fl4;
	struct outer_header_creation *hdr_creation;
};

#pragma clang attribute pop

static __always_inline void outer_v4(struct gtpu_record *r, __u32 src, __u32 dst)
{
	packet_map_v4(r->outer.src, src);
	packet_map_v4(r->outer.dst, dst);
	r->outer.family = 4;
	r->outer.proto = PACKET_UDP;
}

static __always_inline void fill_outer_ports(struct gtpu_record *r, __u16 port_be)
{
	r->outer.sport = r->outer.dport = bpf_ntohs(port_be);
	r->outer.ports = 1;
}

static __always_inline void fill_outer_gtp6(struct gtpu_record *r, const struct gtp_pktinfo *info)
{
	if (!bpf_core_field_exists(info->fl6))
		return;
	kernel_copy(r->outer.src, &info->fl6.saddr, 16);
	kernel_copy(r->outer.dst, &info->fl6.daddr, 16);
	r->outer.family = 6;
	r->outer.proto = PACKET_UDP;
	fill_outer_ports(r, KERNEL_GET(__u16, &info->gtph_port));
}

static __always_inline void fill_outer_gtp(struct gtpu_record *r, const struct gtp_pktinfo *info)
{
	struct sock *sk;

	if (!bpf_core_field_exists(info->fl4))
		return;
	sk = KERNEL_GET(struct sock *, &info->sk);
	if (KERNEL_GET(unsigned short, &sk->__sk_common.skc_family) == FAMILY_INET6) {
		fill_outer_gtp6(r, info);
		return;
	}
	outer_v4(r, KERNEL_GET(__u32, &info->fl4.saddr), KERNEL_GET(__u32, &info->fl4.daddr));
	fill_outer_ports(r, KERNEL_GET(__u16, &info->gtph_port));
}

static __always_inline void fill_outer_gtp5g(struct gtpu_record *r,
					     const struct gtp5g_pktinfo *info)
{
	struct outer_header_creation *to;

	if (!bpf_core_field_exists(info->fl4) || !bpf_core_field_exists(info->hdr_creation))
		return;
	outer_v4(r, KERNEL_GET(__u32, &info->fl4.saddr), KERNEL_GET(__u32, &info->fl4.daddr));
	to = KERNEL_GET(struct outer_header_creation *, &info->hdr_creation);
	fill_outer_ports(r, KERNEL_GET(__u16, &to->port));
}
