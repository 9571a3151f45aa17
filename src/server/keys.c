/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

#define RSA_BITS 2048
#define KEY_FILE_MAX (64 * 1024)
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END "-----END PUBLIC KEY-----"

DEFINE_CLEANUP(EVP_PKEY *, pkey, EVP_PKEY_free)
DEFINE_CLEANUP(BIO *, bio, BIO_free_all)

void keys_free(struct keys *keys)
{
	EVP_PKEY_free(keys->pair);
	if (keys->private_pem.data)
		explicit_bzero(keys->private_pem.data, keys->private_pem.cap);
	buf_free(&keys->private_pem);
	buf_free(&keys->public_pem);
	free(keys->public_path);
	*keys = (struct keys){0};
}

static int take_pem(BIO *bio, struct buf *ret)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	buf_add(ret, data, (size_t)len);
	return ret->failed ? -ENOMEM : 0;
}

static int to_pem(struct keys *keys)
{
	_cleanup_(cleanup_bio) BIO *private = BIO_new(BIO_s_secmem());
	_cleanup_(cleanup_bio) BIO *public = BIO_new(BIO_s_mem());

	if (!private || !public ||
	    !PEM_write_bio_PrivateKey(private, keys->pair, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio_PUBKEY(public, keys->pair))
		return -ENOMEM;
	if (take_pem(private, &keys->private_pem) < 0)
		return -ENOMEM;
	return take_pem(public, &keys->public_pem);
}

static int write_all(int fd, const struct buf *data)
{
	for (size_t done = 0; done < data->len;) {
		ssize_t n = write(fd, data->data + done, data->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* replace: false leaves an existing file alone and returns -EEXIST. */
static int write_file(const char *path, const struct buf *data, mode_t mode, bool replace,
		      struct err *err)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s; is the data folder writable?", path,
			       err_name(-errno));
	r = write_all(fd, data);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && (replace ? rename(temporary, path) : link(temporary, path)) < 0)
		r = -errno;
	if (r < 0 || !replace)
		unlink(temporary);
	return r < 0 ? err_set(err, r, "%s: %s", path, err_name(r)) : 0;
}

static int read_pair(struct keys *keys, const char *path, struct err *err)
{
	_cleanup_(buf_free) struct buf file = {0};
	_cleanup_(cleanup_bio) BIO *bio = NULL;
	int r = buf_read_file(&file, path, KEY_FILE_MAX);

	if (r < 0)
		return err_set(err, r, "%s: %s", path, err_name(r));
	bio = BIO_new_mem_buf(file.data, (int)file.len);
	if (bio)
		keys->pair = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	if (file.data)
		explicit_bzero(file.data, file.len);
	if (!keys->pair || EVP_PKEY_get_base_id(keys->pair) != EVP_PKEY_RSA)
		return err_set(err, -EBADMSG,
			       "%s: not an RSA private key in PEM without a password; move it away "
			       "and a new pair is made",
			       path);
	return 0;
}

static int make_pair(const char *path, struct err *err)
{
	_cleanup_(keys_free) struct keys fresh = {.pair = EVP_RSA_gen(RSA_BITS)};
	int r;

	if (!fresh.pair || to_pem(&fresh) < 0)
		return err_set(err, -ENOMEM, "%s: cannot make an RSA key pair", path);
	r = write_file(path, &fresh.private_pem, 0600, false, err);
	return r == -EEXIST ? 0 : r;
}

static int publish(struct keys *keys, struct err *err)
{
	_cleanup_(buf_free) struct buf there = {0};

	if (buf_read_file(&there, keys->public_path, KEY_FILE_MAX) == 0 &&
	    there.len == keys->public_pem.len &&
	    memcmp(there.data, keys->public_pem.data, there.len) == 0)
		return 0;
	return write_file(keys->public_path, &keys->public_pem, 0644, true, err);
}

int keys_load(struct keys *ret, const char *dir, struct err *err)
{
	_cleanup_(keys_free) struct keys keys = {0};
	_cleanup_free_ char *private_path = NULL;
	int r;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set(err, -errno, "data folder %s: %s; --data DIR names another", dir,
			       err_name(-errno));
	if (asprintf(&private_path, "%s/private_key.pem", dir) < 0 ||
	    asprintf(&keys.public_path, "%s/public_key.pem", dir) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	if (access(private_path, F_OK) < 0 && errno == ENOENT) {
		r = make_pair(private_path, err);
		if (r < 0)
			return r;
	}
	r = read_pair(&keys, private_path, err);
	if (r < 0)
		return r;
	if (to_pem(&keys) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	r = publish(&keys, err);
	if (r < 0)
		return r;
	*ret = keys;
	keys = (struct keys){0};
	return 0;
}

/* ret has room for all of it. */
static size_t strip(const char *begin, const char *end, unsigned char *ret)
{
	size_t n = 0;

	for (; begin < end; begin++)
		if (!strchr(" \t\r\n", *begin))
			ret[n++] = (unsigned char)*begin;
	return n;
}

static EVP_PKEY *parse_base64(const unsigned char *base64, size_t n)
{
	_cleanup_free_ unsigned char *der = calloc(1, n + 1);
	const unsigned char *p = der;
	EVP_PKEY *key;
	int len;

	len = der && n > 2 ? EVP_DecodeBlock(der, base64, (int)n) : -1;
	if (len <= 0)
		return NULL;
	/* The padding was decoded as zero bytes. */
	len -= (base64[n - 1] == '=') + (base64[n - 2] == '=');
	key = d2i_PUBKEY(NULL, &p, len);
	if (key && p == der + len)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* OpenSSL's own reader takes "RSA PUBLIC KEY" for the same and stumbles over blank lines. */
static EVP_PKEY *parse_public(const char *text)
{
	_cleanup_free_ unsigned char *base64 = NULL;
	const char *begin = strstr(text, PEM_BEGIN), *end;

	end = begin ? strstr(begin, PEM_END) : NULL;
	if (!end)
		return NULL;
	begin += strlen(PEM_BEGIN);
	base64 = calloc(1, (size_t)(end - begin) + 1);
	return base64 ? parse_base64(base64, strip(begin, end, base64)) : NULL;
}

int keys_match(const struct keys *keys, const char *text, struct err *err)
{
	_cleanup_(cleanup_pkey) EVP_PKEY *key = NULL;

	key = parse_public(text);
	if (!key && !strstr(text, "-----BEGIN "))
		return err_set(err, -EACCES, "failed to decode PEM block containing public key");
	if (!key)
		return err_set(err, -EACCES,
			       "failed to parse public key: not a SubjectPublicKeyInfo in a PEM "
			       "block \"PUBLIC KEY\"");
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return err_set(err, -EACCES, "public key is not RSA");
	if (EVP_PKEY_eq(key, keys->pair) != 1)
		return err_set(err, -EACCES, "public key does not match server's private key");
	return 0;
}
