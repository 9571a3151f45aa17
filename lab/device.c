/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "device.h"

#include <arpa/inet.h>
#include <stddef.h>

#include "rtnl.h"
#include "sysctl.h"

#define ADDR_GEN_MODE_NONE "1" /* IN6_ADDR_GEN_MODE_NONE */

static int prepare(const char *device, struct err *err)
{
	int r = lab_sysctl_optional(ADDR_GEN_MODE_NONE, err, "ipv6/conf/%s/addr_gen_mode", device);

	if (r < 0)
		return r;
	return rtnl_link_set_mtu(device, LAB_MTU_INNER, err);
}

static int add_ue_ipv6(const struct lab_ue *ue, struct err *err)
{
	static const struct addr any6;
	int r = rtnl_addr_add(LAB_UE_DEVICE, &ue->address6, 128, err);

	return r < 0 ? r : rtnl_route_add(&any6, 0, NULL, LAB_UE_DEVICE, err);
}

int lab_device_setup_ue(const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	const struct addr any = addr_from_v4(htonl(INADDR_ANY));
	int r = prepare(LAB_UE_DEVICE, err);

	if (r < 0)
		return r;
	r = rtnl_addr_add(LAB_UE_DEVICE, &ue->address, 32, err);
	if (r < 0)
		return r;
	r = rtnl_link_set_up(LAB_UE_DEVICE, true, err);
	if (r < 0)
		return r;
	r = rtnl_route_add(&any, 0, NULL, LAB_UE_DEVICE, err);
	if (r < 0)
		return r;
	return plan->options.inner_ipv6 ? add_ue_ipv6(ue, err) : 0;
}

int lab_device_setup_upf(const struct lab_plan *plan, struct err *err)
{
	int r = prepare(LAB_UPF_DEVICE, err);

	if (r < 0)
		return r;
	r = rtnl_link_set_up(LAB_UPF_DEVICE, true, err);
	if (r < 0)
		return r;
	r = rtnl_route_add(&plan->ue_pool, LAB_UE_POOL_PREFIX, NULL, LAB_UPF_DEVICE, err);
	if (r < 0 || !plan->options.inner_ipv6)
		return r;
	return rtnl_route_add(&plan->ue_pool6, LAB_UE_POOL_PREFIX6, NULL, LAB_UPF_DEVICE, err);
}
