/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Starting. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "ns.h"
#include "proc.h"

#define FAILED_TAG 'E'
#define CHILD_FD_MIN 10 /* above those that get a fixed number */

/* On the readiness pipe in one write, so that it arrives whole: it is shorter than PIPE_BUF. */
struct failure {
	char tag;
	int r;
	char text[sizeof(((struct err *)0)->text)];
};

/* A batch of nodes of one kind. */
struct batch {
	const struct lab_plan *plan;
	enum lab_node_kind kind;
	unsigned n;
	int go_read, go_write;		      /* a byte each: go on; end of file: the parent has died */
	struct pollfd ready[LAB_UES_MAX + 1]; /* readiness pipes; the last is cancel_fd */
	pid_t pids[LAB_UES_MAX];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void batch_close(struct batch *b)
{
	close_fd(&b->go_read);
	close_fd(&b->go_write);
	for (unsigned i = 0; i < b->n; i++)
		close_fd(&b->ready[i].fd);
}

void lab_process_say_failed(int fd, int r, const struct err *err)
{
	struct failure f = {.tag = FAILED_TAG, .r = r};

	memcpy(f.text, err->text, sizeof(f.text) - 1);
	(void)!write(fd, &f, sizeof(f));
}

static int child_stdio(const struct batch *b, unsigned index, struct err *err)
{
	char path[LAB_STATE_PATH_MAX], file[32];
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC), log_fd;

