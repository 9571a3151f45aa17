/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_functions.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

const char *const doctor_modules[DOCTOR_MODULES] = {"gtp", "gtp5g"};

/* As found in the modules of Debian's 5.10 to 7.2 and in gtp5g 0.8.5 to 0.10.2. */
const struct known_function doctor_functions[] = {
	{"gtp", "gtp_encap_recv", "the uplink at N3: packets, TEID, verdict, duration", .needed = true},
	{"gtp", "gtp_dev_xmit", "the downlink at the device: packets, verdict, duration", .needed = true},
	{"gtp", "gtp_rx", "the decapsulation's own duration"},
	{"gtp", "gtp_push_header", "the downlink's TEID and outer addresses (Linux 6.8 and later)", .inlined = true},
	{"gtp", "gtp_build_skb_ip4", "the downlink's TEID and outer addresses (before Linux 6.8)", .inlined = true},
	{"gtp", "gtp1u_udp_encap_recv", "a stage of gtp_encap_recv", .inlined = true},
	{"gtp5g", "gtp5g_encap_recv", "the uplink at N3: packets, TEID, QFI, duration", .needed = true},
	{"gtp5g", "gtp5g_dev_xmit", "the downlink at the device: packets, verdict, duration", .needed = true},
	{"gtp5g", "gtp5g_handle_skb_ipv4", "the downlink's verdict"},
	{"gtp5g", "gtp5g_push_header", "the downlink's TEID, QFI and gNB"},
	{"gtp5g", "gtp5g_xmit_skb_ipv4", "the sending stage's own duration"},
	{"gtp5g", "pdr_find_by_gtp1u", "the uplink's PDR, FAR and SEID"},
	{"gtp5g", "pdr_find_by_ipv4", "the downlink's PDR, FAR and SEID"},
	{"gtp5g", "pdr_find_by_framed_route", "the PDR of framed routes", .since = "0.10.0"},
	{"gtp5g", "policePacket", "the policer's colour", .since = "0.8.6"},
	{"gtp5g", "update_usage_statistic", "the uplink's verdict", .since = "0.9.2"},
	{"gtp5g", "netlink_send", "packets handed to user space, for buffering and reports"},
	{"gtp5g", "ip_xmit", "what leaves on N9"},
	{"gtp5g", "ip4_find_route", "routes of Echo answers; of the downlink before 0.9.10"},
	{"gtp5g", "gtp1u_udp_encap_recv", "a stage of gtp5g_encap_recv", .inlined = true},
	{"gtp5g", "gtp5g_rx", "a stage of gtp5g_encap_recv", .inlined = true},
	{"gtp5g", "gtp5g_fwd_skb_encap", "a stage of gtp5g_encap_recv", .inlined = true},
	{"gtp5g", "gtp1c_handle_echo_req", "a stage of gtp5g_encap_recv", .inlined = true},
	{"gtp5g", "gtp5g_fwd_skb_ipv4", "a stage of gtp5g_handle_skb_ipv4", .inlined = true},
	{"gtp5g", "find_ip4_route", "a stage of gtp5g_handle_skb_ipv4", .inlined = true},
};
const size_t doctor_functions_len = ARRAY_SIZE(doctor_functions);

_Static_assert(ARRAY_SIZE(doctor_functions) <= DOCTOR_FUNCTIONS_MAX, "functions");

static const struct module_facts *module_of(const struct modules_facts *m, const char *name)
{
	for (size_t i = 0; i < DOCTOR_MODULES; i++)
		if (!strcmp(doctor_modules[i], name))
			return &m->modules[i];
	return NULL;
}

