/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The few kernel types that the programs read. Only the fields that are used, in any order: CO-RE
 * places them at load by the running kernel's BTF, so no vmlinux.h is needed. */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

/* A process's number in one of the PID namespaces that contain it. */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* level + 1 of them, the outermost first */
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	int softirq_disable_cnt; /* PREEMPT_RT */
	char comm[16];
	struct css_set *cgroups;
	struct task_struct *group_leader;
	struct pid *thread_pid;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	char name[16];
	possible_net_t nd_net;
};

typedef struct {
	__s64 counter;
} atomic64_t;

struct sock_common {
	unsigned short skc_family;
	__u16 skc_dport; /* network order */
	__u16 skc_num;	 /* host order */
	possible_net_t skc_net;
	atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
};

struct sk_buff {
	unsigned int len;
	unsigned int data_len;
	__u16 protocol; /* network order */
	__u16 mac_header;
	__u16 network_header;
	__u16 transport_header;
	unsigned int end; /* an offset from head on 64-bit kernels */
	unsigned char *head;
	unsigned char *data;
	struct net_device *dev;
	struct sock *sk;
};

struct skb_shared_info {
	unsigned short gso_size;
	unsigned short gso_segs;
	unsigned int gso_type; /* SKB_GSO_... */
};

#pragma clang attribute pop
