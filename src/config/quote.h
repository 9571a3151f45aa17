/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts as YAML writes them, by libyaml, which reads them back. Inside config/ alone. */
#pragma once

#include <stdbool.h>

#include "buf.h"

/* Whether YAML can hold the text: it is UTF-8. */
bool quote_can(const char *text);

/* Appends the text within double quotes, on one line, with every character escaped that a terminal or a reader would
 * take for something else. 0, -ENOMEM, or -EILSEQ for a text that is not UTF-8. */
int quote_yaml(const char *text, struct buf *out);
