/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What buys a token: a public key, or a user's password. Secrets are read from their files when they are
 * needed, and freed after. */
#pragma once

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "gthulhu.h"

struct credentials {
	char *key_path;
	char *public_key; /* the PEM block alone; NULL: none could be read */
	char *user;       /* "": none */
	char *password_path;
};

/* Fails when what the era needs is not there: a key, or a user and a password; for GTHULHU_AUTO one of
 * the two. */
int credentials_init(struct credentials *ret, const struct gthulhu_options *options, struct err *err);
void credentials_free(struct credentials *c);

/* {"public_key": ...}, of the file as it is now: the server may have made itself another pair. A file
 * that cannot be read leaves the key as it was. */
void credentials_write_key(struct credentials *c, struct buf *out);

/* {"username": ..., "password": ...} and the password itself. */
int credentials_write_login(const struct credentials *c, struct buf *out, struct buf *ret_password,
			    struct err *err);

/* The password alone; nothing when it cannot be read. */
void credentials_read_password(const struct credentials *c, struct buf *ret);

/* The sample key whose private half is published with Gthulhu. */
bool credentials_is_sample_key(const char *pem);
