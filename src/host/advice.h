/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of commands that a person is advised to run. Whatever names stand in them are quoted. */
#pragma once

#include <net/if.h>

#include "escape.h"
#include "netns.h"

#define ADVICE_INSIDE_MAX (WORD_MAX(NETNS_NAME_MAX) + 32)
#define ADVICE_WORD_MAX WORD_MAX(IF_NAMESIZE)
#define ADVICE_SYSCTL_MAX (WORD_MAX(IF_NAMESIZE + 64))

/* What a command begins with that runs in the namespace: "ip netns exec upf ". */
void advice_inside(const struct netns *ns, char text[static ADVICE_INSIDE_MAX]);

/* An interface's name as a word of a command. Returns text. */
const char *advice_word(const char *name, char text[static ADVICE_WORD_MAX]);

/* "net.ipv4.conf.INTERFACE.SETTING" as a word, setting with its value ("rp_filter=0"). Returns text. */
const char *advice_sysctl(const char *interface, const char *setting, char text[static ADVICE_SYSCTL_MAX]);
