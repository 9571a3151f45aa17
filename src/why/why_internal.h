/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by why_*.c alone. */
#pragma once

#include <stdarg.h>

#include "map.h"
#include "quality.h"
#include "tunnels.h"
#include "why_seen.h"

#define WHY_DURATIONS_MAX 65536
#define WHY_LATENCY_BUCKETS 40
#define WHY_TEIDS_MAX 32
#define WHY_ERRORS_MAX 4096
#define WHY_SKEW_MAX_PERCENT 20 /* above it the module's counts and those of TC are not compared */

/* The session as it is told from others. */
struct why_marks {
	bool has_ue;
	struct addr ue;
	uint32_t teids[WHY_WAYS][WHY_TEIDS_MAX];
	size_t n[WHY_WAYS];
	bool told; /* by rules: a TEID that is not among them is another's */
};

bool why_marks_teid(const struct why_marks *m, enum why_way way, uint32_t teid);
void why_marks_add(struct why_marks *m, enum why_way way, uint32_t teid);
void why_marks_session(struct why_marks *m, const struct why_session *s);

struct why_seen {
	struct why_marks marks;
	struct agg_flows *flows;    /* its own, or all while its address is not known */
	struct agg_flows *rest;	    /* without a tunnel and its address: a translated one may be there */
	struct agg_quality *errors; /* Error Indications of all sessions */
	struct map *rows, *exits;   /* struct module_key -> struct module_value */
	uint64_t latency[WHY_WAYS][WHY_LATENCY_BUCKETS]; /* of all sessions */
	uint64_t *durations[WHY_WAYS];			 /* of exits of this one */
	size_t n_durations[WHY_WAYS];
	uint64_t lost, left_out;
	bool by_rows;
};

/* The rows of a table. */
struct why_rows {
	const struct agg_flow **flows;
	bool *twin; /* its packets are those of another row, at a device above or below */
	size_t n;
};

int why_rows(const struct agg_flows *table, const char *device, struct why_rows *ret); /* 0 or -ENOMEM */
void why_rows_free(struct why_rows *rows);
/* Row i has packets in tunnels of the place, with a direction. Not on the loopback device, where each goes both ways.
 */
bool why_row_in_tunnel(const struct why_rows *rows, size_t i, const struct why_place *place);
enum why_way why_row_way(const struct agg_flow_key *k); /* of a row in a tunnel */

/* What the far end of a tunnel says against its packets: after the peers are known. 0 or -ENOMEM. */
int why_refusals(const struct why_seen *s, const struct why_place *place, const struct why_marks *m,
		 struct why_seen_facts *ret);
void why_count_icmp(const struct why_rows *rows, const struct why_place *place, struct why_seen_facts *ret);

/* What becomes of each flow from stage to stage: after the UE and the peers are known. 0 or -ENOMEM. */
int why_lengths(const struct why_rows *rows, const struct why_place *place, struct why_seen_facts *ret);

/* TCP connections of the UE that were never made, by the packets in tunnels. 0 or -ENOMEM. */
int why_handshakes(const struct why_rows *rows, const struct why_place *place, struct why_seen_facts *ret);

/* Sessions of which one direction alone was seen, or a tunnel is refused. 0 or -ENOMEM. */
int why_halves(const struct why_seen *seen, const struct why_rows *rows, const struct why_place *place,
	       struct why_seen_facts *ret);

/* The module's side: what e says is added; summed up for a place. */
void why_module_add(struct why_seen *s, const struct event *e);
int why_module_sum(const struct why_seen *s, const struct why_place *place, const struct why_marks *m,
		   struct why_seen_facts *ret);
bool why_place_is(const struct why_place *place, const char *netns);

/* Writes what fits whole, else "": a command that is cut is another command. Whether it fitted. */
bool why_write_whole(char *to, size_t size, const char *format, va_list ap) __attribute__((format(printf, 3, 0)));
/* text NULL: no. */
bool why_is(const char *text, const char *word);

/* Of why.c's judgement. */
bool why_has_xdp(const struct why_network *net, const char *interface);
void why_say_xdp(const struct why_facts *f, const char *name, struct why_answer *a); /* nothing came */
/* The half that the question is supposed to be about; NULL: none. */
const struct why_half *why_supposed(const struct why_facts *f);
void why_name_half(const struct why_facts *f, const struct why_half *half, char *text, size_t size);
void why_say_halves(const struct why_facts *f, const char *name, struct why_answer *a); /* of several */
void why_make_stages(const struct why_facts *f, enum why_way way, struct why_path *p);
void why_hide_answered(const struct why_facts *f, struct why_path *up, const struct why_path *down);
/* What was found by exclusion. */
bool why_is_guess(const char *reason);
/* A process that takes packets from N3 and puts them on N6 itself: no device is between. */
bool why_is_without_device(const struct why_facts *f);
/* A host says that it could not deliver or forward a packet. */
bool why_is_icmp_error(const struct event_tuple *t);
/* Long packets are lost, a queue or a filter of TC drops, in place of a guess: after the reason. */
void why_judge_queues(const struct why_facts *f, enum why_way way, struct why_path *p);
void why_judge_lengths(const struct why_facts *f, enum why_way way, struct why_path *p);
/* A cause that a counter proves, in place of a guess: after the reason. */
void why_judge_cause(const struct why_facts *f, enum why_way way, struct why_path *p);
/* The far end refuses what left: after the stop is known. */
void why_judge_refusal(const struct why_facts *f, enum why_way way, struct why_path *p);
/* The UE's own host drops what reached it. */
void why_judge_ue(const struct why_facts *f, enum why_way way, struct why_path *p);
bool why_is_refused(const struct why_facts *f, enum why_way way);
void why_find_stop(const struct why_facts *f, struct why_path *p);
/* The packets that reached the stage: a later one may have seen more of them. */
uint64_t why_passed(const struct why_path *p, int stage);
void why_reason(const struct why_facts *f, enum why_way way, struct why_path *p);
uint64_t why_outcomes(const struct why_counts *c, enum why_stage_id stage);
const struct why_outcome *why_worst(const struct why_counts *c, enum why_stage_id stage);
