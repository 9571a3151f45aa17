/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's RSA key pair in its data folder: private_key.pem (PKCS#8, mode 0600) and public_key.pem
 * (SubjectPublicKeyInfo, mode 0644). */
#pragma once

#include <stddef.h>

#include "buf.h"
#include "err.h"

struct keys {
	void *pair; /* EVP_PKEY, owned */
	struct buf private_pem, public_pem;
	char *public_path; /* owned */
};

/* Loads the pair, or makes one (RSA 2048) when there is no private key yet. Files appear whole or not
 * at all; of two servers that start at once the first wins. */
int keys_load(struct keys *ret, const char *dir, struct err *err);
void keys_free(struct keys *keys);

/* 0 when text holds our public key: PEM "PUBLIC KEY", compared as a parsed key. -EACCES and the
 * reason, in the words of Gthulhu's server, otherwise. */
int keys_match(const struct keys *keys, const char *text, struct err *err);
