/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_regex.h"

#include <string.h>

bool regex_can_name(const char *comm)
{
	for (const char *c = comm; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	return *comm;
}

void regex_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\.+*?()|[]{}^$", *text))
			buf_char(out, '\\');
		buf_char(out, *text);
	}
}

void regex_exact(struct buf *out, const char *comm)
{
	buf_char(out, '^');
	regex_escape(out, comm);
	buf_char(out, '$');
}
