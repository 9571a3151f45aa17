/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "parse.h"
#include "suggest.h"
#include "value.h"

#define NAME_MAX_TEXT 128
#define PREFIX "TEIDE_"

/* Read by the tests of this tree, which run teide with them in its environment. */
static const char *const of_tests[] = {"TEIDE_TEST_ROOT", "TEIDE_NO_SKIP", "TEIDE_CACHE", "TEIDE_DEBIAN_MIRROR",
				       "TEIDE_DEBIAN_KEYRING"};

static void env_name(const char *section, const char *key, char name[static NAME_MAX_TEXT])
{
	snprintf(name, NAME_MAX_TEXT, PREFIX "%s_%s", section, key);
	for (char *p = name; *p; p++)
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
}

static int set_from_env(struct config *c, size_t s, size_t i, const char *name, struct err *err)
{
	const struct config_option *o = &c->sections[s]->options[i];
	const char *text = getenv(name);
	int r;

	if (!text)
		return 0;
	/* Programs that know the old name give seconds. */
	if (o->type == OPTION_DURATION && o->old_env && !strcmp(name, o->old_env))
		r = parse_seconds(text, o->min, o->max, (uint64_t *)(void *)((char *)c->values[s] + o->offset), err);
	else
		r = config_set_value(c, s, i, text, err);
	if (r < 0)
		return err_prefix(err, r, "environment variable %s (%s.%s)", name, c->sections[s]->name, o->key);
	return config_note_origin(c, s, i, name);
}

/* By its name in an earlier version, or in another tool. */
static int set_from_old_env(struct config *c, size_t s, size_t i, const char *old, struct err *err)
{
	char name[NAME_MAX_TEXT];

	if (!getenv(old))
		return 0;
	env_name(c->sections[s]->name, c->sections[s]->options[i].key, name);
	buf_printf(&c->notes, "%s is an old name of %s\n", old, name);
	return set_from_env(c, s, i, old, err);
}

static int read_option(struct config *c, size_t s, size_t i, struct err *err)
{
	const struct config_option *o = &c->sections[s]->options[i];
	char name[NAME_MAX_TEXT], old[NAME_MAX_TEXT];
	int r = 0;

	env_name(c->sections[s]->name, o->key, name);
	if (o->old_env)
		r = set_from_old_env(c, s, i, o->old_env, err);
	if (r >= 0 && o->old_key) {
		env_name(c->sections[s]->name, o->old_key, old);
		r = set_from_old_env(c, s, i, old, err);
	}
	return r < 0 ? r : set_from_env(c, s, i, name, err);
}

int config_read_environment(struct config *c, struct err *err)
{
	int r = 0;

	for (size_t s = 0; s < c->n && r >= 0; s++) {
		const struct config_option *options = c->sections[s]->options;

		for (size_t i = 0; options[i].key && r >= 0; i++)
			r = read_option(c, s, i, err);
	}
	return r;
}

/* Of the variables of all keys. */
struct names {
	const struct option_section *const *sections;
	size_t n;
	struct string_list all;
};

static int list_names(struct names *names)
{
	char name[NAME_MAX_TEXT];
	int r = 0;

	for (size_t s = 0; s < names->n; s++) {
		const char *section = names->sections[s]->name;

		for (const struct config_option *o = names->sections[s]->options; o->key && r == 0; o++) {
			env_name(section, o->key, name);
			r = string_list_add(&names->all, name);
			if (r < 0 || !o->old_key)
				continue;
			env_name(section, o->old_key, name);
			r = string_list_add(&names->all, name);
		}
	}
	return r;
}

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

/* _PORT_8080_TCP, _PORT_8080_TCP_ADDR */
static bool is_port_of_service(const char *port)
{
	static const char *const ends[] = {"", "_PROTO", "_PORT", "_ADDR"};
	static const char *const protocols[] = {"TCP", "UDP", "SCTP"};
	const char *number = port + strlen("_PORT_"), *protocol = number + strspn(number, "0123456789");

	if (protocol == number || *protocol++ != '_')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		size_t len = strlen(protocols[i]);

		if (!strncmp(protocol, protocols[i], len) && is_one_of(protocol + len, ends, ARRAY_SIZE(ends)))
			return true;
	}
	return false;
}

