/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "clock.h"
#include "cleanup.h"
#include "gthulhu.h"
#include "gthulhu_session.h"
#include "gthulhu_wire.h"

DEFINE_CLEANUP(struct loop *, loop, loop_free)
DEFINE_CLEANUP(struct session *, session, session_free)

struct show {
	struct loop *loop;
	struct strategy_list *list;
	struct err *err;
	bool over;
	int r;
};

static void on_list(void *data, const struct session_reply *reply)
{
	struct show *show = data;

	show->over = true;
	if (reply->r < 0)
		show->r = err_set(show->err, reply->r, "%s", reply->error);
	else
		show->r = gthulhu_read_list(reply->root, show->list, show->err);
	loop_stop(show->loop, 0);
}

int gthulhu_show(const struct gthulhu_options *options, struct strategy_list *ret, struct err *err)
{
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	_cleanup_(cleanup_session) struct session *session = NULL;
	struct show show = {.loop = loop, .list = ret, .err = err};
	int r;

	if (!loop)
		return err_set(err, -ENOMEM, "out of memory or descriptors");
	r = session_new(&session, loop, options, err);
	if (r < 0)
		return r;
	session_call(session, "GET", GTHULHU_STRATEGIES_PATH, NULL, on_list, &show);
	while (!show.over && r == 0)
		r = loop_once(loop, -1);
	return r < 0 ? err_set(err, r, "event loop: %s", err_name(r)) : show.r;
}
