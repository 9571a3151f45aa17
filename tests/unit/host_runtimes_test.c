/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The folders as each runtime lays them out, found by the folders that containers.state has without a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "containers.h"
#include "fake_root.h"
#include "identity.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CRI                                                                                                            \
	"{\"annotations\": {\"io.kubernetes.cri.container-type\": \"container\","                                      \
	"\"io.kubernetes.cri.sandbox-name\": \"upf-0\","                                                               \
	"\"io.kubernetes.cri.sandbox-namespace\": \"core\","                                                           \
	"\"io.kubernetes.cri.container-name\": \"upf\"}, \"linux\": {\"namespaces\":"                                  \
	"[{\"type\": \"network\", \"path\": \"/proc/77/ns/net\"}]}}"
#define CRIO                                                                                                           \
	"{\"annotations\": {\"io.kubernetes.cri-o.ContainerType\": \"container\","                                     \
	"\"io.kubernetes.pod.name\": \"upf-0\", \"io.kubernetes.pod.namespace\": \"core\","                            \
	"\"io.kubernetes.container.name\": \"upf\"}, \"linux\": {\"namespaces\":"                                      \
	"[{\"type\": \"network\", \"path\": \"/var/run/netns/cni-1\"}]}}"
/* Docker lets a hook make the network namespace, and its bundle has no names. */
#define MOBY(data)                                                                                                     \
	"{\"mounts\": [{\"destination\": \"/proc\", \"source\": \"proc\"}, {\"destination\": \"/etc/hostname\","       \
	"\"source\": \"" data "/containers/" ID "/hostname\"}],"                                                       \
	"\"linux\": {\"namespaces\": [{\"type\": \"network\"}]}}"
#define TASK "/io.containerd.runtime.v2.task/"

struct layout {
	const char *bundle, *text, *pid; /* pid: file beside the bundle's */
	const char *docker, *docker_text;
	const char *pod, *name;
};

static const struct layout layouts[] = {
	{"run/containerd" TASK "k8s.io/" ID "/config.json", CRI, "init.pid", .pod = "core/upf-0", .name = "upf"},
	{"var/snap/microk8s/common/run/containerd" TASK "k8s.io/" ID "/config.json", CRI, "init.pid",
	 .pod = "core/upf-0", .name = "upf"},
	/* RKE2's is the same as that of k3s */
	{"run/k3s/containerd" TASK "k8s.io/" ID "/config.json", CRI, "init.pid", .pod = "core/upf-0", .name = "upf"},
	{"run/k0s/containerd" TASK "k8s.io/" ID "/config.json", CRI, "init.pid", .pod = "core/upf-0", .name = "upf"},
	{"run/containers/storage/overlay-containers/" ID "/userdata/config.json", CRIO, "pidfile", .pod = "core/upf-0",
	 .name = "upf"},
	/* Docker beside a containerd of the system, and with its own */
	{"run/containerd" TASK "moby/" ID "/config.json", MOBY("/var/lib/docker"), "init.pid",
	 "var/lib/docker/containers/" ID "/config.v2.json", "{\"ID\": \"" ID "\", \"Name\": \"/free5gc-upf\"}", "",
	 "free5gc-upf"},
	{"run/docker/containerd/daemon" TASK "moby/" ID "/config.json", MOBY("/data/docker"), "init.pid",
	 "data/docker/containers/" ID "/config.v2.json", "{\"ID\": \"" ID "\", \"Name\": \"/free5gc-upf\"}", "",
	 "free5gc-upf"},
	/* cri-dockerd */
	{"run/containerd" TASK "moby/" ID "/config.json", MOBY("/var/lib/docker"), "init.pid",
	 "var/lib/docker/containers/" ID "/config.v2.json",
	 "{\"Name\": \"/k8s_upf_upf-0_core_u1_0\", \"Config\": {\"Labels\": {\"io.kubernetes.pod.name\": \"upf-0\","
	 "\"io.kubernetes.pod.namespace\": \"core\", \"io.kubernetes.pod.uid\": \"u1\","
	 "\"io.kubernetes.container.name\": \"upf\", \"io.kubernetes.docker.type\": \"container\"}}}",
	 "core/upf-0", "upf"},
	/* Docker's state is out of reach: the id is all there is */
	{"run/containerd" TASK "moby/" ID "/config.json", MOBY("/var/lib/docker"), "init.pid", .pod = "", .name = ""},
};

static void split(char *text, char *ret[static 16])
{
	size_t n = 0;

	for (char *item = strtok(text, ", "); item; item = strtok(NULL, ", "))
		ret[n++] = item;
	ret[n] = NULL;
}

static void lay_out(const struct fake_root *root, const struct layout *l)
{
	char folder[FAKE_PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", l->bundle);
	*strrchr(folder, '/') = '\0';
	fake_file(root, l->text, "%s", l->bundle);
	fake_file(root, "77", "%s/%s", folder, l->pid);
	fake_file(root, "", "proc/77/ns/net");
	fake_file(root, "", "run/netns/cni-1");
	if (l->docker)
		fake_file(root, l->docker_text, "%s", l->docker);
}

static void each_runtimes_folders(void **unused)
{
	char text[] = IDENTITY_STATE_FOLDERS, *state[16];

	split(text, state);
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		struct containers *containers;
		const struct container *c;
		struct fake_root root;

		fake_begin(&root);
		lay_out(&root, &layouts[i]);
		containers = containers_new(root.path, state);
		assert_non_null(containers);
		containers_look(containers);
		c = containers_find(containers, ID);
		assert_non_null(c);
		assert_string_equal(c->pod, layouts[i].pod);
		assert_string_equal(c->name, layouts[i].name);
		assert_int_equal(c->pid, 77);
		assert_true(c->netns_inode != 0);
		containers_free(containers);
		fake_end(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_runtimes_folders)};

	return cmocka_run_group_tests_name("host_runtimes", tests, NULL, NULL);
}
