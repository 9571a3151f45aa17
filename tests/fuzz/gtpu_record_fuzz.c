/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as a record of the gtpu probe's ring: refused, or an event; the attributes of a rule are read as the
 * rule. */
#include "gtp5g_rules.h"
#include "gtpu/gtpu_run.h"
#include "record_text.h"

/* Only gtpu_netns_name() asks for it. */
const char *netns_name(const char *root, uint64_t inode, char ret[static NETNS_NAME_MAX])
{
	abort();
}

/* Only gtpu_hooks() asks for it. */
bool gtpu_refusal_has_code(const char *text)
{
	abort();
}

static void check_rule(const struct event *e)
{
	struct gtp5g_rule rule = {.kind = e->rule.kind};

	CHECK(e->rule.kind < RULE_KINDS && e->rule.attrs_len <= GTPU_RULE_ATTRS_MAX);
	if (gtp5g_rule_apply(e->rule.attrs, e->rule.attrs_len, &rule) == 0 && rule.kind == GTP5G_RULE_PDR)
		CHECK(rule.pdr.qers.n <= GTP5G_IDS_MAX && rule.pdr.urrs.n <= GTP5G_IDS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char netns[GTPU_NETNS_MAX], *record = fuzz_text(data, size);
	struct event e;

	if (gtpu_record_decode(record, size, &e, netns) == 0) {
		if (e.kind == KIND_RULE && e.rule.attrs)
			check_rule(&e);
		record_text_check(&e);
	}
	free(record);
	return 0;
}
