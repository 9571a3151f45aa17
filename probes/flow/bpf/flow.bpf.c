/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program that every attachment shares: decode, count, and emit an event where events are wanted. It never
 * changes a packet and always leaves it to the next program. Plain adds are sound: flow_enter() lets
 * one program at a time onto a CPU. */
#include "flow_maps.h"
#include "generations.h"
/* The verifier looks at a global function once and alone, not behind every way that leads to it. */
int flow_inside(struct __sk_buff *skb);
int flow_quality(struct __sk_buff *skb);
#define PACKET_INSIDE(src, start, w) flow_inside(src)
#include "packet.h"
#include "flow_filter.bpf.h"
#include "flow_quality.bpf.h"
#include "flow_count.bpf.h"
#include "ring.h"
#include "run.h"
#include "task.h"

RUN_MARK(flow);

/* Set before load; 0: not looked for. */
const volatile __u16 gtp_port = 2152;
const volatile __u16 radio_port = 4997;
const volatile __u16 vxlan_port = 4789;
const volatile __u16 geneve_port = 6081;
const volatile bool newcomers_wanted = false;
/* false: a kernel locked down for confidentiality, where no program may read the current task. What is
 * behind it is dead code to the verifier then, and no packet has a task or a sender. */
const volatile bool kernel_reads = true;

#define GSO_UDP_L4 (1 << 17)		   /* SKB_GSO_UDP_L4: each segment is a datagram */
#define GSO_UDP_TUNNEL (1 << 10 | 1 << 11) /* SKB_GSO_UDP_TUNNEL and _CSUM: of the inner packet */
#define FLOW_SEGMENTED 0x4
#define BUNDLE_MAX 128 /* UDP_MAX_SEGMENTS, and more than UDP_GRO_CNT_MAX */

static __always_inline __u16 wanted_port(__u16 port)
{
	return port && (port == gtp_port || port == radio_port) ? port : 0;
}

/* The counts show a new sender at the next collection; the scheduler that boosts senders needs it at once. */
static __always_inline void emit_newcomer(const struct sender_key *k)
{
	struct flow_newcomer *r;

	if (!newcomers_wanted || k->context != CONTEXT_PROCESS)
		return;
	r = ring_begin(sizeof(*r), FLOW_NEWCOMER);
	if (!r)
		return;
	r->attachment = k->attachment;
	task_fill(&r->hdr);
	ring_submit(r);
}

/* Sockets that had their event; looked into where two compete for a place in the scratch. A socket that fell
 * out has one event more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u8);
} told_sockets SEC(".maps");

/* A packet from another namespace of this node brings the socket that sent it along, through veth and
 * bridge, until a stack has received it: at ingress it still has. So does one at egress that had to wait, as
 * the first of all does for its neighbour's address, and that softirq sends. */
static __always_inline void emit_socket(struct __sk_buff *skb, struct flow_scratch *s)
{
	const struct record_tuple *t = &s->work.packet.outer;
	struct flow_newcomer *r;
	__u64 cookie, *place;
	__u8 told = 1;

	if (!newcomers_wanted || t->proto != PACKET_UDP || (!wanted_port(t->sport) && !wanted_port(t->dport)) ||
	    (s->entry.egress && s->sender.context == CONTEXT_PROCESS))
		return;
	cookie = bpf_get_socket_cookie(skb);
	place = &s->told[cookie & (TOLD_SLOTS - 1)];
	if (!cookie || *place == cookie)
		return;
	if (!bpf_map_lookup_elem(&told_sockets, &cookie)) {
		r = ring_begin(sizeof(*r), FLOW_NEWCOMER);
		if (!r)
			return;
		r->attachment = s->entry.attachment;
		r->cookie = cookie;
		ring_submit(r);
		bpf_map_update_elem(&told_sockets, &cookie, &told, BPF_ANY);
	}
	*place = cookie;
}

/* Evidence of the processes in the path. Only at egress: at ingress the current task has no part in the packet. */
static __always_inline void count_sender(struct flow_scratch *s, struct flow_ledger *ledger)
{
	const struct record_tuple *t = &s->work.packet.outer;
	struct sender_value *v;
	struct sender_key *k = &s->sender;
	struct task_id id;

	if (!kernel_reads || !s->entry.egress || t->proto != PACKET_UDP)
		return;
	k->sport = wanted_port(t->sport);
	k->dport = wanted_port(t->dport);
	if (!k->sport && !k->dport)
		return;
	id = task_current_id();
	k->attachment = s->entry.attachment;
	k->tgid = id.tgid;
	k->tid = id.tid;
	k->context = task_context();
	k->cpu = bpf_get_smp_processor_id();
	v = generation_slot_at(&senders, s->place, k, s->quality.zeros);
	if (!v) {
		add_packet(&ledger->other[OTHER_SENDER], s);
		return;
	}
	if (!v->count.packets) {
		v->cgroup_id = task_current_cgroup();
		task_current_comm(v->comm);
		emit_newcomer(k);
	}
	add_packet(&v->count, s);
}

