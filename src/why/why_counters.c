/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"

#define TEXT_MAX (256 * 1024)
#define BLANKS " \t"

enum form { PAIR, LINE, COLUMN };

static const struct source {
	enum form form;
	const char *file, *group, *field;
} sources[] = {
	[WHY_UDP_CHECKSUM] = {PAIR, "snmp", "Udp:", "InCsumErrors"},
	[WHY_UDP6_CHECKSUM] = {LINE, "snmp6", NULL, "Udp6InCsumErrors"},
	[WHY_UDP_QUEUE] = {PAIR, "snmp", "Udp:", "RcvbufErrors"},
	[WHY_UDP_READ] = {PAIR, "snmp", "Udp:", "InDatagrams"},
	[WHY_UDP6_READ] = {LINE, "snmp6", NULL, "Udp6InDatagrams"},
	[WHY_UDP6_QUEUE] = {LINE, "snmp6", NULL, "Udp6RcvbufErrors"},
	[WHY_MARTIAN_SOURCE] = {COLUMN, "stat/rt_cache", NULL, "in_martian_src"},
	[WHY_REVERSE_PATH] = {PAIR, "netstat", "TcpExt:", "IPReversePathFilter"},
	[WHY_NOT_LOCAL] = {PAIR, "snmp", "Ip:", "InAddrErrors"},
	[WHY_NO_ROUTE] = {PAIR, "snmp", "Ip:", "OutNoRoutes"},
	[WHY_SENT] = {PAIR, "snmp", "Ip:", "OutRequests"},
	[WHY_SENT6] = {LINE, "snmp6", NULL, "Ip6OutRequests"},
	[WHY_NO_ROUTE6] = {LINE, "snmp6", NULL, "Ip6OutNoRoutes"},
	[WHY_HEADER] = {PAIR, "snmp", "Ip:", "InHdrErrors"},
	[WHY_HEADER6] = {LINE, "snmp6", NULL, "Ip6InHdrErrors"},
	[WHY_FRAGMENTS] = {PAIR, "snmp", "Ip:", "FragFails"},
	[WHY_TCP_CHECKSUM] = {PAIR, "snmp", "Tcp:", "InCsumErrors"}, /* over IPv6 too */
	[WHY_FRAGMENTS6] = {LINE, "snmp6", NULL, "Ip6FragFails"},
	[WHY_CONNTRACK] = {COLUMN, "stat/nf_conntrack", NULL, "drop"},
};

/* The next word of a line, up to its end; NULL: none. Its length in *ret_len. */
static const char *next_word(const char **at, size_t *ret_len)
{
	const char *word = *at + strspn(*at, BLANKS);

	*ret_len = strcspn(word, BLANKS "\n");
	*at = word + *ret_len;
	return *ret_len ? word : NULL;
}

static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

/* Which word of the line it is, from 0; -1: none. */
static int word_index(const char *line, const char *field)
{
	const char *word;
	size_t len;

	for (int i = 0; (word = next_word(&line, &len)); i++)
		if (strlen(field) == len && !strncmp(word, field, len))
			return i;
	return -1;
}

static uint64_t number_at(const char *line, int index, int base)
{
	const char *word = NULL;
	size_t len;

	for (int i = 0; i <= index; i++)
		if (!(word = next_word(&line, &len)))
			return 0;
	return word ? strtoull(word, NULL, base) : 0;
}

uint64_t why_counter_in_pair(const char *text, const char *group, const char *field)
{
	for (const char *line = text; *line; line = next_line(line))
		if (!strncmp(line, group, strlen(group)))
			return number_at(next_line(line), word_index(line, field), 10);
	return 0;
}

uint64_t why_counter_in_line(const char *text, const char *field)
{
	for (const char *line = text; *line; line = next_line(line))
		if (word_index(line, field) == 0)
			return number_at(line, 1, 10);
	return 0;
}

uint64_t why_counter_in_column(const char *text, const char *field)
{
	int index = word_index(text, field);
	uint64_t sum = 0;

	for (const char *line = next_line(text); index >= 0 && *line; line = next_line(line))
		sum += number_at(line, index, 16);
	return sum;
}

static uint64_t value_in(const char *text, const struct source *s)
{
	if (s->form == PAIR)
		return why_counter_in_pair(text, s->group, s->field);
	return (s->form == LINE ? why_counter_in_line : why_counter_in_column)(text, s->field);
}

void why_counters_read(struct why_counters *ret)
{
	_cleanup_(buf_free) struct buf text = {0};
	const char *file = NULL; /* that text is of */
	char path[64];

	for (size_t i = 0; i < WHY_COUNTERS; i++) {
		const struct source *s = &sources[i];

		if (!file || strcmp(file, s->file) != 0) {
			buf_reset(&text);
			file = s->file;
			/* /proc/net is that of the process's first thread. */
			snprintf(path, sizeof(path), "/proc/thread-self/net/%s", file);
			if (buf_read_file(&text, path, TEXT_MAX) < 0)
				buf_reset(&text);
		}
		ret->values[i] = text.data ? value_in(text.data, s) : 0;
	}
}

void why_counters_grown(const struct why_counters *before, const struct why_counters *now, struct why_counters *sum)
{
	for (size_t i = 0; i < WHY_COUNTERS; i++)
		if (now->values[i] > before->values[i])
			sum->values[i] += now->values[i] - before->values[i];
}
