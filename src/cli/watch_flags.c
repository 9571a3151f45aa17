/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "watch_flags.h"

#include <errno.h>
#include <string.h>

#include "args.h"
#include "argument_text.h"
#include "cleanup.h"
#include "log.h"

enum {
	KEY_NETNS = 256,
	KEY_ONCE,
	KEY_DURATION,
	KEY_ATTACH,
	KEY_PROBE,
	KEY_SET,
	KEY_QUIET,
	KEY_MODULE_BTF,
	KEY_POD,
	KEY_CONTAINER,
	KEY_ALL,
	KEY_READY_FD
};

static const struct argp_option watch_options[] = {
	{"config", 'c', "FILE", 0, "configuration file", 0},
	{"interface", 'i', "[NETNS/]IFACE", 0, "interface to watch; repeat for more, * is a pattern", 0},
	{"netns", KEY_NETNS, "NS", 0, "network namespace of the interfaces: a name, a path, pid:N", 0},
	{"pod", KEY_POD, "[NAMESPACE/]POD", 0,
	 "pod whose interfaces to watch, with -i those of that name: its name, a pattern, its UID, or KEY=VALUE of a "
	 "label; "
	 "repeat for more",
	 0},
	{"container", KEY_CONTAINER, "NAME", 0, "container whose interfaces to watch: its name, a pattern, or its id",
	 0},
	{"all", KEY_ALL, NULL, 0, "every interface of every network namespace, with -i those of that name", 0},
	{"output", 'o', "text|json", 0, "form of the output", 0},
	{"once", KEY_ONCE, NULL, 0, "end after the first collection", 0},
	{"duration", KEY_DURATION, "TIME", 0, "end so long after the hooks are attached: 10 (seconds), 500ms, 5m", 0},
	{"attach", KEY_ATTACH, "METHOD", 0, "force fentry, kprobe or tracepoint", 0},
	{"probe", KEY_PROBE, "NAME", 0, "probe to run; repeat for more", 0},
	{"module-btf", KEY_MODULE_BTF, "FILE", 0,
	 "BTF of the loaded gtp5g, or the gtp5g.ko that has it, to find its rules by", 0},
	{"set", KEY_SET, "KEY=VALUE", 0, "set a key of the configuration", 0},
	{"ready-fd", KEY_READY_FD, "N", 0, "write the line \"ready\" to this descriptor when the hooks are attached",
	 0},
	{"quiet", KEY_QUIET, NULL, 0, "say only what is wrong", 0},
	{0},
};

static error_t parse_attach(struct argp_state *state, const char *arg, enum attach_force *ret)
{
	static const char *const names[] = {"auto", "fentry", "kprobe", "tracepoint"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(arg, names[i])) {
			*ret = (enum attach_force)i;
			return 0;
		}
	}
	args_error(state, "--attach %s: it is auto, fentry, kprobe or tracepoint", arg);
	return EINVAL;
}

static error_t set_key(struct watch_flags *w, const char *key, const char *value)
{
	return -string_list_add_format(&w->keys, "%s=%s", key, value);
}

/* The place of each interface that -i names without one. */
static error_t add_place(struct watch_flags *w, const char *kind, const char *name)
{
	return -string_list_add_format(&w->places, "%s%s", kind, name);
}

static error_t parse_watch(int key, char *arg, struct argp_state *state)
{
	struct watch_flags *w = state->input;

	switch (key) {
	case 'c':
		w->config_path = arg;
		return 0;
	case 'i':
		return -string_list_add(&w->interfaces, arg);
	case 'o':
		w->task.format = args_json(state, arg) ? SINK_JSON : SINK_TEXT;
		return 0;
	case KEY_NETNS:
		return add_place(w, "", arg);
	case KEY_POD:
		return add_place(w, "pod:", arg);
	case KEY_CONTAINER:
		return add_place(w, "container:", arg);
	case KEY_ALL:
		return add_place(w, "", "*");
	case KEY_ONCE:
		w->task.once = true;
		return 0;
	case KEY_DURATION:
		w->duration = arg;
		return 0;
	case KEY_ATTACH:
		return parse_attach(state, arg, &w->task.attach);
	case KEY_PROBE:
		return -string_list_add(&w->probes, arg);
	case KEY_MODULE_BTF:
		return set_key(w, "probes.gtpu.module_btf", arg);
	case KEY_SET:
		return -string_list_add(&w->keys, arg);
	case KEY_READY_FD:
		w->task.ready_fd = args_ready_fd(state, arg);
		return 0;
	case KEY_QUIET:
		w->quiet = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp watch_argp = {.options = watch_options, .parser = parse_watch};

/* -i may name several interfaces, with commas between. */
static int add_interface(struct string_list *list, const char *place, const char *names)
{
	_cleanup_free_ char *copy = strdup(names);
	char *rest = copy, *name;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (name = strsep(&rest, ","))) {
		if (*name)
			r = string_list_add_format(list, "%s%s%s", place ?: "", place ? "/" : "", name);
	}
	return r;
}

/* --netns, --pod, --container and --all give a place to each interface that -i names without one. */
static int set_interfaces(struct watch_flags *w, struct err *err)
{
	_cleanup_(string_list_free) struct string_list list = {0};
	int r = 0;

	if (w->places.len && !w->interfaces.len && string_list_add(&w->interfaces, "*") < 0)
		return err_oom(err);
	for (size_t i = 0; r == 0 && i < w->interfaces.len; i++) {
		const char *name = w->interfaces.items[i];

		if (strchr(name, '/') || !w->places.len)
			r = add_interface(&list, NULL, name);
		for (size_t p = 0; r == 0 && p < w->places.len && !strchr(name, '/'); p++)
			r = add_interface(&list, w->places.items[p], name);
	}
	if (r < 0)
		return err_set(err, r, "out of memory");
	return list.len ? config_set_list(w->settings.config, "probes.flow.interfaces", &list, err) : 0;
}

static int set_keys(struct watch_flags *w, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < w->keys.len && r == 0; i++)
		r = apply_key(&w->settings, w->keys.items[i], err);
	return r;
}

int watch_flags_load(struct watch_flags *w, const struct string_list *default_probes, struct err *err)
{
	int r = settings_load(&w->settings, w->config_path, err);

	if (r < 0)
		return r;
	log_set_level(w->quiet ? LOG_LEVEL_WARNING : settings_run(&w->settings)->log_level);
	r = set_interfaces(w, err);
	if (r == 0)
		r = set_keys(w, err);
	if (r == 0 && w->duration)
		r = read_duration_flag(w->duration, &w->task.duration_ns, err);
	w->task.settings = &w->settings;
	w->task.probes = w->probes.len ? w->probes : *default_probes;
	return r;
}

void watch_flags_free(struct watch_flags *w)
{
	settings_free(&w->settings);
	string_list_free(&w->probes);
	string_list_free(&w->interfaces);
	string_list_free(&w->places);
	string_list_free(&w->keys);
}
