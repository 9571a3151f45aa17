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
#include <sys/random.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "file.h"

#define RSA_BITS 2048
#define KEY_FILE_MAX (64 * 1024)
#define PRIVATE "private_key.pem"
#define PUBLIC "public_key.pem"
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END "-----END PUBLIC KEY-----"

DEFINE_CLEANUP(EVP_PKEY *, pkey, EVP_PKEY_free)
DEFINE_CLEANUP(BIO *, bio, BIO_free_all)

/* Opened once: what is checked is what is used, whatever happens to the path meanwhile. */
struct folder {
	const char *path;
	int fd;
};

void keys_free(struct keys *keys)
{
	EVP_PKEY_free(keys->pair);
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

	if (!private || !public || !PEM_write_bio_PrivateKey(private, keys->pair, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio_PUBKEY(public, keys->pair))
		return -ENOMEM;
	if (take_pem(private, &keys->private_pem) < 0)
		return -ENOMEM;
	return take_pem(public, &keys->public_pem);
}

static int write_to_disk(int fd, const struct buf *data)
{
	int r = file_write_all(fd, data->data, data->len);

	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int name_error(const struct folder *folder, const char *name, int r, struct err *err)
{
	return err_set(err, r, "%s/%s: %s", folder->path, name, file_error(r));
}

/* replace: false leaves an existing file alone and returns -EEXIST. */
static int put_in_place(int folder, const char *temporary, const char *name, bool replace)
{
	if (replace)
		return renameat(folder, temporary, folder, name) < 0 ? -errno : 0;
	return linkat(folder, temporary, folder, name, 0) < 0 ? -errno : 0;
}

static int write_file(const struct folder *folder, const char *name, const struct buf *data, mode_t mode, bool replace)
{
	_cleanup_close_ int fd = -1;
	char temporary[64];
	unsigned random;
	int r;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(temporary, sizeof(temporary), "%s.%08x", name, random);
	fd = openat(folder->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_to_disk(fd, data);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0)
		r = put_in_place(folder->fd, temporary, name, replace);
	if (r < 0 || !replace)
		unlinkat(folder->fd, temporary, 0);
	return r;
}

/* A user that can write the private key, or put another in its place, can sign tokens. */
static int check_owner(int fd, const char *path, mode_t forbidden, struct err *err)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, err_name(-errno));
	mode = st.st_mode & 07777;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(err, -EPERM,
			       "%s belongs to user %u, which could sign tokens with the key in it; give "
			       "a folder of your own with --data DIR",
			       path, st.st_uid);
	if (mode & forbidden)
		return err_set(err, -EPERM,
			       "%s has mode %04o: other users may read or replace the private key; "
			       "chmod %04o %s, and remove the key if others may have it",
			       path, mode, mode & ~forbidden, path);
	return 0;
}

/* Users in the folder's group may read the public key, which buys a token. */
static int open_folder(struct folder *folder, struct err *err)
{
	if (mkdir(folder->path, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "data folder %s: %s; --data DIR names another", folder->path,
			       err_name(-errno));
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder->fd < 0)
		return err_set(err, -errno, "data folder %s: %s; --data DIR names another, not by a symbolic link",
			       folder->path, err_name(-errno));
	return check_owner(folder->fd, folder->path, 0027, err);
}

static int parse_pair(struct keys *keys, const struct buf *pem, const char *path, struct err *err)
{
	_cleanup_(cleanup_bio) BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);

	if (bio)
		keys->pair = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	if (!keys->pair || EVP_PKEY_get_base_id(keys->pair) != EVP_PKEY_RSA)
		return err_set(err, -EBADMSG,
			       "%s: not an RSA private key in PEM without a password; move it away "
			       "and a new pair is made",
			       path);
	if (EVP_PKEY_get_bits(keys->pair) < RSA_BITS)
		return err_set(err, -EBADMSG,
			       "%s: an RSA key of %d bits can be broken, %d are needed; move it away "
			       "and a new pair is made",
			       path, EVP_PKEY_get_bits(keys->pair), RSA_BITS);
	return 0;
}

static int read_pair(struct keys *keys, const struct folder *folder, struct err *err)
{
	_cleanup_close_ int fd = file_open(folder->fd, PRIVATE, O_NOFOLLOW);
	_cleanup_(buf_free) struct buf pem = {0};
	_cleanup_free_ char *path = NULL;
	int r;

	if (fd < 0)
		return name_error(folder, PRIVATE, fd, err);
	if (asprintf(&path, "%s/" PRIVATE, folder->path) < 0)
		return err_oom(err);
	r = check_owner(fd, path, 0077, err);
	if (r < 0)
		return r;
	r = file_read(fd, &pem, KEY_FILE_MAX);
	if (r < 0)
		return name_error(folder, PRIVATE, r, err);
	return parse_pair(keys, &pem, path, err);
}

static int make_pair(const struct folder *folder, struct err *err)
{
	_cleanup_(keys_free) struct keys fresh = {.pair = EVP_RSA_gen(RSA_BITS)};
	int r;

	if (!fresh.pair || to_pem(&fresh) < 0)
		return err_set(err, -ENOMEM, "%s: cannot make an RSA key pair", folder->path);
	r = write_file(folder, PRIVATE, &fresh.private_pem, 0600, false);
	return r < 0 && r != -EEXIST ? name_error(folder, PRIVATE, r, err) : 0;
}

static bool is_published(const struct keys *keys, const struct folder *folder)
{
	_cleanup_close_ int fd = file_open(folder->fd, PUBLIC, O_NOFOLLOW);
	_cleanup_(buf_free) struct buf there = {0};

	return fd >= 0 && file_read(fd, &there, KEY_FILE_MAX) == 0 && there.len == keys->public_pem.len &&
	       memcmp(there.data, keys->public_pem.data, there.len) == 0;
}

static int publish(const struct keys *keys, const struct folder *folder, struct err *err)
{
	int r = 0;

	if (!is_published(keys, folder))
		r = write_file(folder, PUBLIC, &keys->public_pem, 0640, true);
	return r < 0 ? name_error(folder, PUBLIC, r, err) : 0;
}

static int load(struct keys *keys, const struct folder *folder, struct err *err)
{
	int r = 0;

	if (asprintf(&keys->public_path, "%s/" PUBLIC, folder->path) < 0) {
		keys->public_path = NULL;
		return err_oom(err);
	}
	if (faccessat(folder->fd, PRIVATE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		r = make_pair(folder, err);
	if (r == 0)
		r = read_pair(keys, folder, err);
	if (r == 0 && to_pem(keys) < 0)
		r = err_oom(err);
	return r < 0 ? r : publish(keys, folder, err);
}

int keys_load(struct keys *ret, const char *dir, struct err *err)
{
	_cleanup_(keys_free) struct keys keys = {0};
	struct folder folder = {.path = dir, .fd = -1};
	int r = open_folder(&folder, err);

	if (r == 0)
		r = load(&keys, &folder, err);
	cleanup_close(&folder.fd);
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

	/* The two lines must not share their dashes. */
	begin = begin ? begin + strlen(PEM_BEGIN) : NULL;
	end = begin ? strstr(begin, PEM_END) : NULL;
	if (!end)
		return NULL;
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
