/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A counter of the kernel that grew by about as much as is missing names the cause. */
#include <inttypes.h>

#include "cleanup.h"
#include "plural.h"
#include "why_judge.h"

#define UPLINK (1 << WHY_UPLINK)
#define DOWNLINK (1 << WHY_DOWNLINK)
#define TO_UPF (1 << WHY_REACHED | 1 << WHY_MATCHED | 1 << WHY_HANDLED)
#define TO_DEVICE (1 << WHY_REACHED)
#define TO_WIRE (1 << WHY_LEFT)

/* What follows "1 packet" as well as "2 packets". */
static const char checksum[] = "with a wrong outer UDP checksum, or with none over IPv6: the kernel drops such packets "
			       "before the UPF";
static const char queue[] = "for which the receive queue of the UPF's socket was full: the UPF is too slow, or stopped";
static const char no_route[] = "without a route out of this network namespace";
static const char header[] = "with a wrong IP header or header checksum, or with a time to live that is used up";
static const char header_look[] = "at the sender, or a routing loop; here: ";
static const char header_tcpdump[] = "tcpdump -vvni any ip";
static const char mtu[] = "longer than the MTU of the way out, and not to be fragmented";
static const char clamp[] =
	"iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu";
static const char mtu_look[] = "lower the MTU of the UEs, or clamp TCP: ";

static const struct cause {
	enum why_counter counter;
	unsigned ways, stops;
	const char *reason, *text;
	const char *look, *command; /* to be run in the UPF's network namespace */
} causes[] = {
	{WHY_UDP_CHECKSUM, UPLINK, TO_UPF, "udp_checksum", checksum,
	 "at the sender: ethtool -K INTERFACE tx off. Here: ", "tcpdump -vvni any udp port 2152"},
	{WHY_UDP6_CHECKSUM, UPLINK, TO_UPF, "udp_checksum", checksum,
	 "at the sender: ethtool -K INTERFACE tx off. Here: ", "tcpdump -vvni any udp port 2152"},
	{WHY_UDP_QUEUE, UPLINK, TO_UPF, "queue_full", queue,
	 "more CPU for the UPF: teide sched preview. Its queue: ", "ss -lunm sport = :2152"},
	{WHY_UDP6_QUEUE, UPLINK, TO_UPF, "queue_full", queue,
	 "more CPU for the UPF: teide sched preview. Its queue: ", "ss -lunm sport = :2152"},
	{WHY_MARTIAN_SOURCE, UPLINK, TO_UPF | TO_WIRE, "martian_source",
	 "from a source address that is this network namespace's own: the kernel drops such packets as martians (it "
	 "counts them for the whole machine)",
	 "which interface has the gNB's or the UE's address? ", "ip addr"},
	{WHY_REVERSE_PATH, UPLINK | DOWNLINK, TO_UPF | TO_DEVICE | TO_WIRE, "rp_filter",
	 "dropped by the reverse path filter: the way back to the source is by another interface",
	 "a route to the source by the interface that they come by; or for that interface and for all: ",
	 "sysctl net.ipv4.conf.all.rp_filter=2"},
	{WHY_NOT_LOCAL, UPLINK, TO_UPF, "not_local", "for an address that this network namespace does not have",
	 "is it the N3 address that the SMF gave the gNB? ", "ip addr"},
	{WHY_NO_ROUTE, UPLINK | DOWNLINK, TO_WIRE, "no_route", no_route,
	 "to the gNB, or to the destination: ", "ip route"},
	{WHY_NO_ROUTE6, UPLINK | DOWNLINK, TO_WIRE, "no_route", no_route,
	 "to the gNB, or to the destination: ", "ip -6 route"},
	{WHY_HEADER, UPLINK | DOWNLINK, TO_UPF | TO_DEVICE | TO_WIRE, "ip_header", header, header_look, header_tcpdump},
	{WHY_HEADER6, UPLINK | DOWNLINK, TO_UPF | TO_DEVICE | TO_WIRE, "ip_header", header, header_look,
	 header_tcpdump},
	{WHY_FRAGMENTS, UPLINK | DOWNLINK, TO_DEVICE | TO_WIRE, "mtu", mtu, mtu_look, clamp},
	{WHY_FRAGMENTS6, UPLINK | DOWNLINK, TO_DEVICE | TO_WIRE, "mtu", mtu, mtu_look, clamp},
	{WHY_CONNTRACK, UPLINK | DOWNLINK, TO_UPF | TO_DEVICE | TO_WIRE, "conntrack_full",
	 "refused by the table of connections, which is full",
	 "raise its limit: ", "sysctl net.netfilter.nf_conntrack_max"},
};

bool why_is_guess(const char *reason)
{
	return why_is(reason, "user_space") || why_is(reason, "not_delivered") || why_is(reason, "filtered") ||
	       why_is(reason, "unknown");
}

bool why_is_without_device(const struct why_facts *f)
{
	return f->upf == WHY_UPF_USER && !f->net.device[0];
}

/* Bits of the stages that they may stop before: TC sees less of a UPF without a device. */
static unsigned possible_stops(const struct why_facts *f, enum why_way way, const struct why_path *p)
{
	unsigned stops = 1U << p->stop;

	return way == WHY_UPLINK && p->stop == WHY_LEFT && why_is_without_device(f) ? stops | TO_UPF : stops;
}

void why_judge_cause(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_judge j = {.f = f, .p = p};
	const struct cause *best = NULL;
	uint64_t grown = 0;

	if (p->stop < 0 || !why_is_guess(p->reason))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		const struct cause *c = &causes[i];
		uint64_t by = f->grown.values[c->counter];

		/* Of the whole machine: other namespaces have martians too. */
		if (c->counter == WHY_MARTIAN_SOURCE && !f->net.to_gnb.local && !f->net.to_ue.local)
			continue;
		if (!(c->ways >> way & 1) || !(c->stops & possible_stops(f, way, p)) || by < (p->lost + 1) / 2 ||
		    by <= grown)
			continue;
		best = c;
		grown = by;
	}
	if (!best)
		return;
	why_because(&j, best->reason, "%" PRIu64 " packet%s %s", grown, plural(grown), best->text);
	why_look(&j, "%s%s%s", best->look, f->inside, best->command);
}
