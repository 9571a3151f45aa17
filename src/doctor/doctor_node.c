/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "cpu_context.h"
#include "file.h"
#include "kernel_features.h"
#include "local_thread.h"
#include "privileges.h"

void doctor_read_files(const char *root, struct node_facts *ret)
{
	char line[64];

	ret->capabilities = privileges_effective(root);
	features_lockdown(root, ret->lockdown, sizeof(ret->lockdown));
	ret->jit_known = read_first_line(root, "/proc/sys/net/core/bpf_jit_enable", line, sizeof(line));
	ret->jit = ret->jit_known && line[0] != '0';
	ret->autogroup =
		read_first_line(root, "/proc/sys/kernel/sched_autogroup_enabled", line, sizeof(line)) && line[0] == '1';
	ret->sched_ext = read_first_line(root, "/sys/kernel/sched_ext/state", line, sizeof(line));
	if (!ret->sched_ext || strcmp(line, "enabled"))
		return;
	if (!read_first_line(root, "/sys/kernel/sched_ext/root/ops", ret->scheduler, sizeof(ret->scheduler)))
		snprintf(ret->scheduler, sizeof(ret->scheduler), "one without a name");
}

void doctor_read_node(const char *root, struct node_facts *ret)
{
	struct cpu_context context;
	struct utsname uts;
	uint64_t own_slice;

	*ret = (struct node_facts){0};
	doctor_read_files(root, ret);
	if (!uname(&uts)) {
		snprintf(ret->release, sizeof(ret->release), "%.64s %.24s", uts.release, uts.machine);
		if (sscanf(uts.release, "%u.%u", &ret->major, &ret->minor) != 2)
			ret->major = ret->minor = 0;
	}
	features_probe(&ret->features);
	ret->slices = local_probe_slice(&local_kernel_ops, &own_slice);
	cpu_context_find(&context);
	ret->context_means = cpu_context_means(&context);
}

static bool older_than(const struct node_facts *f, unsigned major, unsigned minor)
{
	return f->major && (f->major < major || (f->major == major && f->minor < minor));
}

static void judge_version(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "version", "kernel.version");

	check_set(c, CHECK_OK, "Linux %s", f->release);
	if (!older_than(f, 5, 10))
		return;
	check_set(c, CHECK_MISSING, "Linux %s; 5.10 is the oldest that is supported", f->release);
	check_remedy(c, "run a kernel of 5.10 or later");
	c->fatal = older_than(f, 5, 8); /* the ring buffer's first */
}

static void judge_btf(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "BTF", "kernel.btf");

	check_set(c, CHECK_OK, "/sys/kernel/btf/vmlinux");
	check_line(c, "has");
	if (f->features.vmlinux_btf)
		return;
	c->line[0] = '\0';
	c->fatal = true;
	check_set(c, CHECK_MISSING, "/sys/kernel/btf/vmlinux cannot be read: no program can be fitted to this kernel");
	check_remedy(c, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions build it; "
			"in a container, mount /sys");
}

/* A right that is missing looks like a feature that is: the way out is another. */
static void remedy_for(struct check *c, int error, const char *otherwise)
{
	if ((error == -EPERM || error == -EACCES) && geteuid() != 0)
		check_remedy(c, "run as root, or with the rights below");
	else if (error == -EPERM || error == -EACCES)
		check_remedy(c, "something forbids it to root as well (a container's seccomp profile, a "
				"hardened kernel): run on the host, on a distribution's kernel");
	else
		check_remedy(c, "%s", otherwise);
}

static void judge_ring(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "ring buffer", "kernel.ring_buffer");

	check_set(c, CHECK_OK, "a map was made");
	check_line(c, "has");
	if (!f->features.ringbuf)
		return;
	c->line[0] = '\0';
	c->fatal = true;
	check_set(c, CHECK_MISSING, "refused: %s: no program of teide loads", err_name(f->features.ringbuf));
	remedy_for(c, f->features.ringbuf,
		   "use Linux 5.8 or later; in a container, allow bpf(2) (seccomp, privileges)");
}

