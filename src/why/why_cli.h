/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the verb `why` share. */
#pragma once

#include <net/if.h>

#include "advice.h"
#include "buf.h"
#include "netns_facts.h"
#include "err.h"
#include "netns.h"
#include "settings.h"
#include "why_bridges.h"
#include "why_seen.h"

#define WHY_LINKS_MAX 64
#define WHY_SITES_MAX 8

struct why_link {
	char name[IF_NAMESIZE];
	unsigned ifindex, mtu;
	bool up;  /* with a carrier */
	bool xdp; /* it has an XDP program */
	bool addressed;
};

/* A network namespace where packets of a session may pass. */
struct why_site {
	struct netns ns;
	bool own;				    /* the calling thread's */
	bool ue_here;				    /* a UE's TUN device */
	char name[WHY_NAME_MAX];		    /* as people know it */
	char event_name[NETNS_NAME_MAX], inode[24]; /* as events name it */
	char inside[ADVICE_INSIDE_MAX];
	enum why_upf upf;
	char device[IF_NAMESIZE], version[32];
	struct why_link links[WHY_LINKS_MAX];
	size_t n_links, links_left_out; /* beyond WHY_LINKS_MAX */
	struct addr addresses[WHY_ADDRESSES_MAX];
	unsigned owners[WHY_ADDRESSES_MAX]; /* their interfaces */
	size_t n_addresses;
	uint16_t port;		  /* UDP port of GTP-U */
	struct netns_facts netns; /* as the doctor reads it, its one device ours */
	struct why_session session;
};

struct why_sites {
	struct why_site items[WHY_SITES_MAX];
	size_t n;
	size_t looked_at, left_out; /* namespaces; sites beyond WHY_SITES_MAX */
	char ue_at[WHY_NAME_MAX];   /* the network namespace that has the UE's address, which is a UE's; "": none */
	char ue_device[IF_NAMESIZE], ue_inside[ADVICE_INSIDE_MAX];
	struct netns ue_ns; /* valid where ue_at is not "" */
	char others[128];   /* names of more sites that have the session */
};

struct why_task {
	const struct why_question *q;
	const char *netns;	   /* the only network namespace to look at, or NULL */
	struct settings *settings; /* the probes' keys are set to what the question needs */
	uint64_t duration_ns;
	bool json;
	int ready_fd; /* as that of struct session_options: when packets are counted */
};

/* Watches, judges, and writes the answer to standard output. */
int why_run(const struct why_task *task, struct err *err);

/* Where the question may be answered: the one namespace whose kernel has rules for it, else all that
 * look like a UPF's. -EOPNOTSUPP when there is none; another -errno when it was not possible to look. */
int why_scan(const struct why_task *task, struct why_sites *ret, struct err *err);

/* Runs f in the site's namespace. Its result, or -errno. */
int why_inside(const struct why_site *site, int (*f)(void *data, struct err *err), void *data, struct err *err);
/* The link of that number, or NULL. */
const struct why_link *why_link_of(const struct why_site *site, unsigned ifindex);
/* Reads links, addresses and what the doctor reads, in the site's namespace. */
int why_read_site(struct why_site *site, struct err *err);

struct why_watched {
	struct why_seen *seen;
	uint64_t ns;							 /* how long it was counted */
	uint64_t skew_ns;						 /* of that, not by both TC and module */
	struct why_counters before[WHY_SITES_MAX], grown[WHY_SITES_MAX]; /* of each site */
	struct why_queues queues_before[WHY_SITES_MAX], queues[WHY_SITES_MAX];
	struct why_bridges bridges;
	struct why_counters ue_before, ue_grown; /* in the UE's network namespace */
	uint64_t malformed;			 /* GTP-U packets of any session, since the hooks are there */
	const char *malformed_as;		 /* static: the ledger's word for the last kind of them; NULL: none */
	bool module_ran;
	char module_why[WHY_TEXT_MAX]; /* why not */
};

/* Watches the sites for the task's duration, or until interrupted. The caller frees ret->seen. */
int why_observe(const struct why_sites *sites, const struct why_task *task, struct why_watched *ret, struct err *err);

/* The interfaces of a site that are watched, one by one: NULL at the end. */
const struct why_link *why_watched_link(const struct why_site *site, size_t *cursor);
size_t why_unwatched_links(const struct why_site *site); /* how many may matter too */

/* What the site's network says now of the ways that the packets would take. */
int why_network(struct why_site *site, const struct why_facts *f, struct why_network *ret, struct err *err);

struct why_story {
	const struct why_facts *f;
	const struct why_answer *a;
	const struct why_site *site;
	const struct why_sites *sites;
	const char *node; /* this node's name */
	const char *pod;  /* the site's; "" where none is known */
	uint64_t ns;
};

void why_text(const struct why_story *s, struct buf *out);
void why_json(const struct why_story *s, struct buf *out); /* one line */

/* Writes what a stage is called, "reached N3". */
const char *why_stage_title(const struct why_facts *f, enum why_way way, enum why_stage_id stage, char text[static 32]);
/* Where a stage's packets were, for those that are seen: "n3 from gNB 10.0.0.1, TEID 0x1". */
void why_stage_detail(const struct why_story *s, enum why_way way, enum why_stage_id stage, struct buf *out);
