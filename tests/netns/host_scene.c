/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Real processes in a network namespace of their own, from the look at the node to the strategies: a
 * gNB and a UE with threads, one that has nr-gnb only in its arguments, one that has only the name,
 * and a stranger that holds an N3 socket. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "decide.h"
#include "discover.h"
#include "ns.h"
#include "processes.h"

#define THREADS 4
#define EXIT_SKIP 77

enum { GNB, UE, DECOY, NAMESAKE, STRANGER, CHILDREN };

struct scene {
	pid_t pids[CHILDREN];
	bool tun; /* the UE has its device */
	uint64_t netns;
	struct config *config;
	struct sched_rules rules;
	struct discover *discover;
	struct processes *table;
	struct findings found;
	struct sched_decision decision;
};

static void give_up(const char *what)
{
	perror(what);
	_exit(1);
}

static void *sleep_thread(void *name)
{
	if (name)
		prctl(PR_SET_NAME, name);
	for (;;)
		pause();
	return NULL;
}

static void start_threads(void)
{
	static char other_name[] = "rls-task";
	pthread_t thread;

	for (int i = 1; i < THREADS; i++) {
		if (pthread_create(&thread, NULL, sleep_thread, i == 1 ? other_name : NULL))
			give_up("pthread_create");
	}
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static void udp(uint16_t local, uint16_t remote)
{
	struct sockaddr_in from = loopback(local), to = loopback(remote);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    (remote && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0))
		give_up("udp socket");
}

static void loopback_up(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		give_up("lo up");
}

static bool tun(const char *name)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0;
}

/* What a child does before it says that it is ready; '+' where it could do all of it. */
static char play(int role)
{
	char said = '+';

	if (role == GNB) {
		prctl(PR_SET_NAME, "nr-gnb");
		udp(2152, 0);
		udp(4997, 0);
		start_threads();
	} else if (role == UE) {
		prctl(PR_SET_NAME, "nr-ue");
		udp(0, 4997);
		said = tun("uesimtun0") ? '+' : '-';
		start_threads();
	} else if (role == NAMESAKE) {
		prctl(PR_SET_NAME, "nr-gnb");
		start_threads();
	} else if (role == STRANGER) {
		prctl(PR_SET_NAME, "upf");
		udp(2153, 0);
	}
	return said;
}

/* The pipe's end closes as the program is executed, which says that its name is another. */
static _Noreturn void child(int role, int ready)
{
	char said;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	said = play(role);
	if (role == DECOY) {
		execl("/bin/sleep", "nr-gnb", "1000000", (char *)NULL);
		give_up("/bin/sleep");
	}
	if (write(ready, &said, 1) != 1)
		give_up("write");
	close(ready);
	sleep_thread(NULL);
	_exit(0);
}

static char start(struct scene *s, int role)
{
	int ends[2];
	char said = '\0';

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s->pids[role] = fork();
	assert_true(s->pids[role] >= 0);
	if (!s->pids[role])
		child(role, ends[1]);
	close(ends[1]);
	if (read(ends[0], &said, 1) < 0)
		said = '\0';
	close(ends[0]);
	return said;
}

static void stop(struct scene *s)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (s->pids[i] <= 0)
			continue;
		kill(s->pids[i], SIGKILL);
		waitpid(s->pids[i], NULL, 0);
	}
}

