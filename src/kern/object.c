/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "object.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel_features.h"
#include "log.h"
#include "object_log.h"
#include "object_reason.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* libbpf's print callback has no data pointer; this is the one way to it. */
static _Thread_local struct object_capture *capture;

static void keep_tail(struct buf *b, const char *text, size_t len)
{
	size_t room = OBJECT_TEXT_MAX;

	if (len > room) {
		text += len - room;
		len = room;
	}
	if (b->len + len > room) {
		size_t drop = b->len + len - room;

		memmove(b->data, b->data + drop, b->len - drop);
		b->len -= drop;
	}
	buf_add(b, text, len);
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	int len;

	if (level == LIBBPF_DEBUG)
		return 0;
	len = vasprintf(&text, format, args);
	if (len < 0) {
		text = NULL;
		return len;
	}
	if (capture)
		keep_tail(&capture->text, text, (size_t)len);
	else
		log_debug("libbpf: %.*s", len && text[len - 1] == '\n' ? len - 1 : len, text);
	return len;
}

void object_begin(struct object_capture *c)
{
	*c = (struct object_capture){.previous = capture};
	capture = c;
	libbpf_set_print(print_libbpf);
}

int object_check_kernel(struct err *err)
{
	if (access(KERNEL_BTF, R_OK) < 0 && errno == ENOENT)
		return err_set(err, -EOPNOTSUPP,
			       "this kernel has no BTF (" KERNEL_BTF "): BPF programs cannot be fitted "
			       "to it; use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	return 0;
}

int object_not_permitted(const char *what, struct err *err)
{
	return err_set(err, -EPERM,
		       "%s: not permitted: run as root, or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN "
		       "and CAP_SYS_ADMIN",
		       what);
}

static bool is_refusal(int r)
{
	return r == -EPERM || r == -EACCES;
}

/* Only these come of a map type that the kernel does not know. That it does not know this one, the
 * kernel says itself: a trial that failed for another reason tells nothing. */
static bool no_ring_buffer(int r)
{
	return (r == -EINVAL || r == -EOPNOTSUPP) && features_ringbuf() == -EINVAL;
}

static int explain(const struct object_capture *c, int r, const char *what, struct err *err)
{
	struct object_facts facts = {.text = c->text.data ? c->text.data : "", .error = r};
	struct object_reason reason;

	if (is_refusal(r) && geteuid() != 0)
		return object_not_permitted(what, err);
	if (!is_refusal(r) && object_check_kernel(err) < 0)
		return err_prefix(err, -EOPNOTSUPP, "%s", what);
	if (no_ring_buffer(r))
		return err_set(err, -EOPNOTSUPP, "%s: this kernel has no BPF ring buffer; Linux 5.8 or later is needed",
			       what);
	features_lockdown("", facts.lockdown, sizeof(facts.lockdown));
	facts.missing_right = features_missing_right();
	object_find_reason(&facts, &reason);
	err_set(err, r, "%s: %s%s%s", what, reason.subject, reason.subject[0] ? ": " : "", reason.words);
	/* The kernel's -EINVAL is not that of an option. */
	if (reason.unsupported || r == -EINVAL)
		r = facts.missing_right ? -EPERM : -EOPNOTSUPP;
	return reason.has_log ? object_log_keep(reason.subject, facts.text, r, err) : r;
}

int object_end(struct object_capture *c, int r, const char *what, struct err *err)
{
	capture = c->previous;
	if (r < 0 && err)
		r = explain(c, r, what, err);
	buf_free(&c->text);
	return r;
}

int object_load(struct bpf_object_skeleton *skeleton, const char *what, struct err *err)
{
	struct object_capture c;

	object_begin(&c);
	return object_end(&c, bpf_object__load_skeleton(skeleton), what, err);
}
