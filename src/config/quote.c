/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "quote.h"

#include <errno.h>
#include <yaml.h>

static int append(void *data, unsigned char *text, size_t len)
{
	struct buf *out = data;

	buf_add(out, text, len);
	return !out->failed;
}

/* libyaml writes surrogates and what is beyond U+10FFFF, and does not read them back (RFC 3629 section 3). */
static bool has_no_character(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if ((p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90) || p[0] > 0xf4)
			return true;
	return false;
}

bool quote_can(const char *text)
{
	yaml_event_t e;

	if (has_no_character(text) ||
	    !yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
					  YAML_DOUBLE_QUOTED_SCALAR_STYLE))
		return false;
	yaml_event_delete(&e);
	return true;
}

/* The events of a document that is this text alone. yaml_emitter_emit() takes each event, also when it fails. */
static bool emit(yaml_emitter_t *emitter, const char *text)
{
	yaml_event_t e;

	return yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING) && yaml_emitter_emit(emitter, &e) &&
	       yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1) && yaml_emitter_emit(emitter, &e) &&
	       yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
					    YAML_DOUBLE_QUOTED_SCALAR_STYLE) &&
	       yaml_emitter_emit(emitter, &e) && yaml_document_end_event_initialize(&e, 1) &&
	       yaml_emitter_emit(emitter, &e) && yaml_emitter_flush(emitter);
}

int quote_yaml(const char *text, struct buf *out)
{
	yaml_emitter_t emitter;
	bool done;

	if (!quote_can(text))
		return -EILSEQ;
	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;
	yaml_emitter_set_output(&emitter, append, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	done = emit(&emitter, text);
	yaml_emitter_delete(&emitter);
	if (!done)
		return -ENOMEM;
	while (out->len && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return 0;
}
