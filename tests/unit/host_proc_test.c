/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "cleanup.h"
#include "fake_root.h"
#include "netns.h"
#include "ns.h"
#include "pidref.h"
#include "proc.h"

static int setup(void **state)
{
	struct fake_root *root = malloc(sizeof(*root));

	fake_begin(root);
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	free(*state);
	return 0;
}

static int parse(const char *text, struct proc_stat *ret)
{
	return proc_parse_stat(text, strlen(text), ret);
}

static void stat_with_hostile_comm(void **state)
{
	static const char *const comms[] = {"nr-gnb", "a b", ") R 1 1 (", "((", "))", "1 (nr-gnb) S", "new\nline", ""};
	struct proc_stat stat;
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(comms); i++) {
		fake_stat_text(text, sizeof(text), 77, comms[i], 'R', 0x400040, 123456789012ULL);
		assert_int_equal(parse(text, &stat), 0);
		assert_int_equal(stat.pid, 77);
		assert_string_equal(stat.comm, comms[i]);
		assert_int_equal(stat.state, 'R');
		assert_false(stat.kernel);
		assert_int_equal(stat.start_time, 123456789012ULL);
	}
	fake_stat_text(text, sizeof(text), 2, "kworker/0:1", 'I', 0x4208060, 5);
	assert_int_equal(parse(text, &stat), 0);
	assert_true(stat.kernel);
}

static void stat_that_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"1 (x",
		"1 x)",
		"1 (x)",
		"1 (x) ",
		") 1 (",
		"0 (x) S 1",
		"1 (x) S 1 1 1 0 -1 64 0 0",
		"-1 (x) S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 2 0 9 1",
		"99999999999 (x) S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 2 0 9 1",
		"1 (x) S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 2 0 x 1",
		"1 (x) S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 2 0 99999999999999999999999 1",
	};
	struct proc_stat stat;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], &stat), -EINVAL);
	assert_int_equal(parse("1 (x) S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 2 0 9", &stat), 0);
	assert_int_equal(stat.start_time, 9);
}

/* Every cut of a good line is an answer or an error, never a read beyond it. */
static void stat_cut_anywhere(void **state)
{
	struct proc_stat stat;
	char text[512];
	size_t len;

	fake_stat_text(text, sizeof(text), 77, "nr-gnb", 'R', 64, 42);
	len = strlen(text);
	for (size_t cut = 0; cut <= len; cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy, text, cut);
		if (proc_parse_stat(copy, cut, &stat) == 0)
			assert_int_equal(stat.pid, 77);
		free(copy);
	}
}

static void processes_are_listed(void **state)
{
	const struct fake_root *root = *state;
	_cleanup_(proc_list_free) struct proc_list list = {0};
	char text[512];

	fake_process(root, 300, "nr-ue", 30, 4026532001);
	fake_process(root, 20, "a) (b", 10, 4026531840);
	fake_stat_text(text, sizeof(text), 40, "zombie", 'Z', 0, 11);
	fake_file(root, text, "proc/40/stat");
	fake_stat_text(text, sizeof(text), 2, "kthreadd", 'S', 0x208040, 0);
	fake_file(root, text, "proc/2/stat");
	fake_file(root, "", "proc/41/stat");
	fake_file(root, "x", "proc/self/stat");
	fake_file(root, "x", "proc/0042/notstat");
	assert_int_equal(proc_list(root->path, &list, NULL), 0);
	assert_int_equal(list.len, 2);
	assert_int_equal(list.left_out, 0);
	assert_int_equal(list.items[0].pid, 20);
	assert_string_equal(list.items[0].comm, "a) (b");
	assert_int_equal(list.items[0].netns, 4026531840);
	assert_int_equal(list.items[1].pid, 300);
	assert_int_equal(list.items[1].start_time, 30);
}

static void no_proc_is_an_error_that_says_so(void **state)
{
	const struct fake_root *root = *state;
	_cleanup_(proc_list_free) struct proc_list list = {0};
	struct err err = {0};

	assert_int_equal(proc_list(root->path, &list, &err), -ESRCH);
	assert_non_null(strstr(err.text, "/proc"));
	assert_null(list.items);
}

static void identity_is_pid_and_start(void **state)
{
	const struct fake_root *root = *state;
	struct proc proc;

	fake_process(root, 300, "nr-ue", 30, 1);
	assert_int_equal(proc_same(root->path, 300, 30), 1);
	assert_int_equal(proc_same(root->path, 300, 31), 0);
	assert_int_equal(proc_same(root->path, 301, 30), 0);
	assert_int_equal(proc_read(root->path, 301, &proc), -ESRCH);
	assert_int_equal(proc_read(root->path, 300, &proc), 0);
	assert_string_equal(proc.comm, "nr-ue");
}

