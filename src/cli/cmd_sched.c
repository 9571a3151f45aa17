/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "gthulhu.h"
#include "jsonw.h"
#include "log.h"
#include "sched_preview.h"
#include "settings.h"

static const char doc[] = "preview: which processes would get a strategy, which not, and why, with what they "
			  "send and how long they wait for a CPU; nothing is sent.\n"
			  "show: the strategies that the API server holds, read with a token for its "
			  "public key. COMM is told for a server on this machine only."
			  "\vtry: teide sched show --url http://127.0.0.1:8080 --public-key "
			  "/var/lib/teide/public_key.pem";

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "configuration file; its section api says which server", 0},
	{"url", 'u', "URL", 0, "the API server", 0},
	{"public-key", 'k', "PATH", 0, "PEM file of the API server's public key", 0},
	{"set", 's', "KEY=VALUE", 0, "preview: set a key of the configuration; repeat for more", 0},
	{"duration", 'd', "SECONDS", 0,
	 "preview: how long to watch, else as long as the strategy needs to decide", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

struct arguments {
	const char *verb, *path, *url, *key, *seconds;
	struct string_list keys;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == 'c')
		a->path = arg;
	else if (key == 'u')
		a->url = arg;
	else if (key == 'k')
		a->key = arg;
	else if (key == 's')
		return -string_list_add(&a->keys, arg);
	else if (key == 'd')
		a->seconds = arg;
	else if (key == 'o' && (!strcmp(arg, "json") || !strcmp(arg, "text")))
		a->json = !strcmp(arg, "json");
	else if (key == 'o')
		argp_error(state, "no output form '%s': text or json", arg);
	else if (key == ARGP_KEY_ARG && !a->verb && (!strcmp(arg, "show") || !strcmp(arg, "preview")))
		a->verb = arg;
	else if (key == ARGP_KEY_END && !a->verb)
		argp_error(state, "what to do? 'teide sched show' or 'teide sched preview'");
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* Pids of another machine's server would be given the names of this machine's processes. */
static bool is_here(const char *url)
{
	static const char *const hosts[] = {"127.", "localhost", "[::1]"};
	const char *host = strstr(url, "://");

	for (size_t i = 0; host && i < ARRAY_SIZE(hosts); i++)
		if (!strncmp(host + 3, hosts[i], strlen(hosts[i])))
			return true;
	return false;
}

static const char *comm_of(int32_t pid, char comm[static 64])
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, 64, f))
		return NULL;
	comm[strcspn(comm, "\n")] = '\0';
	for (char *c = comm; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return comm;
}

static void print_text(const struct strategy_list *list, bool here)
{
	char comm[64];

	printf("%10s  %-15s  %-8s  %14s\n", "PID", "COMM", "PRIORITY", "EXECUTION TIME");
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];
		const char *name = here ? comm_of(s->pid, comm) : NULL;

		printf("%10d  %-15s  %-8s  %11.3f ms\n", s->pid, name ?: "-",
		       s->priority ? "yes" : "no",
		       (double)s->execution_time_ns / (double)NSEC_PER_MSEC);
	}
}

static void print_json(const struct strategy_list *list, bool here)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j;
	char comm[64];

	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];
		const char *name = here ? comm_of(s->pid, comm) : NULL;

		buf_reset(&out);
		j = jw_begin(&out);
		jw_object(&j, NULL);
		jw_i64(&j, "pid", s->pid);
		if (name)
			jw_string(&j, "comm", name);
		jw_bool(&j, "priority", s->priority);
		jw_u64(&j, "execution_time", s->execution_time_ns);
		jw_object_end(&j);
		puts(out.data);
	}
}

static int set_key(struct settings *settings, char *text, struct err *err)
{
	char *value = strchr(text, '=');

	if (!value)
		return err_set(err, -EINVAL, "--set %s: write it as key=value", text);
	*value = '\0';
	return config_set(settings->config, text, value + 1, err);
}

static int load(struct settings *settings, const struct arguments *a, struct err *err)
{
	int r = settings_load(settings, a->path, err);

	if (r == 0 && a->url)
		r = config_set(settings->config, "api.url", a->url, err);
	if (r == 0 && a->key)
		r = config_set(settings->config, "api.public_key_path", a->key, err);
	for (size_t i = 0; r == 0 && i < a->keys.len; i++)
		r = set_key(settings, a->keys.items[i], err);
	return r;
}

static int preview(const struct arguments *a, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	int r = load(&settings, a, err);

	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	return sched_preview(&settings, a->seconds, a->json, err);
}

static int show(const struct arguments *a, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	const struct gthulhu_options *api;
	int r = load(&settings, a, err);

	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	api = config_get(settings.config, "api");
	r = gthulhu_show(api, &list, err);
	if (r < 0)
		return r;
	(a->json ? print_json : print_text)(&list, is_here(api->url));
	return 0;
}

int cmd_sched(int argc, char **argv)
{
	static const struct argp sched_argp = {
		.options = options, .parser = parse, .args_doc = "preview|show", .doc = doc};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	argp_parse(&sched_argp, argc, argv, 0, NULL, &a);
	signal(SIGPIPE, SIG_IGN); /* a TLS connection that the server closed */
	r = (!strcmp(a.verb, "show") ? show : preview)(&a, &err);
	string_list_free(&a.keys);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	return EXIT_DONE;
}
