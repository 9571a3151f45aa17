/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's tokens: JWT (RFC 7519), RS256 and nothing else. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "keys.h"

/* The caller frees *ret. */
int bearer_issue(const struct keys *keys, uint64_t now_s, uint64_t life_s, char **ret, struct err *err);

/* 0 when the token is ours and now lies in its life; -EACCES and the reason otherwise. */
int bearer_verify(const struct keys *keys, const char *token, uint64_t now_s, struct err *err);
