/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One rule as the places of its members have it, whenever the module looks it up by its ids: that is how it answers a
 * request for it. User space asks, and compares (gtpu_check.c). Part of gtpu.bpf.c. */
#pragma once

#include "gtpu_entries.h"

struct gtpu_sample rule_sample;

/* 0 where it cannot be read. */
#define SAMPLE(to, from, place, member)                                                                                \
	({                                                                                                             \
		__u32 at_ = layout.place;                                                                              \
                                                                                                                       \
		if (at_ == GTPU_NOWHERE || bpf_probe_read_kernel(&(to), sizeof(to), (const void *)((from) + at_))) {   \
			(to) = 0;                                                                                      \
			rule_sample.unread |= 1U << (member);                                                          \
		}                                                                                                      \
	})

#define SAMPLE_IDS(to, number, from, ids_place, num_place, member)                                                     \
	({                                                                                                             \
		__u64 ids_ = 0;                                                                                        \
		__u32 i_;                                                                                              \
                                                                                                                       \
		SAMPLE(number, from, num_place, member);                                                               \
		SAMPLE(ids_, from, ids_place, member);                                                                 \
		for (i_ = 0; i_ < GTPU_SAMPLE_IDS && i_ < number; i_++)                                                \
			if (bpf_probe_read_kernel(&(to)[i_], sizeof((to)[i_]), (const void *)(ids_ + 4ULL * i_)))      \
				rule_sample.unread |= 1U << (member);                                                  \
	})

static __noinline int sample_far(__u64 far)
{
	struct gtpu_sample *s = &rule_sample;
	__u64 parameter = 0, creation = 0;

	s->has_far = 1;
	SAMPLE(s->far_id, far, far_id, GTPU_MEMBER_FAR);
	SAMPLE(s->far_action, far, far_action, GTPU_MEMBER_ACTION);
	SAMPLE(parameter, far, far_fwd_param, GTPU_MEMBER_CREATION);
	if (parameter)
		SAMPLE(creation, parameter, fwd_param_hdr_creation, GTPU_MEMBER_CREATION);
	s->creates = creation != 0;
	return 0;
}

/* The QER that polices a PDR, and where no PDR has a gate that QER's. */
static __noinline int sample_policer(__u64 pdr)
{
	struct gtpu_sample *s = &rule_sample;
	__u64 qer = 0;

	SAMPLE(qer, pdr, pdr_qer_with_rate, GTPU_MEMBER_POLICER);
	s->polices = qer != 0;
	if (qer)
		SAMPLE(s->policer, qer, qer_id, GTPU_MEMBER_POLICER);
	if (layout.qer_ul_dl_gate == GTPU_NOWHERE)
		SAMPLE(s->gate, pdr, pdr_ul_dl_gate, GTPU_MEMBER_GATE);
	else if (qer)
		SAMPLE(s->gate, qer, qer_ul_dl_gate, GTPU_MEMBER_GATE);
	return 0;
}

static __noinline int sample_device(void)
{
	struct gtpu_sample *s = &rule_sample;
	__u64 dev = 0;

	SAMPLE(dev, s->gtp, dev_net_device, GTPU_MEMBER_DEVICE);
	s->netns = BPF_CORE_READ((const struct net_device *)dev, nd_net.net, ns.inum);
	return 0;
}

static __noinline int sample_rules(__u64 pdr)
{
	struct gtpu_sample *s = &rule_sample;
	__u64 removal = 0, far = 0;
	__u16 id = 0;

	SAMPLE(s->seid, pdr, pdr_seid, GTPU_MEMBER_PDR);
	SAMPLE(id, pdr, pdr_id, GTPU_MEMBER_PDR);
	s->id = id;
	SAMPLE(removal, pdr, pdr_outer_header_removal, GTPU_MEMBER_REMOVAL);
	s->removes = removal != 0;
	SAMPLE_IDS(s->qer_ids, s->qers, pdr, pdr_qer_ids, pdr_qer_num, GTPU_MEMBER_QERS);
	SAMPLE(s->qfi, pdr, pdr_qfi, GTPU_MEMBER_QFI);
	sample_policer(pdr);
	SAMPLE_IDS(s->urr_ids, s->urrs, pdr, pdr_urr_ids, pdr_urr_num, GTPU_MEMBER_URRS);
	SAMPLE(far, pdr, pdr_far, GTPU_MEMBER_FAR);
	if (far)
		sample_far(far);
	return 0;
}

/* struct pdr *find_pdr_by_id(struct gtp5g_dev *, u64 seid, u16 id) */
SEC("kprobe") int BPF_KPROBE(sample_pdr_entry, void *gtp)
{
	rule_sample.gtp = (__u64)gtp;
	__sync_fetch_and_add(&rule_sample.entries, 1);
	return 0;
}

SEC("kretprobe") int BPF_KRETPROBE(sample_pdr_exit, __u64 ret)
{
	__builtin_memset(&rule_sample.seid, 0, sizeof(rule_sample) - offsetof(struct gtpu_sample, seid));
	rule_sample.found = ret != 0;
	if (ret) {
		sample_device();
		sample_rules(ret);
	}
	__sync_fetch_and_add(&rule_sample.exits, 1);
	return 0;
}

struct urr_asked {
	__u64 seid;
	__u32 id;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct urr_asked);
} gtpu_urr_asked SEC(".maps");

/* A request for one URR would make gtp5g write a report: its packets look their URRs up, and the arguments say what is
 * found. struct urr *find_urr_by_id(struct gtp5g_dev *, u64 seid, u32 id) */
SEC("kprobe") int BPF_KPROBE(sample_urr_entry, void *gtp, __u64 seid, __u32 id)
{
	__u32 zero = 0;
	struct urr_asked *asked = bpf_map_lookup_elem(&gtpu_urr_asked, &zero);

	if (!asked)
		return 0;
	asked->seid = seid;
	asked->id = id;
	return 0;
}

SEC("kretprobe") int BPF_KRETPROBE(sample_urr_exit, __u64 ret)
{
	__u32 zero = 0, id = 0;
	struct urr_asked *asked = bpf_map_lookup_elem(&gtpu_urr_asked, &zero), wanted;
	__u64 seid = 0;

	if (!asked)
		return 0;
	wanted = *asked;
	/* The kernel may not run the program at the next entry: its return then compares nothing. */
	asked->seid = 0;
	/* A SEID or id of 0 would fit any place that holds nothing. */
	if (!ret || !wanted.seid || !wanted.id)
		return 0;
	if (!RULE_READ(seid, ret, urr_seid) && !RULE_READ(id, ret, urr_id) && seid == wanted.seid && id == wanted.id)
		__sync_fetch_and_add(&urrs_agreed, 1);
	else
		__sync_fetch_and_add(&urrs_contradicted, 1);
	return 0;
}
