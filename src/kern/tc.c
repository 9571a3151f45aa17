/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tc.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "ns.h"
#include "object.h"
#include "tc_filter.h"

/* Of linux/bpf.h since 6.6; libbpf 1.1 passes the numbers on. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3)

#define FILTER_NAME "teide"
#define FILTER_PRIORITY 7
/* The handle remembers for the next start, after a kill, whose filter it is and who made the qdisc:
 * the mark, the process's id (22 bits at most) and a bit. */
#define HANDLE_MARK 0x7e000000U
#define HANDLE_MARK_MASK 0xff000000U
#define HANDLE_QDISC_MADE 1U

struct tc_link {
	struct tc_target target;
	uint64_t netns_inode;
	int fd; /* the tcx link; -1: clsact */
	bool made_qdisc;
	unsigned ahead; /* as at the attachment */
};

static int enter(const char *netns, int *ret_previous, struct err *err)
{
	_cleanup_close_ int fd = -1;

	*ret_previous = -1;
	if (!netns)
		return 0;
	fd = ns_open(netns, err);
	return fd < 0 ? fd : ns_enter(fd, ret_previous, err);
}

static void leave(int previous)
{
	if (previous >= 0)
		ns_leave(previous);
}

static struct bpf_tc_hook hook_of(const struct tc_target *t)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = (int)t->ifindex,
		.attach_point = t->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS,
	};
}

static bool is_ours(const struct tc_filter *f)
{
	size_t len = strlen(FILTER_NAME);

	/* libbpf appends ":[program id]" */
	return f->bpf && !strncmp(f->name, FILTER_NAME, len) &&
	       (f->name[len] == '\0' || f->name[len] == ':');
}

static uint32_t handle_of(bool made_qdisc)
{
	return HANDLE_MARK | (uint32_t)getpid() << 1 | (made_qdisc ? HANDLE_QDISC_MADE : 0);
}

/* false for a zombie too: it has a name, but runs nothing. */
static bool read_comm(const char *process, char comm[static 32])
{
	char path[64], program[8];

	snprintf(path, sizeof(path), "/proc/%s/exe", process);
	if (readlink(path, program, sizeof(program)) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%s/comm", process);
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	return f && fgets(comm, 32, f);
}

/* The filter of another run that still watches. Never this process's id: it is new here, and in a
 * container every run has the same. */
static bool owner_lives(const struct tc_filter *f)
{
	uint32_t pid = (f->handle & ~HANDLE_MARK_MASK) >> 1;
	char process[16], theirs[32], ours[32];

	if ((f->handle & HANDLE_MARK_MASK) != HANDLE_MARK || pid == (uint32_t)getpid())
		return false;
	snprintf(process, sizeof(process), "%u", pid);
	return read_comm(process, theirs) && read_comm("self", ours) && !strcmp(theirs, ours);
}

struct census {
	unsigned foreign, ours, living;
	unsigned ahead; /* foreign ones of a lower priority, which run before and can end the chain */
	bool made_qdisc; /* one of ours says so */
	bool has_stale;
	struct tc_filter stale; /* of ours, the last whose run has ended */
};

static void take_census(void *data, const struct tc_filter *f)
{
	struct census *c = data;

	if (!is_ours(f)) {
		c->foreign++;
		c->ahead += f->priority < FILTER_PRIORITY;
		return;
	}
	c->ours++;
	if (f->handle & HANDLE_QDISC_MADE)
		c->made_qdisc = true;
	if (owner_lives(f)) {
		c->living++;
		return;
	}
	c->has_stale = true;
	c->stale = *f;
}

static int remove_filter(const struct tc_target *t, uint32_t priority, uint32_t handle)
{
	struct bpf_tc_hook hook = hook_of(t);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = priority, .handle = handle);

	return bpf_tc_detach(&hook, &opts);
}

/* Filters of ours that a killed run left; true in *ret_made: that run, or one that still watches, had
 * made the qdisc. */
static int remove_stale(const struct tc_target *t, bool *ret_made)
{
	struct census c;
	int r;

	*ret_made = false;
	do {
		c = (struct census){0};
		r = tc_filter_list(t->ifindex, t->egress, take_census, &c);
		*ret_made |= c.made_qdisc;
		if (r < 0 || !c.has_stale)
			return r;
		r = remove_filter(t, c.stale.priority, c.stale.handle);
	} while (r == 0);
	return r;
}

/* The other direction's filter of this run, or a stale one, knows who made the qdisc. */
static bool other_side_made(const struct tc_target *t)
{
	struct census c = {0};

	return tc_filter_list(t->ifindex, !t->egress, take_census, &c) == 0 && c.made_qdisc;
}

