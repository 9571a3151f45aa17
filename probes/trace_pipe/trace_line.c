/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "trace_line.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ftrace writes "%16s-%-7d": the name, at most 15 bytes, is moved to the right. */
#define NAME_WIDTH 16

struct header {
	int32_t tid, tgid; /* 0: idle; not said */
	char comm[TRACE_COMM_MAX];
	const char *event, *event_end;
	const char *message;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_spaces(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* The end of the number, or NULL where there is none that a pid can be. */
static const char *read_pid(const char *p, int32_t *ret)
{
	unsigned long n;
	char *end;

	if (!is_digit(*p))
		return NULL;
	errno = 0;
	n = strtoul(p, &end, 10);
	if (errno || n > INT32_MAX)
		return NULL;
	*ret = (int32_t)n;
	return end;
}

/* "(1150348)", "(-------)" of the option record-tgid; most lines have none. */
static const char *read_tgid(const char *p, int32_t *ret)
{
	const char *end;

	if (*p != '(')
		return p;
	p = skip_spaces(p + 1);
	end = read_pid(p, ret);
	p = end ? end : p + strspn(p, "-");
	return *p == ')' ? skip_spaces(p + 1) : NULL;
}

/* "[005] ..s21 34202.967772: "; the flags are missing where irq-info is off. */
static const char *skip_place(const char *p)
{
	if (*p++ != '[' || !is_digit(*p))
		return NULL;
	p += strspn(p, "0123456789");
	if (*p++ != ']')
		return NULL;
	p = skip_spaces(p);
	for (int token = 0; token < 2; token++) {
		size_t time = strspn(p, "0123456789."), len = strcspn(p, " \t");

		if (time && p[time] == ':')
			return skip_spaces(p + time + 1);
		p = skip_spaces(p + len);
	}
	return NULL;
}

/* From behind the dash that ends the name. */
static bool read_rest(const char *p, struct header *ret)
{
	p = read_pid(p, &ret->tid);
	if (!p || (*p != ' ' && *p != '\t'))
		return false;
	ret->tgid = 0;
	p = read_tgid(skip_spaces(p), &ret->tgid);
	p = p ? skip_place(p) : NULL;
	if (!p)
		return false;
	ret->event = p;
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	ret->event_end = p;
	if (p == ret->event || *p != ':')
		return false;
	ret->message = skip_spaces(p + 1);
	return true;
}

static bool take_name(const char *name, size_t len, char ret[static TRACE_COMM_MAX])
{
	if (!len || len >= TRACE_COMM_MAX)
		return false;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return true;
}

/* A name may itself look like "nr-gnb-1 [000]". As ftrace writes it, its end is known all the same; where
 * the line was cut to size since, the first end that makes sense is taken. */
static bool read_header(const char *text, struct header *ret)
{
	const char *name = skip_spaces(text);

	if (name > text && memchr(text, 0, NAME_WIDTH) == NULL && text[NAME_WIDTH] == '-' && name < text + NAME_WIDTH &&
	    read_rest(text + NAME_WIDTH + 1, ret))
		return take_name(name, (size_t)(text + NAME_WIDTH - name), ret->comm);
	for (size_t len = 1; len < TRACE_COMM_MAX && name[len - 1]; len++) {
		if (name[len] == '-' && read_rest(name + len + 1, ret))
			return take_name(name, len, ret->comm);
	}
	return false;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind key where it begins a word; NULL: not there. */
static const char *find_key(const char *message, const char *from, const char *key)
{
	const char *at = strstr(from, key);

	while (at && at > message && is_word(at[-1]))
		at = strstr(at + 1, key);
	return at ? at + strlen(key) : NULL;
}

/* KEY=N, N being the whole of the value. */
static bool find_number(const char *message, const char *key, int32_t *ret)
{
	const char *at = message, *end;

	while ((at = find_key(message, at, key))) {
		end = read_pid(at, ret);
		if (end && !is_word(*end))
			return true;
	}
	return false;
}

/* "pid=N (NAME)" */
static bool find_named(const char *message, struct trace_task *ret)
{
	struct trace_task task = {0};
	const char *at = message, *end;
	size_t len;

	while ((at = find_key(message, at, "pid="))) {
		end = read_pid(at, &task.tid);
		if (!end || strncmp(end, " (", 2) != 0 || !task.tid)
			continue;
		end += 2;
		len = strcspn(end, ")");
		if (end[len] != ')' || !take_name(end, len, task.comm))
			continue;
		*ret = task;
		return true;
	}
	return false;
}

static void add_task(struct trace_line *line, const struct trace_task *task)
{
	line->tasks[line->n++] = *task;
}

static enum trace_verdict read_tasks(const struct header *h, struct trace_line *ret)
{
	struct trace_task current = {.tgid = h->tgid, .tid = h->tid}, named;
	int32_t tgid, pid = 0;
	bool has_pid = find_number(h->message, "PID=", &pid);

	memcpy(current.comm, h->comm, sizeof(current.comm));
	if (find_number(h->message, "TGID=", &tgid)) {
		if (!tgid)
			return TRACE_IDLE;
		if (has_pid && pid != h->tid)
			current = (struct trace_task){.tid = pid};
		current.tgid = tgid;
		add_task(ret, &current);
		return TRACE_TASK;
	}
	if (current.tid)
		add_task(ret, &current);
	if (find_named(h->message, &named) && named.tid != current.tid)
		add_task(ret, &named);
	if (!ret->n && has_pid && pid)
		add_task(ret, &(struct trace_task){.tid = pid});
	return ret->n ? TRACE_TASK : TRACE_IDLE;
}

/* "CPU:3 [LOST 123 EVENTS]" */
static bool is_lost(const char *text, uint64_t *ret)
{
	int32_t cpu, n = 0;
	const char *p = strncmp(text, "CPU:", 4) ? NULL : read_pid(text + 4, &cpu);

	if (!p || strncmp(p, " [LOST ", 7) != 0)
		return false;
	*ret = read_pid(p + 7, &n) ? (uint64_t)n : 0;
	return true;
}

static bool is_wanted(const struct header *h, const struct trace_messages *messages)
{
	static const char event[] = "bpf_trace_printk";

	if ((size_t)(h->event_end - h->event) != strlen(event) || memcmp(h->event, event, strlen(event)) != 0)
		return false;
	for (size_t i = 0; i < messages->n; i++) {
		if (!fnmatch(messages->patterns[i], h->message, 0))
			return true;
	}
	return false;
}

enum trace_verdict trace_line_parse(const char *text, const struct trace_messages *messages, struct trace_line *ret)
{
	const char *begin = skip_spaces(text);
	struct header header;

	*ret = (struct trace_line){0};
	if (!*begin || *begin == '#')
		return TRACE_BLANK;
	if (is_lost(text, &ret->lost))
		return TRACE_LOST;
	if (!read_header(text, &header))
		return TRACE_MALFORMED;
	if (!is_wanted(&header, messages))
		return TRACE_OTHER;
	return read_tasks(&header, ret);
}
