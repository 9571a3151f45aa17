/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's RSA key pair in its data folder: private_key.pem (PKCS#8, mode 0600) and public_key.pem
 * (SubjectPublicKeyInfo, mode 0640: it buys a token). */
#pragma once

#include <stddef.h>

#include "buf.h"
#include "err.h"

struct keys {
	void *pair; /* EVP_PKEY, owned */
	struct buf private_pem, public_pem;
	char *public_path; /* owned */
};

/* Loads the pair. Without a private key it makes a pair (RSA 2048), and the folder (mode 0700). Files
 * appear whole or not at all; of two servers that start at once the first wins. -EPERM when the folder or
 * the private key belongs to another user than root and the caller, or other users may use it. */
int keys_load(struct keys *ret, const char *dir, struct err *err);
void keys_free(struct keys *keys);

/* 0 when text holds our public key: PEM "PUBLIC KEY", compared as a parsed key. -EACCES and the
 * reason, in the words of Gthulhu's server, otherwise. */
int keys_match(const struct keys *keys, const char *text, struct err *err);
