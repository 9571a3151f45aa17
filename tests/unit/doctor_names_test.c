/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of interfaces and namespaces that a terminal or a shell would take for more than names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "advice.h"
#include "cleanup.h"
#include "doctor_network.h"

static const char interface[] = "x;$(id) y";

/* All that is said about a device is wrong here. */
static struct user_plane broken(void)
{
	struct user_plane f = {
		.net = {.name = "\x1b[31m", .n_devices = 1, .ip_forward = 1, .other_routes = 1},
		.links = {{.ifindex = 2, .name = "n3\x7f", .xdp = "\x1b;id", .mtu = 1500, .n3 = true}},
		.n_links = 1,
		.forward = {{.drops = true, .empty = true, .chain = "chain FORWARD of table \x1b$(id)"}}};

	f.net.devices[0] = (struct ue_device){.kind = "gtp5g", .mtu = 1500, .up = true, .rp_filter = 1};
	memcpy(f.net.devices[0].name, interface, sizeof(interface));
	return f;
}

static void commands_quote_names(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	struct user_plane f = broken();
	size_t n = 0;

	doctor_judge_netns(&f, -1, &r);
	for (size_t i = 0; i < r.len; i++) {
		const char *remedy = r.checks[i].remedy;

		if (!strstr(remedy, interface))
			continue;
		n++;
		if (!strstr(remedy, " dev 'x;$(id) y'") && !strstr(remedy, "sysctl 'net.ipv4.conf.x;$(id) y.") &&
		    !strstr(remedy, " -i 'x;$(id) y' "))
			fail_msg("not quoted: %s", remedy);
	}
	assert_int_equal(n, 6); /* forwarding, reverse path, pool route, MTU, device left, packet filter */
}

static void text_shows_names_and_breaks_no_word(void **state)
{
	const struct report_heading h = {"1", "n\x1b", "6"};
	const struct netns ns = {.name = "long enough to be broken; and \x1b[31m more"};
	_cleanup_(report_free) struct report r = {0};
	_cleanup_(buf_free) struct buf out = {0};
	struct user_plane f = broken();
	char word[WORD_MAX(sizeof(ns.name))];

	advice_inside(&ns, f.net.inside);
	doctor_judge_netns(&f, -1, &r);
	report_text(&r, &h, &out);
	for (const char *c = out.data; *c; c++)
		assert_true((*c >= 0x20 && *c != 0x7f) || *c == '\n');
	assert_non_null(strstr(out.data, "teide 1 on n\\x1b, Linux 6\n"));
	assert_non_null(strstr(out.data, "NETWORK of \\x1b[31m\n"));
	assert_non_null(strstr(out.data, "'x;$(id) y'"));
	assert_non_null(strstr(out.data, escape_word_to(word, sizeof(word), ns.name)));
}

/* A command without its end is another command. */
static void what_does_not_fit_is_left_out(void **state)
{
	struct check c = {0};
	char name[CHECK_TEXT_MAX];

	memset(name, 'x', sizeof(name));
	check_remedy(&c, "ip link set dev '%.*s' up", (int)sizeof(name), name);
	assert_string_equal(c.remedy, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_quote_names),
		cmocka_unit_test(text_shows_names_and_breaks_no_word),
		cmocka_unit_test(what_does_not_fit_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
