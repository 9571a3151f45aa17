/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "object.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* libbpf's print callback has no data pointer; this is the one way to it. */
static _Thread_local struct object_capture *capture;

static void keep_tail(struct object_capture *c, const char *text, size_t len)
{
	size_t room = sizeof(c->tail) - 1;

	if (len > room) {
		text += len - room;
		len = room;
	}
	if (c->len + len > room) {
		size_t drop = c->len + len - room;

		memmove(c->tail, c->tail + drop, c->len - drop);
		c->len -= drop;
	}
	memcpy(c->tail + c->len, text, len);
	c->len += len;
	c->tail[c->len] = '\0';
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
		keep_tail(capture, text, (size_t)len);
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

static bool no_ring_buffer(void)
{
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 0;
}

/* As much of the tail as an err holds beside the rest, from the start of a line on. */
static const char *last_words(struct object_capture *c, size_t max)
{
	const char *text = c->tail, *line;

	while (c->len && c->tail[c->len - 1] == '\n')
		c->tail[--c->len] = '\0';
	if (c->len <= max)
		return text;
	text += c->len - max;
	line = strchr(text, '\n');
	return line ? line + 1 : text;
}

int object_not_permitted(const char *what, struct err *err)
{
	return err_set(err, -EPERM,
		       "%s: not permitted: run as root, or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN "
		       "and CAP_SYS_ADMIN",
		       what);
}

int object_end(struct object_capture *c, int r, const char *what, struct err *err)
{
	capture = c->previous;
	if (r >= 0)
		return r;
	if (r == -EPERM || r == -EACCES) {
		if (geteuid() != 0)
			return object_not_permitted(what, err);
	} else if (object_check_kernel(err) < 0) {
		return err_prefix(err, -EOPNOTSUPP, "%s", what);
	} else if (no_ring_buffer()) {
		return err_set(err, -EOPNOTSUPP,
			       "%s: this kernel has no BPF ring buffer; Linux 5.8 or later is needed",
			       what);
	}
	return err_set(err, r, "%s: %s%s%s", what, err_name(r), c->len ? ":\n" : "",
		       last_words(c, sizeof(((struct err *)0)->text) - 200));
}

int object_load(struct bpf_object *object, const char *what, struct err *err)
{
	struct object_capture c;

	object_begin(&c);
	return object_end(&c, bpf_object__load(object), what, err);
}
