/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sequence numbers against a model that writes every number down as an unbounded integer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "event_quality.h"
#include "flow/flow_sequence.h"

#define MIDDLE (INT64_C(1) << 30)
#define BOOK (1 << 16)

/* A number that came is one of the last BOOK; older ones are nobody's concern. */
struct model {
	int64_t highest, first;
	int64_t came[BOOK];
	uint32_t suspect;
	bool begun, has_suspect;
};

static void write_down(struct model *m, int64_t number)
{
	m->came[number & (BOOK - 1)] = number;
}

static bool has_come(const struct model *m, int64_t number)
{
	return m->came[number & (BOOK - 1)] == number;
}

static void begin(struct model *m, uint32_t seq)
{
	memset(m->came, 0, sizeof(m->came));
	m->highest = m->first = MIDDLE + seq;
	m->begun = true;
	m->has_suspect = false;
	write_down(m, m->highest);
}

static struct sequence_news expect(struct model *m, uint32_t seq, uint32_t mask)
{
	int64_t modulus = (int64_t)mask + 1, step = ((int64_t)seq - m->highest) % modulus;
	struct sequence_news news = {.what = SEQUENCE_IN_ORDER};
	int64_t number;

	if (step < -modulus / 2)
		step += modulus;
	if (step >= modulus / 2)
		step -= modulus;
	number = m->highest + step;
	if (!m->begun) {
		begin(m, seq);
	} else if (step > -64 && step <= 0) {
		news.what = has_come(m, number) ? SEQUENCE_DUPLICATE : SEQUENCE_REORDERED;
		news.filled = !has_come(m, number) && number > m->first;
		write_down(m, number);
	} else if (step > 0 && step <= 3000) {
		news.missing = (uint32_t)step - 1;
		m->highest = number;
		m->has_suspect = false;
		write_down(m, number);
	} else if (m->has_suspect && seq == m->suspect) {
		news.what = SEQUENCE_RESTART;
		begin(m, seq);
		m->first = m->highest - 1;
		write_down(m, m->first);
	} else {
		news.what = SEQUENCE_STRAY;
		m->suspect = (seq + 1) & mask;
		m->has_suspect = true;
	}
	return news;
}

/* Mostly the next one, at times one near, seldom one anywhere. */
static uint32_t choose(uint32_t last, uint32_t mask)
{
	int die = rand() % 1000;

	if (die < 700)
		return (last + 1) & mask;
	if (die < 850)
		return (last + (uint32_t)(rand() % 8)) & mask;
	if (die < 960)
		return (last - (uint32_t)(rand() % 80)) & mask;
	if (die < 990)
		return (last + (uint32_t)(rand() % 3300)) & mask;
	return ((uint32_t)rand() << 8 ^ (uint32_t)rand()) & mask;
}

static void random_stream(uint32_t mask, uint32_t *counts)
{
	struct model *m = calloc(1, sizeof(*m));
	struct sequence_state s = {0};
	uint32_t seq = (uint32_t)rand() & mask;

	assert_non_null(m);
	for (int i = 0; i < 5000; i++) {
		struct sequence_news want = expect(m, seq, mask);
		struct sequence_news got = sequence_take(&s, seq, mask);

		assert_int_equal(got.what, want.what);
		assert_int_equal(got.missing, want.missing);
		assert_int_equal(got.filled, want.filled);
		counts[got.what]++;
		seq = choose(seq, mask);
	}
	free(m);
}

static void test_random_streams(void **state)
{
	uint32_t counts[SEQUENCE_RESTART + 1] = {0};

	srand(29281);
	for (int i = 0; i < 200; i++)
		random_stream(i & 1 ? 0xffff : 0xffffff, counts);
	for (int what = 0; what <= SEQUENCE_RESTART; what++)
		assert_true(counts[what] > 100);
}

#define STREAM 1000

/* A packet: its number, and which of all packets it is. */
struct sent {
	uint32_t seq, packet;
};

static struct event_quality judge(const struct sent *stream, size_t n)
{
	struct sequence_state s = {0};
	struct event_quality q = {0};

