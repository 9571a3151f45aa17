/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument_text.h"
#include "cleanup.h"
#include "log.h"
#include "parse.h"
#include "suggest.h"

#define OPTIONS_MAX 96

enum {
	KEY_SET = 0x300,
	LONG_OPTION = 0x1000, /* what getopt returns for the first; beyond every letter */
};

/* The options of a verb as getopt takes them. */
struct known {
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	size_t n, len;
};

void args_error(const struct argp_state *state, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	log_error("%s", text);
	exit(EXIT_USAGE);
}

const char *args_hint(const char *word, const char *const *known, size_t n, char text[static ARGS_HINT_MAX])
{
	const char *near = suggest_nearest(word, known, n);

	snprintf(text, ARGS_HINT_MAX, near ? " did you mean '%s'?" : "%s", near ?: "");
	return text;
}

bool args_json(const struct argp_state *state, const char *arg)
{
	if (strcmp(arg, "json") != 0 && strcmp(arg, "text") != 0)
		args_error(state, "-o %s: it is text or json", arg);
	return !strcmp(arg, "json");
}

int args_ready_fd(const struct argp_state *state, const char *arg)
{
	struct err err;
	uint64_t fd;
	int flags;

	if (parse_u64(arg, 1, INT_MAX, &fd, &err) < 0)
		args_error(state, "--ready-fd: %s", err.text);
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		args_error(state, "--ready-fd %s: not open for writing", arg);
	return (int)fd;
}

/* Each has a value of its own, or getopt would take those of equal value for one. */
static void add_long(struct known *k, const struct argp_option *o)
{
	k->longs[k->n] =
		(struct option){o->name, o->arg ? required_argument : no_argument, NULL, LONG_OPTION + (int)k->n};
	k->n++;
}

static void add_options(struct known *k, const struct argp *argp)
{
	for (const struct argp_option *o = argp->options; o && (o->name || o->key); o++) {
		if (k->n < OPTIONS_MAX && o->name)
			add_long(k, o);
		if (o->key <= 0 || o->key > UCHAR_MAX || !isgraph(o->key) || k->len + 2 >= sizeof(k->shorts))
			continue;
		k->shorts[k->len++] = (char)o->key;
		if (o->arg)
			k->shorts[k->len++] = ':';
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		add_options(k, c->argp);
}

static _Noreturn void refuse_long(const struct known *k, const char *verb, const char *word)
{
	const char *names[OPTIONS_MAX];
	char name[64], known[512] = "";
	size_t len = 0, found = 0;
	const char *near;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < k->n; i++) {
		names[i] = k->longs[i].name;
		if (strncmp(names[i], name, strlen(name)) != 0 || len >= sizeof(known))
			continue;
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s--%s", found++ ? ", " : "", names[i]);
	}
	near = suggest_nearest(name, names, k->n);
	if (found)
		log_error("option '--%s' can be %s", name, known);
	else
		log_error("no option '--%s';%s%s%s '%s --help' lists them", name, near ? " did you mean '--" : "",
			  near ?: "", near ? "'?" : "", verb);
	exit(EXIT_USAGE);
}

/* What getopt's answer says of the word before optind. */
static void judge_option(const struct known *k, int answer, char **argv)
{
	const char *word = argv[optind - 1];
	char letter[3] = {'-', (char)optopt, '\0'};

	if (answer != '?' && answer != ':')
		return;
	if (!optopt)
		refuse_long(k, argv[0], word);
	if (answer == ':')
		args_error(NULL, "option '%s' takes a value; '%s --help' tells more",
			   optopt >= LONG_OPTION ? word : letter, argv[0]);
	if (optopt >= LONG_OPTION)
		args_error(NULL, "option '%.*s' takes no value", (int)strcspn(word, "="), word);
	args_error(NULL, "no option '%s'; '%s --help' lists them", letter, argv[0]);
}

/* argp has words of its own for an option that it does not know, and proposes none. */
static void check_options(const struct argp *argp, int argc, char **argv)
{
	static const struct argp_option builtin[] = {
		{"help", '?', NULL, 0, NULL, 0}, {"usage", 0, NULL, 0, NULL, 0}, {0}};
	const struct argp own = {.options = builtin};
	_cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(*words));
	struct known known = {.shorts = ":", .len = 1};
	int answer;

	if (!words)
		args_error(NULL, "out of memory");
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	add_options(&known, argp);
	add_options(&known, &own);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((answer = getopt_long(argc, words, known.shorts, known.longs, NULL)) >= 0)
		judge_option(&known, answer, words);
}

static error_t parse_shared(int key, char *arg, struct argp_state *state)
{
	if (key == 'h')
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
	else if (key == ARGP_KEY_ARG)
		args_error(state, "'%s' is one word too many; '%s --help' tells more", arg, state->name);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

void args_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	static const struct argp_option help[] = {{NULL, 'h', NULL, 0, "the same as --help", -1}, {0}};
	static const struct argp shared = {.options = help, .parser = parse_shared};
	const struct argp_child children[] = {{argp, 0, NULL, 0}, {&shared, 0, NULL, 0}, {0}};
	/* Without a parser of its own, argp gives the input to the first child. */
	const struct argp all = {.children = children};

	error_t error;

	check_options(&all, argc, argv);
	error = argp_parse(&all, argc, argv, 0, NULL, input);
	if (error) {
		log_error("arguments: %s", strerror(error));
		exit(EXIT_FAILED);
	}
}

int args_exit(int r, const struct err *err)
{
	if (r < 0)
		log_error("%s", err->text[0] ? err->text : err_name(r));
	return err_exit_code(r);
}

static const struct argp_option settings_options[] = {
	{"config", 'c', "FILE", 0, "configuration file; without: defaults and TEIDE_... variables", 0},
	{"set", KEY_SET, "KEY=VALUE", 0, "set a key of the configuration; repeat for more", 0},
	{0},
};

static error_t parse_settings(int key, char *arg, struct argp_state *state)
{
	struct settings_flags *f = state->input;

	if (key == 'c')
		f->path = arg;
	else if (key == KEY_SET)
		return string_list_add(&f->keys, arg) < 0 ? ENOMEM : 0;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

const struct argp settings_argp = {.options = settings_options, .parser = parse_settings};

int settings_flags_load(const struct settings_flags *flags, struct settings *settings, struct err *err)
{
	int r = settings_load(settings, flags->path, err);

	for (size_t i = 0; i < flags->keys.len && r == 0; i++)
		r = apply_key(settings, flags->keys.items[i], err);
	return r;
}

void settings_flags_free(struct settings_flags *flags)
{
	string_list_free(&flags->keys);
}
