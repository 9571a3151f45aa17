/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as a record of the flow probe's ring: refused, or an event. */
#include "flow/flow_run.h"
#include "record_text.h"

static struct flow_target target = {.netns_text = "gnb", .interface = "n3", .ifindex = 2};
static struct flow_attachment attachments[] = {{.target = &target}, {.target = &target, .egress = true}};
static struct flow_interface interfaces[] = {{.peer = "upf/n3", .twin = true}};
static const struct probe_run run = {
	.attachments = attachments, .interfaces = interfaces, .n_attachments = 2, .probe_id = 1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *record = fuzz_text(data, size);
	struct event e;

	if (flow_decode(&run, record, size, &e))
		record_text_check(&e);
	free(record);
	return 0;
}
