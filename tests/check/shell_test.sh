#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# All shell scripts, by shellcheck.
set -euo pipefail
cd "${TESTS:?}/.."
command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
mapfile -t scripts < <(tools/sources shell)
[ "${#scripts[@]}" -gt 5 ] || { echo "found only ${#scripts[@]} scripts"; exit 1; }
shellcheck --severity=warning --external-sources "${scripts[@]}"
echo "${#scripts[@]} scripts looked at"
