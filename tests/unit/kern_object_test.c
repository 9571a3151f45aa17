/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a person is told when programs do not load: one line with the program, the reason and the way out, from
 * texts that libbpf 1.1 and Linux 5.10 to 6.18 have written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "object.h"
#include "object_reason.h"

#define BEGIN(program) "libbpf: prog '" program "': -- BEGIN PROG LOAD LOG --\n"
#define END(program, error)                                                                                            \
	"-- END PROG LOAD LOG --\nlibbpf: prog '" program "': failed to load: " error                                  \
	"\nlibbpf: failed to load object 'x_bpf'\nlibbpf: failed to load BPF skeleton 'x_bpf': " error "\n"

/* clang 14's undefined header (6.1). */
static const char undefined[] =
	"libbpf: prog 'kprobe_gtp_encap_recv': BPF program load failed: Permission denied\n" BEGIN(
		"kprobe_gtp_encap_recv") "; at->off += sizeof(struct packet_ipv6);\n"
					 "1418: (07) r9 += 40\n"
					 "R9 !read_ok\n"
					 "processed 1243 insns (limit 1000000) max_states_per_insn 4 total_states 92 "
					 "peak_states 92 mark_read 40\n" END("kprobe_gtp_encap_recv", "-13");

/* 6.12 with lockdown=confidentiality; libbpf has taken the older helper. */
static const char locked_down[] = "libbpf: prog 'flow_packet': BPF program load failed: Invalid argument\n" BEGIN(
	"flow_packet") "; return (struct task_id){.tid = BPF_CORE_READ(t, pid), .tgid = BPF_CORE_READ(t, tgid)}; @ "
		       "task.h:24\n"
		       "862: (b4) w2 = 4                      ; R2_w=4\n"
		       "863: (85) call bpf_probe_read#4\n"
		       "program of this type cannot use helper bpf_probe_read#4\n"
		       "processed 549 insns (limit 1000000) max_states_per_insn 1 total_states 31 peak_states 31 "
		       "mark_read 17\n" END("flow_packet", "-22");

static const char no_helper[] = "libbpf: prog 'flow_packet': BPF program load failed: Invalid argument\n" BEGIN(
	"flow_packet") "12: (85) call bpf_ktime_get_boot_ns#125\n"
		       "unknown func bpf_ktime_get_boot_ns#125\n"
		       "processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 "
		       "mark_read 0\n" END("flow_packet", "-22");

static const char no_kfunc[] = "libbpf: extern (func ksym) 'bpf_dynptr_clone': not found in kernel or module BTFs\n"
			       "libbpf: failed to load object 'x_bpf'\n";

static const char no_field[] = "libbpf: prog 'flow_packet': BPF program load failed: Invalid argument\n" BEGIN(
	"flow_packet") "868: <invalid CO-RE relocation>\n"
		       "failed to resolve CO-RE relocation <byte_off> [143] struct task_struct.pid (0:0 @ offset 0)\n"
		       "processed 860 insns (limit 1000000) max_states_per_insn 1 total_states 31 peak_states 31 "
		       "mark_read 17\n" END("flow_packet", "-22");

static const char no_tracepoint[] =
	"libbpf: prog 'runq_wakeup': failed to find kernel BTF type ID of 'sched_wakeup': -3\n"
	"libbpf: prog 'runq_wakeup': failed to prepare load attributes: -3\n"
	"libbpf: prog 'runq_wakeup': failed to load: -3\n";

static const char too_complex[] = "libbpf: prog 'runq_switch': BPF program load failed: Argument list too long\n" BEGIN(
	"runq_switch") "BPF program is too large. Processed 1000001 insn\n"
		       "processed 1000001 insns (limit 1000000) max_states_per_insn 33 total_states 9000 peak_states "
		       "9000 mark_read 3\n"
		       "verification time 812345 usec\nstack depth 208+64\n" END("runq_switch", "-7");

static const char refused[] = "libbpf: prog 'fentry_gtp_rx': BPF program load failed: Operation not permitted\n"
			      "libbpf: prog 'fentry_gtp_rx': failed to load: -1\n";

/* A trial of libbpf's own has failed by the limit; the error is what libbpf made of that. */
static const char out_of_files[] =
	"libbpf: Error in bpf_object__probe_loading():Too many open files(24). Couldn't load trivial BPF program.\n"
	"libbpf: failed to load object 'flow_bpf'\n";

static const char map_refused[] = "libbpf: map 'flows': failed to create: Operation not permitted(-1)\n";

