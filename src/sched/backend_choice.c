/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "backend_choice.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "backend_fallback.h"
#include "decide.h"
#include "gthulhu.h"
#include "gthulhu_left.h"
#include "host_options.h"
#include "log.h"
#include "pidns.h"
#include "plural.h"

#define RECORD_PARENT "/run/teide"

static const struct sched_options *sched_of(const struct settings *s)
{
	return config_get(s->config, "sched");
}

static const struct gthulhu_options *api_of(const struct settings *s)
{
	return config_get(s->config, "api");
}

static const struct local_options *local_of(const struct settings *s)
{
	return config_get(s->config, "local");
}

bool backend_is_wanted(const struct settings *settings)
{
	unsigned backend = sched_of(settings)->backend;

	if (backend == SCHED_AUTO)
		return api_of(settings)->enabled || local_of(settings)->enabled;
	return backend != SCHED_NONE;
}

static void log_api(void *data, const struct gthulhu_stats *stats)
{
	if (stats->reachable && !stats->foreign && stats->contested)
		log_warning("api: %s", stats->contested);
	else if (stats->reachable && !stats->foreign && !stats->entries && stats->inexpressible)
		log_info("api: the server answers; there is no strategy that it could take");
	else if (stats->reachable && !stats->foreign)
		log_info("api: the server takes strategies");
	else
		log_warning("api: %s", stats->last_error);
}

static void log_note(void *data, const char *note)
{
	log_warning("api: %s", note);
}

static void log_trouble(const struct local_report *now, const struct local_report *before)
{
	if (now->failed && now->failed != before->failed)
		log_warning("local: %s (%zu failed)", now->error, now->failed);
	if (now->foreign && now->foreign != before->foreign)
		log_warning("local: %zu thread%s, such as %d, %s set by another program meanwhile: left alone",
			    now->foreign, plural(now->foreign), now->foreign_tid, now->foreign == 1 ? "was" : "were");
	if (now->left_out && now->left_out != before->left_out)
		log_warning("local: %zu thread%s left out; raise local.max_threads", now->left_out,
			    plural(now->left_out));
}

void backend_log_local(void *data, const struct local_report *now, const struct local_report *before)
{
	if (now->ext && !before->ext)
		log_warning("local: a sched_ext scheduler runs and decides alone: no thread is boosted "
			    "(local.force: true does)");
	if (now->boosted || now->put_back)
		log_info("local: %zu thread%s boosted, %zu put back", now->boosted, plural(now->boosted),
			 now->put_back);
	if (now->enough != before->enough)
		log_info("local: %zu thread%s need%s no boost", now->enough, plural(now->enough),
			 now->enough == 1 ? "s" : "");
	log_trouble(now, before);
}

void backend_log_other_boot(const struct local_report *found)
{
	if (found->other_boot)
		log_info("local: the record of boosts was of another boot, whose threads are gone: discarded");
}

static void log_recovered(const struct local_report *found)
{
	static const struct local_report none;

	backend_log_other_boot(found);
	if (found->put_back)
		log_info("local: %zu thread%s, which a killed teide or sched apply left boosted, put back",
			 found->put_back, plural(found->put_back));
	log_trouble(found, &none);
}

static int start_gthulhu(struct backend **ret, struct loop *loop, const struct settings *settings, struct err *err)
{
	struct gthulhu *g;
	int r;

	if (!api_of(settings)->enabled)
		return err_set(err, -EINVAL, "sched.backend is gthulhu, but api.enabled is false: change one of them");
	r = host_pids_check(settings->config, err);
	if (r < 0)
		return r;
	r = gthulhu_start(&g, loop, api_of(settings), err);
	if (r < 0)
		return r;
	gthulhu_on_change(g, log_api, NULL);
	gthulhu_on_note(g, log_note, NULL);
	r = gthulhu_keep_record(g, GTHULHU_DIR, api_of(settings));
	if (r < 0)
		log_warning("api: " GTHULHU_DIR ": %s%s: after a kill, 'teide clean' will not know what was sent",
			    err_name(r), err_root_hint(r));
	*ret = gthulhu_backend(g);
	return 0;
}

