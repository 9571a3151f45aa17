// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `ip link add upfgtp type gtp5g` makes the device, and its socket, which listens at port 2152 of
 * the device's namespace. One device at a time: it owns the rules. */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

#include "standin.h"

/* iptunnel_xmit() counts here what it sent. */
static int device_init(struct net_device *dev)
{
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	return dev->tstats ? 0 : -ENOMEM;
}

static void device_uninit(struct net_device *dev)
{
	free_percpu(dev->tstats);
}

static const struct net_device_ops device_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_start_xmit = gtp5g_dev_xmit,
	.ndo_get_stats64 = dev_get_tstats64,
};

#ifndef STANDIN_VERSION
#define STANDIN_VERSION "0.10.2"
#endif

static bool taken;
static struct net_device *dead;

struct net_device *device_down(void)
{
	return dead;
}

static void device_setup(struct net_device *dev)
{
	dev->netdev_ops = &device_ops;
	dev->needs_free_netdev = true;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->mtu = 1464;
	dev->needed_headroom = LL_MAX_HEADER + 64;
	netif_keep_dst(dev);
}

static int socket_open(struct gtp5g_dev *gtp, struct net *net)
{
	struct udp_port_cfg port = {.family = AF_INET, .local_udp_port = htons(GTPU_UDP_PORT)};
	struct udp_tunnel_sock_cfg tunnel = {
		.sk_user_data = gtp,
		.encap_type = UDP_ENCAP_GTP1U,
		.encap_rcv = gtp5g_encap_recv,
	};
	int err = udp_sock_create(net, &port, &gtp->socket);

	if (err)
		return err;
	gtp->sk1u = gtp->socket->sk;
	setup_udp_tunnel_sock(net, gtp->socket, &tunnel);
	return 0;
}

static int device_new(struct net *src_net, struct net_device *dev, struct nlattr *tb[], struct nlattr *data[],
		      struct netlink_ext_ack *extack)
{
	struct gtp5g_dev *gtp = netdev_priv(dev);
	int err;

	if (taken)
		return -EBUSY;
	gtp->dev = dev;
	rules_write(dev);
	err = socket_open(gtp, dev_net(dev));
	if (err)
		return err;
	err = register_netdevice(dev);
	if (err)
		udp_tunnel_sock_release(gtp->socket);
	taken = !err;
	return err;
}

static void device_remove(struct net_device *dev, struct list_head *head)
{
	struct gtp5g_dev *gtp = netdev_priv(dev);

	udp_tunnel_sock_release(gtp->socket);
	unregister_netdevice_queue(dev, head);
	rules_write(NULL);
	taken = false;
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind = "gtp5g",
	.priv_size = sizeof(struct gtp5g_dev),
	.setup = device_setup,
	.newlink = device_new,
	.dellink = device_remove,
};

static int __init standin_init(void)
{
	int err;

	dead = alloc_netdev(0, "dead", NET_NAME_UNKNOWN, ether_setup);
	if (!dead)
		return -ENOMEM;
	spend_init();
	err = genl_begin();
	if (!err) {
		err = rtnl_link_register(&link_ops);
		if (err)
			genl_finish();
	}
	if (err)
		free_netdev(dead);
	return err;
}

static void __exit standin_exit(void)
{
	rtnl_link_unregister(&link_ops);
	genl_finish();
	spend_end();
	free_netdev(dead);
}

module_init(standin_init);
module_exit(standin_exit);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_VERSION(STANDIN_VERSION);
MODULE_DESCRIPTION("Stands in for gtp5g in tests");
MODULE_ALIAS_RTNL_LINK("gtp5g");
