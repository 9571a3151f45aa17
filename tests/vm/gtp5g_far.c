/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gtp5g_far DEVICE SEID FAR TEID PEER: the FAR forwards to that peer and tunnel from now on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "genl.h"
#include "gtp5g.h"
#include "rtnl.h"

static int number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno || end == text || *end ? -EINVAL : 0;
}

static int update(char **argv, struct err *err)
{
	struct gtp5g_far far = {.action = GTP5G_ACTION_FORW, .encapsulate = true, .port = 2152};
	struct gtp5g g = {0};
	struct rtnl_link link;
	uint64_t id, teid;
	int r = rtnl_link_get(argv[1], &link, err);

	if (r < 0)
		return r;
	if (number(argv[2], &far.seid) < 0 || number(argv[3], &id) < 0 ||
	    number(argv[4], &teid) < 0 || addr_parse(argv[5], &far.peer) < 0)
		return err_set(err, -EINVAL, "usage: gtp5g_far DEVICE SEID FAR TEID PEER");
	far.id = id;
	far.teid = teid;
	g.ifindex = link.ifindex;
	r = genl_family("gtp5g", &g.family, err);
	return r < 0 ? r : gtp5g_far_update(&g, &far, err);
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (argc == 6 && update(argv, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}
