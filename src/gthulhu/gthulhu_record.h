/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: a file that says which server may hold strategies of which threads, and how to ask it. It is locked
 * by its writer, so that an unlocked one is of a teide that was killed. No secret is in it, paths alone. */
#pragma once

#include <jansson.h>

#include "gthulhu.h"
#include "gthulhu_left.h"

#define RECORD_PATH_MAX 160

struct api_record {
	char path[RECORD_PATH_MAX]; /* "": none is kept */
	int fd;			    /* of the locked file; -1: none is written yet */
	json_t *head;		    /* the server and how to ask it */
	struct strategy_list threads;
};

/* A record in dir, which is made with the first record; nothing is written yet. 0 or -ENOMEM. */
int api_record_init(struct api_record *r, const char *dir, const struct gthulhu_options *options);
void api_record_free(struct api_record *r); /* leaves the file */

/* What the server may hold from now on: the list alone, or besides what is on record. Writes when that is news; without
 * threads removes the file. 0 or -errno. */
int api_record_write(struct api_record *r, const struct strategy_list *list);
int api_record_add(struct api_record *r, const struct strategy_list *list);
void api_record_remove(struct api_record *r);

/* A record that was read. */
struct api_left {
	json_t *root;			/* owned */
	struct gthulhu_options options; /* strings are root's */
	struct strategy_list threads;
};

void api_left_free(struct api_left *left);
int api_left_read(const char *path, struct api_left *ret, struct err *err);
