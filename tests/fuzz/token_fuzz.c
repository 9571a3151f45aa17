/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as a token, of a server whose word on its end is the first 8 bytes: taken, and then it is due at some time
 * within a year, or refused. */
#include "fuzz.h"
#include "gthulhu_token.h"

#define NS_PER_S 1000000000ULL
#define YEAR_NS (366 * 86400 * NS_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct token_time now = {1000 * NS_PER_S, 1700000000 * NS_PER_S};
	struct token_claims claims;
	struct token token = {0};
	struct err err = {0};
	int64_t expires_s;
	char *text;

	if (size < sizeof(expires_s))
		return 0;
	memcpy(&expires_s, data, sizeof(expires_s));
	text = fuzz_text(data + sizeof(expires_s), size - sizeof(expires_s));
	if (token_claims(text, &claims) == 0)
		CHECK(claims.exp >= 0 && claims.iat >= 0);
	if (token_set(&token, text, expires_s, &now, &err) == 0)
		CHECK(token.refresh_ns >= now.boot_ns && token.refresh_ns <= now.boot_ns + YEAR_NS);
	else
		CHECK(err.text[0] && !token.text);
	credentials_is_sample_key(text);
	token_drop(&token);
	free(text);
	return 0;
}