/* A link to itself: opening it is ELOOP, for root as well, and says nothing of whether the process lives. */
static void what_cannot_be_read_has_not_ended(void **state)
{
	const struct fake_root *root = *state;
	_cleanup_(proc_thread_list_free) struct proc_thread_list threads = {0};
	_cleanup_(proc_list_free) struct proc_list list = {0};
	struct proc proc;

	fake_process(root, 20, "nr-gnb", 10, 1);
	fake_process(root, 300, "nr-ue", 30, 1);
	fake_thread(root, 300, 301, "nr-ue", 31);
	fake_link(root, "stat", "proc/300/task/301/stat");
	assert_int_equal(proc_threads(root->path, 300, 8, &threads), -ELOOP);
	assert_null(threads.items);
	fake_link(root, "stat", "proc/300/stat");
	assert_int_equal(proc_read(root->path, 300, &proc), -ELOOP);
	assert_int_equal(proc_same(root->path, 300, 30), -ELOOP);
	assert_int_equal(proc_list(root->path, &list, NULL), 0);
	assert_int_equal(list.len, 1);
	assert_int_equal(list.items[0].pid, 20);
	assert_int_equal(list.left_out, 1);
}

static void a_list_without_descriptors_names_the_error(void **state)
{
	const struct fake_root *root = *state;
	struct rlimit before, none;
	_cleanup_(proc_list_free) struct proc_list list = {0};
	struct err err = {0};

	fake_process(root, 20, "nr-gnb", 10, 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(proc_list(root->path, &list, &err), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(strstr(err.text, strerror(EMFILE)));
	assert_null(strstr(err.text, "mount"));
}

/* By a child of its own, in the real /proc. */
static void a_reference_outlives_its_process(void **state)
{
	pid_t child = fork();
	struct pidref ref, other;
	struct proc proc;
	int fd;

	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(proc_read("", child, &proc), 0);
	ref = other = pidref_of(&proc);
	other.start_time++;
	assert_true(pidref_equal(&ref, &ref));
	assert_false(pidref_equal(&ref, &other));
	assert_int_equal(pidref_is_alive(&ref), 1);
	assert_int_equal(pidref_is_alive(&other), 0);
	assert_int_equal(pidref_open(&other), -ESRCH);
	fd = pidref_open(&ref);
	assert_true(fd >= 0);
	assert_int_equal(pidref_kill(fd, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(pidref_kill(fd, SIGKILL), -ESRCH);
	assert_int_equal(pidref_open(&ref), -ESRCH);
	close(fd);
}

static void threads_leader_first(void **state)
{
	const struct fake_root *root = *state;
	_cleanup_(proc_thread_list_free) struct proc_thread_list list = {0};

	fake_process(root, 300, "nr-gnb", 30, 1);
	fake_thread(root, 300, 299, "nr-gnb", 35);
	fake_thread(root, 300, 9, "rls", 36);
	fake_thread(root, 300, 1000, "gtp", 31);
	assert_int_equal(proc_threads(root->path, 300, 100, &list), 0);
	assert_int_equal(list.len, 4);
	assert_int_equal(list.items[0].tid, 300);
	assert_int_equal(list.items[1].tid, 9);
	assert_string_equal(list.items[1].comm, "rls");
	assert_int_equal(list.items[2].tid, 299);
	assert_int_equal(list.items[3].tid, 1000);
	assert_int_equal(list.items[3].start_time, 31);
}

static void threads_are_bounded(void **state)
{
	const struct fake_root *root = *state;
	_cleanup_(proc_thread_list_free) struct proc_thread_list list = {0};

	fake_process(root, 300, "nr-gnb", 30, 1);
	for (int i = 1; i < 10; i++)
		fake_thread(root, 300, 300 + i, "t", 30);
	assert_int_equal(proc_threads(root->path, 300, 4, &list), 0);
	assert_int_equal(list.len, 4);
	assert_int_equal(list.left_out, 6);
	proc_thread_list_free(&list);
	assert_int_equal(proc_threads(root->path, 301, 4, &list), -ESRCH);
}

static void whose_a_thread_is(void **state)
{
	const struct fake_root *root = *state;
	int32_t pid = 1;

	fake_file(root, "Name:\tx\\nTgid:\t3\nUmask:\t0\nState:\tS\nTgid:\t40\nNgid:\t0\nPid:\t42\n", "proc/42/status");
	fake_file(root, "Name:\tx\nTgid:\t0\n", "proc/43/status");
	fake_file(root, "Name:\tx\nTgid:\t99999999999\n", "proc/44/status");
	fake_file(root, "", "proc/45/status");
	for (int32_t tid = 43; tid <= 45; tid++)
		assert_int_equal(proc_leader(root->path, tid, &pid), -EINVAL);
	assert_int_equal(proc_leader(root->path, 46, &pid), -ESRCH);
	assert_int_equal(pid, 1);
	assert_int_equal(proc_leader(root->path, 42, &pid), 0);
	assert_int_equal(pid, 40);
	assert_int_equal(proc_leader("", getpid(), &pid), 0);
	assert_int_equal(pid, getpid());
}

static void cgroup_path(void **state)
{
	const struct fake_root *root = *state;
	char path[64];

	fake_file(root, "0::/system.slice/a.service\n", "proc/5/cgroup");
	assert_int_equal(proc_cgroup(root->path, 5, path, sizeof(path)), 0);
	assert_string_equal(path, "/system.slice/a.service");
	fake_file(root, "12:pids:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n", "proc/5/cgroup");
	assert_int_equal(proc_cgroup(root->path, 5, path, sizeof(path)), 0);
	assert_string_equal(path, "/docker/abc");
	fake_file(root, "0::/with:colon\n", "proc/5/cgroup");
	assert_int_equal(proc_cgroup(root->path, 5, path, sizeof(path)), 0);
	assert_string_equal(path, "/with:colon");
	fake_file(root, "0::/\n", "proc/5/cgroup");
	assert_int_equal(proc_cgroup(root->path, 5, path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	fake_file(root, "nonsense\n", "proc/5/cgroup");
	assert_int_equal(proc_cgroup(root->path, 5, path, sizeof(path)), -ENOENT);
	fake_file(root, "0::/0123456789\n", "proc/5/cgroup");
	assert_int_equal(proc_cgroup(root->path, 5, path, 8), -ENAMETOOLONG);
	assert_int_equal(proc_cgroup(root->path, 6, path, sizeof(path)), -ESRCH);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
#define UID_ "3f2504e0_4f89_11d3_9a0c_0305e82c3301"
#define MIRROR "0123456789abcdef0123456789abcdef"

static void container_and_pod(void **state)
{
	static const struct {
		const char *path, *container, *pod;
	} cases[] = {
		{"/kubepods/burstable/pod" UID "/" ID, ID, UID},
		{"/kubepods/pod" UID "/" ID, ID, UID},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID
		 ".scope",
		 ID, UID},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container", ID, UID},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", "", UID},
		{"/system.slice/kubepods-besteffort-pod" UID_ ".slice:cri-containerd:" ID, ID, UID},
		{"/kubelet.slice/kubelet-kubepods.slice/kubepods-pod" UID_ ".slice", "", UID},
		{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
		 "kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope",
		 ID, UID},
		{"/kubepods/burstable/pod" MIRROR "/" ID, ID, MIRROR},
		{"/system.slice/docker-" ID ".scope", ID, ""},
		{"/docker/" ID, ID, ""},
		{"/machine.slice/libpod-" ID ".scope/container", ID, ""},
		{"/user.slice/user-1000.slice/session-2.scope", "", ""},
		{"/kubepods/podnot-a-uid", "", ""},
		{"/docker/0123", "", ""},
		{"/docker/x" ID, "", ""},
		{"/podman", "", ""},
		{"/kubepods-pod", "", ""},
		{"/kubepods-pod.slice", "", ""},
		{"/pod.slice", "", ""},
		{"/", "", ""},
		{"", "", ""},
	};
	struct cgroup_ids ids;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool any = cases[i].container[0] || cases[i].pod[0];

		assert_int_equal(cgroup_parse(cases[i].path, &ids), any);
		assert_string_equal(ids.container, cases[i].container);
		assert_string_equal(ids.pod, cases[i].pod);
	}
}

static uint64_t inode_of(const struct fake_root *root, const char *name)
{
	char path[FAKE_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/run/netns/%s", root->path, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void namespaces_by_name_and_pid(void **state)
{
	const struct fake_root *root = *state;
	_cleanup_(netns_list_free) struct netns_list list = {0};
	_cleanup_(proc_list_free) struct proc_list procs = {0};
	char text[NETNS_NAME_MAX];
	const struct netns *ns;
	uint64_t gnb;

	fake_file(root, "", "run/netns/gnb");
	fake_file(root, "", "run/netns/empty");
	gnb = inode_of(root, "gnb");
	fake_process(root, 10, "init", 1, 4026531840);
	fake_process(root, 11, "a", 1, (unsigned)gnb);
	fake_process(root, 12, "b", 1, 4026531840);
	fake_process(root, 13, "c", 1, 4026532999);
	assert_int_equal(proc_list(root->path, &procs, NULL), 0);
	assert_int_equal(netns_list(root->path, &procs, &list, NULL), 0);
	assert_int_equal(list.len, 4);
	for (size_t i = 1; i < list.len; i++)
		assert_true(list.items[i - 1].inode < list.items[i].inode);
	ns = netns_find(&list, gnb);
	assert_non_null(ns);
	assert_string_equal(ns->name, "gnb");
	assert_int_equal(ns->pid, 11);
	assert_int_equal(ns->processes, 1);
	ns = netns_find(&list, 4026531840);
	assert_non_null(ns);
	assert_string_equal(ns->name, "");
	assert_int_equal(ns->pid, 10);
	assert_int_equal(ns->processes, 2);
	assert_int_equal(netns_find(&list, inode_of(root, "empty"))->pid, 0);
	assert_null(netns_find(&list, 5));
	assert_string_equal(netns_name(root->path, gnb, text), "gnb");
	assert_string_equal(netns_name(root->path, 4026532999, text), "4026532999");
}

/* The file under /run/netns is another namespace's meanwhile. */
static void namespace_gone(void **state)
{
	const struct fake_root *root = *state;
	struct netns ns = {.inode = 1, .name = "gnb", .pid = 77};
	struct err err = {0};
	int fd;

	fake_process(root, 1, "init", 1, 1);
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	fake_link(root, "/proc/self/ns/net", "run/netns/gnb");
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	ns.inode = inode_of(root, "gnb");
	fd = netns_open(root->path, &ns, &err);
	assert_true(fd >= 0);
	close(fd);
}

/* Left-over files, and namespaces of another kind, have inodes as well; nobody writes to the FIFO. */
static void not_a_namespace(void **state)
{
	const struct fake_root *root = *state;
	struct netns ns = {.name = "odd"};
	struct err err = {0};
	char path[FAKE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/netns/odd", root->path);
	fake_file(root, "", "run/netns/odd");
	ns.inode = inode_of(root, "odd");
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	assert_int_equal(ns_open(path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a network namespace"));
	fake_link(root, "/proc/self/ns/mnt", "run/netns/odd");
	ns.inode = inode_of(root, "odd");
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	ns.inode = inode_of(root, "odd");
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	ns.inode = inode_of(root, "odd");
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	fake_link(root, "/nonexistent", "run/netns/dangling");
	snprintf(ns.name, sizeof(ns.name), "dangling");
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
}

/* The process that it was listed with has ended; another one is still in it. */
static void namespace_outlives_its_process(void **state)
{
	const struct fake_root *root = *state;
	struct netns ns = {.pid = 77};
	struct err err = {0};
	struct stat st;
	int fd;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	ns.inode = st.st_ino;
	fake_process(root, 1, "init", 1, 1);
	assert_int_equal(netns_open(root->path, &ns, &err), -ESRCH);
	fake_process(root, 78, "other", 1, 1);
	fake_link(root, "/proc/self/ns/net", "proc/78/ns/net");
	fd = netns_open(root->path, &ns, &err);
	assert_true(fd >= 0);
	assert_int_equal(ns_inode(fd), st.st_ino);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_with_hostile_comm),
		cmocka_unit_test(stat_that_is_none),
		cmocka_unit_test(stat_cut_anywhere),
		cmocka_unit_test_setup_teardown(processes_are_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(no_proc_is_an_error_that_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(identity_is_pid_and_start, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_has_not_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_without_descriptors_names_the_error, setup, teardown),
		cmocka_unit_test(a_reference_outlives_its_process),
		cmocka_unit_test_setup_teardown(threads_leader_first, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(whose_a_thread_is, setup, teardown),
		cmocka_unit_test_setup_teardown(cgroup_path, setup, teardown),
		cmocka_unit_test(container_and_pod),
		cmocka_unit_test_setup_teardown(namespaces_by_name_and_pid, setup, teardown),
		cmocka_unit_test_setup_teardown(namespace_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(not_a_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(namespace_outlives_its_process, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
