#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may include whom.
exec "${TESTS:?}/../tools/check-layers"
