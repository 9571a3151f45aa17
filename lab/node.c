/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "node.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"
#include "node_internal.h"
#include "signals.h"

static int (*const mains[])(struct node *node, int ready_fd, struct err *err) = {
	[LAB_NODE_UE] = node_ue_main,
	[LAB_NODE_GNB] = node_gnb_main,
	[LAB_NODE_UPF] = node_upf_main,
	[LAB_NODE_DN] = node_dn_main,
};

/* A running thread of node_run(). */
struct runner {
	const struct node *node;
	const struct node_thread *thread;
	pthread_t id;
	int r;
};

static void stop(const struct node *node)
{
	eventfd_write(node->stop_fd, 1);
}

static void *runner_main(void *data)
{
	struct runner *run = data;

	run->r = run->thread->fn(run->node, run->thread->data);
	stop(run->node);
	return NULL;
}

static size_t start_all(struct runner *runs, const struct node *node, const struct node_thread *threads, size_t count)
{
	size_t n;

	for (n = 0; n < count; n++) {
		runs[n] = (struct runner){.node = node, .thread = &threads[n]};
		if (pthread_create(&runs[n].id, NULL, runner_main, &runs[n]))
			break;
	}
	return n;
}

static int join_all(struct runner *runs, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		pthread_join(runs[i].id, NULL);
		if (!r)
			r = runs[i].r;
	}
	return r;
}

/* Taken as descriptors, and by every thread blocked: no handler runs anywhere. */
static int block_signals(struct err *err)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	end_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_set(err, -errno, "cannot block signals: %s", strerror(errno));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(err, -errno, "cannot take signals: %s", strerror(errno)) : fd;
}

int node_run(struct node *node, const struct node_thread *threads, size_t count, int ready_fd, struct err *err)
{
	_cleanup_close_ int signal_fd = block_signals(err);
	struct runner runs[NODE_THREADS_MAX];
	size_t started;
	int r;

	if (signal_fd < 0)
		return signal_fd;
	started = start_all(runs, node, threads, count);
	if (started < count)
		stop(node);
	else if (ready_fd >= 0 && write(ready_fd, "1", 1) < 0 && errno != EPIPE)
		stop(node);
	while (node_wait(node, signal_fd, POLLIN, -1) == 0)
		;
	stop(node);
	r = join_all(runs, started);
	if (started < count)
		return err_set(err, -EAGAIN, "cannot start %zu threads", count);
	return r < 0 ? err_set(err, r, "%s %u stopped: %s", lab_node_comm(node->kind), node->index, err_name(r)) : 0;
}

static int idle(const struct node *node, void *data)
{
	int r = node_wait(node, -1, 0, -1);

	return r == -ECANCELED ? 0 : r;
}

size_t node_add_idle(struct node_thread threads[static NODE_THREADS_MAX], size_t count, unsigned total)
{
	while (count < NODE_THREADS_MAX && count + 1 < total)
		threads[count++] = (struct node_thread){idle, NULL};
	return count;
}

int node_command_line(const struct node *node, struct err *err)
{
	const struct addr loopback = addr_from_v4(htonl(INADDR_LOOPBACK));

	return node->plan->core->command_line ? node_udp_socket(&loopback, 0, err) : -1;
}

int node_drain(const struct node *node, void *data)
{
	const int *fd = data;
	uint8_t datagram[64];
	struct sockaddr_in from;
	ssize_t n;

	do
		n = node_receive(node, *fd, datagram, sizeof(datagram), &from);
	while (n >= 0);
	return n == -ECANCELED ? 0 : (int)n;
}

int node_wait(const struct node *node, int fd, short events, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = node->stop_fd, .events = POLLIN},
		{.fd = fd, .events = events},
	};
	int n = poll(fds, ARRAY_SIZE(fds), timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents)
		return -ECANCELED;
	return fds[1].revents ? 1 : 0;
}

static ssize_t receive_once(int fd, void *buf, size_t size, struct sockaddr_in *from)
{
	socklen_t len = sizeof(*from);
	ssize_t n = from ? recvfrom(fd, buf, size, 0, (struct sockaddr *)from, &len) : read(fd, buf, size);

	return n < 0 ? -errno : n;
}

/* An earlier datagram's ICMP error arrives here; it ends nothing. */
static bool is_transient(ssize_t r)
{
	return r == -EAGAIN || r == -EINTR || r == -ECONNREFUSED || r == -EHOSTUNREACH || r == -ENETUNREACH;
}

ssize_t node_receive(const struct node *node, int fd, void *buf, size_t size, struct sockaddr_in *from)
{
	for (;;) {
		ssize_t n = receive_once(fd, buf, size, from);
		int r;

		if (n >= 0 || !is_transient(n))
			return n;
		r = node_wait(node, fd, POLLIN, -1);
		if (r < 0)
			return r;
	}
}

void node_send(int fd, const struct sockaddr_in *to, struct iovec head, struct iovec body)
{
	struct iovec iov[] = {head, body};
	struct msghdr msg = {
		.msg_name = (void *)to,
		.msg_namelen = sizeof(*to),
		.msg_iov = iov,
		.msg_iovlen = body.iov_len ? 2 : 1,
	};

	if (sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0 || errno != EAGAIN)
		return;
	poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
	(void)!sendmsg(fd, &msg, MSG_NOSIGNAL);
}

int lab_node_main(const struct lab_plan *plan, enum lab_node_kind kind, unsigned index, int ready_fd, struct err *err)
{
	_cleanup_close_ int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct node node = {.plan = plan, .kind = kind, .index = index, .stop_fd = stop_fd};

	if (stop_fd < 0)
		return err_set(err, -errno, "eventfd: %s", strerror(errno));
	if (index < 1 || index > lab_plan_nodes(plan, kind))
		return err_set(err, -EINVAL, "the lab '%s' has no %s %u", plan->options.name, lab_node_kind_name(kind),
			       index);
	/* Before the first thread: all inherit it. */
	if (prctl(PR_SET_NAME, lab_node_comm(kind)) < 0)
		return err_set(err, -errno, "cannot take the name %s: %s", lab_node_comm(kind), strerror(errno));
	return mains[kind](&node, ready_fd, err);
}
