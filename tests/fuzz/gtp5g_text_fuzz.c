/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as what /proc/gtp5g/pdr says of a PDR. */
#include <errno.h>

#include "fuzz.h"
#include "gtp5g_counters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gtp5g_pdr_text pdr, before;
	char *text = fuzz_text(data, size);

	memset(&pdr, 0x5a, sizeof(pdr));
	memcpy(&before, &pdr, sizeof(pdr));
	if (gtp5g_pdr_text_parse(text, &pdr) < 0)
		CHECK(!memcmp(&pdr, &before, sizeof(pdr)));
	free(text);
	return 0;
}
