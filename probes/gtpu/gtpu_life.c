/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A module that is hooked by fentry cannot be unloaded, and a module that is loaded again is another one. So the
 * programs are on a module only while it has a network device: when the last one has gone they detach. Devices are
 * polled for: a look at the known ones is one request; all namespaces are looked through only when these have gone, or
 * now and then while the probe waits for a device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "clock.h"
#include "gtpu_run.h"

#define SCAN_PAUSE_NS NSEC_PER_SEC /* at least, and */
#define SCAN_SHARE 50		   /* so many times what the scan took */
#define PATIENCE_MAX_NS (16 * NSEC_PER_SEC)

#define NAMES_MAX 32

/* The inode of its folder in sysfs, which is another one each time it is loaded. 0: it is not there,
 * or on its way in or out. */
static uint64_t load_of(unsigned module)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], state[8] = "";
	struct stat st;

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", gtpu_modules[module]);
	file = fopen(path, "re");
	if (!file || !fgets(state, sizeof(state), file) || strcmp(state, "live\n"))
		return 0;
	snprintf(path, sizeof(path), "/sys/module/%s", gtpu_modules[module]);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static void look_at_modules(const struct probe_run *run, uint64_t load[static GTPU_MODULES])
{
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		load[i] = gtpu_module_wanted(&run->options, i) ? load_of(i) : 0;
}

static const char *names_of(unsigned mask, char text[static NAMES_MAX])
{
	text[0] = '\0';
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		if (mask & 1U << i)
			snprintf(text + strlen(text), NAMES_MAX - strlen(text), "%s%s", text[0] ? " and " : "",
				 gtpu_modules[i]);
	return text;
}

static unsigned mask_of(const uint64_t load[static GTPU_MODULES])
{
	unsigned mask = 0;

	for (unsigned i = 0; i < GTPU_MODULES; i++)
		mask |= load[i] ? 1U << i : 0;
	return mask;
}

static bool is_released(const struct gtpu_life *l, const struct device *d, const struct gtpu_sight *s, unsigned module)
{
	if (s->load[module] != l->released[module])
		return false;
	for (size_t i = 0; i < l->released_devices.len; i++)
		if (device_same(&l->released_devices.items[i], d))
			return true;
	return false;
}

static bool has_device(const struct gtpu_life *l, const struct gtpu_sight *s, unsigned module)
{
	for (size_t i = 0; i < l->devices.len; i++) {
		const struct device *d = &l->devices.items[i];

		if (!strcmp(d->kind, gtpu_modules[module]) && !is_released(l, d, s, module))
			return true;
	}
	return false;
}

/* A device that has gone and comes again is a new one, as far as its number can tell. */
static void forget_released(struct gtpu_life *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->released_devices.len; i++)
		for (size_t k = 0; k < l->devices.len; k++)
			if (device_same(&l->released_devices.items[i], &l->devices.items[k])) {
				l->released_devices.items[n++] = l->released_devices.items[i];
				break;
			}
	l->released_devices.len = n;
}

static int scan_devices(struct gtpu_life *l, struct err *err)
{
	uint64_t began = clock_boot_ns(), now;
	struct device_list found;
	int r = device_list(gtpu_modules, GTPU_MODULES, &found, err);

	now = clock_boot_ns();
	l->next_scan_ns = now + MAX(SCAN_PAUSE_NS, SCAN_SHARE * (now - began));
	if (r < 0)
		return r;
	device_list_free(&l->devices);
	l->devices = found;
	forget_released(l);
	return 0;
}

static unsigned to_hook(const struct gtpu_life *l, const uint64_t load[static GTPU_MODULES])
{
	struct gtpu_sight s = {.blind = l->devices.unread};

	memcpy(s.load, load, sizeof(s.load));
	memcpy(s.released, l->released, sizeof(s.released));
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		s.device[i] = has_device(l, &s, i);
	return gtpu_modules_to_hook(&s);
}

