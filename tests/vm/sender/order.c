// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/if_ether.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "sender.h"

struct number_key {
	const char *name;
	size_t at;
	u32 least, most;
};

/* clang-format off */
#define NUMBER(name, least, most) {#name, offsetof(struct order, name), least, most}
/* clang-format on */

static const struct number_key numbers[] = {
	NUMBER(downlink, 0, 1),
	NUMBER(hostile, 0, 1),
	NUMBER(seed, 0, U32_MAX),
	NUMBER(count, 1, U32_MAX),
	NUMBER(batch, 1, 256),
	NUMBER(pause_us, 0, 1000000),
	NUMBER(src, 0, U32_MAX),
	NUMBER(dst, 0, U32_MAX),
	NUMBER(teid, 0, U32_MAX),
	NUMBER(ue, 0, U32_MAX),
	NUMBER(sessions, 1, 1 << 20),
	NUMBER(dn, 0, U32_MAX),
	NUMBER(length, FRAME_LEAST_INNER, 1400),
	NUMBER(qfi, 0, 63),
	NUMBER(victim_teid, 0, U32_MAX),
	NUMBER(victim_ue, 0, U32_MAX),
};

/* A number, or an address with dots. */
static int number_parse(const char *text, u32 *ret)
{
	__be32 address;

	if (!strchr(text, '.'))
		return kstrtou32(text, 0, ret);
	if (!in4_pton(text, -1, (u8 *)&address, -1, NULL))
		return -EINVAL;
	*ret = ntohl(address);
	return 0;
}

static int number_set(struct order *o, const char *name, const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number_key *k = &numbers[i];
		u32 value;

		if (strcmp(name, k->name))
			continue;
		if (number_parse(text, &value) || value < k->least || value > k->most)
			return -EINVAL;
		*(u32 *)((u8 *)o + k->at) = value;
		return 0;
	}
	return -EINVAL;
}

static int key_set(struct order *o, const char *name, const char *text)
{
	if (!strcmp(name, "device"))
		return strscpy(o->device, text, sizeof(o->device)) < 0 ? -EINVAL : 0;
	if (!strcmp(name, "mac"))
		return mac_pton(text, o->mac) ? 0 : -EINVAL;
	return number_set(o, name, text);
}

int order_parse(char *text, struct order *ret)
{
	char *word;

	*ret = (struct order){.count = 1, .batch = 64, .sessions = 1, .length = 60, .seed = 1};
	while ((word = strsep(&text, " \n"))) {
		char *name = strsep(&word, "=");
		int err;

		if (!*name)
			continue;
		err = word ? key_set(ret, name, word) : -EINVAL;
		if (err) {
			pr_info("sender: %s is no key, or its value is out of range\n", name);
			return err;
		}
	}
	return 0;
}
