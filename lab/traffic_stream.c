/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "traffic_stream.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "dn.h"

#define ICMP_HEADER 8
#define PROBE_MIN 64
#define PROBE_SPREAD 512
#define PROBE_MAX (PROBE_MIN + PROBE_SPREAD)

/* Of every probe, in host order: it only comes back to the machine it left. */
struct probe_head {
	char magic[8];
	uint32_t ue;
	uint32_t flow;
	uint64_t sequence;
};

static bool is_icmp(enum traffic_kind kind)
{
	return kind == TRAFFIC_ICMP4 || kind == TRAFFIC_ICMP6;
}

static bool is_v6(enum traffic_kind kind)
{
	return kind == TRAFFIC_ICMP6 || kind == TRAFFIC_UDP6;
}

static int open_socket(enum traffic_kind kind)
{
	int family = is_v6(kind) ? AF_INET6 : AF_INET;
	int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;

	if (!is_icmp(kind))
		return socket(family, SOCK_DGRAM | flags, 0);
	return socket(family, SOCK_RAW | flags, is_v6(kind) ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static int set_dscp(int fd, enum traffic_kind kind, uint8_t dscp)
{
	int value = dscp << 2;

	if (is_v6(kind))
		return setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value));
	return setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof(value));
}

static int connect_to(int fd, const struct lab_plan *plan, enum traffic_kind kind, unsigned flow)
{
	const struct addr to = lab_flow_address(plan, flow);
	unsigned port = is_icmp(kind) ? 0 : DN_PORT_ECHO;
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = addr_v4(&to),
	};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (!is_v6(kind))
		return connect(fd, (struct sockaddr *)&v4, sizeof(v4));
	memcpy(&v6.sin6_addr, plan->dn_address6.b, sizeof(v6.sin6_addr));
	return connect(fd, (struct sockaddr *)&v6, sizeof(v6));
}

int traffic_bind(const struct traffic_worker *w, int fd, bool ipv6_socket)
{
	const struct lab_ue *ue = &w->plan->ues[w->index - 1];
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = addr_v4(&ue->address)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (!w->plan->core->one_ue_netns)
		return 0;
	memcpy(&v6.sin6_addr, ue->address.b, sizeof(v6.sin6_addr)); /* mapped: inside, such labs carry IPv4 alone */
	if (ipv6_socket)
		return bind(fd, (struct sockaddr *)&v6, sizeof(v6)) < 0 ? -errno : 0;
	return bind(fd, (struct sockaddr *)&v4, sizeof(v4)) < 0 ? -errno : 0;
}

int traffic_stream_open(struct traffic_stream *s, const struct traffic_worker *w, enum traffic_kind kind, unsigned flow,
			struct err *err)
{
	int size = 1 << 20;

	*s = (struct traffic_stream){
		.kind = kind, .flow = flow, .ue = w->index, .echo_id = (uint16_t)getpid(), .fd = open_socket(kind)};
	if (s->fd < 0)
		return err_set(err, -errno, "%s: cannot make a socket: %s", w->netns, strerror(errno));
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (set_dscp(s->fd, kind, lab_flow_dscp(w->plan, flow)) < 0 || traffic_bind(w, s->fd, is_v6(kind)) < 0 ||
	    connect_to(s->fd, w->plan, kind, flow) < 0)
		return err_set(err, -errno, "%s: cannot reach the data network: %s", w->netns, strerror(errno));
	return 0;
}

void traffic_stream_close(struct traffic_stream *s)
{
	cleanup_close(&s->fd);
}

uint16_t traffic_checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The kernel fills in the checksum of ICMPv6, not that of ICMP. */
static void put_icmp(const struct traffic_stream *s, uint8_t *packet, size_t len)
{
	struct icmphdr h = {
		.type = is_v6(s->kind) ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.un.echo = {.id = s->echo_id, .sequence = htons((uint16_t)s->sequence)},
	};

	memcpy(packet, &h, sizeof(h));
	if (is_v6(s->kind))
		return;
	h.checksum = traffic_checksum(packet, len);
	memcpy(packet, &h, sizeof(h));
}

