/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any first line and headers of a request: libmicrohttpd, which would have split them, is this file. What passes has
 * one host at most and one length. */
#include <strings.h>

#include "framing.h"
#include "fuzz.h"

static char *headers;

static unsigned count(const char *name)
{
	unsigned n = 0;

	for (char *line = headers; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n += !strncasecmp(line, name, strlen(name)) && line[strlen(name)] == ':';
	}
	return n;
}

int MHD_get_connection_values(struct MHD_Connection *c, enum MHD_ValueKind kind, MHD_KeyValueIterator fn, void *data)
{
	char *copy = strdup(headers), *rest = copy, *line;
	int n = 0;

	while ((line = strsep(&rest, "\n"))) {
		char *colon = strchr(line, ':');

		if (colon)
			*colon++ = '\0';
		fn(data, kind, line, colon); /* NULL: a header without a value */
		n++;
	}
	free(copy);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *version;

	headers = text;
	strsep(&headers, "\n");
	version = strrchr(text, ' ');
	framing_uri_is_too_long(text);
	if (headers && !framing_error(NULL, version ? version + 1 : text)) {
		CHECK(count("Host") <= 1 && count("Content-Length") <= 1 && count("Transfer-Encoding") <= 1);
		CHECK(!count("Content-Length") || !count("Transfer-Encoding"));
	}
	free(text);
	return 0;
}