static void judge_loaded(const struct modules_facts *m, size_t i, bool other, struct report *r)
{
	const char *name = doctor_modules[i];
	struct check *c = report_add(r, CHECK_MODULES, name, "module.%s", name);

	if (m->modules[i].loaded)
		check_set(c, CHECK_OK, "loaded%s%s", m->modules[i].version[0] ? ", version " : "",
			  m->modules[i].version);
	else if (other)
		check_set(c, CHECK_INFO, "not loaded");
	else
		check_set(c, CHECK_MISSING, "not loaded%s: teide trace has no function to watch",
			  m->can_load ? "" : ", and this kernel has no modules");
	if (c->state != CHECK_MISSING)
		return;
	check_line(c, "not loaded: %steide trace has no function to watch",
		   m->can_load ? "" : "this kernel has no modules; ");
	check_remedy(c, "load what the UPF uses: modprobe gtp, or install gtp5g and modprobe gtp5g; "
			"without, teide flows still shows the tunnels at N3");
}

static void judge_module_btf(const struct modules_facts *m, size_t i, const struct features *f, struct report *r)
{
	const char *name = doctor_modules[i];
	struct check *c;

	if (!m->modules[i].loaded)
		return;
	c = report_add(r, CHECK_MODULES, "its BTF", "module.%s.btf", name);
	if (m->modules[i].btf) {
		check_set(c, CHECK_OK, "/sys/kernel/btf/%s", name);
		return;
	}
	check_set(c, f->kprobe ? CHECK_MISSING : CHECK_INFO, "/sys/kernel/btf/%s is not there: %s", name,
		  f->kprobe ? "fentry needs it, and there are no kprobes" : "no fentry on it, kprobes are used");
	check_remedy(c, i ? "to have it: build gtp5g with this kernel's BTF (/sys/kernel/btf/vmlinux) as "
			    "'vmlinux' in the headers' folder, or add it: pahole -J --btf_base "
			    "/sys/kernel/btf/vmlinux gtp5g.ko; then load it anew"
			  : "to have it: Linux 5.11 or later with CONFIG_DEBUG_INFO_BTF_MODULES=y");
}

/* A switch of gtp5g, a file below /proc/gtp5g. */
struct module_switch {
	const char *name, *on, *off, *remedy;
};

static const struct module_switch qos_switch = {
	"qos",
	"on: QERs with rates are policed",
	"off: rate limits (MBR) of QERs are not enforced, no packet gets a colour",
	"where rates are to hold: echo 1 > /proc/gtp5g/qos",
};
static const struct module_switch seq_switch = {
	"seq",
	"on: downlink packets carry sequence numbers",
	"off: no sequence numbers downlink, loss on N3 cannot be counted",
	"to count loss on N3: echo 1 > /proc/gtp5g/seq",
};

static void judge_switch(const struct module_switch *s, int value, struct report *r)
{
	struct check *c;

	if (value < 0)
		return;
	c = report_add(r, CHECK_MODULES, s->name, "module.gtp5g.%s", s->name);
	check_set(c, value ? CHECK_OK : CHECK_INFO, "%s", value ? s->on : s->off);
	if (!value)
		check_remedy(c, "%s", s->remedy);
}

void doctor_judge_modules(const struct modules_facts *m, const struct features *f, struct report *r)
{
	for (size_t i = 0; i < DOCTOR_MODULES; i++) {
		judge_loaded(m, i, m->modules[!i].loaded, r);
		judge_module_btf(m, i, f, r);
	}
	judge_switch(&qos_switch, m->qos, r);
	judge_switch(&seq_switch, m->seq, r);
}

static void judge_unloadable(enum plan_method method, const char *error, struct check *c)
{
	check_load_error(c, error);
	check_prefix(c, "%s, but its program does not load: ", plan_method_name(method));
}

static void judge_hooked(const struct function_facts *f, const struct known_function *k, struct check *c)
{
	const char *method = plan_method_name(f->choice.method);

	if (f->load_error[0]) {
		judge_unloadable(f->choice.method, f->load_error, c);
	} else if (f->described) {
		check_set(c, CHECK_OK, "%s: %s; shows %s", method, f->choice.reason, k->shows);
		check_line(c, "%s", method);
	} else {
		check_set(c, CHECK_INFO, "free: %s would do (%s), no probe hooks it; not shown: %s", method,
			  f->choice.reason, k->shows);
		check_line(c, "free: %s would do, no probe hooks them", method);
	}
}

