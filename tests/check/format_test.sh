#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# All C files are laid out by .clang-format; and the checker finds a file that is not.
set -euo pipefail
cd "${TESTS:?}/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tools/check-format
cp .clang-format "$work"
printf 'int f(void)\n{\n    return 1;\n}\n' >"$work/odd.c"
! tools/check-format "$work/odd.c" >"$work/out" 2>&1 || { echo "a file that is laid out otherwise was not found"; exit 1; }
grep -q 'tools/check-format --fix FILE' "$work/out" || { cat "$work/out"; echo "the way out is not named"; exit 1; }
tools/check-format --fix "$work/odd.c"
tools/check-format "$work/odd.c"
printf 'int f(void)\n{\n\treturn 1;\n}\n' | cmp - "$work/odd.c"