/* The children are born in a namespace of their own; the test itself stays outside. */
static void start_all(struct scene *s)
{
	_cleanup_close_ int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(home >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	s->netns = ns_inode_self();
	loopback_up();
	assert_int_equal(start(s, GNB), '+');
	s->tun = start(s, UE) == '+';
	start(s, DECOY);
	assert_int_equal(start(s, NAMESAKE), '+');
	assert_int_equal(start(s, STRANGER), '+');
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
}

static int setup(void **state)
{
	static const struct option_section *const sections[] = {&sched_section};
	static const struct processes_limits limits = {
		.processes = 256,
		.pending = 256,
		.threads = 512,
		.evidence_ns = 60 * NSEC_PER_SEC,
	};
	struct discover_options options = discover_defaults();
	struct scene *s = calloc(1, sizeof(*s));

	options.owner_ports[options.n_owner_ports++] = 2153;
	s->discover = discover_new(&options);
	s->table = processes_new(&limits);
	assert_int_equal(config_load(&s->config, sections, 1, NULL, NULL), 0);
	assert_int_equal(sched_rules_init(&s->rules, config_get(s->config, "sched"), NULL), 0);
	*state = s;
	start_all(s);
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	stop(s);
	sched_decision_free(&s->decision);
	findings_free(&s->found);
	processes_free(s->table);
	discover_free(s->discover);
	config_free(s->config);
	free(s);
	return 0;
}

static void read_threads(struct scene *s, const struct proc *proc)
{
	_cleanup_(proc_thread_list_free) struct proc_thread_list threads = {0};

	if (proc_threads("", proc->pid, 512, &threads) == 0)
		processes_set_threads(s->table, proc, threads.items, threads.len, threads.left_out);
}

static void look(struct scene *s)
{
	struct proc_owner owner;
	struct err err = {0};

	findings_free(&s->found);
	if (discover_scan(s->discover, &s->found, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < s->found.len; i++) {
		const struct finding *f = &s->found.items[i];

		if (f->proc.netns != s->netns) /* of whatever else runs on this machine */
			continue;
		assert_non_null(processes_add(s->table, &f->proc, f->kind, clock_boot_ns()));
		read_threads(s, &f->proc);
		if (!proc_owner("", f->proc.pid, &owner))
			processes_set_owner(s->table, &f->proc, &owner);
	}
	sched_decision_free(&s->decision);
	assert_int_equal(sched_decide(s->table, &s->rules, &s->decision, &err), 0);
}

static const struct finding *found(const struct scene *s, int child, enum evidence kind)
{
	for (size_t i = 0; i < s->found.len; i++) {
		if (s->found.items[i].proc.pid == s->pids[child] && s->found.items[i].kind == kind)
			return &s->found.items[i];
	}
	return NULL;
}

static size_t findings_of(const struct scene *s, int child)
{
	size_t n = 0;

	for (size_t i = 0; i < s->found.len; i++)
		n += s->found.items[i].proc.pid == s->pids[child];
	return n;
}

/* How many of a child's threads have a strategy; 0 as well when the leader has none. */
static size_t boosted(const struct scene *s, int child)
{
	_cleanup_(proc_thread_list_free) struct proc_thread_list threads = {0};
	const struct strategy_list *list = &s->decision.list;
	size_t count = 0;
	bool leader = false;

	assert_int_equal(proc_threads("", s->pids[child], 512, &threads), 0);
	for (size_t i = 0; i < list->len; i++) {
		for (size_t k = 0; k < threads.len; k++)
			count += list->items[i].pid == threads.items[k].tid;
		leader |= list->items[i].pid == s->pids[child];
	}
	return leader ? count : 0;
}

static void the_gnb_and_the_ue_are_found(void **state)
{
	struct scene *s = *state;

	look(s);
	assert_int_equal(s->found.namespaces_failed, 0);
	assert_non_null(found(s, GNB, EVIDENCE_NAME));
	assert_int_equal(found(s, GNB, EVIDENCE_NAME)->proc.netns, s->netns);
	assert_non_null(found(s, GNB, EVIDENCE_SOCKET_OWNER));
	assert_string_equal(found(s, GNB, EVIDENCE_SOCKET_OWNER)->detail, "udp 127.0.0.1:2152");
	assert_non_null(found(s, GNB, EVIDENCE_PEER));
	assert_non_null(found(s, UE, EVIDENCE_NAME));
	assert_non_null(found(s, UE, EVIDENCE_PEER));
	if (s->tun)
		assert_string_equal(found(s, UE, EVIDENCE_TUN_OWNER)->detail, "tun uesimtun0");
	assert_int_equal(ns_inode_self() == s->netns, false);
}

static void the_others_are_what_they_are(void **state)
{
	struct scene *s = *state;

	look(s);
	assert_int_equal(findings_of(s, DECOY), 0);
	assert_int_equal(findings_of(s, NAMESAKE), 1);
	assert_non_null(found(s, NAMESAKE, EVIDENCE_NAME));
	assert_int_equal(findings_of(s, STRANGER), 1);
	assert_non_null(found(s, STRANGER, EVIDENCE_SOCKET_OWNER));
}

static void strategies_for_exactly_those_in_the_path(void **state)
{
	struct scene *s = *state;

	look(s);
	assert_int_equal(boosted(s, GNB), THREADS);
	assert_int_equal(boosted(s, UE), THREADS);
	assert_int_equal(boosted(s, DECOY), 0);
	assert_int_equal(boosted(s, NAMESAKE), 0);
	assert_int_equal(boosted(s, STRANGER), 0);
}

static void an_ended_process_is_another(void **state)
{
	struct scene *s = *state;
	struct proc gnb;

	assert_int_equal(proc_read("", s->pids[GNB], &gnb), 0);
	assert_int_equal(proc_same("", gnb.pid, gnb.start_time), 1);
	assert_int_equal(proc_same("", gnb.pid, gnb.start_time + 1), 0);
	kill(gnb.pid, SIGKILL);
	waitpid(gnb.pid, NULL, 0);
	s->pids[GNB] = 0;
	assert_int_equal(proc_same("", gnb.pid, gnb.start_time), 0);
	look(s);
	for (size_t i = 0; i < s->found.len; i++)
		assert_int_not_equal(s->found.items[i].proc.pid, gnb.pid);
	assert_null(found(s, UE, EVIDENCE_PEER));
}

/* Nothing of a look may stay open: a descriptor would keep the namespace alive. */
static void a_look_leaves_no_descriptor(void **state)
{
	struct scene *s = *state;
	int before, after;

	look(s);
	before = dup(STDERR_FILENO);
	look(s);
	after = dup(STDERR_FILENO);
	assert_int_equal(after, before + 1);
	close(before);
	close(after);
}

/* What `ip netns del` leaves when it is interrupted: a file that is no namespace. */
static void a_left_over_name_is_passed_over(void **state)
{
	struct scene *s = *state;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), NS_RUN_DIR "/tthost-%d", getpid());
	fd = open(path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0 && errno == ENOENT)
		skip();
	assert_true(fd >= 0);
	close(fd);
	look(s);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(s->found.namespaces_failed, 0);
	assert_non_null(found(s, GNB, EVIDENCE_SOCKET_OWNER));
}

static bool can_make_namespaces(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(unshare(CLONE_NEWNET) < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
#define SCENE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		SCENE_TEST(the_gnb_and_the_ue_are_found),
		SCENE_TEST(the_others_are_what_they_are),
		SCENE_TEST(strategies_for_exactly_those_in_the_path),
		SCENE_TEST(an_ended_process_is_another),
		SCENE_TEST(a_look_leaves_no_descriptor),
		SCENE_TEST(a_left_over_name_is_passed_over),
	};

	if (!can_make_namespaces()) {
		puts("no network namespace can be made here: it takes CAP_SYS_ADMIN");
		return EXIT_SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
