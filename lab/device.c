/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "device.h"

#include <arpa/inet.h>
#include <stddef.h>

#include "rtnl.h"
#include "sysctl.h"

#define ADDR_GEN_MODE_NONE "1" /* IN6_ADDR_GEN_MODE_NONE */

static int prepare(const struct lab_plan *plan, const char *device, unsigned mtu, struct err *err)
{
	int r = 0;

	if (!plan->core->link_local)
		r = lab_sysctl_optional(ADDR_GEN_MODE_NONE, err, "ipv6/conf/%s/addr_gen_mode", device);
	return r < 0 ? r : rtnl_link_set_mtu(device, mtu, err);
}

/* As UERANSIM does it where its UEs' devices are side by side: by the source's address. */
static int route_ue(const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	const struct addr any = addr_from_v4(htonl(INADDR_ANY));

	if (plan->core->one_ue_netns)
		return rtnl_source_route_add(&ue->address, LAB_UE_TABLE + ue->index, ue->device, err);
	return rtnl_route_add(&any, 0, NULL, ue->device, err);
}

static int add_ue_ipv6(const struct lab_ue *ue, struct err *err)
{
	static const struct addr any6;
	int r = rtnl_addr_add(ue->device, &ue->address6, 128, err);

	return r < 0 ? r : rtnl_route_add(&any6, 0, NULL, ue->device, err);
}

int lab_device_setup_ue(const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	int r = prepare(plan, ue->device, LAB_MTU_INNER, err);

	if (r < 0)
		return r;
	r = rtnl_addr_add(ue->device, &ue->address, 32, err);
	if (r < 0)
		return r;
	r = rtnl_link_set_up(ue->device, true, err);
	if (r < 0)
		return r;
	r = route_ue(plan, ue, err);
	if (r < 0)
		return r;
	return plan->options.inner_ipv6 ? add_ue_ipv6(ue, err) : 0;
}

int lab_device_setup_upf(const struct lab_plan *plan, struct err *err)
{
	int r = prepare(plan, LAB_UPF_DEVICE, plan->core->upf_mtu, err);

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
