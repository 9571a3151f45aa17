/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One of these is loaded for each attachment: constants that say where it is. */
#include "flow_left.bpf.h"
#include "flow_maps.h"

const volatile __u32 attachment = 0;
const volatile __u8 l3 = 0;
const volatile __u8 egress = 0;

/* The name is what tc shows for the filter, by which a stale one is found. */
SEC("tc")
int teide(struct __sk_buff *skb)
{
	__u32 zero = 0, id = attachment, cpu = bpf_get_smp_processor_id();
	bool has_ledger = cpu < cpu_slots;
	struct flow_ledger *ledger = flow_ledger_of(id, has_ledger ? cpu : 0);
	struct flow_entry *entry = bpf_map_lookup_elem(&flow_entries, &zero);

	if (!ledger || !entry)
		return FLOW_NEXT;
	if (!has_ledger) {
		__sync_fetch_and_add(&ledger->new_cpu, 1);
		return FLOW_NEXT;
	}
	if (!flow_enter(entry)) {
		__sync_fetch_and_add(&ledger->preempted, 1);
		return FLOW_NEXT;
	}
	ledger->seen++;
	entry->attachment = id;
	entry->l3 = l3;
	entry->egress = egress;
	entry->skip = l3 ? left_before_network(skb) : 0;
	bpf_tail_call(skb, &flow_programs, 0);
	ledger->no_program++;
	flow_leave(entry);
	return FLOW_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
