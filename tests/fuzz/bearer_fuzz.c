/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as a token, as a public key, and, signed with the server's key, as the header and the claims of a token. The
 * first byte chooses. */
#include <jansson.h>
#include <openssl/evp.h>

#include "bearer.h"
#include "fuzz.h"

#define NOW 1700000000
#define SIGNATURE_MAX 512

static struct keys keys;

static void add_base64url(struct buf *out, const void *data, size_t size)
{
	char *text = calloc(1, size * 4 / 3 + 8);

	CHECK(text);
	EVP_EncodeBlock((unsigned char *)text, data, (int)size);
	for (const char *c = text; *c && *c != '='; c++)
		buf_char(out, *c == '+' ? '-' : *c == '/' ? '_' : *c);
	free(text);
}

static void sign(struct buf *token)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t n = sizeof(signature);

	CHECK(context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, keys.pair) == 1);
	CHECK(EVP_DigestSign(context, signature, &n, (unsigned char *)token->data, token->len) == 1);
	buf_char(token, '.');
	add_base64url(token, signature, n);
	EVP_MD_CTX_free(context);
}

/* "HEADER\nCLAIMS" */
static void check_signed(char *text)
{
	char *claims = text, *header = strsep(&claims, "\n");
	struct buf token = {0};
	struct err err = {0};
	json_t *root;

	claims = claims ? claims : "";
	add_base64url(&token, header, strlen(header));
	buf_char(&token, '.');
	add_base64url(&token, claims, strlen(claims));
	sign(&token);
	if (bearer_verify(&keys, token.data, NOW, &err) == 0) {
		root = json_loads(claims, 0, NULL);
		CHECK(json_integer_value(json_object_get(root, "exp")) > NOW && strstr(header, "RS256"));
		json_decref(root);
	} else {
		CHECK(err.text[0]);
	}
	buf_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	char *text;

	if (!keys.pair)
		CHECK(keys_load(&keys, ".", &err) == 0);
	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	if (data[0] % 4 == 0)
		CHECK(bearer_verify(&keys, text, NOW, &err) < 0 && err.text[0]);
	else if (data[0] % 4 == 1)
		CHECK(keys_match(&keys, text, &err) < 0 && err.text[0]);
	else
		check_signed(text);
	free(text);
	return 0;
}
