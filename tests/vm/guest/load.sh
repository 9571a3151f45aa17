#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every BPF program in every variant; with the module that stands in for gtp5g where there is one.
. "$TESTS/lib.sh"
. "$TESTS/conf"

[ ! -e /tests/gtp5g.ko ] || insmod /tests/gtp5g.ko
status=0
BUDGETS=/tests/budgets verifier_test "$LEAST" >/out/load.tap || status=$?
cat /out/load.tap
check_eq "status of verifier_test" "$status" 0
