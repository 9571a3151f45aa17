/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "object_reason.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "err.h"
#include "kernel_features.h"

#define LOG_BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define LOG_END "-- END PROG LOAD LOG --"

/* A part of a text that the caller owns. */
struct span {
	const char *at;
	size_t len;
};

#define SPAN(s) (int)(s).len, (s).at

static bool starts(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && !memcmp(s.at, with, len);
}

static const char *find_in(struct span s, const char *what)
{
	return s.len ? memmem(s.at, s.len, what, strlen(what)) : NULL;
}

static const char *find_last(const char *text, const char *what)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, what)); at++)
		found = at;
	return found;
}

/* What stands in quotes behind the last "libbpf: KIND '". */
static struct span last_named(const char *text, const char *kind)
{
	char prefix[32];
	const char *at;

	snprintf(prefix, sizeof(prefix), "libbpf: %s '", kind);
	at = find_last(text, prefix);
	if (!at)
		return (struct span){""};
	at += strlen(prefix);
	return (struct span){at, strcspn(at, "'\n")};
}

static void find_subject(const char *text, struct object_reason *ret)
{
	struct span program = last_named(text, "prog"), map = last_named(text, "map");

	if (program.len)
		snprintf(ret->subject, sizeof(ret->subject), "program %.*s", SPAN(program));
	else if (map.len)
		snprintf(ret->subject, sizeof(ret->subject), "map %.*s", SPAN(map));
}

/* Takes the first line off s, without blanks around it; false at the end. */
static bool next_line(struct span *s, struct span *ret)
{
	const char *end;

	if (!s->len)
		return false;
	end = memchr(s->at, '\n', s->len);
	*ret = (struct span){s->at, end ? (size_t)(end - s->at) : s->len};
	s->at += ret->len + (end ? 1 : 0);
	s->len -= ret->len + (end ? 1 : 0);
	while (ret->len && isspace((unsigned char)ret->at[0])) {
		ret->at++;
		ret->len--;
	}
	while (ret->len && isspace((unsigned char)ret->at[ret->len - 1]))
		ret->len--;
	return true;
}

/* The log of the program that was tried last. Where its beginning was dropped, what is left of it. */
static struct span verifier_log(const char *text)
{
	const char *begin = find_last(text, LOG_BEGIN), *end = find_last(text, LOG_END);

	if (!end || (begin && begin > end))
		return (struct span){""};
	begin = begin ? begin + strlen(LOG_BEGIN) : text;
	return (struct span){begin, (size_t)(end - begin)};
}

/* "215: (79) r1 = *(u64 *)(r9 +0)" */
static bool is_instruction(struct span line)
{
	size_t digits = 0;

	while (digits < line.len && isdigit((unsigned char)line.at[digits]))
		digits++;
	return digits && digits < line.len && line.at[digits] == ':';
}

/* The verifier's figures, the program's source and its instructions are around what it complains of. */
static bool is_complaint(struct span line)
{
	static const char *const others[] = {"processed ", "verification time", "stack depth", "insn_processed", ";"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (starts(line, others[i]))
			return false;
	return line.len && !is_instruction(line);
}

static struct span last_complaint(struct span log)
{
	struct span line, last = {""};

	while (next_line(&log, &line))
		if (is_complaint(line))
			last = line;
	return last;
}

/* What libbpf said first is the cause, what it said later follows from it. */
static struct span first_warning(const char *text)
{
	struct span rest = {text, strlen(text)}, line;

	while (next_line(&rest, &line)) {
		if (!starts(line, "libbpf: "))
			continue;
		line.at += strlen("libbpf: ");
		line.len -= strlen("libbpf: ");
		return line;
	}
	return (struct span){""};
}

/* A helper or a function of the kernel that the program may not call, by name. */
static struct span unknown_call(const struct object_facts *f, struct span complaint)
{
	static const char *const before[] = {"unknown func ", "cannot use helper ", "calling kernel function "};
	const char *at;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		at = find_in(complaint, before[i]);
		if (!at)
			continue;
		at += strlen(before[i]);
		return (struct span){at, strcspn(at, "# \n")};
	}
	/* Without CAP_SYS_ADMIN libbpf cannot even look for it in the modules' BTF: -EPERM. */
	return f->error == -ESRCH ? last_named(f->text, "extern (func ksym)") : (struct span){""};
}

static void say(struct object_reason *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct object_reason *ret, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(ret->words, sizeof(ret->words), format, ap);
	va_end(ap);
}

static void say_unknown(const struct object_facts *f, struct span call, struct object_reason *ret)
{
	bool reads = starts(call, "bpf_probe_read") && !starts(call, "bpf_probe_read_user");

	if (f->missing_right)
		say(ret, "%s is missing, without which a program may not call %.*s; run as root, or grant it",
		    f->missing_right, SPAN(call));
	else if (reads && !strcmp(f->lockdown, "confidentiality"))
		say(ret, NO_KERNEL_READS "; boot with lockdown=integrity");
	else if (reads)
		say(ret,
		    "this kernel lets no program read its memory (%.*s), as one that is locked down for "
		    "confidentiality does; boot with lockdown=integrity",
		    SPAN(call));
	else
		say(ret,
		    "this kernel does not let the program call %.*s: it is too old, or built without it; "
		    "use a later kernel",
		    SPAN(call));
}

