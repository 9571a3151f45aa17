/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tc.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "object.h"
#include "rtnl_tc.h"
#include "tc_owner.h"

/* Of linux/bpf.h since 6.6; libbpf 1.1 passes the numbers on. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3)

#define FILTER_NAME "teide"
#define FILTER_PRIORITY 7
#define TRIES 3 /* of a request that the kernel had no memory for */

struct tc_link {
	struct tc_target target;
	int fd;			  /* the tcx link; -1: clsact */
	uint32_t handle, program; /* of the filter */
	unsigned ahead;		  /* as at the attachment */
};

static struct bpf_tc_hook hook_of(const struct tc_target *t)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = (int)t->ifindex,
		.attach_point = t->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS,
	};
}

static bool is_ours(const struct rtnl_filter *f)
{
	size_t len = strlen(FILTER_NAME);

	/* libbpf appends ":[program id]" */
	return f->bpf && !strncmp(f->name, FILTER_NAME, len) && (f->name[len] == '\0' || f->name[len] == ':');
}

/* A moment later the same request may succeed. */
static bool is_passing(int r)
{
	return r == -ENOBUFS || r == -ENOMEM || r == -EINTR || r == -EAGAIN;
}

struct census {
	unsigned foreign, ours, living;
	unsigned ahead;	 /* foreign ones of a lower priority, which run before and can end the chain */
	bool made_qdisc; /* a filter of teide says so */
	bool has_stale;
	struct rtnl_filter stale; /* the last filter of teide whose run has ended */
	int untold;		  /* -errno: of a filter of teide the kernel does not say whether its run lives */
};

static void take_census(const struct rtnl_filter *f, void *data)
{
	struct census *c = data;
	int lives;

	if (!is_ours(f)) {
		c->foreign++;
		c->ahead += f->priority < FILTER_PRIORITY;
		return;
	}
	c->ours++;
	if (f->handle & TC_HANDLE_QDISC_MADE)
		c->made_qdisc = true;
	lives = tc_owner_lives(f);
	if (lives < 0)
		c->untold = lives;
	if (lives) {
		c->living++;
		return;
	}
	c->has_stale = true;
	c->stale = *f;
}

static int census_of(const struct tc_target *t, struct census *ret)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && is_passing(r); i++) {
		*ret = (struct census){0};
		r = rtnl_filter_list(t->ifindex, t->egress, take_census, ret);
	}
	return r;
}

/* 1 when it was there, 0 when there was none, or the qdisc or the interface has gone. */
static int remove_filter(const struct tc_target *t, uint32_t priority, uint32_t handle)
{
	struct bpf_tc_hook hook = hook_of(t);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = priority, .handle = handle);
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r < 0; i++) {
		r = bpf_tc_detach(&hook, &opts);
		if (r == -ENOENT || r == -EINVAL || r == -ENODEV)
			return i > 0; /* after a failure: the answer alone was lost */
	}
	return r < 0 ? r : 1;
}

/* Removes the filters that a killed run left; true in *ret_made: that run, or one that still watches, had
 * made the qdisc. */
static int remove_stale(const struct tc_target *t, bool *ret_made)
{
	struct census c;
	int r;

	*ret_made = false;
	do {
		r = census_of(t, &c);
		*ret_made |= c.made_qdisc;
		if (r < 0 || !c.has_stale)
			return r;
		r = remove_filter(t, c.stale.priority, c.stale.handle);
	} while (r > 0);
	return r;
}

/* The other direction's filter of this run, or a stale one, knows which run made the qdisc. 0 or -errno: taken for
 * a no, an error would leave the qdisc behind for good. */
static int other_side_made(const struct tc_target *t, bool *ret)
{
	const struct tc_target other = {.ifindex = t->ifindex, .egress = !t->egress};
	struct census c;
	int r = census_of(&other, &c);

	if (r == 0)
		*ret = c.made_qdisc;
	return r;
}

static int remove_qdisc_if_empty(unsigned ifindex)
{
	const struct tc_target in = {.ifindex = ifindex}, out = {.ifindex = ifindex, .egress = true};
	struct bpf_tc_hook hook = hook_of(&in);
	struct census a, b;
	int r = census_of(&in, &a);

	if (r == 0)
		r = census_of(&out, &b);
	if (r < 0 || a.foreign || a.ours || b.foreign || b.ours)
		return r == -ENODEV ? 0 : r;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	r = -EAGAIN;
	for (int i = 0; i < TRIES && is_passing(r); i++)
		r = bpf_tc_hook_destroy(&hook);
	return r == -ENOENT || r == -EINVAL || r == -ENODEV ? 0 : r;
}

/* *ret_made also when it failed: the answer alone may have been lost. */
static int make_qdisc(const struct tc_target *t, bool *ret_made)
{
	struct bpf_tc_hook hook = hook_of(t);
	int existed = rtnl_clsact_exists(t->ifindex), r;

	*ret_made = false;
	if (existed < 0)
		return existed;
	r = bpf_tc_hook_create(&hook);
	*ret_made = !existed && r != -EEXIST;
	return r == -EEXIST ? 0 : r;
}

static int add_filter(struct tc_link *l, int prog_fd, const struct tc_run *run, bool *made)
{
	struct bpf_tc_hook hook = hook_of(&l->target);
	/* replace: something else may have put its program into our filter */
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .priority = FILTER_PRIORITY, .flags = BPF_TC_F_REPLACE);
	bool stale_made = false, other_made = false;
	int r = tc_owner_handle(run->mark_fd, &opts.handle);

	if (r == 0)
		r = remove_stale(&l->target, &stale_made);
	if (r == 0)
		r = other_side_made(&l->target, &other_made);
	if (r < 0)
		return r;
	*made |= stale_made || other_made;
	opts.handle |= *made ? TC_HANDLE_QDISC_MADE : 0;
	r = bpf_tc_attach(&hook, &opts);
	l->handle = opts.handle;
	l->program = opts.prog_id;
	return r;
}