static void forget_release(struct gtpu_life *l)
{
	memset(l->released, 0, sizeof(l->released));
	device_list_free(&l->released_devices);
}

static int attach_modules(struct probe_run *run, unsigned mask, const uint64_t load[static GTPU_MODULES],
			  struct err *err)
{
	struct gtpu_life *l = &run->life;
	int r = gtpu_programs_attach(run, mask, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		l->hooked[i] = mask & 1U << i ? load[i] : 0;
	l->patience_ns = 0;
	l->trouble[0] = '\0';
	forget_release(l);
	return 0;
}

static void forget_hooks(struct probe_run *run)
{
	memset(run->life.hooked, 0, sizeof(run->life.hooked));
	run->life.waiting = false;
}

static void detach_modules(struct probe_run *run)
{
	gtpu_programs_free(run);
	forget_hooks(run);
}

int gtpu_life_begin(struct probe_run *run, struct err *err)
{
	uint64_t load[GTPU_MODULES];
	unsigned mask;
	int r = 0;

	look_at_modules(run, load);
	if (mask_of(load))
		r = scan_devices(&run->life, err);
	mask = to_hook(&run->life, load);
	if (!r && !mask)
		r = gtpu_plan_try(run, run->env.attach, run->env.wait, err);
	if (!r)
		r = gtpu_maps_load(run, err);
	return r || !mask ? r : attach_modules(run, mask, load, err);
}

void gtpu_life_free(struct gtpu_life *l)
{
	device_list_free(&l->devices);
	device_list_free(&l->released_devices);
}

enum presence { NONE_KNOWN, THERE, GONE };

/* Of the devices known of a module. A device that cannot be asked for counts as there. */
static enum presence look_for_devices(const struct gtpu_life *l, unsigned module)
{
	enum presence p = NONE_KNOWN;