static __always_inline bool sampled(struct flow_scratch *s)
{
	if (filter.sample <= 1)
		return true;
	if (++s->passed < filter.sample) {
		ring_note_sampled_out();
		return false;
	}
	s->passed = 0;
	return true;
}

static __always_inline void emit_packet(struct flow_scratch *s)
{
	const struct packet *p = &s->work.packet;
	struct flow_record *r;

	if (!events_wanted || !filter_passes(p, s->entry.egress) || !sampled(s))
		return;
	r = ring_begin(sizeof(*r), FLOW_PACKET);
	if (!r)
		return;
	r->attachment = s->entry.attachment;
	r->len = s->len;
	r->vlan[0] = p->vlan[0];
	r->vlan[1] = p->vlan[1];
	r->vlans = p->vlans;
	r->head = p->head;
	r->tcp = p->tcp;
	r->tcp_flags = p->tcp_flags;
	r->overlay = p->overlay;
	r->gtp = p->gtp;
	r->outer = p->outer;
	r->inner = p->inner;
	if (kernel_reads && s->entry.egress)
		task_fill(&r->hdr);
	ring_submit_batched(r);
}

static __always_inline void read_clock(struct flow_scratch *s)
{
	__u64 jiffies = bpf_jiffies64();

	if (s->jiffies == jiffies)
		return;
	s->jiffies = jiffies;
	s->now_ns = bpf_ktime_get_boot_ns();
}

/* Where the kernel lets no program read it, GTP-U in segments is taken for what it is in practice: a bundle. */
static __always_inline __u8 bundle_of(struct __sk_buff *skb)
{
	const struct sk_buff *b = (const void *)skb;
	const struct skb_shared_info *shared;
	__u32 type;

	if (!kernel_reads)
		return PACKET_BUNDLE_BOTH;
	shared = (const void *)(BPF_CORE_READ(b, head) + BPF_CORE_READ(b, end));
	type = BPF_CORE_READ(shared, gso_type);
	if (!(type & GSO_UDP_L4))
		return 0;
	return type & GSO_UDP_TUNNEL ? PACKET_BUNDLE_INSIDE : PACKET_BUNDLE_OUTER;
}

/* Through the map, so that the verifier forgets which of its ways led to it. */
static __always_inline struct packet_start start_of(struct __sk_buff *skb, struct flow_scratch *s)
{
	s->segmented = skb->gso_size ? FLOW_SEGMENTED | bundle_of(skb) : 0;
	return (struct packet_start){
		.len = skb->len,
		.gso = *(volatile __u8 *)&s->segmented,
		.bundle = *(volatile __u8 *)&s->segmented,
		.gtp_port = gtp_port,
		.vxlan_port = vxlan_port,
		.geneve_port = geneve_port,
		.vlan = skb->vlan_tci,
		.vlans = skb->vlan_present ? 1 : 0,
	};
}

__noinline int flow_inside(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct flow_scratch *s = bpf_map_lookup_elem(&scratch, &zero);
	struct packet_start start;

	if (!s)
		return HEAD_OVERLAY;
	start = start_of(skb, s);
	return packet_inside(skb, &start, &s->work);
}

/* A program of its own to the verifier, as flow_inside() is. */
__noinline int flow_quality(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct flow_scratch *s = bpf_map_lookup_elem(&scratch, &zero);

	if (!s)
		return 0;
	s->quality.place = s->place;
	return quality_count(skb, &s->work, &s->quality, s->entry.attachment, s->now_ns);
}

static __always_inline void decode(struct __sk_buff *skb, struct flow_scratch *s)
{
	struct packet_start start = start_of(skb, s);

	start.l3 = s->entry.l3;
	start.skip = s->entry.skip;
	s->len = skb->len - start.skip;
	s->packets = 1;
	s->segments = skb->gso_segs ?: 1;
	packet_parse(skb, &start, &s->work);
}

