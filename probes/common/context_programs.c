/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "context_programs.h"

#include <errno.h>

#include "object_reason.h"

static const char *const names[CONTEXT_PROGRAMS] = {"context_softirq_entry", "context_softirq_exit"};

void context_programs_load(struct bpf_object *object, bool wanted)
{
	for (int i = 0; i < CONTEXT_PROGRAMS; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(object, names[i]), wanted);
}

int context_programs_attach(struct bpf_object *object, struct bpf_link *links[static CONTEXT_PROGRAMS], struct err *err)
{
	for (int i = 0; i < CONTEXT_PROGRAMS; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(object, names[i]);

		if (!bpf_program__autoload(program))
			continue;
		links[i] = bpf_program__attach(program);
		if (!links[i])
			return err_set(err, -errno, "softirq tracepoint: %s", object_error_words(-errno));
	}
	return 0;
}

void context_programs_detach(struct bpf_link *links[static CONTEXT_PROGRAMS])
{
	for (int i = 0; i < CONTEXT_PROGRAMS; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}
