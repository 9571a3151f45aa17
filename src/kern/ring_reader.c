/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libbpf's consumer tells neither how many records wait (before 1.3 not even how many bytes) nor does
 * it stop after a number of them, so the ring is read here; the layout is kernel ABI
 * (kernel/bpf/ringbuf.c: consumer page, producer page, data mapped twice). */
#include "ring_reader.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "object_reason.h"

struct ring {
	int epoll_fd;
	int ledger_fd; /* the object's */
	size_t size, page;
	unsigned long *consumer;       /* writable page */
	const unsigned long *producer; /* the data follows one page behind it */
	uint64_t delivered;
};

/* One record's header in the ring, and where it is. */
struct slot {
	uint32_t len; /* with BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT */
	const void *data;
	unsigned long next;
};

int ring_prepare(struct bpf_object *object, uint64_t size, struct err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "ring");
	long page = sysconf(_SC_PAGESIZE);

	if (!size || size & (size - 1) || size % (uint64_t)page || size > UINT32_MAX)
		return err_set(err, -EINVAL, "ring size %llu: a power of two of at least %ld bytes is needed",
			       (unsigned long long)size, page);
	if (!map)
		return err_set(err, -ENOENT, "BPF object has no map named ring");
	return bpf_map__set_max_entries(map, (uint32_t)size);
}

static int map_pages(struct ring *r, int map_fd, struct err *err)
{
	void *p = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (p == MAP_FAILED)
		return err_set(err, -errno, "mapping the ring buffer: %s", err_name(errno));
	r->consumer = p;
	p = mmap(NULL, r->page + 2 * r->size, PROT_READ, MAP_SHARED, map_fd, (off_t)r->page);
	if (p == MAP_FAILED)
		return err_set(err, -errno, "mapping the ring buffer's %zu bytes: %s", r->size, err_name(errno));
	r->producer = p;
	return 0;
}

static int watch(struct ring *r, int map_fd, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, map_fd, &event) < 0)
		return err_set(err, -errno, "waiting for the ring buffer: %s", object_error_words(-errno));
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (r->consumer)
		munmap(r->consumer, r->page);
	if (r->producer)
		munmap((void *)r->producer, r->page + 2 * r->size);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r);
}

DEFINE_CLEANUP(struct ring *, ring, ring_free)

int ring_open(struct ring **ret, struct bpf_object *object, struct err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "ring");
	struct bpf_map *ledger = bpf_object__find_map_by_name(object, "ring_ledger");
	_cleanup_(cleanup_ring) struct ring *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return err_oom(err);
	r->epoll_fd = -1;
	if (!map || !ledger)
		return err_set(err, -ENOENT, "BPF object has no maps ring and ring_ledger");
	r->ledger_fd = bpf_map__fd(ledger);
	r->page = (size_t)sysconf(_SC_PAGESIZE);
	r->size = bpf_map__max_entries(map);
	e = map_pages(r, bpf_map__fd(map), err);
	if (e < 0)
		return e;
	e = watch(r, bpf_map__fd(map), err);
	if (e < 0)
		return e;
	*ret = TAKE_PTR(r);
	return 0;
}

int ring_poll_fd(const struct ring *r)
{
	return r->epoll_fd;
}

/* The record at the position; false at the end or before one that is still being written. */
static bool slot_at(const struct ring *r, unsigned long position, struct slot *ret)
{
	const char *data = (const char *)r->producer + r->page;
	const uint32_t *header;

	if (position >= __atomic_load_n(r->producer, __ATOMIC_ACQUIRE))
		return false;
	header = (const uint32_t *)(data + (position & (r->size - 1)));
	ret->len = __atomic_load_n(header, __ATOMIC_ACQUIRE);
	if (ret->len & BPF_RINGBUF_BUSY_BIT)
		return false;
	ret->data = (const char *)header + BPF_RINGBUF_HDR_SZ;
	ret->next = position + BPF_RINGBUF_HDR_SZ + ((ret->len & ~BPF_RINGBUF_DISCARD_BIT) + 7UL) / 8 * 8;
	return true;
}

int ring_drain(struct ring *r, size_t max, ring_record_fn fn, void *data)
{
	unsigned long position = *r->consumer;
	struct slot s;
	size_t n = 0;

	for (; n < max && slot_at(r, position, &s); n++) {
		if (!(s.len & BPF_RINGBUF_DISCARD_BIT)) {
			r->delivered++;
			fn(data, s.data, s.len);
		}
		position = s.next;
		/* Ordered before the next look at the ring: the kernel wakes no reader for a record
		 * that it does not see waited for. */
		__atomic_store_n(r->consumer, position, __ATOMIC_SEQ_CST);
	}
	return (int)n;
}

static uint64_t count_pending(const struct ring *r)
{
	unsigned long position = *r->consumer;
	uint64_t n = 0;
	struct slot s;

	for (; slot_at(r, position, &s); position = s.next)
		n += !(s.len & BPF_RINGBUF_DISCARD_BIT);
	return n;
}

int ring_counts(const struct ring *r, struct ring_counts *ret)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct ring_ledger *rows = NULL;
	uint32_t zero = 0;

	if (cpus < 0)
		return cpus;
	rows = calloc((size_t)cpus, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	if (bpf_map_lookup_elem(r->ledger_fd, &zero, rows) < 0)
		return -errno;
	*ret = (struct ring_counts){.delivered = r->delivered, .pending = count_pending(r)};
	for (int i = 0; i < cpus; i++) {
		ret->emitted += rows[i].emitted;
		ret->sampled_out += rows[i].sampled_out;
		for (int k = 0; k < RING_LOST_MAX; k++)
			ret->lost[k] += rows[i].lost[k];
	}
	return 0;
}

const char *ring_lost_name(enum ring_lost reason)
{
	static const char *const names[RING_LOST_MAX] = {
		[RING_LOST_FULL] = "full",
		[RING_LOST_RATE] = "rate",
	};

	return reason < RING_LOST_MAX ? names[reason] : "unknown";
}
