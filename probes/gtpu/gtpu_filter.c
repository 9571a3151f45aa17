/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "gtpu_run.h"

int gtpu_filter_make(const struct gtpu_options *o, struct gtpu_filter *ret, struct err *err)
{
	struct addr ue;

	*ret = (struct gtpu_filter){
		.seid = o->seid,
		.slower_than_ns = o->slower_than,
		.teid = (uint32_t)o->teid,
		.verdict = (uint8_t)o->verdict,
		.reason = (uint8_t)o->reason,
		.by_ue = o->ue[0] != '\0',
	};
	if (ret->by_ue) {
		if (addr_parse(o->ue, &ue))
			return err_set(err, -EINVAL, "probes.gtpu.ue: '%s' is not an IP address, such as 10.60.0.1", o->ue);
		memcpy(ret->ue, ue.b, sizeof(ret->ue));
	}
	ret->on = ret->seid || ret->slower_than_ns || ret->teid || ret->verdict || ret->reason ||
		  ret->by_ue;
	if (ret->on && !o->exit)
		return err_set(err, -EINVAL, "probes.gtpu: what a packet is chosen by is known at its "
			       "exit only: set probes.gtpu.exit to true");
	return 0;
}

int gtpu_check_options(const void *options, struct err *err)
{
	struct gtpu_filter filter;

	return gtpu_filter_make(options, &filter, err);
}