static __always_inline void count_tunneled(struct __sk_buff *skb, struct flow_scratch *s, struct flow_ledger *ledger)
{
	count_flow(s, ledger);
	if (quality_wanted(&s->work) && flow_quality(skb) < 0)
		add_packet(&ledger->other[OTHER_QUALITY], s);
}

/* The next packet of a bundle. 0: there is none. A program of its own to the verifier, as flow_inside() is. */
__noinline int flow_bundled(struct __sk_buff *skb)
{
	__u32 zero = 0, off, end;
	struct flow_scratch *s = bpf_map_lookup_elem(&scratch, &zero);
	struct flow_ledger *ledger;
	__u64 head;

	if (!s)
		return 0;
	ledger = flow_ledger_of(s->entry.attachment, bpf_get_smp_processor_id());
	off = s->bundle.off;
	if (!ledger || off >= skb->len)
		return 0;
	end = skb->len - off > s->bundle.size ? off + s->bundle.size : skb->len;
	packet_parse_bundled(skb, off, end, &s->work);
	s->bundle.off = end;
	s->bundle.packets++;
	s->len = s->bundle.headers + (end - off);
	head = s->work.packet.head;
	asm volatile("" : "+r"(head));
	if (head >= HEAD_SKIPPED)
		return 0;
	ledger->bundled[head]++;
	count_tunneled(skb, s, ledger);
	emit_packet(s);
	return 1;
}

/* What is left behind BUNDLE_MAX packets. */
static __always_inline void count_rest(const struct __sk_buff *skb, struct flow_scratch *s, struct flow_ledger *ledger)
{
	const struct flow_bundle *b = &s->bundle;

	s->work.packet.head = HEAD_GTPU_BUNDLE;
	s->packets = (skb->len - b->off + b->size - 1) / b->size;
	s->segments = s->packets;
	s->len = s->packets * b->headers + skb->len - b->off;
	ledger->bundled[HEAD_GTPU_BUNDLE] += s->packets;
	count_plain(s, ledger);
	emit_packet(s);
	s->bundle.packets += s->packets;
}

/* Each packet of a bundle for its own tunnel. s then has the whole again, for what is not counted by tunnel. */
__noinline int flow_bundle(struct __sk_buff *skb)
{
	__u32 zero = 0, i;
	struct flow_scratch *s = bpf_map_lookup_elem(&scratch, &zero);
	struct flow_ledger *ledger;
	struct flow_bundle *b;

	if (!s)
		return 0;
	ledger = flow_ledger_of(s->entry.attachment, bpf_get_smp_processor_id());
	if (!ledger)
		return 0;
	b = &s->bundle;
	b->off = s->work.at.off;
	b->size = skb->gso_size ?: 1;
	b->headers = b->off - s->entry.skip;
	b->packets = 0;
	s->segments = 1;
	for (i = 0; i < BUNDLE_MAX; i++)
		if (!flow_bundled(skb))
			break;
	if (b->off < skb->len)
		count_rest(skb, s, ledger);
	s->packets = b->packets;
	s->segments = b->packets;
	s->len = skb->len - s->entry.skip + (b->packets - 1) * b->headers;
	return 0;
}

static __always_inline void count_packet(struct __sk_buff *skb, const struct flow_entry *entry)
{
	__u32 zero = 0, *place = bpf_map_lookup_elem(&flow_generation, &zero);
	struct flow_scratch *s = bpf_map_lookup_elem(&scratch, &zero);
	struct flow_ledger *ledger;
	__u64 head;

	if (!s || !place)
		return;
	s->entry = *entry;
	s->place = *place;
	ledger = flow_ledger_of(entry->attachment, bpf_get_smp_processor_id());
	if (!ledger)
		return;
	decode(skb, s);
	head = s->work.packet.head;
	/* The compiler knows what flow_inside() can return, the verifier does not: let both check this. */
	asm volatile("" : "+r"(head));
	if (head >= HEAD_MAX)
		return;
	ledger->head[head]++;
	if (head >= HEAD_SKIPPED)
		return;
	read_clock(s);
	if (head == HEAD_GTPU_BUNDLE)
		flow_bundle(skb);
	else
		count_tunneled(skb, s, ledger);
	count_sender(s, ledger);
	emit_socket(skb, s);
	if (!*(volatile __u32 *)&s->bundle.packets)
		emit_packet(s);
}

SEC("tc")
int flow_packet(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct flow_entry *entry = bpf_map_lookup_elem(&flow_entries, &zero);

	if (!entry)
		return FLOW_NEXT;
	count_packet(skb, entry);
	flow_leave(entry);
	return FLOW_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
