/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "node_internal.h"

/* Of a receive queue: a TCP window's worth, so that a busy machine does not lose what a test
 * counts. */
#define QUEUE_BYTES (4 << 20)
#define QUEUE_PACKETS 4096

struct sockaddr_in node_sockaddr(const struct addr *address, unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = address ? addr_v4(address) : htonl(INADDR_ANY),
	};
}

static int bind_to(int fd, const struct addr *address, unsigned port, struct err *err)
{
	struct sockaddr_in sa = node_sockaddr(address, port);
	char text[ADDR_TEXT_MAX];

	if (!bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return 0;
	return err_set(err, -errno, "cannot bind UDP %s:%u: %s", address ? addr_format(address, text) : "0.0.0.0", port,
		       strerror(errno));
}

int node_udp_socket(const struct addr *address, unsigned port, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int size = QUEUE_BYTES;
	int r;

	if (fd < 0)
		return err_set(err, -errno, "cannot make a UDP socket: %s", strerror(errno));
	/* FORCE passes the node's limit where it may; less room is no reason to stop. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = address || port ? bind_to(fd, address, port, err) : 0;
	return r < 0 ? r : TAKE_FD(fd);
}

/* The default of 500 packets is less than what many UEs' downloads begin with. A failure leaves it
 * so, which is no reason to stop. */
static void lengthen_queue(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_qlen = QUEUE_PACKETS};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd >= 0)
		(void)ioctl(fd, SIOCSIFTXQLEN, &ifr);
}

int node_tun(const char *name, struct err *err)
{
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	if (fd < 0)
		return err_set(err, -errno, "/dev/net/tun: %s; the lab needs TUN devices (module tun)",
			       strerror(errno));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return err_set(err, -errno, "cannot make the TUN device %s: %s", name, strerror(errno));
	lengthen_queue(name);
	return TAKE_FD(fd);
}
