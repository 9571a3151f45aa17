/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Preloaded into teide: calls into the C library or libbpf fail, or something happens meanwhile.
 *
 *	FAIL_CALL="setns ENOMEM 8 1"	the 8th call of setns() fails, once; -1: and all that follow
 *	FAIL_CALL="sock_diag ENOENT 1 -1"	the kernel lists no sockets by netlink
 *	FAIL_CALL="bpf_object__open_skeleton EPERM 1 -1"	no probe starts
 *	AT_SKELETON="kill 4711"		a command to run before the first BPF skeleton is opened
 */
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

static const struct {
	const char *name;
	int number;
} errors[] = {{"ENOMEM", ENOMEM}, {"ENOBUFS", ENOBUFS}, {"EACCES", EACCES},
	      {"EPERM", EPERM},	  {"EMFILE", EMFILE},	{"ENOENT", ENOENT}};

/* 0, or the errno to fail with. */
static int fails(const char *call)
{
	static atomic_int calls;
	char name[32], error[32];
	int first, count, n;

	if (sscanf(getenv("FAIL_CALL") ?: "", "%31s %31s %d %d", name, error, &first, &count) != 4 ||
	    strcmp(name, call) != 0)
		return 0;
	n = ++calls;
	if (n < first || (count >= 0 && n >= first + count))
		return 0;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].name, error))
			return errors[i].number;
	abort();
}

#define REAL(call) ((__typeof__(&call))dlsym(RTLD_NEXT, #call))
#define FAIL_OR(call, ...)                                                                                             \
	do {                                                                                                           \
		int error_ = fails(#call);                                                                             \
		if (!error_)                                                                                           \
			return REAL(call)(__VA_ARGS__);                                                                \
		errno = error_;                                                                                        \
		return -1;                                                                                             \
	} while (0)

int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_SOCK_DIAG && (errno = fails("sock_diag")))
		return -1;
	FAIL_OR(socket, domain, type, protocol);
}

int setns(int fd, int kind)
{
	FAIL_OR(setns, fd, kind);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	FAIL_OR(recv, fd, data, size, flags);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	FAIL_OR(recvmsg, fd, m, flags);
}

int bpf_tc_detach(const struct bpf_tc_hook *hook, const struct bpf_tc_opts *opts)
{
	int error = fails("bpf_tc_detach");

	return error ? -error : REAL(bpf_tc_detach)(hook, opts);
}

int bpf_object__open_skeleton(struct bpf_object_skeleton *skeleton, const struct bpf_object_open_opts *opts)
{
	static atomic_int calls;
	const char *command = getenv("AT_SKELETON");
	int error = fails("bpf_object__open_skeleton");

	if (command && calls++ == 0 && system(command) < 0)
		abort();
	return error ? -error : REAL(bpf_object__open_skeleton)(skeleton, opts);
}
