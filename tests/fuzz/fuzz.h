/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the fuzz targets share. A target reads any bytes: nothing is read beyond them, nothing leaks, and what was taken
 * is within the bounds that the header of the reader promises. */
#pragma once

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(x)                                                                                                       \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			abort();                                                                                       \
	} while (0)

#define CHECK_TEXT(array) CHECK(memchr(array, 0, sizeof(array)))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends with NUL, for the caller to free. AddressSanitizer sees a read beyond a copy of its own. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CHECK(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Writes a file into the working folder, which fuzz.py makes and removes. */
static inline void fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}
