/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor in user space: every packet of flow_cases.py as tshark has it, every time stamp of a PDU Session
 * Container as scapy wrote it, and nothing read beyond a packet cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "packet_text.h"

#define LINE_MAX_LEN 16384

static const struct packet_start defaults = {.gtp_port = 2152, .vxlan_port = 4789, .geneve_port = 6081};

static char folder[] = "/tmp/teide-packet.XXXXXX";

static void parse(const uint8_t *data, uint32_t len, struct packet_work *w)
{
	/* exactly as long as the packet: a sanitizer sees a byte too many */
	_cleanup_free_ uint8_t *copy = malloc(len ?: 1);
	struct packet_bytes bytes = {copy, len};
	struct packet_start start = defaults;

	assert_non_null(copy);
	memcpy(copy, data, len);
	start.len = len;
	packet_parse(&bytes, &start, w);
}

static uint32_t from_hex(const char *hex, uint8_t *to, size_t size)
{
	uint32_t n = 0;

	for (; n < size && sscanf(hex, "%2hhx", &to[n]) == 1; hex += 2)
		n++;
	return n;
}

static int make_cases(void **state)
{
	_cleanup_free_ char *command = NULL;
	int status;

	if (!mkdtemp(folder) || asprintf(&command, "/usr/bin/python3 '%s' '%s'", getenv("FLOW_CASES"), folder) < 0)
		return -1;
	fflush(stdout);
	status = system(command);
	*state = (void *)(intptr_t)WEXITSTATUS(status);
	return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77) ? 0 : -1;
}

static int remove_cases(void **state)
{
	static const char *const names[] = {"cases.txt", "cases.pcap", "sessions.txt"};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/* Calls each(NAME, packet, len, WANTED) for each line "NAME HEX WANTED". Number of lines. */
static unsigned for_each_line(const char *file,
			      void (*each)(const char *name, const uint8_t *data, uint32_t len, const char *wanted))
{
	_cleanup_free_ char *line = malloc(LINE_MAX_LEN);
	_cleanup_fclose_ FILE *f = NULL;
	uint8_t data[4096];
	char path[256], *hex, *wanted;
	unsigned n = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "re");
	assert_non_null(f);
	for (; fgets(line, LINE_MAX_LEN, f); n++) {
		line[strcspn(line, "\n")] = '\0';
		hex = strchr(line, ' ');
		wanted = hex ? strchr(hex + 1, ' ') : NULL;
		assert_non_null(wanted);
		*hex = *wanted = '\0';
		each(line, data, from_hex(hex + 1, data, sizeof(data)), wanted + 1);
	}
	return n;
}

static void check_packet(const char *name, const uint8_t *data, uint32_t len, const char *wanted)
{
	_cleanup_(buf_free) struct buf text = {0};
	struct packet_work w;

	parse(data, len, &w);
	packet_text(&text, &w.packet);
	if (strcmp(text.data, wanted) != 0)
		fail_msg("%s:\n  got  %s\n  want %s", name, text.data, wanted);
	for (uint32_t cut = 0; cut < len; cut++) {
		parse(data, cut, &w);
		assert_in_range(w.packet.head, 0, HEAD_MAX - 1);
	}
}

static void check_session(const char *name, const uint8_t *data, uint32_t len, const char *wanted)
{
	struct packet_bytes bytes = {data, len};
	struct packet_stamps t;
	struct packet_work w;
	char got[256];

	parse(data, len, &w);
	assert_int_equal(w.packet.head, HEAD_GTPU);
	packet_session_read(&bytes, &w.session, &t);
	snprintf(got, sizeof(got), "%x %llx %llx %llx %x", t.has, (unsigned long long)t.dl_sent,
		 (unsigned long long)t.dl_received, (unsigned long long)t.ul_sent, t.seq);
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: got %s, want %s", name, got, wanted);
}

static void skip_without_cases(void *const *state)
{
	if (!*state)
		return;
	printf("# skip: scapy or tshark is not installed\n");
	skip();
}

static void agrees_with_tshark(void **state)
{
	skip_without_cases(state);
	assert_in_range(for_each_line("cases.txt", check_packet), 2000, 100000);
}

static void agrees_with_scapy(void **state)
{
	skip_without_cases(state);
	assert_in_range(for_each_line("sessions.txt", check_session), 60, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_tshark),
		cmocka_unit_test(agrees_with_scapy),
	};

	return cmocka_run_group_tests(tests, make_cases, remove_cases);
}