/* Sizes vary, so that byte counts mean something. */
static size_t put_probe(const struct traffic_stream *s, uint8_t *p)
{
	struct probe_head h = {.magic = "teide", .ue = s->ue, .flow = s->flow, .sequence = s->sequence};
	size_t len = PROBE_MIN + s->sequence * 37 % PROBE_SPREAD;

	memcpy(p, &h, sizeof(h));
	for (size_t i = sizeof(h); i < len; i++)
		p[i] = (uint8_t)(i + s->sequence);
	return len;
}

static void mark(struct traffic_stream *s, uint64_t sequence, bool on)
{
	uint64_t bit = 1ULL << sequence % 64;
	uint64_t *word = &s->waiting[sequence % STREAM_RING / 64];

	*word = on ? *word | bit : *word & ~bit;
}

static bool is_waiting(const struct traffic_stream *s, uint64_t sequence)
{
	return sequence < s->sequence && s->sequence - sequence <= STREAM_RING &&
	       s->waiting[sequence % STREAM_RING / 64] >> sequence % 64 & 1;
}

static struct traffic_count *flow_count(const struct traffic_stream *s, struct traffic_result *r)
{
	return is_icmp(s->kind) ? NULL : &r->flows[s->flow];
}

static void count_sent(struct traffic_count *c, size_t len)
{
	if (!c)
		return;
	c->sent++;
	c->bytes_sent += len;
}

int traffic_stream_send(struct traffic_stream *s, struct traffic_result *result)
{
	uint8_t packet[ICMP_HEADER + PROBE_MAX];
	size_t head = is_icmp(s->kind) ? ICMP_HEADER : 0;
	size_t len = put_probe(s, packet + head);

	if (head)
		put_icmp(s, packet, head + len);
	if (send(s->fd, packet, head + len, MSG_NOSIGNAL) < 0)
		return -errno;
	mark(s, s->sequence++, true);
	count_sent(&result->kinds[s->kind], len);
	count_sent(flow_count(s, result), len);
	return 0;
}

/* Behind the IPv4 header (raw ICMP sockets give it) and the ICMP header; NULL: another's. */
static const uint8_t *skip_headers(const struct traffic_stream *s, const uint8_t *p, size_t *len)
{
	size_t ip = s->kind == TRAFFIC_ICMP4 && *len ? (size_t)(p[0] & 0xf) * 4 : 0;
	struct icmphdr h;

	if (!is_icmp(s->kind))
		return p;
	if (*len < ip + ICMP_HEADER)
		return NULL;
	memcpy(&h, p + ip, sizeof(h));
	if (h.type != (is_v6(s->kind) ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) || h.un.echo.id != s->echo_id)
		return NULL;
	*len -= ip + ICMP_HEADER;
	return p + ip + ICMP_HEADER;
}

/* Whether the echo is the first of a probe that this stream sent, byte for byte. */
static bool take_echo(struct traffic_stream *s, const uint8_t *p, size_t len)
{
	uint8_t expected[PROBE_MAX];
	struct traffic_stream sent = *s;
	struct probe_head h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, p, sizeof(h));
	sent.sequence = h.sequence;
	if (!is_waiting(s, h.sequence) || put_probe(&sent, expected) != len || memcmp(expected, p, len))
		return false;
	mark(s, h.sequence, false);
	return true;
}

static void count_received(struct traffic_count *c, bool good, size_t len)
{
	if (!c)
		return;
	if (!good) {
		c->bad++;
		return;
	}
	c->received++;
	c->bytes_received += len;
}

unsigned traffic_stream_receive(struct traffic_stream *s, struct traffic_result *result)
{
	uint8_t packet[2048];
	unsigned taken = 0;

	for (;;) {
		ssize_t n = recv(s->fd, packet, sizeof(packet), 0);
		size_t len = n > 0 ? (size_t)n : 0;
		const uint8_t *p;
		bool good;

		/* ECONNREFUSED: an earlier probe met a closed port; it stays unanswered. */
		if (n < 0 && (errno == ECONNREFUSED || errno == EINTR))
			continue;
		if (n < 0)
			return taken;
		p = skip_headers(s, packet, &len);
		if (!p)
			continue;
		good = take_echo(s, p, len);
		taken += good;
		count_received(&result->kinds[s->kind], good, len);
		count_received(flow_count(s, result), good, len);
	}
}