/* Kubernetes tells each pod of the services of its namespace: of one that is called teide or teide-NAME in variables
 * such as TEIDE_SERVICE_HOST, TEIDE_SERVICE_PORT_HTTP, TEIDE_PORT=tcp://10.0.0.1:80, TEIDE_PORT_80_TCP_ADDR. */
static bool is_service(const char *name, const char *value)
{
	static const char *const hosts[] = {"_SERVICE_HOST"}, *const ports[] = {"_PORT"};
	const char *from = name + strlen(PREFIX) - 1, *found;

	for (found = from; (found = strchr(found, '_')); found++) {
		if (is_one_of(found, hosts, 1) || (is_one_of(found, ports, 1) && strstr(value, "://")))
			return true;
		if (!strncmp(found, "_SERVICE_PORT", 13) && (!found[13] || found[13] == '_'))
			return true;
		if (!strncmp(found, "_PORT_", 6) && is_port_of_service(found))
			return true;
	}
	return false;
}

/* Where the name begins as a section does, a key of that section; else what is near to the name as a whole. */
static const char *find_meant(const struct names *names, const char *name, char ret[static NAME_MAX_TEXT])
{
	bool in_section = false;

	for (size_t s = 0; s < names->n; s++) {
		const struct option_section *section = names->sections[s];
		const char *near;

		env_name(section->name, "", ret);
		if (strncmp(name, ret, strlen(ret)))
			continue;
		in_section = true;
		near = config_nearest_key(section, name + strlen(ret));
		if (near) {
			env_name(section->name, near, ret);
			return ret;
		}
	}
	return in_section ? NULL : suggest_nearest(name, (const char *const *)names->all.items, names->all.len);
}

/* Why this build does not have the section that the variable is of; or NULL. */
static const char *find_absent(const struct names *names, const char *name)
{
	char section[NAME_MAX_TEXT];

	for (size_t s = 0; s < names->n; s++) {
		env_name(names->sections[s]->name, "", section);
		if (names->sections[s]->absent && !strncmp(name, section, strlen(section)))
			return names->sections[s]->absent;
	}
	return NULL;
}

static int check_variable(const char *variable, const struct names *names, struct err *err)
{
	const char *value = strchrnul(variable, '='), *absent, *meant;
	char name[NAME_MAX_TEXT], near[NAME_MAX_TEXT];

	snprintf(name, sizeof(name), "%.*s", (int)(value - variable), variable);
	if (is_one_of(name, (const char *const *)names->all.items, names->all.len) ||
	    is_one_of(name, of_tests, ARRAY_SIZE(of_tests)) || is_service(name, value))
		return 0;
	absent = find_absent(names, name);
	if (absent)
		return err_set(err, -EINVAL, "environment variable %s: %s; unset it", name, absent);
	meant = find_meant(names, name, near);
	if (meant)
		return err_set(err, -EINVAL, "environment variable %s is no configuration key; did you mean %s?", name,
			       meant);
	return err_set(err, -EINVAL,
		       "environment variable %s is no configuration key; unset it ('teide config --show' lists "
		       "the keys; api.url is " PREFIX "API_URL)",
		       name);
}

int config_check_environment(const struct option_section *const *sections, size_t n, struct err *err)
{
	struct names names = {.sections = sections, .n = n};
	int r = list_names(&names);

	if (r < 0)
		err_set(err, r, "out of memory");
	for (char **variable = environ; *variable && r == 0; variable++)
		if (!strncmp(*variable, PREFIX, strlen(PREFIX)))
			r = check_variable(*variable, &names, err);
	string_list_free(&names.all);
	return r;
}