	snprintf(file, sizeof(file), "%s%u.log", lab_node_kind_name(b->kind), index);
	log_fd = open(lab_state_path(b->plan->options.name, file, path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		      0644);
	if (null_fd < 0 || log_fd < 0 || dup2(null_fd, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int child_exec(const struct batch *b, unsigned index, struct err *err)
{
	const struct lab_options *o = &b->plan->options;
	char index_text[12], ues[12], gnbs[12], flows[12], sessions[12];
	char *argv[] = {(char *)lab_node_comm(b->kind),
			"lab",
			"node",
			(char *)lab_node_kind_name(b->kind),
			index_text,
			"--name",
			(char *)o->name,
			"--ues",
			ues,
			"--gnbs",
			gnbs,
			"--flows",
			flows,
			"--sessions",
			sessions,
			"--core",
			(char *)lab_core_name(o->core),
			"--upf",
			(char *)lab_upf_kind_name(o->upf),
			o->inner_ipv6 ? NULL : "--ipv4-only",
			NULL};

	snprintf(index_text, sizeof(index_text), "%u", index);
	snprintf(ues, sizeof(ues), "%u", o->ues);
	snprintf(gnbs, sizeof(gnbs), "%u", o->gnbs);
	snprintf(flows, sizeof(flows), "%u", o->flows);
	snprintf(sessions, sizeof(sessions), "%u", o->sessions);
	execv("/proc/self/exe", argv);
	return err_set(err, -errno, "cannot run /proc/self/exe: %s", strerror(errno));
}

static int child_main(const struct batch *b, unsigned index, int ready_fd, struct err *err)
{
	int go = fcntl(b->go_read, F_DUPFD_CLOEXEC, CHILD_FD_MIN), r;
	_cleanup_close_ int ns = -1;
	sigset_t none;
	char byte;

	sigemptyset(&none);
	/* The write end must go first: with it held here, the parent's death would never show. */
	if (close(b->go_write) < 0 || go < 0 || setsid() < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return err_set(err, -errno, "starting: %s", strerror(errno));
	if (read(go, &byte, 1) != 1)
		return err_set(err, -ECANCELED, "called off");
	r = child_stdio(b, index, err);
	if (r < 0)
		return r;
	ns = ns_open(lab_plan_netns(b->plan, b->kind, index), err);
	r = ns < 0 ? ns : ns_join(ns, err);
	if (r < 0)
		return r;
	if (dup2(ready_fd, LAB_READY_FD) < 0)
		return err_set(err, -errno, "readiness pipe: %s", strerror(errno));
	return child_exec(b, index, err);
}

static void __attribute__((noreturn)) child(const struct batch *b, unsigned index, int ready_fd)
{
	int high = fcntl(ready_fd, F_DUPFD_CLOEXEC, CHILD_FD_MIN);
	struct err err = {0};
	int r = high < 0 ? -errno : child_main(b, index, high, &err);

	lab_process_say_failed(high, r, &err);
	_exit(EXIT_FAILED);
}

static int start_one(struct batch *b, unsigned index, struct lab_state *state, struct err *err)
{
	_cleanup_close_ int ready_write = -1;
	struct proc proc;
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe: %s", strerror(errno));
	b->ready[b->n] = (struct pollfd){.fd = fds[0], .events = POLLIN};
	ready_write = fds[1];
	pid = fork();
	if (pid == 0)
		child(b, index, ready_write);
	b->pids[b->n++] = pid;
	if (pid < 0)
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	r = proc_read("", pid, &proc);
	if (r < 0)
		return err_set(err, r, "/proc/%d: %s", pid, err_name(r));
	state->processes[state->n_processes++] =
		(struct lab_process){.kind = b->kind, .index = index, .ref = pidref_of(&proc)};
	return 0;
}

static int let_go(struct batch *b, struct err *err)
{
	char bytes[LAB_UES_MAX] = {0};

	/* Fewer than PIPE_BUF: written whole. */
	if (write(b->go_write, bytes, b->n) != (ssize_t)b->n)
		return err_set(err, -EIO, "pipe: %s", strerror(errno));
	close_fd(&b->go_write);
	return 0;
}

static int explain_end(const struct batch *b, unsigned i, struct err *err)
{
	int status = 0;

	if (waitpid(b->pids[i], &status, 0) == b->pids[i] && WIFSIGNALED(status))
		return err_set(err, -ECHILD, "it was ended by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	return err_set(err, -ECHILD, "it ended before it was ready");
}

static int read_ready(struct batch *b, unsigned i, struct err *err)
{
	struct failure f = {0};
	ssize_t n = read(b->ready[i].fd, &f, sizeof(f));
	int r = 0;

	if (n <= 0)
		r = explain_end(b, i, err);
	else if (f.tag == FAILED_TAG && n == sizeof(f))
		r = err_set(err, f.r < 0 ? f.r : -EIO, "%.*s", (int)sizeof(f.text) - 1, f.text);
	if (r < 0)
		return err_prefix(err, r, "%s %u (%s)", lab_node_comm(b->kind), i + 1,
				  lab_plan_netns(b->plan, b->kind, i + 1));
	close_fd(&b->ready[i].fd);
	return 0;
}

static int remaining_ms(uint64_t deadline_ns)
{
	uint64_t now = clock_boot_ns();

	return now >= deadline_ns ? 0 : (int)((deadline_ns - now) / NSEC_PER_MSEC) + 1;
}

static int wait_ready(struct batch *b, const struct lab_wait *wait, struct err *err)
{
	unsigned waiting = b->n;

	b->ready[b->n] = (struct pollfd){.fd = wait->cancel_fd, .events = POLLIN};
	while (waiting > 0) {
		int n = poll(b->ready, b->n + 1, remaining_ms(wait->deadline_ns));

		if (n < 0 && errno != EINTR)
			return err_set(err, -errno, "poll: %s", strerror(errno));
		if (n == 0)
			return err_set(err, -ETIMEDOUT, "%u of %u %s were not ready in time", waiting, b->n,
				       lab_node_comm(b->kind));
		if (n > 0 && b->ready[b->n].revents)
			return err_set(err, -EINTR, "interrupted");
		for (unsigned i = 0; n > 0 && i < b->n; i++) {
			int r = b->ready[i].fd >= 0 && b->ready[i].revents ? read_ready(b, i, err) : 1;

			if (r < 0)
				return r;
			waiting -= r == 0;
		}
	}
	return 0;
}

static int start_batch(struct batch *b, struct lab_state *state, struct err *err)
{
	unsigned total = lab_plan_nodes(b->plan, b->kind);
	int fds[2], r = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe: %s", strerror(errno));
	b->go_read = fds[0];
	b->go_write = fds[1];
	for (unsigned i = 1; r >= 0 && i <= total; i++)
		r = start_one(b, i, state, err);
	if (r >= 0)
		r = lab_state_write(b->plan, state, err);
	return r < 0 ? r : let_go(b, err);
}

int lab_process_start(const struct lab_plan *plan, enum lab_node_kind kind, struct lab_state *state,
		      const struct lab_wait *wait, struct err *err)
{
	struct batch b = {.plan = plan, .kind = kind, .go_read = -1, .go_write = -1};
	int r = start_batch(&b, state, err);

	if (r >= 0)
		r = wait_ready(&b, wait, err);
	batch_close(&b);
	return r;
}
