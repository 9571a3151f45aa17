/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor_functions.h"
#include "doctor_node.h"
#include "file.h"
#include "probe.h"

/* Whatever words a version puts before it, the number is the last thing of the line. */
static int read_switch(const char *root, const char *path)
{
	char line[128];
	size_t n;

	if (!read_first_line(root, path, line, sizeof(line)))
		return -1;
	n = strlen(line);
	while (n && (line[n - 1] < '0' || line[n - 1] > '9'))
		n--;
	return n ? line[n - 1] != '0' : -1;
}

static bool has_modules(const char *root)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/proc/modules", root);
	return !access(path, F_OK);
}

static void read_functions(const struct features *f, struct modules_facts *ret)
{
	struct plan_hook hooks[DOCTOR_FUNCTIONS_MAX] = {0};
	struct symbol_facts symbols[DOCTOR_FUNCTIONS_MAX];
	struct err err = {0};

	for (size_t i = 0; i < doctor_functions_len; i++)
		hooks[i] =
			(struct plan_hook){.module = doctor_functions[i].module, .function = doctor_functions[i].name};
	if (features_symbols(f, hooks, doctor_functions_len, symbols, &err)) {
		snprintf(ret->error, sizeof(ret->error), "%.*s", CHECK_TEXT_MAX - 1, err.text);
		return;
	}
	for (size_t i = 0; i < doctor_functions_len; i++)
		ret->functions[i].choice = plan_hook(f, &hooks[i], &symbols[i], PLAN_AUTO);
}

static enum plan_method method_of(const char *name)
{
	for (int m = PLAN_FENTRY; m < PLAN_FAIL; m++)
		if (!strcmp(plan_method_name((enum plan_method)m), name))
			return (enum plan_method)m;
	return PLAN_FAIL;
}

/* As the probe chose it: it knows more of the hook than its name. */
static void take_choice(const struct plan_row *row, struct plan_choice *choice, char load_error[static LOAD_ERROR_MAX])
{
	choice->method = method_of(row->method);
	snprintf(choice->reason, sizeof(choice->reason), "%s", row->reason);
	snprintf(load_error, LOAD_ERROR_MAX, "%s", row->load_error ? row->load_error : "");
}

static void add_other(struct modules_facts *ret, const struct plan_row *row)
{
	struct other_hook *o;

	if (ret->n_others == DOCTOR_OTHERS_MAX)
		return;
	o = &ret->others[ret->n_others++];
	snprintf(o->name, sizeof(o->name), "%s", row->hook);
	snprintf(o->module, sizeof(o->module), "%s", row->module);
	take_choice(row, &o->choice, o->load_error);
}

static void on_row(void *data, const struct plan_row *row)
{
	struct modules_facts *ret = data;

	if (!row->module)
		return;
	for (size_t i = 0; i < doctor_functions_len; i++) {
		if (strcmp(doctor_functions[i].module, row->module) || strcmp(doctor_functions[i].name, row->hook))
			continue;
		ret->functions[i].described = true;
		take_choice(row, &ret->functions[i].choice, ret->functions[i].load_error);
		return;
	}
	add_other(ret, row);
}

/* A probe that cannot run here hooks nothing: what is missing is said elsewhere. */
static void ask_probes(const struct config *config, struct modules_facts *ret)
{
	char section[64];

	for (size_t i = 0; probes[i]; i++) {
		if (!probes[i]->describe || probes[i]->at_interfaces)
			continue;
		snprintf(section, sizeof(section), "probes.%s", probes[i]->name);
		probes[i]->describe(config_get(config, section), ATTACH_AUTO, on_row, ret, NULL);
	}
}

void doctor_read_modules(const char *root, const struct features *f, const struct config *config,
			 struct modules_facts *ret)
{
	*ret = (struct modules_facts){
		.can_load = has_modules(root),
		.qos = read_switch(root, "/proc/gtp5g/qos"),
		.seq = read_switch(root, "/proc/gtp5g/seq"),
	};
	for (size_t i = 0; i < DOCTOR_MODULES; i++)
		features_module(doctor_modules[i], &ret->modules[i]);
	if (!ret->modules[0].loaded && !ret->modules[1].loaded)
		return;
	read_functions(f, ret);
	ask_probes(config, ret);
}
