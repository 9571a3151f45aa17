/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "framing.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define URI_MAX 8000 /* what RFC 9112 3 recommends to take at least */
#define ARGUMENTS_MAX 64

struct headers {
	unsigned hosts, lengths, encodings;
	bool chunked;
	bool blank; /* in a header's name, as in "Content-Length : 5" */
};

bool framing_uri_is_too_long(const char *uri)
{
	unsigned arguments = 0;

	if (strnlen(uri, URI_MAX + 1) > URI_MAX)
		return true;
	for (; *uri; uri++)
		arguments += *uri == '&';
	return arguments >= ARGUMENTS_MAX;
}

void framing_refuse_uri(struct MHD_Connection *c)
{
	static const char answer[] = "HTTP/1.1 414 URI Too Long\r\nConnection: close\r\n"
				     "Content-Length: 0\r\n\r\n";
	int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_RDWR);
}

static enum MHD_Result look(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct headers *h = data;

	h->blank |= strpbrk(name, " \t") != NULL;
	h->hosts += !strcasecmp(name, "Host");
	h->lengths += !strcasecmp(name, "Content-Length");
	if (!strcasecmp(name, "Transfer-Encoding")) {
		h->encodings++;
		h->chunked = value && !strcasecmp(value, "chunked");
	}
	return MHD_YES;
}

const char *framing_error(struct MHD_Connection *c, const char *version)
{
	struct headers h = {0};

	MHD_get_connection_values(c, MHD_HEADER_KIND, look, &h);
	if (h.blank)
		return "blank in the name of a header";
	if (h.hosts > 1)
		return "more than one Host header";
	if (!h.hosts && !strcasecmp(version, MHD_HTTP_VERSION_1_1))
		return "no Host header";
	if (h.lengths > 1)
		return "more than one Content-Length header";
	if (h.encodings && h.lengths)
		return "both Transfer-Encoding and Content-Length";
	if (h.encodings > 1 || (h.encodings && !h.chunked))
		return "Transfer-Encoding is not chunked";
	return NULL;
}