	for (size_t i = 0; i < l->devices.len; i++) {
		if (strcmp(l->devices.items[i].kind, gtpu_modules[module]))
			continue;
		if (device_is_there(&l->devices.items[i], NULL))
			return THERE;
		p = GONE;
	}
	return p;
}

/* Whether to look through all namespaces: at once when the device of a hooked module is gone, in its turn when a device
 * may have come. */
static bool scan_wanted(const struct gtpu_life *l, const uint64_t load[static GTPU_MODULES], uint64_t now_ns)
{
	bool may_come = false;

	for (unsigned i = 0; i < GTPU_MODULES; i++) {
		enum presence p = l->hooked[i] ? look_for_devices(l, i) : NONE_KNOWN;

		if (l->hooked[i] && (l->hooked[i] != load[i] || p == GONE))
			return true;
		may_come |= load[i] && p == NONE_KNOWN;
	}
	return may_come && now_ns >= l->next_scan_ns;
}

static bool as_it_was(const struct gtpu_life *l, const uint64_t load[static GTPU_MODULES], unsigned mask)
{
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		if (l->hooked[i] != (mask & 1U << i ? load[i] : 0))
			return false;
	return true;
}

static int say_trouble(struct gtpu_life *l, int r, uint64_t now_ns, struct err *says)
{
	bool again = !strncmp(l->trouble, says->text, sizeof(l->trouble) - 1);

	l->patience_ns = MIN(MAX(2 * l->patience_ns, SCAN_PAUSE_NS), PATIENCE_MAX_NS);
	l->next_try_ns = now_ns + l->patience_ns;
	l->waiting = true;
	snprintf(l->trouble, sizeof(l->trouble), "%.*s", (int)sizeof(l->trouble) - 1, says->text);
	return again ? PROBE_NO_NEWS : r;
}

static int say_waiting(struct probe_run *run, unsigned left, const char *why, struct err *says)
{
	static const char *const what[GTPU_MODULE_CHOICES] = {"gtp or gtp5g", "gtp", "gtp5g"};
	char names[NAMES_MAX];

	if (run->life.waiting)
		return PROBE_NO_NEWS;
	run->life.waiting = true;
	if (left)
		err_set(says, 0, "detached from %s, %s; waiting for a %s device", names_of(left, names), why,
			what[run->options.module]);
	else
		err_set(says, 0, "waiting for a %s device", what[run->options.module]);
	return PROBE_SAYS;
}

static const char *reason_of(const struct gtpu_life *l, const uint64_t load[static GTPU_MODULES])
{
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		if (l->hooked[i] && l->hooked[i] != load[i])
			return "which was unloaded";
	return "which has no device any more";
}

static int say_detached(struct probe_run *run, struct err *says)
{
	if (!closer_done(run->leaving))
		return PROBE_NO_NEWS;
	closer_free(TAKE_PTR(run->leaving));
	return say_waiting(run, run->life.left, run->life.left_why, says);
}

/* The kernel takes seconds to take many fentry programs off: what else there is to do goes on. */
static int detach_aside(struct probe_run *run, unsigned left, const char *why, struct err *says)
{
	gtpu_programs_leave(run);
	forget_hooks(run);
	run->life.left = left;
	run->life.left_why = why;
	return say_detached(run, says);
}

/* From the modules that are hooked to those of the mask. */
static int change_modules(struct probe_run *run, unsigned mask, const uint64_t load[static GTPU_MODULES],
			  uint64_t now_ns, struct err *says)
{
	struct gtpu_life *l = &run->life;
	unsigned before = mask_of(l->hooked);
	const char *why = reason_of(l, load);
	char names[NAMES_MAX];
	int r;

	if (!mask)
		return detach_aside(run, before, why, says);
	if (before)
		detach_modules(run);
	r = attach_modules(run, mask, load, says);
	if (r < 0)
		return say_trouble(l, r, now_ns, says);
	l->waiting = true;
	if (before)
		err_set(says, 0, "detached from %s, %s", names_of(before, names), why);
	else
		err_set(says, 0, "attached to %s", names_of(mask, names));
	return PROBE_ATTACHED;
}

int gtpu_tick(struct probe_run *run, uint64_t now_ns, struct err *says)
{
	struct gtpu_life *l = &run->life;
	uint64_t load[GTPU_MODULES];
	unsigned mask;
	int r;

	if (run->leaving)
		return say_detached(run, says);
	r = run->detached ? PROBE_NO_NEWS : gtpu_check_tick(run, now_ns, says);
	if (r != PROBE_NO_NEWS)
		return r;
	look_at_modules(run, load);
	if (run->detached || !scan_wanted(l, load, now_ns))
		return mask_of(l->hooked) ? PROBE_NO_NEWS : say_waiting(run, 0, NULL, says);
	r = mask_of(load) ? scan_devices(l, says) : 0;
	if (r < 0)
		return say_trouble(l, r, now_ns, says);
	mask = to_hook(l, load);
	if (as_it_was(l, load, mask))
		return mask ? PROBE_NO_NEWS : say_waiting(run, 0, NULL, says);
	if (!mask_of(l->hooked) && now_ns < l->next_try_ns && l->patience_ns)
		return PROBE_NO_NEWS;
	return change_modules(run, mask, load, now_ns, says);
}

int gtpu_release(struct probe_run *run, char held[static PROBE_HELD_MAX], struct err *err)
{
	struct gtpu_life *l = &run->life;
	unsigned before = mask_of(l->hooked) | (run->leaving ? l->left : 0);
	int r;

	held[0] = '\0';
	for (unsigned i = 0; i < GTPU_MODULES; i++)
		if (before & 1U << i)
			snprintf(held + strlen(held), PROBE_HELD_MAX - strlen(held), "%s%s", held[0] ? " " : "",
				 gtpu_modules[i]);
	detach_modules(run);
	forget_release(l);
	r = scan_devices(l, err);
	if (r < 0)
		return r;
	look_at_modules(run, l->released);
	l->released_devices = l->devices;
	l->devices = (struct device_list){.unread = l->released_devices.unread};
	return 0;
}