/* A system call takes the numbers of the caller's PID namespace. */
static int check_own_numbers(struct err *err)
{
	if (pidns_of_proc("") == pidns_self())
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       "host.proc has the PIDs of another PID namespace, whose threads this kernel boosts for a "
		       "program of that namespace alone; set hostPID: true, or sched.backend: gthulhu");
}

/* The record of boosts outlives a kill only where the next teide looks: not in a container's own /run. Where process 1
 * may not be looked at, that is not to be told. */
static int check_record_place(struct err *err)
{
	struct stat own, node;
	const char *path = stat(RECORD_PARENT, &own) == 0 ? "/proc/1/root" RECORD_PARENT : "/proc/1/root/run";
	bool is_same;

	if (stat(path + strlen("/proc/1/root"), &own) < 0)
		return 0;
	if (stat(path, &node) < 0)
		is_same = errno != ENOENT;
	else
		is_same = own.st_dev == node.st_dev && own.st_ino == node.st_ino;
	if (is_same)
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       "the record of boosts in " LOCAL_DIR " would end with this container, and the boosts of a "
		       "killed teide could not be put back: mount the node's " RECORD_PARENT " there (hostPath, "
		       "DirectoryOrCreate), or set sched.backend: gthulhu");
}

static int start_local(struct backend **ret, const struct settings *settings, struct err *err)
{
	const struct local_setup setup = {.options = local_of(settings),
					  .dir = LOCAL_DIR,
					  .ops = &local_kernel_ops,
					  .changed = backend_log_local};
	const char *caveat = local_caveat(setup.options);
	struct local_report recovered = {0};
	int r = check_own_numbers(err);

	if (r == 0)
		r = check_record_place(err);
	if (r < 0)
		return r;
	r = local_start(ret, &setup, &recovered, err);
	log_recovered(&recovered);
	if (r >= 0 && caveat)
		log_warning("local: %s", caveat);
	return r;
}

/* One of the two may be missing, not both. */
static int start_auto(struct backend **ret, struct loop *loop, const struct settings *settings, struct err *err)
{
	struct backend *gthulhu = NULL, *local = NULL;
	int r = 0;

	if (local_of(settings)->enabled)
		r = start_local(&local, settings, err);
	if (r >= 0 && api_of(settings)->enabled)
		r = start_gthulhu(&gthulhu, loop, settings, err);
	if (r < 0 && local) {
		log_warning("api: %s; threads are boosted by this kernel alone", err->text);
		r = 0;
	}
	if (r < 0)
		return r;
	if (!gthulhu || !local) {
		*ret = gthulhu ? gthulhu : local;
		return 0;
	}
	r = fallback_start(ret, gthulhu, local);
	if (r == 0)
		return 0;
	gthulhu->ops->free(gthulhu);
	local->ops->free(local);
	return err_set(err, r, "out of memory");
}

/* Puts back the boosts of a killed teide, whatever back end comes now; a teide that runs keeps its own.
 * start_local() does this by itself. */
static void recover(void)
{
	struct local_report report = {0};
	struct err err = {0};
	int r = local_put_back(LOCAL_DIR, &local_kernel_ops, &report, &err);

	log_recovered(&report);
	if (r < 0 && r != -EBUSY)
		log_warning("local: %s", err.text);
}

int backend_start(struct backend **ret, struct loop *loop, const struct settings *settings, struct err *err)
{
	unsigned backend = sched_of(settings)->backend;

	if (backend != SCHED_LOCAL && (backend != SCHED_AUTO || !local_of(settings)->enabled))
		recover();
	if (backend == SCHED_LOCAL)
		return start_local(ret, settings, err);
	if (backend == SCHED_GTHULHU)
		return start_gthulhu(ret, loop, settings, err);
	return start_auto(ret, loop, settings, err);
}
