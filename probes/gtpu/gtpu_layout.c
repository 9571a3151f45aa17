/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "btf_member.h"
#include "cleanup.h"
#include "gtpu_run.h"
#include "kernel_btf.h"
#include "object.h"

DEFINE_CLEANUP(struct btf *, btf, btf__free)
DEFINE_CLEANUP(struct btf *, kernel_btf, kernel_btf_put)

#define VERSION(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

static unsigned version_of(const char *text)
{
	unsigned major, minor, patch;

	if (sscanf(text, "%3u.%3u.%3u", &major, &minor, &patch) != 3 || minor > 255 || patch > 255)
		return 0;
	return VERSION(major, minor, patch);
}

_Static_assert(GTPU_NOWHERE == 0xffff, "a layout of bytes 0xff has nothing anywhere");

/* A PDR has a gate of its own since 0.9.2. From 0.8.9 on the gate of the QER that polices counts. */
static bool gate_is_qers(unsigned version)
{
	return version >= VERSION(0, 8, 9) && version < VERSION(0, 9, 2);
}

#ifdef __x86_64__
static uint16_t urr_ids_place(unsigned version)
{
	if (version < VERSION(0, 8, 6))
		return 112;
	return version < VERSION(0, 9, 2) ? 120 : 128;
}
#endif

/* As x86-64 builds of 0.8.5 to 0.10.2 have it. */
static int by_version(const char *text, struct gtpu_layout *ret)
{
	unsigned version = version_of(text);

	memset(ret, 0xff, sizeof(*ret));
#ifdef __x86_64__
	if (version < VERSION(0, 8, 5) || version > VERSION(0, 10, 2))
		return -1;
	*ret = (struct gtpu_layout){
		.pdr_seid = 48,
		.pdr_id = 56,
		.pdr_outer_header_removal = 64,
		.pdr_far = 88,
		.pdr_qer_ids = 96,
		.pdr_qer_num = 104,
		.pdr_qfi = 108,
		.pdr_qer_with_rate = version >= VERSION(0, 8, 6) ? 112 : GTPU_NOWHERE,
		.pdr_ul_dl_gate = version >= VERSION(0, 9, 2) ? 120 : GTPU_NOWHERE,
		.pdr_urr_ids = urr_ids_place(version),
		.pdr_urr_num = urr_ids_place(version) + 8,
		.far_id = 40,
		.far_action = 44,
		.far_fwd_param = 48,
		.fwd_param_hdr_creation = 0,
		.qer_id = 24,
		.qer_ul_dl_gate = 28,
		.urr_seid = 16,
		.urr_id = 24,
		.dev_net_device = 24,
	};
	return 0;
#else
	(void)version;
	return -1;
#endif
}

static uint16_t place_of(const struct btf *btf, const char *type, const char *member)
{
	int at = btf_member_offset(btf, type, member);

	return at < 0 || at >= GTPU_NOWHERE ? GTPU_NOWHERE : (uint16_t)at;
}

static void by_btf(const struct btf *btf, struct gtpu_layout *ret)
{
	*ret = (struct gtpu_layout){
		.pdr_seid = place_of(btf, "pdr", "seid"),
		.pdr_id = place_of(btf, "pdr", "id"),
		.pdr_outer_header_removal = place_of(btf, "pdr", "outer_header_removal"),
		.pdr_far = place_of(btf, "pdr", "far"),
		.pdr_qer_ids = place_of(btf, "pdr", "qer_ids"),
		.pdr_qer_num = place_of(btf, "pdr", "qer_num"),
		.pdr_qfi = place_of(btf, "pdr", "qfi"),
		.pdr_qer_with_rate = place_of(btf, "pdr", "qer_with_rate"),
		.pdr_ul_dl_gate = place_of(btf, "pdr", "ul_dl_gate"),
		.pdr_urr_ids = place_of(btf, "pdr", "urr_ids"),
		.pdr_urr_num = place_of(btf, "pdr", "urr_num"),
		.far_id = place_of(btf, "far", "id"),
		.far_action = place_of(btf, "far", "action"),
		.far_fwd_param = place_of(btf, "far", "fwd_param"),
		.fwd_param_hdr_creation = place_of(btf, "forwarding_parameter", "hdr_creation"),
		.qer_id = place_of(btf, "qer", "id"),
		.qer_ul_dl_gate = place_of(btf, "qer", "ul_dl_gate"),
		.urr_seid = place_of(btf, "urr", "seid"),
		.urr_id = place_of(btf, "urr", "id"),
		.dev_net_device = place_of(btf, "gtp5g_dev", "dev"),
	};
}

