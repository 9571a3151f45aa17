/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the program knows of each key of an event: event_key_table.h as an array. */
#pragma once

#include <stdint.h>

#include "event.h"

/* The object in JSON that a key is in. Keys of one object follow each other in the table. */
enum event_object {
	OBJECT_NONE,
	OBJECT_GTP,
	OBJECT_OUTER,
	OBJECT_INNER,
	OBJECT_STAGES,
	OBJECT_BUFFERED,
	OBJECT_DROPPED,
	OBJECT_MAX,
};

/* How a value is kept in struct event, and how it is written. */
enum event_form {
	FORM_NUMBER, /* unsigned, of 1, 2, 4 or 8 bytes */
	FORM_TEID,   /* uint32_t; hexadecimal in text */
	FORM_SIGNED, /* int32_t */
	FORM_ID,     /* uint64_t that can exceed 2^53: a string in JSON, as many readers keep 53 bits of a number */
	FORM_STRING, /* const char * */
	FORM_ARRAY,  /* char[] */
	FORM_ADDRESS,
	FORM_CONTEXT,
	FORM_DIR,
	FORM_DIRECTION,
	FORM_RULE_KIND,
	FORM_CHANGE,
};

/* The parts of a line of text, in their order; within a part the keys are in the order of the table. */
enum event_text_place {
	TEXT_NOWHERE,
	TEXT_TASK,
	TEXT_CPU,
	TEXT_FUNCTION,
	TEXT_PACKET,
	TEXT_INNER,
	TEXT_OUTER,
	TEXT_INNER_PORTS, /* with the other port and the protocol */
	TEXT_OUTER_PORTS,
	TEXT_FLAGS,
	TEXT_CHANGE,
	TEXT_RULE_IDS,
	TEXT_MORE_IDS,
	TEXT_OUTCOME,
	TEXT_COUNTS,
	TEXT_OWNER,
	TEXT_TIMES,
	TEXT_PLACES,
};

struct event_key {
	enum event_object object;
	enum event_form form;
	enum event_payload payload; /* PAYLOAD_NONE: the head */
	enum event_text_place place;
	uint16_t offset, size; /* of the value in struct event */
	const char *key;       /* in JSON */
	const char *word;      /* in a line of text; NULL where the key is nowhere in it */
	const char *unit;      /* "": none */
	const char *help;
};

extern const struct event_key event_keys[F_MAX];

/* NULL for OBJECT_NONE. Static. */
const char *event_object_name(enum event_object object);

/* JSON's type: "number" or "string". Static. */
const char *event_key_type(const struct event_key *k);

/* Whether events of this kind can have the key. Of others the union holds something else in its place. */
bool event_key_fits(const struct event_key *k, enum event_kind kind);

/* The value where JSON has a string that is no number, else NULL. text holds it where it is none of the event's. */
const char *event_key_string(const struct event_key *k, const struct event *e, char text[static ADDR_TEXT_MAX]);
/* The value of the other forms; of FORM_SIGNED its bits. */
uint64_t event_key_number(const struct event_key *k, const struct event *e);
