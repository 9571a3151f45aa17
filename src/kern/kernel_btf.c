/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_btf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "object.h"

#define NAME_MAX_LEN 128

/* The kernel's types are the same for as long as it runs. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct btf *shared;
static unsigned holders;

/* What libbpf does not find, it would say on standard error, in lines of its own. */
static struct btf *read_kernel_btf(void)
{
	struct object_capture quiet;
	struct btf *btf;

	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return NULL;
	object_begin(&quiet);
	btf = btf__load_vmlinux_btf();
	object_end(&quiet, 0, "", NULL);
	return btf;
}

struct btf *kernel_btf_get(void)
{
	struct btf *ret;

	pthread_mutex_lock(&lock);
	if (!holders)
		shared = read_kernel_btf();
	ret = shared;
	holders += ret != NULL;
	pthread_mutex_unlock(&lock);
	return ret;
}

void kernel_btf_put(struct btf *btf)
{
	if (!btf)
		return;
	pthread_mutex_lock(&lock);
	if (!--holders)
		btf__free(TAKE_PTR(shared));
	pthread_mutex_unlock(&lock);
}

const char *btf_text(const struct btf *btf, uint32_t offset)
{
	const char *text = btf__name_by_offset(btf, offset);

	return text ? text : "";
}

/* Each name is in the strings once. 0: it is not there. */
static uint32_t place_of_name(const struct btf *btf, const char *name)
{
	uint32_t size;
	const struct btf_header *head = btf__raw_data(btf, &size);
	char wanted[NAME_MAX_LEN + 2] = "";
	const char *strings, *at;
	int len;

	if (!head)
		return 0;
	len = snprintf(wanted + 1, sizeof(wanted) - 1, "%s", name);
	if (len <= 0 || len > NAME_MAX_LEN)
		return 0;
	strings = (const char *)head + head->hdr_len + head->str_off;
	at = memmem(strings, head->str_len, wanted, (size_t)len + 2);
	return at ? (uint32_t)(at + 1 - strings) : 0;
}

int kernel_btf_find(const struct btf *btf, const char *name, unsigned kind)
{
	uint32_t place = place_of_name(btf, name), n = btf__type_cnt(btf);

	for (uint32_t id = 1; place && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (t->name_off == place && btf_kind(t) == kind)
			return (int)id;
	}
	return -ENOENT;
}

/* 1 when it is the module's, else 0, or -errno. */
static int is_of_module(int fd, const char *module)
{
	char name[64] = "";
	struct bpf_btf_info info = {.name = (uintptr_t)name, .name_len = sizeof(name)};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return 0;
	return info.kernel_btf && !strcmp(name, module);
}

int module_btf_open(struct module_btf *ret, const char *module, struct btf *kernel)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		_cleanup_close_ int fd = bpf_btf_get_fd_by_id(id);
		struct btf *btf;

		if (fd < 0)
			return -errno;
		if (!is_of_module(fd, module))
			continue;
		btf = btf__load_from_kernel_by_id_split(id, kernel);
		if (!btf)
			return -errno;
		*ret = (struct module_btf){.btf = btf, .fd = fd};
		fd = -1;
		return 0;
	}
	return -ENOENT;
}

void module_btf_close(struct module_btf *m)
{
	btf__free(m->btf);
	if (m->fd >= 0)
		close(m->fd);
	*m = (struct module_btf){.fd = -1};
}

int module_btf_find(const struct module_btf *m, const struct btf *kernel, const char *name, unsigned kind)
{
	uint32_t n = btf__type_cnt(m->btf);

	for (uint32_t id = btf__type_cnt(kernel); id < n; id++) {
		const struct btf_type *t = btf__type_by_id(m->btf, id);

		if (btf_kind(t) == kind && !strcmp(btf_text(m->btf, t->name_off), name))
			return (int)id;
	}
	return -ENOENT;
}