/* Without these members nothing can be read; each BTF of gtp5g has them. */
static bool complete(const struct gtpu_layout *l)
{
	return l->pdr_seid != GTPU_NOWHERE && l->pdr_id != GTPU_NOWHERE && l->pdr_far != GTPU_NOWHERE &&
	       l->far_id != GTPU_NOWHERE && l->far_action != GTPU_NOWHERE;
}

static int from_btf(struct gtpu_layout *ret)
{
	_cleanup_(cleanup_kernel_btf) struct btf *kernel = kernel_btf_get();
	_cleanup_(cleanup_btf) struct btf *module = kernel ? btf__load_module_btf("gtp5g", kernel) : NULL;

	if (module)
		by_btf(module, ret);
	return module && complete(ret) ? 0 : -1;
}

static int parse_file(const char *path, struct btf *base, struct gtpu_layout *ret)
{
	_cleanup_(cleanup_btf) struct btf *btf = base ? btf__parse_split(path, base) : btf__parse(path, NULL);
	struct gtpu_layout found;

	if (!btf)
		return -errno;
	by_btf(btf, &found);
	if (!complete(&found))
		return -EINVAL;
	*ret = found;
	return 0;
}

/* Names of a BTF that is not complete are found in the kernel's. */
int gtpu_layout_read(const char *path, struct gtpu_layout *ret, struct err *err)
{
	_cleanup_(cleanup_kernel_btf) struct btf *kernel = NULL;
	struct object_capture quiet;
	int r;

	if (access(path, R_OK) < 0)
		return err_set(err, -errno, "%s: %s; a file with the BTF of gtp5g is wanted", path, err_name(-errno));
	object_begin(&quiet);
	r = parse_file(path, NULL, ret);
	if (r) {
		kernel = kernel_btf_get();
		r = kernel ? parse_file(path, kernel, ret) : -EINVAL;
	}
	object_end(&quiet, 0, "", NULL);
	if (r)
		return err_set(err, -EINVAL,
			       "%s: no BTF of gtp5g for this kernel; wanted is its "
			       "gtp5g.ko as built for this kernel, with a .BTF section, or that "
			       "section alone",
			       path);
	return 0;
}

static const char *by_file(const char *version, const char *path, struct gtpu_layout *ret,
			   char reason[static PLAN_REASON_MAX], struct err *err)
{
	bool other = gtpu_build_of(path) == GTPU_BUILD_OTHER;

	if (gtpu_layout_read(path, ret, err) < 0)
		return NULL;
	snprintf(reason, PLAN_REASON_MAX, "gtp5g %s: placed by the BTF in %s%s", version, path,
		 other ? " (another build: its build id is not the loaded module's)" : "");
	return "btf";
}

static const char *find_layout(const struct module_facts *module, const char *btf_file, struct gtpu_layout *ret,
			       char reason[static PLAN_REASON_MAX], struct err *err)
{
	const char *version = module->version[0] ? module->version : "unknown";

	if (module->btf && !from_btf(ret)) {
		snprintf(reason, PLAN_REASON_MAX, "gtp5g %s: placed by the module's BTF", version);
		return "btf";
	}
	if (btf_file[0])
		return by_file(version, btf_file, ret, reason, err);
	if (!by_version(module->version, ret)) {
		snprintf(reason, PLAN_REASON_MAX, "gtp5g %s: placed by its version", version);
		return "offsets";
	}
	snprintf(reason, PLAN_REASON_MAX,
		 "gtp5g %s without BTF, and not one of 0.8.5 to 0.10.2: SEID, "
		 "PDR, FAR, QER and the reasons that need them are not told; --module-btf helps",
		 version);
	return "skip";
}

const char *gtpu_layout_find(const struct module_facts *module, const char *btf_file, struct gtpu_layout *ret,
			     char reason[static PLAN_REASON_MAX], struct err *err)
{
	const char *method = find_layout(module, btf_file, ret, reason, err);

	if (method && !gate_is_qers(version_of(module->version)))
		ret->qer_ul_dl_gate = GTPU_NOWHERE;
	return method;
}

bool gtpu_layout_is_own(const struct module_facts *module)
{
	struct gtpu_layout unused;

	return module->btf && !from_btf(&unused);
}

enum gtpu_codes gtpu_codes_of(const char *text)
{
	unsigned version = version_of(text);

	if (!version)
		return GTPU_CODES_UNKNOWN;
	return version >= VERSION(0, 9, 2) ? GTPU_CODES_VERDICT : GTPU_CODES_FAR_ACTION;
}

bool gtpu_refusal_has_code(const char *text)
{
	return version_of(text) >= VERSION(0, 9, 11);
}
