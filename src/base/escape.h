/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text from outside: the names of interfaces, namespaces, processes, pods and files, the words of a
 * server. Such a text can hold characters that move the cursor of a terminal, hide or turn round what
 * stands beside them, or end a command. Structs and JSON keep the text as it is. Code that writes it for
 * a person escapes it there, and quotes it in a command that a person may copy. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* What n bytes need at most, with the final NUL. */
#define ESCAPED_MAX(n) (4 * (n) + 1)
#define WORD_MAX(n) (5 * (n) + 24)

/* Appends s with \xNN for control characters and bytes that are no UTF-8, and \u{N} for characters that
 * are invisible or change the direction of writing. All else stays, backslashes too: to escape twice is
 * to escape once. */
void escape_text(struct buf *out, const char *s);

/* The same for lines: a newline stays, and the next line is indented, so that no text from outside
 * looks like a line of its own. */
void escape_lines(struct buf *out, const char *s);

/* The same as escape_text() into an array, cut at a whole character. Returns to. */
const char *escape_text_to(char *to, size_t size, const char *s);

/* Appends s as one word of a POSIX shell's command line, in visible characters: plain where the shell
 * takes it so, else in single quotes, else made by printf (which loses a newline at its end). */
void escape_word(struct buf *out, const char *s);

/* The same into an array of at least WORD_MAX(strlen(s)). Returns to; "" where it does not fit, for a
 * cut word is another command. */
const char *escape_word_to(char *to, size_t size, const char *s);

/* Length of the character at s, which is not the end, and whether escape_text() would show it as it is;
 * *ret_code: its code point, or the byte that is no UTF-8. */
size_t escape_next(const char *s, uint32_t *ret_code, bool *ret_shown);