static int attach_clsact(struct tc_link *l, int prog_fd, const struct tc_run *run)
{
	struct census now;
	bool made;
	int r = make_qdisc(&l->target, &made);

	if (r == 0)
		r = add_filter(l, prog_fd, run, &made);
	if (r < 0) {
		if (l->handle)
			remove_filter(&l->target, FILTER_PRIORITY, l->handle);
		if (made)
			remove_qdisc_if_empty(l->target.ifindex);
		return r;
	}
	if (census_of(&l->target, &now) == 0)
		l->ahead = now.ahead;
	return 0;
}

/* -EINVAL, -EOPNOTSUPP: this kernel has no tcx. */
static int attach_tcx(struct tc_link *l, int prog_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = FLAG_BEFORE);
	int fd = bpf_link_create(prog_fd, (int)l->target.ifindex,
				 (enum bpf_attach_type)(l->target.egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS),
				 &opts);

	if (fd < 0)
		return -errno;
	l->fd = fd;
	return 0;
}

static int attach_here(struct tc_link *l, int prog_fd, const struct tc_run *run)
{
	int r = run->clsact_only ? -EOPNOTSUPP : attach_tcx(l, prog_fd);

	if (r == -EINVAL || r == -EOPNOTSUPP)
		r = attach_clsact(l, prog_fd, run);
	return r;
}

int tc_attach(struct tc_link **ret, const struct tc_target *target, int prog_fd, const struct tc_run *run,
	      struct err *err)
{
	struct tc_link *l = calloc(1, sizeof(*l));
	struct object_capture capture;
	int r;

	if (!l)
		return err_oom(err);
	*l = (struct tc_link){.target = *target, .fd = -1};
	object_begin(&capture);
	r = attach_here(l, prog_fd, run);
	r = object_end(&capture, r, target->interface, err);
	if (r < 0) {
		free(l);
		return err_prefix(err, r, "attaching at %s", target->egress ? "egress" : "ingress");
	}
	*ret = l;
	return 0;
}

/* Of a tcx link that was detached, or whose interface has gone, the kernel says interface 0. */
static int has_interface(int link_fd)
{
	/* As struct bpf_link_info since 6.6, which libbpf 1.1 does not know in full. */
	struct {
		__u32 type, id, prog_id, padding;
		__u32 ifindex, attach_type;
	} info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(link_fd, &info, &len) < 0)
		return -errno;
	return info.ifindex != 0;
}

static int has_filter(const struct tc_link *l)
{
	struct bpf_tc_hook hook = hook_of(&l->target);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = FILTER_PRIORITY, .handle = l->handle);
	int r = bpf_tc_query(&hook, &opts);

	if (r == -ENOENT || r == -EINVAL)
		return 0;
	return r < 0 ? r : opts.prog_id == l->program;
}

int tc_is_attached(const struct tc_link *l)
{
	struct object_capture capture;
	int r;

	object_begin(&capture);
	r = l->fd >= 0 ? has_interface(l->fd) : has_filter(l);
	object_end(&capture, 0, NULL, NULL);
	return r;
}

static int sweep_direction(const struct tc_target *t, bool remove, struct tc_swept *swept, bool *made)
{
	struct census c;
	bool made_here;
	int r = census_of(t, &c);

	if (r < 0)
		return r;
	swept->stale += c.ours - c.living;
	swept->living += c.living;
	if (remove && c.has_stale) {
		r = remove_stale(t, &made_here);
		*made |= made_here;
	}
	return r < 0 ? r : c.untold;
}

int tc_sweep(unsigned ifindex, bool remove, struct tc_swept *ret)
{
	const struct tc_target in = {.ifindex = ifindex}, out = {.ifindex = ifindex, .egress = true};
	struct tc_swept swept = {0};
	struct object_capture capture;
	bool made = false;
	int r, other;

	object_begin(&capture);
	r = sweep_direction(&in, remove, &swept, &made);
	other = sweep_direction(&out, remove, &swept, &made);
	r = r < 0 ? r : other;
	if (made) {
		other = remove_qdisc_if_empty(ifindex);
		r = r < 0 ? r : other;
	}
	object_end(&capture, 0, NULL, NULL);
	*ret = swept;
	return r;
}

unsigned tc_ahead(const struct tc_link *l)
{
	return l->ahead;
}

const char *tc_method(const struct tc_link *l)
{
	return l->fd >= 0 ? "tcx" : "clsact";
}

bool tc_is_filter(const struct tc_link *l)
{
	return l && l->fd < 0;
}

int tc_detach(const struct tc_link *l, bool *ret_filter_off)
{
	struct object_capture capture;
	int r;

	*ret_filter_off = true;
	if (!tc_is_filter(l))
		return 0;
	object_begin(&capture);
	r = remove_filter(&l->target, FILTER_PRIORITY, l->handle);
	*ret_filter_off = r >= 0;
	/* Where the filter had gone, the qdisc may be another one. */
	if (r > 0 && l->handle & TC_HANDLE_QDISC_MADE)
		r = remove_qdisc_if_empty(l->target.ifindex);
	object_end(&capture, 0, NULL, NULL);
	return r < 0 ? r : 0;
}

void tc_free(struct tc_link *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}
