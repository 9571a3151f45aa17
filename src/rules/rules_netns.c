/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_netns.h"

#include <errno.h>
#include <stdbool.h>

#include "ns.h"

void rules_netns_free(struct rules_netns *n)
{
	netns_list_free(&n->list);
	n->list = (struct netns_list){0};
}

struct request {
	netns_fn fn;
	void *data;
	bool ran; /* what it returns is its own */
};

static int run_here(void *data, struct err *err)
{
	struct request *request = data;

	request->ran = true;
	return request->fn(request->data, err);
}

static int list_namespaces(struct rules_netns *n, struct err *err)
{
	rules_netns_free(n);
	return netns_list_all("", &n->list, err);
}

static int visit_listed(const struct rules_netns *n, uint64_t inode, struct request *request, struct err *err)
{
	const struct netns *ns = netns_find(&n->list, inode);

	if (!ns)
		return err_set(err, -ESRCH, "network namespace %llu has gone", (unsigned long long)inode);
	return netns_visit("", ns, run_here, request, err);
}

int rules_netns_run(struct rules_netns *n, uint64_t inode, netns_fn fn, void *data, struct err *err)
{
	struct request request = {.fn = fn, .data = data};
	int r;

	if (inode == ns_inode_self())
		return fn(data, err);
	r = visit_listed(n, inode, &request, err);
	if (r < 0 && !request.ran && list_namespaces(n, err) >= 0)
		r = visit_listed(n, inode, &request, err);
	return r;
}
