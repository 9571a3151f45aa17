/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: the names that Docker has for a container. Its bundles have none; its own state does, which lies
 * where the bundle's /etc/hostname comes from: DATA-ROOT/containers/ID/config.v2.json. */
#pragma once

#include <jansson.h>

#include "containers.h"

/* Fills name, pod and sandbox where the bundle is Docker's and its state can be read; else changes nothing. bundle: its
 * config.json. root is put before the path, as in containers_new(). */
void docker_read_names(const char *root, const json_t *bundle, struct container *c);
