/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_credentials.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "gthulhu_wire.h"

#define KEY_FILE_MAX (64 * 1024)
#define PASSWORD_FILE_MAX 4096
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END "-----END PUBLIC KEY-----"

/* The block alone: whatever else the file holds is not the server's business. */
static int read_key(const char *path, char **ret, struct err *err)
{
	_cleanup_(buf_free) struct buf key = {0};
	const char *begin, *end;
	int r;

	if (!*path)
		return err_set(err, -EINVAL,
			       "api.public_key_path is not set: give the PEM file of the API "
			       "server's public key, or set api.enabled: false");
	r = buf_read_file(&key, path, KEY_FILE_MAX);
	if (r < 0)
		return err_set(err, r,
			       "public key %s: %s; set api.public_key_path to the API server's "
			       "public_key.pem, or api.enabled: false",
			       path, file_error(r));
	begin = key.data ? strstr(key.data, PEM_BEGIN) : NULL;
	end = begin ? strstr(begin, PEM_END) : NULL;
	if (!end)
		return err_set(err, -EBADMSG,
			       "public key %s: no PEM block \"PUBLIC KEY\"; convert it with openssl "
			       "pkey, or take the server's public_key.pem",
			       path);
	*ret = strndup(begin, (size_t)(end - begin) + strlen(PEM_END));
	return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* The first line; a password may begin and end with blanks. */
static int read_password(const char *path, struct buf *ret, struct err *err)
{
	int r;

	if (!*path)
		return err_set(err, -EINVAL,
			       "api.password_file is not set: give the file with the password of api.user");
	r = buf_read_file(ret, path, PASSWORD_FILE_MAX);
	if (r < 0)
		return err_set(err, r, "api.password_file %s: %s; give a readable file", path,
			       file_error(r));
	if (ret->data) {
		ret->len = strcspn(ret->data, "\r\n");
		ret->data[ret->len] = '\0';
	}
	if (ret->len == 0)
		return err_set(err, -EBADMSG, "api.password_file %s: its first line is empty", path);
	return 0;
}

static int check_login(const struct credentials *c, struct err *err)
{
	_cleanup_(buf_free) struct buf password = {0};

	if (!*c->user)
		return err_set(err, -EINVAL, "api.user is not set: a manager wants a user and a "
					     "password, see api.password_file");
	return read_password(c->password_path, &password, err);
}

static int check(struct credentials *c, unsigned era, struct err *err)
{
	int r = 0;

	if (era == GTHULHU_MANAGER || (era == GTHULHU_AUTO && *c->user))
		r = check_login(c, err);
	if (r == 0 && era != GTHULHU_MANAGER)
		r = read_key(c->key_path, &c->public_key, err);
	/* Who has a user may have no key. */
	return era == GTHULHU_AUTO && *c->user && !c->public_key && r != -ENOMEM ? check_login(c, err) : r;
}

int credentials_init(struct credentials *ret, const struct gthulhu_options *options, struct err *err)
{
	struct credentials c = {
		.key_path = strdup(options->public_key_path),
		.user = strdup(options->user),
		.password_path = strdup(options->password_file),
	};
	int r;

	if (!c.key_path || !c.user || !c.password_path)
		r = err_set(err, -ENOMEM, "out of memory");
	else
		r = check(&c, options->era, err);
	if (r < 0)
		credentials_free(&c);
	else
		*ret = c;
	return r;
}

void credentials_free(struct credentials *c)
{
	free(c->key_path);
	free(c->public_key);
	free(c->user);
	free(c->password_path);
	*c = (struct credentials){0};
}

void credentials_write_key(struct credentials *c, struct buf *out)
{
	char *key;

	if (read_key(c->key_path, &key, NULL) == 0) {
		free(c->public_key);
		c->public_key = key;
	}
	gthulhu_write_token_request(out, c->public_key);
}

int credentials_write_login(const struct credentials *c, struct buf *out, struct buf *ret_password,
			    struct err *err)
{
	int r = read_password(c->password_path, ret_password, err);

	if (r == 0)
		gthulhu_write_login(out, c->user, ret_password->data);
	return r;
}

void credentials_read_password(const struct credentials *c, struct buf *ret)
{
	if (read_password(c->password_path, ret, NULL) < 0)
		buf_free(ret);
}

/* A line of its base64 text is as good as the whole: 384 bits of the modulus. */
bool credentials_is_sample_key(const char *pem)
{
	static const char line[] = "i+IQDfimvarjjZ6Nm368L0Rthv3KOkI5CqRZ6bsVwwBug7GcdkvFs3LiRSKlMBpH";
	_cleanup_(buf_free) struct buf text = {0};

	for (; *pem; pem++) {
		if (!isspace((unsigned char)*pem))
			buf_char(&text, *pem);
	}
	return text.data && strstr(text.data, line);
}