static bool refused(const struct function_facts *f)
{
	return strstr(f->choice.reason, "refused") || strstr(f->choice.reason, "no kprobes");
}

static void judge_unhooked(const struct function_facts *f, const struct known_function *k, struct check *c)
{
	enum check_state state = k->needed ? CHECK_MISSING : k->inlined || k->since ? CHECK_INFO : CHECK_LIMITED;

	if (refused(f) && state == CHECK_INFO)
		state = CHECK_LIMITED;
	check_set(c, state, "none: %s%s%s%s; not shown: %s", f->choice.reason, k->since ? " (there from " : "",
		  k->since ? k->since : "", k->since ? ")" : "", k->shows);
	check_line(c, "none: %s", f->choice.reason);
	if (state >= CHECK_LIMITED)
		check_remedy(c,
			     refused(f) ? "run as root on a kernel with fentry or kprobes"
					: "load a build of %s that has it: a released version, compiled "
					  "with gcc",
			     k->module);
}

static bool has_hook(const struct plan_choice *choice)
{
	return choice->method == PLAN_FENTRY || choice->method == PLAN_KPROBE || choice->method == PLAN_TRACEPOINT;
}

static void judge_known(const struct modules_facts *m, size_t i, struct report *r)
{
	const struct known_function *k = &doctor_functions[i];
	const struct function_facts *f = &m->functions[i];
	struct check *c = report_add(r, CHECK_FUNCTIONS, k->name, "function.%s.%s", k->module, k->name);

	if (!module_of(m, k->module)->loaded) {
		check_set(c, CHECK_INFO, "module %s is not loaded; shows %s", k->module, k->shows);
		c->hidden = true;
	} else if (m->error[0]) {
		check_set(c, CHECK_INFO, "not looked up");
		c->hidden = true;
	} else if (has_hook(&f->choice)) {
		judge_hooked(f, k, c);
	} else {
		judge_unhooked(f, k, c);
	}
}

static void judge_other(const struct other_hook *o, struct report *r)
{
	struct check *c = report_add(r, CHECK_FUNCTIONS, o->name, "function.%s.%s", o->module, o->name);

	if (o->load_error[0]) {
		judge_unloadable(o->choice.method, o->load_error, c);
	} else if (has_hook(&o->choice)) {
		check_set(c, CHECK_OK, "%s: %s", plan_method_name(o->choice.method), o->choice.reason);
		check_line(c, "%s", plan_method_name(o->choice.method));
	} else {
		check_set(c, CHECK_INFO, "none: %s", o->choice.reason);
		check_line(c, "none: %s", o->choice.reason);
	}
}

/* One line of text for those of a kind: hooked, free, without a hook. */
static int compare_lines(const void *a, const void *b)
{
	const struct check *x = a, *y = b;
	int by_line = strcmp(x->line, y->line);

	if (x->state != y->state)
		return (int)x->state - (int)y->state;
	return by_line ? by_line : strcmp(x->id, y->id);
}

void doctor_judge_functions(const struct modules_facts *m, struct report *r)
{
	size_t first = r->len;
	struct check *c;

	for (size_t i = 0; i < doctor_functions_len; i++)
		judge_known(m, i, r);
	for (size_t i = 0; i < m->n_others; i++)
		judge_other(&m->others[i], r);
	if (r->len > first)
		qsort(r->checks + first, r->len - first, sizeof(*r->checks), compare_lines);
	if (!m->error[0])
		return;
	c = report_add(r, CHECK_FUNCTIONS, "look-up", "function");
	check_set(c, CHECK_MISSING, "%s", m->error);
	check_remedy(c, "run as root, with /proc mounted");
}
