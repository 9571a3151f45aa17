/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "decide.h"
#include "gthulhu.h"
#include "jsonw.h"
#include "log.h"
#include "sched_local.h"
#include "settings.h"

static const char doc[] = "preview: which processes are in the path by what /proc and the sockets tell, "
			  "why, and the strategies that follow; nothing is done.\n"
			  "apply: boosts their threads once, by this kernel's scheduler (section local); "
			  "it stays so until withdraw, clean, or a start of the service.\n"
			  "withdraw: puts back what apply or a killed service has boosted.\n"
			  "show: the strategies that the API server holds, read with a token for its "
			  "public key; of a manager, this user's rules. COMM is told for a server on "
			  "this machine only. With sched.backend local: what is boosted here."
			  "\vtry: teide sched show --url http://127.0.0.1:8080 --public-key "
			  "/var/lib/teide/public_key.pem";

enum { KEY_SET = 256 };

static const char *const verbs[] = {"preview", "apply", "withdraw", "show"};

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "configuration file; its section api says which server", 0},
	{"url", 'u', "URL", 0, "the API server", 0},
	{"public-key", 'k', "PATH", 0, "PEM file of the API server's public key", 0},
	{"set", KEY_SET, "KEY=VALUE", 0, "set a key of the configuration", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

struct arguments {
	const char *verb, *path, *url, *key;
	struct string_list sets;
	bool json;
};

static const char *find_verb(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(word, verbs[i]))
			return verbs[i];
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == 'c')
		a->path = arg;
	else if (key == 'u')
		a->url = arg;
	else if (key == 'k')
		a->key = arg;
	else if (key == 'o' && (!strcmp(arg, "json") || !strcmp(arg, "text")))
		a->json = !strcmp(arg, "json");
	else if (key == 'o')
		argp_error(state, "no output form '%s': text or json", arg);
	else if (key == KEY_SET)
		return string_list_add(&a->sets, arg) < 0 ? ENOMEM : 0;
	else if (key == ARGP_KEY_ARG && !a->verb && find_verb(arg))
		a->verb = find_verb(arg);
	else if (key == ARGP_KEY_END && !a->verb)
		argp_error(state, "what to do? 'teide sched preview' shows what would be done");
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

static void print_rules_text(const struct gthulhu_view *view)
{
	printf("%-8s  %-24s  %-20s  %8s  %14s  %s\n", "KIND", "ID", "FOR", "PRIORITY",
	       "EXECUTION TIME", "COMMAND");
	for (size_t i = 0; i < view->n_rules; i++) {
		const struct gthulhu_rule *rule = &view->rules[i];

		printf("%-8s  %-24s  %-20s  %8" PRId64 "  %11.3f ms  %s\n",
		       rule->node ? "policy" : "strategy", rule->id, rule->scope, rule->priority,
		       (double)rule->execution_time_ns / (double)NSEC_PER_MSEC, rule->command);
	}
}

static void print_rules_json(const struct gthulhu_view *view)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j;

	for (size_t i = 0; i < view->n_rules; i++) {
		const struct gthulhu_rule *rule = &view->rules[i];

		buf_reset(&out);
		j = jw_begin(&out);
		jw_object(&j, NULL);
		jw_string(&j, "kind", rule->node ? "policy" : "strategy");
		jw_string(&j, "id", rule->id);
		jw_string(&j, rule->node ? "nodes" : "name", rule->scope);
		jw_string(&j, "command_regex", rule->command);
		jw_i64(&j, "priority", rule->priority);
		jw_u64(&j, "execution_time", rule->execution_time_ns);
		jw_object_end(&j);
		puts(out.data);
	}
}

static void print(const struct gthulhu_view *view, bool json, bool here)
{
	if (view->era == GTHULHU_MANAGER)
		(json ? print_rules_json : print_rules_text)(view);
	else
		(json ? print_json : print_text)(&view->list, here);
}

static int load(struct settings *settings, const struct arguments *a, struct err *err)
{
	int r = settings_load(settings, a->path, err);

	if (r == 0 && a->url)
		r = config_set(settings->config, "api.url", a->url, err);
	if (r == 0 && a->key)
		r = config_set(settings->config, "api.public_key_path", a->key, err);
	for (size_t i = 0; i < a->sets.len && r == 0; i++) {
		char *key = a->sets.items[i], *value = strchr(key, '=');

		if (!value)
			return err_set(err, -EINVAL, "--set %s: write KEY=VALUE", key);
		*value = '\0';
		r = config_set(settings->config, key, value + 1, err);
	}
	return r;
}

static int show(const struct arguments *a, const struct settings *settings, struct err *err)
{
	_cleanup_(gthulhu_view_free) struct gthulhu_view view = {0};
	const struct gthulhu_options *api = config_get(settings->config, "api");
	int r = gthulhu_show(api, &view, err);

	if (view.note)
		log_warning("%s", view.note);
	if (r < 0)
		return r;
	print(&view, a->json, is_here(api->url));
	return 0;
}

static int run(const struct arguments *a, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	const struct sched_options *sched;
	int r = load(&settings, a, err);

	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	sched = config_get(settings.config, "sched");
	if (!strcmp(a->verb, "preview"))
		return sched_preview(&settings, a->json, err);
	if (!strcmp(a->verb, "apply"))
		return sched_apply(&settings, err);
	if (!strcmp(a->verb, "withdraw"))
		return sched_withdraw(err);
	if (sched->backend == SCHED_LOCAL)
		return sched_show_local(a->json, err);
	return show(a, &settings, err);
}

int cmd_sched(int argc, char **argv)
{
	static const struct argp sched_argp = {
		.options = options, .parser = parse, .args_doc = "preview|apply|withdraw|show", .doc = doc};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	argp_parse(&sched_argp, argc, argv, 0, NULL, &a);
	signal(SIGPIPE, SIG_IGN); /* a TLS connection that the server closed */
	r = run(&a, &err);
	string_list_free(&a.sets);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	return EXIT_DONE;
}
