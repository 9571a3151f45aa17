/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cleanup.h"
#include "clock.h"
#include "gthulhu.h"
#include "gthulhu_wire.h"

static const char *const eras[] = {"auto", "a", "decision-maker", "manager", NULL};
static const char *const modes[] = {"own", "merge", NULL};

#define FIELD(name) offsetof(struct gthulhu_options, name)

static const struct config_option table[] = {
	{"enabled", OPTION_BOOL, FIELD(enabled), "true",
	 .help = "send strategies to a Gthulhu-compatible API server"},
	{"url", OPTION_STRING, FIELD(url), "http://gthulhu-api:80",
	 .help = "the API server; one that serves this node, not one of many behind a name",
	 .is_url = true, .old_env = "API_ENDPOINT"},
	{"era", OPTION_CHOICE, FIELD(era), "auto", .choices = eras,
	 .help = "which API it speaks: one list of pids (a), intents of a node's decision maker, or the "
		 "cluster's manager; auto asks the server"},
	{"mode", OPTION_CHOICE, FIELD(mode), "own", .choices = modes,
	 .help = "whether the server's list is ours as a whole, or to be sent with what others wrote, "
		 "which becomes plain pids; a decision maker cannot merge, a manager always does"},
	{"interval", OPTION_DURATION, FIELD(interval_ns), "10s", .min = NSEC_PER_SEC,
	 .max = 3600 * NSEC_PER_SEC,
	 .help = "how often the list is sent again; a change is sent at once",
	 .old_env = "SEND_INTERVAL"},
	{"timeout", OPTION_DURATION, FIELD(timeout_ns), "5s", .min = 100 * NSEC_PER_MSEC,
	 .max = 300 * NSEC_PER_SEC, .help = "of one request with its answer"},
	{"public_key_path", OPTION_STRING, FIELD(public_key_path), "/var/lib/teide/public_key.pem",
	 .help = "PEM file of the API server's public key, which buys a token",
	 .old_env = "PUBLIC_KEY_PATH"},
	{"user", OPTION_STRING, FIELD(user), "", .help = "of a manager"},
	{"password_file", OPTION_STRING, FIELD(password_file), "",
	 .help = "file with that user's password on its first line"},
	{"priority", OPTION_U64, FIELD(priority), "1", .min = 1, .max = 9,
	 .help = "how strong a boost is where the server takes a number: 1 is the strongest"},
	{"node", OPTION_STRING, FIELD(node), "",
	 .help = "this node's name in the cluster; empty: the host's name"},
	{"pod_labels", OPTION_LIST, FIELD(pod_labels), "",
	 .help = "KEY=VALUE of the pods that a manager's strategy is for; empty: any"},
	{"pod_namespaces", OPTION_LIST, FIELD(pod_namespaces), "",
	 .help = "namespaces of the pods that a manager's strategy is for; empty: any"},
	{"ca_file", OPTION_STRING, FIELD(ca_file), "",
	 .help = "PEM file of the CAs to trust for https; empty: the system's"},
	{"cert_file", OPTION_STRING, FIELD(cert_file), "",
	 .help = "PEM file of a client certificate; empty: none"},
	{"key_file", OPTION_STRING, FIELD(key_file), "",
	 .help = "PEM file of the client certificate's key"},
	{0},
};

static int check(const struct config *config, struct err *err)
{
	const struct gthulhu_options *api = config_get(config, "api");
	_cleanup_free_ char *base = NULL;

	return api->enabled ? gthulhu_base_url(api->url, &base, err) : 0;
}

const struct option_section api_section = {
	.name = "api",
	.help = "the API server that strategies are sent to",
	.options = table,
	.size = sizeof(struct gthulhu_options),
	.check = check,
};