static void expect(const struct object_facts *f, const char *subject, const char *words, bool has_log)
{
	struct object_reason reason;

	object_find_reason(f, &reason);
	if (!strstr(reason.words, words))
		fail_msg("'%s' does not say '%s'", reason.words, words);
	assert_null(strchr(reason.words, '\n'));
	assert_non_null(strstr(reason.words, "; ")); /* the way out */
	assert_string_equal(reason.subject, subject);
	assert_int_equal(reason.has_log, has_log);
}

static void the_verifier_is_quoted_in_its_last_words(void **state)
{
	expect(&(struct object_facts){.text = undefined, .error = -EACCES}, "program kprobe_gtp_encap_recv",
	       "verifier refuses it (R9 !read_ok)", true);
	expect(&(struct object_facts){.text = too_complex, .error = -E2BIG}, "program runq_switch",
	       "too complex for this kernel's verifier (BPF program is too large. Processed 1000001 insn)", true);
}

static void lockdown_is_called_by_its_name(void **state)
{
	struct object_facts f = {.text = locked_down, .error = -EINVAL, .lockdown = "confidentiality"};

	expect(&f, "program flow_packet", "the kernel is locked down for confidentiality", true);
	/* without securityfs nothing tells */
	f.lockdown[0] = '\0';
	expect(&f, "program flow_packet", "as one that is locked down for confidentiality does", true);
	/* and a process without the right does not blame the kernel */
	f.missing_right = "CAP_PERFMON";
	expect(&f, "program flow_packet", "CAP_PERFMON is missing", true);
}

static void what_the_kernel_lacks_is_named(void **state)
{
	expect(&(struct object_facts){.text = no_helper, .error = -EINVAL}, "program flow_packet",
	       "call bpf_ktime_get_boot_ns: it is too old", true);
	expect(&(struct object_facts){.text = no_kfunc, .error = -ESRCH}, "", "call bpf_dynptr_clone: it is too old",
	       false);
	expect(&(struct object_facts){.text = no_field, .error = -EINVAL}, "program flow_packet",
	       "no struct task_struct.pid, which", true);
	expect(&(struct object_facts){.text = no_tracepoint, .error = -ESRCH}, "program runq_wakeup",
	       "no sched_wakeup in its BTF", false);
}

static void rights_and_limits_are_not_the_kernels_fault(void **state)
{
	struct object_facts f = {.text = refused, .error = -EPERM};

	expect(&f, "program fentry_gtp_rx", "forbids it to root as well", false);
	f.missing_right = "CAP_BPF";
	expect(&f, "program fentry_gtp_rx", "not permitted: CAP_BPF is missing", false);
	expect(&(struct object_facts){.text = map_refused, .error = -EPERM}, "map flows", "locked memory", false);
	expect(&(struct object_facts){.text = out_of_files, .error = -EINVAL}, "", "too many open files", false);
	expect(&(struct object_facts){.text = "", .error = -EMFILE}, "", "ulimit -n", false);
	expect(&(struct object_facts){.text = "", .error = -ENFILE}, "", "fs.file-max", false);
	expect(&(struct object_facts){.text = "", .error = -ENOMEM}, "", "cgroup", false);
}

/* The tail of a log that was too long to be kept whole. */
static void a_log_without_its_beginning(void **state)
{
	const char *tail = strstr(undefined, "1418:");

	expect(&(struct object_facts){.text = tail, .error = -EACCES}, "program kprobe_gtp_encap_recv", "R9 !read_ok",
	       true);
}

/* As libbpf hands an error on: whatever came of the trials for it, it is the one that is named. */
static void an_error_is_named_as_what_it_is(void **state)
{
	static const struct {
		int error;
		const char *words;
	} cases[] = {{-EMFILE, "too many open files"}, {-ENOMEM, "no memory"}, {-ENOSPC, "no room"}};
	struct object_capture capture;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		object_begin(&capture);
		assert_int_equal(object_end(&capture, cases[i].error, "it", &err), cases[i].error);
		if (strncmp(err.text, "it: ", 4) || !strstr(err.text, cases[i].words) ||
		    strstr(err.text, "ring buffer"))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_is_quoted_in_its_last_words),
		cmocka_unit_test(lockdown_is_called_by_its_name),
		cmocka_unit_test(what_the_kernel_lacks_is_named),
		cmocka_unit_test(rights_and_limits_are_not_the_kernels_fault),
		cmocka_unit_test(a_log_without_its_beginning),
		cmocka_unit_test(an_error_is_named_as_what_it_is),
	};

	return cmocka_run_group_tests_name("kern object", tests, NULL, NULL);
}