	for (size_t i = 0; i < n; i++) {
		struct sequence_news news =
			sequence_judge(&s, stream[i].seq & 0xffff, 0xffff, stream[i].packet * 2654435761U);

		q.packets++;
		q.missing += news.missing;
		q.filled += news.filled;
		q.duplicates += news.what == SEQUENCE_DUPLICATE;
		q.stray += news.what == SEQUENCE_STRAY;
		q.restarts += news.what == SEQUENCE_RESTART;
		q.uncounted += news.uncounted;
	}
	return q;
}

/* Healthy traffic whose numbers do not count its packets: nothing is said of loss, nor of packets that came twice. */
static void test_numbers_that_do_not_count(void **state)
{
	static const char *const names[] = {"constant",
					    "constant, of equal packets",
					    "two senders in step",
					    "20 apart",
					    "1000 apart",
					    "30000 apart",
					    "bytes swapped",
					    "every fourth",
					    "every second",
					    "backwards",
					    "random"};
	struct sent stream[STREAM];

	srand(38415);
	for (unsigned kind = 0; kind < ARRAY_SIZE(names); kind++) {
		for (uint32_t i = 0; i < STREAM; i++) {
			const uint32_t numbers[] = {0,
						    0,
						    i / 2,
						    i / 2 + i % 2 * 20,
						    i / 2 + i % 2 * 1000,
						    i / 2 + i % 2 * 30000,
						    __builtin_bswap16((uint16_t)i),
						    4 * i,
						    2 * i,
						    50000 - i,
						    (uint32_t)rand()};

			stream[i] = (struct sent){numbers[kind], kind == 1 ? 7 : i};
		}
		struct event_quality q = judge(stream, STREAM), few = judge(stream, 100);

		if (event_quality_usable(&q) || event_quality_usable(&few))
			fail_msg("%s: usable", names[kind]);
	}
}

/* Numbers that count: what is lost or comes twice is exact. */
static void test_numbers_that_count(void **state)
{
	struct sent stream[3 * STREAM];
	struct event_quality q;
	uint64_t lost = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < STREAM; i++) /* each three times, as a mirror does */
		for (int copy = 0; copy < 3; copy++)
			stream[n++] = (struct sent){i, i};
	q = judge(stream, n);
	assert_true(event_quality_usable(&q));
	assert_int_equal(q.duplicates, 2 * STREAM);
	assert_int_equal(q.missing, 0);
	n = 0;
	for (uint32_t i = 0; i < STREAM; i++) /* half of them, and a block of ten again */
		if (i == 0 || i == STREAM - 1 || rand() % 2)
			stream[n++] = (struct sent){i, i};
		else
			lost++;
	for (size_t i = n - 10, end = n; i < end; i++)
		stream[n++] = stream[i];
	q = judge(stream, n);
	assert_true(event_quality_usable(&q));
	assert_int_equal(q.missing - q.filled, lost);
	assert_int_equal(q.duplicates, 10);
	assert_int_equal(q.uncounted, 0);
	n = 0;
	for (uint32_t i = 0; i < STREAM; i++) /* every second, but for a loss beside now and then */
		if (i % 2 == 0 && i % 60 != 0)
			stream[n++] = (struct sent){i, i};
	q = judge(stream, n);
	assert_true(event_quality_usable(&q));
	assert_int_equal(q.missing - q.filled, stream[n - 1].seq - stream[0].seq + 1 - n);
	n = 0;
	for (uint32_t i = 0; i < STREAM; i++) /* begins anew, and one of the first comes again */
		stream[n++] = (struct sent){i < STREAM / 2 ? i : 40000 + i, i};
	stream[STREAM / 2 + 9] = stream[STREAM / 2];
	stream[STREAM - 1] = stream[STREAM - 2];
	q = judge(stream, n);
	assert_true(event_quality_usable(&q));
	assert_int_equal(q.restarts, 1);
	assert_int_equal(q.duplicates, 2);
	assert_int_equal(q.missing - q.filled, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_streams),
		cmocka_unit_test(test_numbers_that_do_not_count),
		cmocka_unit_test(test_numbers_that_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
