/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel memory by plain loads, where the kernel has bpf_rdonly_cast() (Linux 6.2): a probe read costs
 * 21 ns (measured), a load next to nothing. What cannot be read is zero. */
#pragma once

#include "kernel.h"
#include "packet_copy.h"

/* Set before load: features_direct_reads(). */
const volatile bool direct_reads = false;

extern void *bpf_rdonly_cast(const void *from, __u32 btf_id) __ksym __weak;

/* from, to be followed as a pointer to the kernel's own type. Behind a question for direct_reads: an
 * earlier kernel does not know the call. */
#define DIRECT(type, from) ((const type *)bpf_rdonly_cast((from), bpf_core_type_id_kernel(type)))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Any struct of the kernel's that begins with eight bytes of a number. */
struct timespec64 {
	__s64 tv_sec;
};

#pragma clang attribute pop

/* Up to eight bytes of whatever is there. */
#define DIRECT_LOAD(type, from) (*(const volatile type *)DIRECT(struct timespec64, from))

/* len is a constant. */
static __always_inline void direct_copy(void *to, const void *from, __u32 len)
{
	COPY_BY(DIRECT_LOAD, to, from, len);
}

/* len bytes, a constant; 0, or not read. */
static __always_inline int kernel_copy(void *to, const void *from, __u32 len)
{
	if (!direct_reads)
		return bpf_probe_read_kernel(to, len, from);
	direct_copy(to, from, len);
	return 0;
}

/* *from, whose place CO-RE finds as it does for bpf_core_read(); 0 where it is not read. */
#define KERNEL_GET(type, from)                                                                                         \
	({                                                                                                             \
		type value_ = 0;                                                                                       \
                                                                                                                       \
		kernel_copy(&value_, (from), sizeof(value_));                                                          \
		value_;                                                                                                \
	})

static __always_inline __u32 netns_of_device(const struct net_device *dev)
{
	return direct_reads ? DIRECT(struct net_device, dev)->nd_net.net->ns.inum
			    : BPF_CORE_READ(dev, nd_net.net, ns.inum);
}
