/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"

bool why_is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

bool why_write_whole(char *to, size_t size, const char *format, va_list ap)
{
	int n = vsnprintf(to, size, format, ap);
	bool fits = n >= 0 && (size_t)n < size;

	if (!fits)
		to[0] = '\0';
	return fits;
}

void why_because(const struct why_judge *j, const char *reason, const char *format, ...)
{
	va_list ap;

	j->p->reason = reason;
	va_start(ap, format);
	vsnprintf(j->p->text, sizeof(j->p->text), format, ap);
	va_end(ap);
}

void why_look(const struct why_judge *j, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	why_write_whole(j->p->advice, sizeof(j->p->advice), format, ap);
	va_end(ap);
}

/* route leads out by an interface that must be up and have a neighbour. */
bool why_next_hop_fails(const struct why_judge *j, const struct why_route *route, const char *what)
{
	char hop[ADDR_TEXT_MAX], interface[ADVICE_WORD_MAX];

	if (!route->asked || route->error || route->local)
		return false;
	if (!route->up) {
		why_because(j, "interface_down", "%s is down: the way to %s", route->interface, what);
		why_look(j, "%sip link set dev %s up", j->f->inside, advice_word(route->interface, interface));
		return true;
	}
	if (!route->next_hop_silent)
		return false;
	addr_format(&route->next_hop, hop);
	if (why_has_xdp(j->net, route->interface)) {
		why_hop_past_xdp(j, route->interface, hop);
		return true;
	}
	why_because(j, "next_hop_silent", "the next hop to %s, %s at %s, does not answer %s", what, hop,
		    route->interface, addr_is_v4(&route->next_hop) ? "ARP" : "neighbour discovery");
	why_look(j, "%sip neigh show %s; is it up, and the link to it?", j->f->inside, hop);
	return true;
}
