#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every source says its licence.
exec "${TESTS:?}/../tools/check-spdx"
