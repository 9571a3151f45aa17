/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ending. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "ns.h"
#include "pidref.h"
#include "proc.h"
#include "process.h"

#define ENDINGS_MAX 256	  /* processes ended at a time */
#define KILL_WAIT_MS 5000 /* for the kernel to end what got SIGKILL */
#define STRAY_ROUNDS 20	  /* a stray may have forked meanwhile */

struct endings {
	unsigned n;
	struct pollfd fds[ENDINGS_MAX]; /* pidfds, readable when ended; -1 afterwards */
	pid_t pids[ENDINGS_MAX];
};

bool lab_process_is_alive(const struct lab_process *p)
{
	return pidref_is_alive(&p->ref) != 0;
}

static void close_all(struct endings *e)
{
	for (unsigned i = 0; i < e->n; i++)
		close(e->fds[i].fd);
	e->n = 0;
}

/* 0, also when the process has ended already. */
static int add_ending(struct endings *e, const struct pidref *process)
{
	int fd = pidref_open(process);

	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	e->fds[e->n] = (struct pollfd){.fd = fd, .events = POLLIN};
	e->pids[e->n++] = process->pid;
	return 0;
}

/* A process that cannot be told to end may live: the lab must not be taken for gone. */
static int cannot_end(struct endings *e, int32_t pid, int r, struct err *err)
{
	close_all(e);
	return err_set(err, r, "ending process %d: %s", pid, err_name(r));
}

static void send_signal(const struct endings *e, int sig)
{
	for (unsigned i = 0; i < e->n; i++) {
		if (e->fds[i].fd >= 0)
			pidref_kill(e->fds[i].fd, sig);
	}
}

static unsigned drop_ended(struct endings *e)
{
	unsigned left = 0;

	for (unsigned i = 0; i < e->n; i++) {
		if (e->fds[i].fd >= 0 && e->fds[i].revents) {
			close(e->fds[i].fd);
			e->fds[i].fd = -1;
		}
		left += e->fds[i].fd >= 0;
	}
	return left;
}

/* How many have not ended after ms. */
static unsigned wait_ended(struct endings *e, unsigned ms)
{
	uint64_t now = clock_boot_ns(), deadline = now + ms * NSEC_PER_MSEC;
	unsigned left = e->n;

	do {
		if (poll(e->fds, e->n, (int)((deadline - now) / NSEC_PER_MSEC) + 1) >= 0)
			left = drop_ended(e);
		now = clock_boot_ns();
	} while (left && now < deadline);
	return left;
}

static int end_all(struct endings *e, unsigned grace_ms, struct err *err)
{
	unsigned left = 0;
	int r = 0;

	if (!e->n)
		return 0;
	send_signal(e, SIGTERM);
	/* A stopped process would keep the signal for later. */
	send_signal(e, SIGCONT);
	if (wait_ended(e, grace_ms)) {
		send_signal(e, SIGKILL);
		left = wait_ended(e, KILL_WAIT_MS);
	}
	for (unsigned i = 0; i < e->n; i++) {
		if (e->fds[i].fd < 0)
			continue;
		r = err_set(err, -ETIMEDOUT, "%u processes do not end, among them pid %d", left, e->pids[i]);
		close(e->fds[i].fd);
	}
	return r;
}

int lab_process_end(const struct lab_process *processes, unsigned n, unsigned grace_ms, struct err *err)
{
	struct endings e = {0};

	_Static_assert(ENDINGS_MAX >= LAB_PROCESSES_MAX, "a lab's processes fit");
	for (unsigned i = 0; i < n && e.n < ENDINGS_MAX; i++) {
		int r = add_ending(&e, &processes[i].ref);

		if (r < 0)
			return cannot_end(&e, processes[i].ref.pid, r, err);
	}
	return end_all(&e, grace_ms, err);
}

struct inodes {
	uint64_t of[LAB_PROCESSES_MAX];
	unsigned n;
};

static void add_inode(struct inodes *inodes, const char *netns)
{
	_cleanup_close_ int fd = netns ? ns_open(netns, NULL) : -1;

	if (fd >= 0)
		inodes->of[inodes->n++] = ns_inode(fd);
}

static void collect_inodes(const struct lab_plan *plan, struct inodes *inodes)
{
	static const enum lab_node_kind kinds[] = {LAB_NODE_UE, LAB_NODE_GNB, LAB_NODE_UPF, LAB_NODE_DN};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (unsigned i = 1; i <= lab_plan_nodes(plan, kinds[k]); i++)
			add_inode(inodes, lab_plan_netns(plan, kinds[k], i));
	}
}

static bool has_inode(const struct inodes *inodes, uint64_t inode)
{
	for (unsigned i = 0; i < inodes->n; i++) {
		if (inode && inodes->of[i] == inode)
			return true;
	}
	return false;
}

static int find_strays(const struct inodes *inodes, struct endings *e, struct err *err)
{
	_cleanup_(proc_list_free) struct proc_list procs = {0};
	int r = proc_list("", &procs, err);

	if (r < 0)
		return r;
	e->n = 0;
	for (size_t i = 0; i < procs.len && e->n < ENDINGS_MAX; i++) {
		const struct proc *proc = &procs.items[i];
		struct pidref stray = pidref_of(proc);

		r = has_inode(inodes, proc->netns) ? add_ending(e, &stray) : 0;
		if (r < 0)
			return cannot_end(e, stray.pid, r, err);
	}
	return 0;
}

int lab_process_end_strays(const struct lab_plan *plan, unsigned grace_ms, struct err *err)
{
	struct inodes inodes = {0};
	struct endings e = {0};
	int r = 0;

	collect_inodes(plan, &inodes);
	if (has_inode(&inodes, ns_inode_self()))
		return err_set(err, -EDEADLK, "this runs in a namespace of the lab itself; run it outside");
	for (int i = 0; i < STRAY_ROUNDS; i++) {
		r = find_strays(&inodes, &e, err);
		if (r < 0 || !e.n)
			return r;
		r = end_all(&e, grace_ms, err);
		if (r < 0)
			return r;
	}
	return err_set(err, -ETIMEDOUT,
		       "processes in the lab's namespaces do not end, among them "
		       "pid %d",
		       e.pids[0]);
}
