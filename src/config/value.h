/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One option's value: from text into the section's struct, and back. Inside config/ alone. */
#pragma once

#include "buf.h"
#include "option.h"

/* Parses text into base + offset, freeing what was there. The message names no key: the caller
 * does. A list takes comma-separated text. */
int value_set(const struct config_option *o, void *base, const char *text, struct err *err);
int value_list_add(const struct config_option *o, void *base, const char *item, struct err *err);
void value_clear(const struct config_option *o, void *base);

/* The text of an OPTION_STRING; of a URL without the user and password in it, which masked then holds. */
const char *value_text(const struct config_option *o, const void *base, struct buf *masked);
void value_show(const struct config_option *o, const void *base, struct buf *out);
