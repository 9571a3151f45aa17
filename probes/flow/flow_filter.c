/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_filter.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "event_filter.h"
#include "flow_run.h"

static int parse_filter(const struct flow_options *o, struct event_filter *f, struct err *err)
{
	const struct {
		const char *key, *value;
	} words[] = {
		{"teid", o->teid}, {"qfi", o->qfi},	{"address", o->address},     {"ue", o->ue},
		{"port", o->port}, {"proto", o->proto}, {"direction", o->direction}, {"dir", o->dir},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words) && r == 0; i++)
		r = event_filter_set(f, words[i].key, words[i].value, err);
	return r < 0 ? err_prefix(err, r, "probes.flow") : 0;
}

int flow_filter_make(const struct flow_options *o, struct flow_filter *ret, struct err *err)
{
	struct event_filter f = {0};
	int r = parse_filter(o, &f, err);

	if (r < 0)
		return r;
	*ret = (struct flow_filter){
		.by = (f.by_teid ? FLOW_BY_TEID : 0) | (f.by_qfi ? FLOW_BY_QFI : 0) |
		      (f.by_address ? FLOW_BY_ADDRESS : 0) | (f.by_ue ? FLOW_BY_UE : 0) | (f.port ? FLOW_BY_PORT : 0) |
		      (f.by_proto ? FLOW_BY_PROTO : 0) | (f.by_direction ? FLOW_BY_DIRECTION : 0) |
		      (f.by_dir ? FLOW_BY_DIR : 0),
		.teid = f.teid,
		.port = f.port,
		.proto = f.proto,
		.qfi = f.qfi,
		.pdu_type = f.direction == DIRECTION_UPLINK,
		.egress = f.dir == DIR_EGRESS,
		.sample = (uint32_t)o->sample,
	};
	memcpy(ret->address, f.address.b, sizeof(ret->address));
	memcpy(ret->mask, f.mask.b, sizeof(ret->mask));
	memcpy(ret->ue, f.ue.b, sizeof(ret->ue));
	return 0;
}
