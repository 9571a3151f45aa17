/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* devices_scene KIND: the devices of that kind in all namespaces, "INODE IFINDEX" a line, then "."; at
 * each line of its input the same devices with "there" or "gone" behind, then ".". */
#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "devices.h"

static void tell(const struct device_list *list, bool again)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct device *d = &list->items[i];
		int there = again ? device_is_there(d, NULL) : 0;

		printf("%" PRIu64 " %u%s\n", d->netns.inode, d->ifindex,
		       !again	   ? ""
		       : there < 0 ? " unknown"
		       : there	   ? " there"
				   : " gone");
	}
	puts(".");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	_cleanup_(device_list_free) struct device_list list = {0};
	const char *kinds[] = {argc > 1 ? argv[1] : ""};
	struct err err = {""};
	char line[16];

	if (device_list(kinds, 1, &list, &err) < 0 || list.unread || list.left_out) {
		fprintf(stderr, "%s; unread %zu: %s\n", err.text, list.unread, list.why.text);
		return 1;
	}
	tell(&list, false);
	while (fgets(line, sizeof(line), stdin))
		tell(&list, true);
	return 0;
}