static void say_refused(const struct object_facts *f, struct object_reason *ret)
{
	if (f->missing_right)
		say(ret, "not permitted: %s is missing; run as root, or grant it", f->missing_right);
	else
		say(ret,
		    "%s: something forbids it to root as well (a container without CAP_SYS_ADMIN or its "
		    "seccomp profile, a security module, a hardened kernel, before Linux 5.11 the limit of "
		    "locked memory); run on the host, with all capabilities",
		    err_name(f->error));
}

const char *object_error_words(int error)
{
	switch (error) {
	case -EMFILE:
		return "too many open files in this process; raise the limit (ulimit -n, systemd: LimitNOFILE=)";
	case -ENFILE:
		return "too many open files on this node; raise the limit (sysctl fs.file-max)";
	case -ENOMEM:
		return "no memory, on this node or in the cgroup; give the cgroup more, or the probe smaller "
		       "tables (its max_ options)";
	default:
		return err_name(error);
	}
}

/* What has nothing to do with the program; 0: none of these. Where a trial of libbpf's own fails by it, libbpf
 * makes another error of it. */
static int exhausted(const struct object_facts *f)
{
	if (f->error == -EMFILE || strstr(f->text, "Too many open files"))
		return -EMFILE;
	return f->error == -ENFILE || f->error == -ENOMEM ? f->error : 0;
}

/* libbpf puts it into the log in place of the verifier's own words: "failed to resolve CO-RE relocation <byte_off>
 * [143] struct task_struct.pid (0:0 @ offset 0)". */
static struct span missing_field(struct span complaint)
{
	const char *at = starts(complaint, "failed to resolve CO-RE relocation") ? find_in(complaint, "] ") : NULL;
	size_t len;

	if (!at)
		return (struct span){""};
	at += 2;
	len = strcspn(at, "(\n");
	return (struct span){at, len && at[len - 1] == ' ' ? len - 1 : len};
}

/* Of the kernel's own functions and tracepoints. */
static struct span missing_type(const char *text)
{
	static const char before[] = "failed to find kernel BTF type ID of '";
	const char *at = strstr(text, before);

	if (!at)
		return (struct span){""};
	at += strlen(before);
	return (struct span){at, strcspn(at, "'\n")};
}

static void say_verdict(const struct object_facts *f, struct span complaint, struct object_reason *ret)
{
	const char *line = complaint.len ? complaint.at : "it says no more";
	int len = (int)(complaint.len ? MIN(complaint.len, 160) : strlen(line));
	struct span field = missing_field(complaint);

	if (f->missing_right)
		say(ret,
		    "%s is missing, without which the kernel's verifier refuses it (%.*s); run as root, or "
		    "grant it",
		    f->missing_right, len, line);
	else if (field.len)
		say(ret, "this kernel has no %.*s, which the program reads; use another kernel, and report it",
		    SPAN(field));
	else if (f->error == -E2BIG)
		say(ret, "too complex for this kernel's verifier (%.*s); use a later kernel, and report it", len, line);
	else
		say(ret,
		    "the kernel's verifier refuses it (%.*s); use another kernel or another build, and "
		    "report it",
		    len, line);
}

static void say_other(const struct object_facts *f, struct object_reason *ret)
{
	struct span warning = first_warning(f->text), type = missing_type(f->text);

	if (type.len)
		say(ret, "this kernel has no %.*s in its BTF: it is too old, or built without it; use a later kernel",
		    SPAN(type));
	else if (f->error == -EPERM || f->error == -EACCES || f->missing_right)
		say_refused(f, ret);
	else if (f->error == -ENOSPC)
		say(ret, "no room, in a map or for the verifier's log; report it");
	else if (f->error == -E2BIG)
		say(ret, "this kernel is too old for what is asked of it; use a later kernel");
	else
		say(ret, "%s%s%.*s", err_name(f->error), warning.len ? ": " : "", SPAN(warning));
}

void object_find_reason(const struct object_facts *f, struct object_reason *ret)
{
	struct span log = verifier_log(f->text), complaint = last_complaint(log), call;

	*ret = (struct object_reason){0};
	find_subject(f->text, ret);
	if (exhausted(f)) {
		say(ret, "%s", object_error_words(exhausted(f)));
		return;
	}
	call = unknown_call(f, complaint);
	ret->has_log = complaint.len;
	ret->unsupported = !f->missing_right && (call.len || missing_field(complaint).len || missing_type(f->text).len);
	if (call.len)
		say_unknown(f, call, ret);
	else if (complaint.len)
		say_verdict(f, complaint, ret);
	else
		say_other(f, ret);
}
