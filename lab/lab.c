/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "genl.h"
#include "netns_mount.h"
#include "process.h"
#include "signals.h"
#include "topology.h"

#define UP_DEADLINE_NS (13 * NSEC_PER_SEC) /* leaves time to undo within 20 s */
#define GRACE_MS 2000

struct lab {
	struct lab_plan plan;
	struct lab_state state;
};

enum lab_upf_kind lab_upf_auto(void)
{
	return access("/sys/module/gtp5g", F_OK) == 0 ? LAB_UPF_GTP5G : LAB_UPF_USER;
}

static bool kernel_is_at_least(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned a, b;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &a, &b) != 2)
		return false;
	return a > major || (a == major && b >= minor);
}

bool lab_upf_carries_ipv6(enum lab_upf_kind kind)
{
	if (access("/proc/sys/net/ipv6", F_OK) < 0)
		return false;
	/* gtp: since "gtp: add IPv6 support"; gtp5g: no PDI for it. */
	return kind == LAB_UPF_USER || (kind == LAB_UPF_GTP && kernel_is_at_least(6, 10));
}

static int check_module(enum lab_upf_kind kind, struct err *err)
{
	const char *name = lab_upf_kind_name(kind);
	uint16_t family;
	int r;

	if (kind == LAB_UPF_USER)
		return 0;
	/* The kernel loads the in-tree module when asked for its family. */
	r = genl_family(name, &family, NULL);
	if (r >= 0)
		return 0;
	return err_set(err, -EOPNOTSUPP, "--upf %s: this kernel has no module %s loaded%s; --upf user works without",
		       name, name, kind == LAB_UPF_GTP ? " and finds none to load" : "");
}

static int check_node(enum lab_upf_kind kind, struct err *err)
{
	if (geteuid() != 0)
		return err_set(err, -EPERM,
			       "a lab takes root: network namespaces, TUN devices; "
			       "try sudo");
	if (access("/dev/net/tun", F_OK) < 0)
		return err_set(err, -EOPNOTSUPP,
			       "/dev/net/tun is missing: the lab's UEs need TUN devices; load the "
			       "module tun (modprobe tun)");
	return check_module(kind, err);
}

static int check_free(const char *netns, void *data)
{
	struct err *err = data;
	int r = lab_netns_exists(netns, err);

	return r <= 0 ? r
		      : err_set(err, -EEXIST,
				"the network namespace '%s' exists and is not this lab's; "
				"take another --name, or remove it (ip netns delete %s)",
				netns, netns);
}

static int check_down(const char *name, struct err *err)
{
	struct lab_state state;
	int r = lab_state_read(name, &state, err);

	if (r <= 0)
		return r;
	return err_set(err, -EALREADY, "the lab '%s' %s; teide lab down%s%s ends it", name,
		       state.up ? "is up" : "was left half made", strcmp(name, LAB_NAME_DEFAULT) ? " --name " : "",
		       strcmp(name, LAB_NAME_DEFAULT) ? name : "");
}

/* Takes the signals that would end this program, until the returned descriptor is closed and the
 * mask in *ret_previous is back. */
static int take_signals(sigset_t *ret_previous, struct err *err)
{
	sigset_t set;
	int fd;

	end_signals(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, ret_previous) < 0)
		return err_set(err, -errno, "cannot take signals: %s", strerror(errno));
	return fd;
}

static int start_all(struct lab *lab, const struct lab_wait *wait, struct err *err)
{
	static const enum lab_node_kind order[] = {LAB_NODE_DN, LAB_NODE_UPF, LAB_NODE_GNB, LAB_NODE_UE};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int r = lab_process_start(&lab->plan, order[i], &lab->state, wait, err);

		if (r < 0)
			return r;
	}
	lab->state.up = true;
	return lab_state_write(&lab->plan, &lab->state, err);
}

static int make(struct lab *lab, int cancel_fd, struct err *err)
{
	const struct lab_wait wait = {.cancel_fd = cancel_fd, .deadline_ns = clock_boot_ns() + UP_DEADLINE_NS};
	int r = lab_state_write(&lab->plan, &lab->state, err);

	if (r < 0)
		return r;
	r = lab_netns_dir_make(LAB_NETNS_MARKER, err);
	if (r >= 0)
		r = lab_topology_make(&lab->plan, cancel_fd, err);
	return r < 0 ? r : start_all(lab, &wait, err);
}

