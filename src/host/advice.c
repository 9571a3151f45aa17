/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "advice.h"

#include <stdio.h>
#include <string.h>

#define LONG_WORD 96 /* a process id is easier to copy */

void advice_inside(const struct netns *ns, char text[static ADVICE_INSIDE_MAX])
{
	char word[WORD_MAX(NETNS_NAME_MAX)];

	escape_word_to(word, sizeof(word), ns->name);
	if (ns->name[0] && (strlen(word) <= LONG_WORD || !ns->pid))
		snprintf(text, ADVICE_INSIDE_MAX, "ip netns exec %s ", word);
	else
		snprintf(text, ADVICE_INSIDE_MAX, "nsenter -t %d -n ", ns->pid);
}

const char *advice_word(const char *name, char text[static ADVICE_WORD_MAX])
{
	return escape_word_to(text, ADVICE_WORD_MAX, name);
}

/* With slashes a dot is part of a name (sysctl(8)): "eth0.100". */
const char *advice_sysctl(const char *interface, const char *setting, char text[static ADVICE_SYSCTL_MAX])
{
	const char *form = strchr(interface, '.') ? "net/ipv4/conf/%.*s/%.40s" : "net.ipv4.conf.%.*s.%.40s";
	char key[IF_NAMESIZE + 64];

	snprintf(key, sizeof(key), form, IF_NAMESIZE - 1, interface, setting);
	return escape_word_to(text, ADVICE_SYSCTL_MAX, key);
}
