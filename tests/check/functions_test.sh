#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Short functions, short files.
exec "${TESTS:?}/../tools/check-functions"
