#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which real processes are found in the path, and which of them become strategies.
. "${TESTS:?run me through ./test}/lib.sh"

need_root
"${BUILD:?}/tests/netns/host_scene"
