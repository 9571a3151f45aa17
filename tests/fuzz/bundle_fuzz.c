/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as the config.json of a container's bundle. */
#include "bundle.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container c = {0};
	bool own_netns = false;

	fuzz_file("config.json", data, size);
	bundle_read("", "config.json", &c, &own_netns);
	CHECK_TEXT(c.name);
	CHECK_TEXT(c.pod);
	CHECK_TEXT(c.pod_uid);
	CHECK_TEXT(c.labels);
	CHECK_TEXT(c.netns_path);
	CHECK(!c.labels[0] || c.labels[strlen(c.labels) - 1] == '\n');
	CHECK(!c.netns_path[0] || own_netns);
	container_in_pod(&c, "app=upf*");
	return 0;
}
