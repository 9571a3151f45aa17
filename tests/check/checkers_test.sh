#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The checkers find what they are there for: each is given a copy of the tree with a planted fault.
set -euo pipefail
tree=$(cd "${TESTS:?}/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/copy as_it_was=$work/as_it_was
mkdir "$copy" "$as_it_was"
tar -C "$tree" --exclude='./build*' --exclude=./.git -c . | tar -C "$as_it_was" -x
cp -a "$as_it_was/." "$copy"

# finds CHECKER PATTERN FILE: the checker fails on the copy and names the fault; FILE is restored.
finds() {
	local out
	if out=$("$tree/tools/$1" "$copy" 2>&1); then
		echo "$1 did not see: $2"
		exit 1
	fi
	grep -qE "$2" <<<"$out" || { printf '%s\n' "$out" "$1 did not name: $2"; exit 1; }
	if [ -e "$as_it_was/$3" ]; then cp -p "$as_it_was/$3" "$copy/$3"; else rm -rf "${copy:?}/$3"; fi
	echo "ok: $1 sees $2"
}
plant() { printf '%s\n' "$2" >>"$copy/$1"; }

plant src/base/err.c '#include "loop.h"'
finds check-layers 'src/base/err.c:[0-9]+: base may not use loop' src/base/err.c
plant src/agg/tunnels.c '#include "server.h"'
finds check-layers 'agg may not use server' src/agg/tunnels.c
plant src/host/proc.c '#include "config.h"'
finds check-layers 'host may not use config' src/host/proc.c
plant src/event/event.c '#include "../config/config.h"'
finds check-layers 'a plain name, without a path' src/event/event.c
plant src/policy/decide.c '#include <curl/curl.h>'
finds check-layers '<curl/curl.h>: libcurl is used in http alone' src/policy/decide.c
plant src/sink/sink.c '#include <bpf/libbpf.h>'
finds check-layers 'libbpf is used in' src/sink/sink.c
plant src/loop/loop.h '#include <jansson.h>'
finds check-layers 'jansson is used in' src/loop/loop.h
plant src/agg/tunnels.c '#include "gtpu_skb.h"'
finds check-layers 'gtpu_skb.h belongs to the probe gtpu alone' src/agg/tunnels.c
plant probes/gtpu/gtpu_rows.c '#include "gtpu_skb.h"'
finds check-layers 'gtpu_rows.c:[0-9]+: gtpu_skb.h is of the BPF side' probes/gtpu/gtpu_rows.c
plant probes/gtpu/gtpu.h '#include "err.h"'
finds check-layers 'gtpu.h:[0-9]+: both sides may not use base' probes/gtpu/gtpu.h
echo 'int x;' >"$copy/probes/gtpu/stray.bpf.c"
finds check-layers 'stray.bpf.c:1: the kernel side of a probe is in its folder bpf' probes/gtpu/stray.bpf.c
plant src/agent/agent.c 'extern const struct probe probe_flow;'
finds check-layers 'the probe flow is named outside its folder' src/agent/agent.c
plant src/base/meson.build "x = static_library('x', dependencies: [libcurl])"
finds check-layers 'src/base/meson.build:[0-9]+: base may not use libcurl' src/base/meson.build
plant src/loop/meson.build "x = declare_dependency(dependencies: [base, agent])"
finds check-layers 'loop may not use agent' src/loop/meson.build
sed -i '/^#include "decide.h"$/d' "$copy/src/agent/agent.c"
finds check-layers 'agent does not use policy: take it out of USES' src/agent/agent.c
plant src/http/err.h '#pragma once'
finds check-layers 'err.h is also the name of' src/http/err.h

{ printf 'void longest(void)\n{\n'; seq -f '	step(%g);' 59; printf '}\n'; } >"$copy/src/base/long.c"
finds check-functions 'long.c:2: longest has 61 lines' src/base/long.c
printf 'int many(int a, void (*b)(int, int), int c,\n\t int d, int e, int f)\n{\n\treturn a;\n}\n' >"$copy/src/base/six.c"
finds check-functions 'six.c:3: many has 6 parameters, 5 are the limit' src/base/six.c
seq -f '/* %g */' 501 >"$copy/src/base/many.c"
finds check-functions 'many.c: 501 lines' src/base/many.c
echo 'int x;' >"$copy/src/base/bare.c"
export ROOT=$copy
finds check-spdx 'src/base/bare.c: no line' src/base/bare.c

# And without a fault they say of the copy what they said before.
for checker in check-layers check-functions check-spdx; do
	cmp <("$tree/tools/$checker" "$copy" 2>&1 || true) \
		<(ROOT=$as_it_was "$tree/tools/$checker" "$as_it_was" 2>&1 || true)
done
