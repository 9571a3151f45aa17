/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sink.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "err.h"
#include "escape.h"
#include "jsonw.h"
#include "json_head.h"
#include "probe.h"
#include "signals.h"

#define FLUSH_AT (64 * 1024)
#define ENDING_PATIENCE_MS 2000
#define CLOCK_STEP_NS (10 * (int64_t)NSEC_PER_MSEC)

struct sink {
	enum sink_format format;
	int fd;
	int signal_fd;	 /* readable while a signal that ends the program waits for the loop */
	int patience_ms; /* -1: for ever */
	size_t chunk;	 /* what one write may take once fd is writable, without blocking */
	int broken;	 /* the first write error, -errno: later lines are not even formatted */
	int64_t boot_to_real_ns;
	struct buf out;
	char ledger_line[128]; /* text: which probe and place the open ledger line is about */
	char node[];
};

static int ending_fd(void)
{
	sigset_t set;

	end_signals(&set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct sink *sink_new(enum sink_format format, int fd, const char *node)
{
	struct sink *s = calloc(1, sizeof(*s) + strlen(node) + 1);
	struct stat st;

	if (!s)
		return NULL;
	s->signal_fd = ending_fd();
	s->patience_ms = -1;
	s->chunk = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? SIZE_MAX : PIPE_BUF;
	s->format = format;
	s->fd = fd;
	s->boot_to_real_ns = clock_boot_to_real_ns();
	memcpy(s->node, node, strlen(node));
	return s;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	sink_flush(s);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	buf_free(&s->out);
	free(s);
}

void sink_set_patience(struct sink *s, uint64_t ns)
{
	s->patience_ms = (int)MIN(ns / NSEC_PER_MSEC, 3600000);
}

const char *sink_trouble(int r)
{
	if (r == -EINTR || r == -ETIMEDOUT)
		return "its reader took nothing; unread lines were dropped";
	return err_name(r);
}

static void end_line(struct sink *s)
{
	buf_char(&s->out, '\n');
	if (s->out.len >= FLUSH_AT)
		sink_flush(s);
}

void sink_event(struct sink *s, const struct event *e)
{
	if (s->broken)
		return;
	if (s->format == SINK_JSON)
		event_to_json(e, s->node, s->boot_to_real_ns, &s->out);
	else
		event_to_text(e, &s->out);
	end_line(s);
}

void sink_text(struct sink *s, const struct buf *text)
{
	if (!s->broken)
		buf_add(&s->out, text->data, text->len);
}

static void ledger_json(struct sink *s, const char *probe, const struct ledger_row *row)
{
	uint64_t now = clock_boot_ns();
	struct jw j = jw_begin(&s->out);

	jw_object(&j, NULL);
	json_head(&j, s->node, now + (uint64_t)s->boot_to_real_ns);
	jw_u64(&j, "ts_ns", now);
	jw_string(&j, "probe", probe);
	jw_string(&j, "event", "ledger");
	jw_string(&j, "where", row->where);
	jw_string(&j, "name", row->name);
	if (row->reason)
		jw_string(&j, "reason", row->reason);
	if (!row->unknown)
		jw_u64(&j, "value", row->value);
	jw_object_end(&j);
}

static void end_ledger_line(struct sink *s)
{
	if (s->ledger_line[0])
		buf_char(&s->out, '\n');
	s->ledger_line[0] = '\0';
}

/* One line a place. A zero says nothing there, but for the sums that everybody looks for. */
static bool worth_a_word(const struct ledger_row *row)
{
	static const char *const always[] = {"seen", "counted", "emitted", "delivered", "pending"};

	if (row->value || row->unknown)
		return true;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!strcmp(row->name, always[i]))
			return true;
	return false;
}

static void ledger_text(struct sink *s, const char *probe, const struct ledger_row *row)
{
	char line[sizeof(s->ledger_line)];

	snprintf(line, sizeof(line), "%s %s", probe, row->where);
	if (strcmp(line, s->ledger_line)) {
		end_ledger_line(s);
		memcpy(s->ledger_line, line, sizeof(line));
		buf_str(&s->out, "ledger: ");
		escape_text(&s->out, line);
		buf_char(&s->out, ':');
	}
	if (!worth_a_word(row))
		return;
	buf_printf(&s->out, " %s%s%s=", row->name, row->reason ? "." : "", row->reason ? row->reason : "");
	if (row->unknown)
		buf_str(&s->out, "unknown");
	else
		buf_printf(&s->out, "%" PRIu64, row->value);
}

void sink_ledger(struct sink *s, const char *probe, const struct ledger_row *row)
{
	if (s->broken)
		return;
	if (s->format == SINK_TEXT) {
		ledger_text(s, probe, row);
		return;
	}
	ledger_json(s, probe, row);
	end_line(s);
}

/* The signals are blocked for the loop's sake: write() would sleep through them. */
static int wait_writable(const struct sink *s)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = POLLOUT}, {.fd = s->signal_fd, .events = POLLIN}};
	int n = poll(fds, ARRAY_SIZE(fds), s->patience_ms), r = -ETIMEDOUT;

	if (n > 0 && !fds[0].revents) {
		n = poll(fds, 1, ENDING_PATIENCE_MS);
		r = -EINTR;
	}
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n ? 1 : r;
}

static ssize_t write_some(const struct sink *s, const char *data, size_t len)
{
	int r = wait_writable(s);
	ssize_t n;

	if (r <= 0)
		return r;
	n = write(s->fd, data, MIN(len, s->chunk));
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	return n;
}

/* A step of the clock is followed, the jitter of two readings is not. */
static void follow_clock(struct sink *s)
{
	int64_t now = clock_boot_to_real_ns();

	if (llabs(now - s->boot_to_real_ns) > CLOCK_STEP_NS)
		s->boot_to_real_ns = now;
}

int sink_flush(struct sink *s)
{
	size_t done = 0;
	ssize_t n;

	end_ledger_line(s);
	if (s->out.failed)
		s->broken = -ENOMEM;
	while (!s->broken && done < s->out.len) {
		n = write_some(s, s->out.data + done, s->out.len - done);
		if (n >= 0)
			done += (size_t)n;
		else
			s->broken = (int)n;
	}
	buf_reset(&s->out);
	follow_clock(s);
	return s->broken;
}
