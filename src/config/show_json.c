/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cleanup.h"
#include "config.h"
#include "jsonw.h"
#include "value.h"

static void write_list(const struct string_list *list, struct jw *j)
{
	jw_array(j, "value");
	for (size_t i = 0; i < list->len; i++)
		jw_string(j, NULL, list->items[i]);
	jw_array_end(j);
}

static void write_value(const struct config_option *o, const void *base, struct jw *j)
{
	const void *p = (const char *)base + o->offset;
	_cleanup_(buf_free) struct buf text = {0};

	switch (o->type) {
	case OPTION_BOOL:
		jw_bool(j, "value", *(const bool *)p);
		break;
	case OPTION_U64:
		jw_u64(j, "value", *(const uint64_t *)p);
		break;
	case OPTION_INT:
		jw_i64(j, "value", *(const int64_t *)p);
		break;
	case OPTION_STRING:
		jw_string(j, "value", value_text(o, base, &text));
		break;
	case OPTION_LIST:
		write_list(p, j);
		break;
	default:
		value_show(o, base, &text);
		jw_string(j, "value", text.data ?: "");
	}
}

void config_show_json(const struct config *c, struct jw *j)
{
	_cleanup_(buf_free) struct buf key = {0};

	jw_array(j, "settings");
	for (size_t s = 0; s < c->n; s++) {
		for (size_t i = 0; c->sections[s]->options[i].key; i++) {
			const char *origin = c->origins[s][i];

			buf_reset(&key);
			buf_printf(&key, "%s.%s", c->sections[s]->name, c->sections[s]->options[i].key);
			jw_object(j, NULL);
			jw_string(j, "key", key.data ?: "");
			write_value(&c->sections[s]->options[i], c->values[s], j);
			jw_string(j, "from", origin ? origin : "default");
			jw_object_end(j);
		}
	}
	jw_array_end(j);
}
