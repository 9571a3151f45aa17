#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# order.sh KEY=VALUE...: an order for sender/, and what came of it.
set -eu
exec 3<>/proc/sender
echo "$*" >&3
cat <&3