static void judge_fentry(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "fentry", "kernel.fentry");

	check_set(c, CHECK_OK, "a program was attached to a kernel function");
	check_line(c, "has");
	if (!f->features.fentry)
		return;
	c->line[0] = '\0';
	check_set(c, f->features.kprobe ? CHECK_MISSING : CHECK_LIMITED, "refused: %s; %s",
		  err_name(f->features.fentry),
		  f->features.kprobe ? "nor are there kprobes: calls of modules are not shown"
				     : "kprobes are used, which cost more for each call");
	remedy_for(c, f->features.fentry,
		   "use a kernel of 5.5 or later with CONFIG_FUNCTION_TRACER and BTF (arm64: 6.4)");
}

static void judge_kprobe(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "kprobes", "kernel.kprobe");

	check_set(c, CHECK_OK, "one was opened");
	check_line(c, "has");
	if (!f->features.kprobe)
		return;
	c->line[0] = '\0';
	check_set(c, f->features.fentry ? CHECK_MISSING : CHECK_LIMITED, "%s%s: %s",
		  f->features.kprobe == -ENOENT ? "not built in" : "refused: ",
		  f->features.kprobe == -ENOENT ? "" : err_name(f->features.kprobe),
		  "a module without BTF cannot be watched");
	remedy_for(c, f->features.kprobe, "use a kernel with CONFIG_KPROBES=y and CONFIG_BPF_EVENTS=y");
}

static void judge_tc(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "packets at TC", "kernel.tc");
	int error = f->features.tcx;

	if (!error)
		check_set(c, CHECK_OK, "by tcx");
	else if (error != -EPERM && error != -EACCES)
		check_set(c, CHECK_OK, "by clsact: tcx is there from Linux 6.6 on");
	else
		check_set(c, CHECK_MISSING, "refused: %s: no packets at interfaces, no flows", err_name(error));
	if (c->state != CHECK_OK)
		remedy_for(c, error,
			   "allow bpf(2) and CAP_NET_ADMIN; in a container, see its seccomp "
			   "profile");
}

static void judge_context(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "context", "kernel.context");

	check_set(c, CHECK_OK, "process and softirq are told apart by %s", f->context_means);
	if (strcmp(f->context_means, "none"))
		return;
	check_set(c, CHECK_LIMITED, "nothing tells process from softirq: the task of an event may be a bystander");
	check_remedy(c, "run as root (addresses in /proc/kallsyms), with kernel.kptr_restrict below 2");
}

/* CAP_PERFMON, CAP_SYS_ADMIN: without both of them it is the right that is missing. */
#define READING (UINT64_C(1) << 38 | UINT64_C(1) << 21)

/* By what was tried: the file is not everywhere, and tells of no kernel that patches its helpers out. */
static void judge_lockdown(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_KERNEL, "lockdown", "kernel.lockdown");

	check_set(c, CHECK_OK, "%s",
		  f->lockdown[0] ? f->lockdown : "none seen: /sys/kernel/security/lockdown is not there");
	if (!strcmp(f->lockdown, "integrity"))
		check_set(c, CHECK_INFO, "integrity: only signed modules load; teide is not touched");
	if (f->features.kernel_reads != -EINVAL || !(f->capabilities & READING))
		return;
	check_set(c, CHECK_LIMITED,
		  "confidentiality: programs may not read the kernel's memory: packets have no "
		  "process and no context, and no calls of modules are shown");
	check_remedy(c, "boot with lockdown=integrity, or without lockdown");
}

static void judge_jit(const struct node_facts *f, struct report *r)
{
	struct check *c;

	if (!f->jit_known)
		return;
	c = report_add(r, CHECK_KERNEL, "JIT", "kernel.jit");
	check_set(c, CHECK_OK, "programs run as machine code");
	check_line(c, "has");
	if (f->jit)
		return;
	c->line[0] = '\0';
	check_set(c, CHECK_LIMITED, "off: programs are interpreted, each packet costs several times more");
	check_remedy(c, "sysctl net.core.bpf_jit_enable=1");
}

void doctor_judge_kernel(const struct node_facts *f, struct report *r)
{
	judge_version(f, r);
	judge_btf(f, r);
	judge_ring(f, r);
	judge_jit(f, r);
	judge_fentry(f, r);
	judge_kprobe(f, r);
	judge_tc(f, r);
	judge_context(f, r);
	judge_lockdown(f, r);
}