/* The state goes last: whatever ends this in between, the next down begins again. */
static int remove_all(const struct lab *lab, struct err *err)
{
	int r = lab_process_end(lab->state.processes, lab->state.n_processes, GRACE_MS, err);

	if (r >= 0)
		r = lab_process_end_strays(&lab->plan, GRACE_MS, err);
	if (r >= 0)
		r = lab_topology_remove(&lab->plan, err);
	if (r >= 0)
		r = lab_netns_dir_remove(LAB_NETNS_MARKER, lab_state_has_others(lab->plan.options.name), err);
	return r < 0 ? r : lab_state_remove(lab->plan.options.name, err);
}

static int make_or_undo(struct lab *lab, int cancel_fd, struct err *err)
{
	struct err undo_err = {0};
	int r = make(lab, cancel_fd, err), undo_r;

	if (r >= 0)
		return 0;
	undo_r = remove_all(lab, &undo_err);
	if (undo_r < 0)
		return err_prefix(err, r, "%s; then, undoing it", undo_err.text);
	return r;
}

static int up_locked(struct lab *lab, struct err *err)
{
	_cleanup_close_ int signal_fd = -1;
	sigset_t previous;
	int r = check_down(lab->plan.options.name, err);

	if (r < 0)
		return r;
	r = lab_topology_each(&lab->plan, check_free, err);
	if (r < 0) {
		(void)lab_state_remove(lab->plan.options.name, NULL);
		return r;
	}
	signal_fd = take_signals(&previous, err);
	if (signal_fd < 0)
		return signal_fd;
	r = make_or_undo(lab, signal_fd, err);
	/* One that came during the undoing has had its effect already. */
	if (r < 0)
		(void)!read(signal_fd, &(struct signalfd_siginfo){0}, sizeof(struct signalfd_siginfo));
	sigprocmask(SIG_SETMASK, &previous, NULL);
	return r;
}

int lab_up(const struct lab_options *options, struct err *err)
{
	_cleanup_free_ struct lab *lab = calloc(1, sizeof(*lab));
	_cleanup_close_ int lock = -1;
	int r;

	if (!lab)
		return err_oom(err);
	r = lab_plan_make(options, &lab->plan, err);
	if (r >= 0)
		r = check_node(options->upf, err);
	if (r < 0)
		return r;
	lab->state.options = *options;
	r = lab_state_boot_id(lab->state.boot_id, err);
	if (r < 0)
		return r;
	lock = lab_state_lock(options->name, true, err);
	return lock < 0 ? lock : up_locked(lab, err);
}

static int down_locked(const char *name, struct lab *lab, struct err *err)
{
	int r = lab_state_read(name, &lab->state, err);

	if (r < 0)
		return r;
	/* Ended between making the directory and writing the state: nothing else was made. */
	if (!r)
		return lab_state_remove(name, err);
	r = lab_plan_make(&lab->state.options, &lab->plan, err);
	return r < 0 ? r : remove_all(lab, err);
}

int lab_down(const char *name, struct err *err)
{
	_cleanup_free_ struct lab *lab = calloc(1, sizeof(*lab));
	_cleanup_close_ int lock = -1;
	int r;

	if (!lab)
		return err_oom(err);
	if (geteuid() != 0)
		return err_set(err, -EPERM, "ending a lab takes root; try sudo");
	lock = lab_state_lock(name, false, err);
	if (lock == -ENOENT)
		return 0;
	if (lock < 0)
		return lock;
	r = down_locked(name, lab, err);
	return r < 0 ? r : 1;
}

int lab_open(const char *name, struct lab_state *ret_state, struct lab_plan *ret_plan, struct err *err)
{
	int r = lab_state_read(name, ret_state, err);

	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "there is no lab '%s'; teide lab up makes one", name);
	return lab_plan_make(&ret_state->options, ret_plan, err);
}
