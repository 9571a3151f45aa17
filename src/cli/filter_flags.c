/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "filter_flags.h"

#include <errno.h>
#include <stddef.h>

#include "cleanup.h"

enum {
	KEY_TEID = 768,
	KEY_QFI,
	KEY_ADDRESS,
	KEY_UE,
	KEY_PORT,
	KEY_PROTO,
	KEY_DIRECTION,
	KEY_DIR,
};

static const struct argp_option options[] = {
	{"teid", KEY_TEID, "TEID", 0, "only this tunnel", 2},
	{"qfi", KEY_QFI, "QFI", 0, "only this QoS flow", 2},
	{"address", KEY_ADDRESS, "ADDRESS[/LENGTH]", 0, "only with such an address, outside or inside a tunnel", 2},
	{"ue", KEY_UE, "ADDRESS", 0, "only from or to this UE, inside a tunnel", 2},
	{"port", KEY_PORT, "PORT", 0, "only with this port, outside or inside a tunnel", 2},
	{"proto", KEY_PROTO, "PROTOCOL", 0, "only tcp, udp, icmp, icmpv6, sctp or a number, outside or inside a tunnel",
	 2},
	{"direction", KEY_DIRECTION, "uplink|downlink", 0, "only this way, where the packet tells", 2},
	{"dir", KEY_DIR, "ingress|egress", 0, "only in or out of the interface", 2},
	{0},
};

static error_t parse_filter(int key, char *arg, struct argp_state *state)
{
	struct filter_flags *f = state->input;

	for (const struct argp_option *o = options; o->name; o++) {
		if (o->key != key)
			continue;
		if (string_list_add(&f->keys, o->name) < 0 || string_list_add(&f->values, arg) < 0)
			return ENOMEM;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp filter_argp = {.options = options, .parser = parse_filter};

void filter_flags_free(struct filter_flags *f)
{
	string_list_free(&f->keys);
	string_list_free(&f->values);
}
