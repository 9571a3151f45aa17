/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The build id that the linker gives a module (a note of name "GNU"): two builds of one version differ in it. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "gtpu_run.h"

#define LOADED "/sys/module/gtp5g/notes/.note.gnu.build-id"
#define NOTES_MAX 4096
#define SECTIONS_MAX 4096 /* of a module; one without debugging has about 50 */

/* Notes are aligned to 4 bytes. */
static size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

int gtpu_build_id_find(const void *notes, size_t len, struct gtpu_build_id *ret)
{
	const char *at = notes, *end = at + len;
	Elf64_Nhdr h;

	while ((size_t)(end - at) >= sizeof(h)) {
		size_t name, desc;

		memcpy(&h, at, sizeof(h));
		at += sizeof(h);
		name = aligned(h.n_namesz);
		desc = aligned(h.n_descsz);
		if (name > (size_t)(end - at) || h.n_descsz > (size_t)(end - at) - name)
			return -EBADMSG;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(at, ELF_NOTE_GNU, h.n_namesz) && h.n_descsz && h.n_descsz <= sizeof(ret->bytes)) {
			memset(ret, 0, sizeof(*ret));
			ret->len = h.n_descsz;
			memcpy(ret->bytes, at + name, h.n_descsz);
			return 0;
		}
		at += name + MIN(desc, (size_t)(end - at) - name);
	}
	return -ENOENT;
}

static int read_notes(int fd, const Elf64_Shdr *s, struct gtpu_build_id *ret)
{
	char notes[NOTES_MAX];

	if (s->sh_type != SHT_NOTE || s->sh_size > sizeof(notes) ||
	    pread(fd, notes, s->sh_size, (off_t)s->sh_offset) != (ssize_t)s->sh_size)
		return -ENOENT;
	return gtpu_build_id_find(notes, s->sh_size, ret);
}

static int read_elf(int fd, struct gtpu_build_id *ret)
{
	Elf64_Ehdr h;
	Elf64_Shdr s;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_shentsize != sizeof(s) || h.e_shnum > SECTIONS_MAX)
		return -ENOENT;
	for (unsigned i = 0; i < h.e_shnum; i++) {
		if (pread(fd, &s, sizeof(s), (off_t)(h.e_shoff + i * sizeof(s))) != sizeof(s))
			return -ENOENT;
		if (!read_notes(fd, &s, ret))
			return 0;
	}
	return -ENOENT;
}

int gtpu_build_id_read(const char *path, struct gtpu_build_id *ret)
{
	_cleanup_close_ int fd = file_open(AT_FDCWD, path, 0);
	char notes[NOTES_MAX];
	ssize_t n;

	if (fd < 0)
		return fd;
	if (!read_elf(fd, ret))
		return 0;
	n = pread(fd, notes, sizeof(notes), 0);
	return n < 0 ? -errno : gtpu_build_id_find(notes, (size_t)n, ret);
}

enum gtpu_build gtpu_build_of(const char *path)
{
	struct gtpu_build_id loaded, file;

	if (gtpu_build_id_read(LOADED, &loaded) || gtpu_build_id_read(path, &file))
		return GTPU_BUILD_UNKNOWN;
	return memcmp(&loaded, &file, sizeof(file)) ? GTPU_BUILD_OTHER : GTPU_BUILD_SAME;
}