struct right {
	unsigned bit; /* linux/capability.h */
	const char *name;
	const char *without; /* what is lost */
	bool by_admin;	     /* CAP_SYS_ADMIN implies it (Linux 5.8) */
	bool fatal;
	bool optional; /* what is lost has to be asked for */
};

#define BIT_SYS_ADMIN 21
#define BIT_SYS_RESOURCE 24

static const struct right rights[] = {
	{39, "CAP_BPF", "no program loads", .by_admin = true, .fatal = true},
	{38, "CAP_PERFMON", "programs may not read the kernel's memory: nothing is shown", .by_admin = true,
	 .fatal = true},
	{12, "CAP_NET_ADMIN", "no packets at interfaces, so no tunnels and flows"},
	{BIT_SYS_ADMIN, "CAP_SYS_ADMIN",
	 "other network namespaces (pods) cannot be entered, and a module's BTF not be found"},
	{19, "CAP_SYS_PTRACE", "who holds the N3 socket or a UE's TUN device is not found"},
	{23, "CAP_SYS_NICE", "sched.backend: local can boost no thread", .optional = true},
	{BIT_SYS_RESOURCE, "CAP_SYS_RESOURCE", "before Linux 5.11 maps may not fit the locked memory"},
};

static void judge_right(const struct node_facts *f, const struct right *right, struct report *r)
{
	struct check *c = report_add(r, CHECK_RIGHTS, right->name, "rights.%s", right->name);
	bool admin = f->capabilities >> BIT_SYS_ADMIN & 1;

	if (f->capabilities >> right->bit & 1 || (right->by_admin && admin)) {
		check_set(c, CHECK_OK, "%s", f->capabilities >> right->bit & 1 ? "there" : "by CAP_SYS_ADMIN");
		check_line(c, "has");
		return;
	}
	/* From 5.11 on maps are accounted to the cgroup. */
	if (right->bit == BIT_SYS_RESOURCE && f->major && !older_than(f, 5, 11)) {
		check_set(c, CHECK_OK, "not needed from Linux 5.11 on");
		check_line(c, "does without");
		return;
	}
	c->fatal = right->fatal;
	check_set(c, right->fatal ? CHECK_MISSING : right->optional ? CHECK_INFO : CHECK_LIMITED, "%s", right->without);
	check_remedy(c,
		     "run as root, or grant %s (systemd: AmbientCapabilities; in a pod's manifest "
		     "securityContext.capabilities.add: [%s])",
		     right->name, right->name + strlen("CAP_"));
}

void doctor_judge_rights(const struct node_facts *f, struct report *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		judge_right(f, &rights[i], r);
}

/* What sched.backend: local has to work with. */
static void judge_local(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_SCHEDULER, "this kernel", "scheduler.local");

	check_set(c, f->autogroup ? CHECK_INFO : CHECK_OK, "nice levels, SCHED_RR%s%s",
		  f->slices ? ", slices" : "; no slices (6.12 and later)",
		  f->autogroup ? "; outside of CPU cgroups a nice level counts within its session alone" : "");
	if (f->autogroup)
		check_remedy(c, "sysctl kernel.sched_autogroup_enabled=0, or local.policy: rr");
}

void doctor_judge_scheduler(const struct node_facts *f, struct report *r)
{
	struct check *c = report_add(r, CHECK_SCHEDULER, "sched_ext", "scheduler.sched_ext");

	if (!f->sched_ext)
		check_set(c, CHECK_INFO,
			  "not in this kernel (6.12 and later, CONFIG_SCHED_CLASS_EXT): "
			  "Gthulhu cannot run here, sched.backend: local can");
	else if (!f->scheduler[0])
		check_set(c, CHECK_INFO, "in this kernel, and no scheduler runs by it");
	else
		check_set(c, CHECK_OK, "the scheduler %s runs", f->scheduler);
	if (f->sched_ext && !f->scheduler[0])
		check_remedy(c, "to have strategies act, start the scheduler (Gthulhu) on this node, or set "
				"sched.backend: local");
	judge_local(f, r);
}
