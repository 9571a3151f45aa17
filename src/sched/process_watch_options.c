/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process_watch_options.h"

#include <errno.h>

#include "parse.h"

static const struct config_option options[] = {
	{.key = "socket_ports",
	 .type = OPTION_LIST,
	 .offset = offsetof(struct process_watch_options, socket_ports),
	 .default_text = "2152,8805",
	 .help = "UDP ports of N3 and N4: a process with a socket of one has the evidence 'socket'"},
	{.key = "link_ports",
	 .type = OPTION_LIST,
	 .offset = offsetof(struct process_watch_options, link_ports),
	 .default_text = "4997",
	 .help = "UDP ports of a simulated radio link, as UERANSIM has it: a process that is joined with a "
		 "known process over one has the evidence 'peer'"},
	{.key = "tun",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct process_watch_options, tun),
	 .default_text = "uesimtun*",
	 .help = "pattern of a UE's TUN devices: a known process that holds one has the evidence 'tun'"},
	{0},
};

static int check(const struct config *config, struct err *err)
{
	struct discover_options unused;

	return process_watch_read_options(config, &unused, err);
}

const struct option_section processes_section = {
	.name = "processes",
	.help = "What is looked for when processes of the user plane are",
	.options = options,
	.size = sizeof(struct process_watch_options),
	.check = check,
};

static int read_ports(const char *key, const struct string_list *list, uint16_t *ret, size_t *ret_n, struct err *err)
{
	if (list->len > DISCOVER_PORTS_MAX)
		return err_set(err, -EINVAL, "processes.%s: %zu ports, at most %d can be looked for", key, list->len,
			       DISCOVER_PORTS_MAX);
	for (size_t i = 0; i < list->len; i++) {
		uint64_t port;
		int r = parse_u64(list->items[i], 1, UINT16_MAX, &port, err);

		if (r < 0)
			return err_prefix(err, r, "processes.%s: UDP port", key);
		ret[i] = (uint16_t)port;
	}
	*ret_n = list->len;
	return 0;
}

int process_watch_read_options(const struct config *config, struct discover_options *ret, struct err *err)
{
	const struct process_watch_options *o = config_get(config, processes_section.name);
	const struct sched_options *sched = config_get(config, "sched");
	struct discover_options look = discover_defaults();
	int r = read_ports("socket_ports", &o->socket_ports, look.owner_ports, &look.n_owner_ports, err);

	if (r == 0)
		r = read_ports("link_ports", &o->link_ports, look.link_ports, &look.n_link_ports, err);
	if (r < 0)
		return r;
	look.tun = o->tun;
	look.names = (const char *const *)sched->names.items;
	look.n_names = sched->names.len;
	*ret = look;
	return 0;
}