static void remove_qdisc_if_empty(const struct tc_target *t)
{
	struct bpf_tc_hook hook = hook_of(t);
	struct census c = {0};

	if (tc_filter_list(t->ifindex, false, take_census, &c) < 0 ||
	    tc_filter_list(t->ifindex, true, take_census, &c) < 0 || c.foreign || c.ours)
		return;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}

static int attach_clsact(struct tc_link *l, int prog_fd)
{
	struct bpf_tc_hook hook = hook_of(&l->target);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .priority = FILTER_PRIORITY);
	struct census now = {0};
	bool stale_made;
	int r = bpf_tc_hook_create(&hook);

	if (r < 0 && r != -EEXIST)
		return r;
	l->made_qdisc = r == 0;
	r = remove_stale(&l->target, &stale_made);
	if (r < 0)
		return r;
	l->made_qdisc |= stale_made || other_side_made(&l->target);
	opts.handle = handle_of(l->made_qdisc);
	r = bpf_tc_attach(&hook, &opts);
	if (r < 0 && l->made_qdisc)
		remove_qdisc_if_empty(&l->target);
	if (r == 0 && tc_filter_list(l->target.ifindex, l->target.egress, take_census, &now) == 0)
		l->ahead = now.ahead;
	return r;
}

/* -EINVAL, -EOPNOTSUPP: this kernel has no tcx. */
static int attach_tcx(struct tc_link *l, int prog_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = FLAG_BEFORE);
	int fd = bpf_link_create(prog_fd, (int)l->target.ifindex,
				 (enum bpf_attach_type)(l->target.egress ? ATTACH_TCX_EGRESS
									: ATTACH_TCX_INGRESS),
				 &opts);

	if (fd < 0)
		return -errno;
	l->fd = fd;
	return 0;
}

static int attach_here(struct tc_link *l, int prog_fd, bool clsact_only)
{
	int r = clsact_only ? -EOPNOTSUPP : attach_tcx(l, prog_fd);

	if (r == -EINVAL || r == -EOPNOTSUPP)
		r = attach_clsact(l, prog_fd);
	return r;
}

int tc_attach(struct tc_link **ret, const struct tc_target *target, int prog_fd, bool clsact_only,
	      struct err *err)
{
	struct tc_link *l = calloc(1, sizeof(*l));
	struct object_capture capture;
	int previous, r;

	if (!l)
		return err_set(err, -ENOMEM, "out of memory");
	*l = (struct tc_link){.target = *target, .fd = -1};
	r = enter(target->netns, &previous, err);
	if (r < 0) {
		free(l);
		return r;
	}
	l->netns_inode = ns_inode_self();
	object_begin(&capture);
	r = attach_here(l, prog_fd, clsact_only);
	leave(previous);
	r = object_end(&capture, r, target->interface, err);
	if (r < 0) {
		free(l);
		return err_prefix(err, r, "attaching at %s", target->egress ? "egress" : "ingress");
	}
	*ret = l;
	return 0;
}

static int sweep_direction(const struct tc_target *t, bool remove, struct tc_swept *swept,
			   bool *made)
{
	struct census c = {0};
	bool made_here;
	int r = tc_filter_list(t->ifindex, t->egress, take_census, &c);

	if (r < 0)
		return r;
	swept->stale += c.ours - c.living;
	swept->living += c.living;
	if (!remove || !c.has_stale)
		return 0;
	r = remove_stale(t, &made_here);
	*made |= made_here;
	return r;
}

int tc_sweep(unsigned ifindex, bool remove, struct tc_swept *ret)
{
	struct tc_target t = {.ifindex = ifindex};
	struct tc_swept swept = {0};
	struct object_capture capture;
	bool made = false;
	int r;

	object_begin(&capture);
	r = sweep_direction(&t, remove, &swept, &made);
	t.egress = true;
	if (r >= 0)
		r = sweep_direction(&t, remove, &swept, &made);
	if (r >= 0 && made)
		remove_qdisc_if_empty(&t);
	r = object_end(&capture, r, "", NULL);
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

/* In the namespace: it may be another one under the same name by now. */
static void detach_clsact(const struct tc_link *l)
{
	if (ns_inode_self() != l->netns_inode)
		return;
	remove_filter(&l->target, FILTER_PRIORITY, handle_of(l->made_qdisc));
	if (l->made_qdisc)
		remove_qdisc_if_empty(&l->target);
}

void tc_detach(struct tc_link *l)
{
	struct object_capture capture;
	int previous;

	if (!l)
		return;
	if (l->fd >= 0) {
		close(l->fd);
	} else if (enter(l->target.netns, &previous, NULL) == 0) {
		object_begin(&capture);
		detach_clsact(l);
		leave(previous);
		object_end(&capture, 0, NULL, NULL);
	}
	free(l);
}
