#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# docs/events.md is what its template and the table of keys make of it.
set -euo pipefail
cd "${TESTS:?}/.."
"${BUILD:?}/tools/events_page" docs/events.md.in | diff -u docs/events.md - ||
	{ echo "docs/events.md is not what src/event/event_key_table.h says: ninja -C build events-page"; exit 1; }
