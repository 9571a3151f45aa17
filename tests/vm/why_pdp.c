/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* why_pdp DEVICE TEID: takes the PDP contexts of that uplink TEID away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gtp.h"
#include "rtnl.h"

struct found {
	struct gtp_pdp pdps[8];
	size_t n;
	uint32_t teid;
};

static void on_pdp(const struct gtp_pdp *pdp, void *data)
{
	struct found *found = data;

	if (pdp->i_tei == found->teid && found->n < sizeof(found->pdps) / sizeof(*found->pdps))
		found->pdps[found->n++] = *pdp;
}

static int remove_all(const char *device, struct found *found, struct err *err)
{
	struct rtnl_link link;
	int r = rtnl_link_get(device, &link, err);

	if (r >= 0)
		r = gtp_pdp_list(on_pdp, found, err);
	if (r >= 0 && !found->n)
		r = err_set(err, -ENOENT, "no PDP context of TEID 0x%08x", found->teid);
	for (size_t i = 0; r >= 0 && i < found->n; i++) {
		found->pdps[i].ifindex = link.ifindex;
		r = gtp_pdp_delete(&found->pdps[i], err);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct found found = {0};
	struct err err = {0};

	if (argc == 3)
		found.teid = (uint32_t)strtoul(argv[2], NULL, 0);
	if (argc == 3 && remove_all(argv[1], &found, &err) >= 0)
		return 0;
	fprintf(stderr, "why_pdp: %s\n", err.text);
	return 1;
}
