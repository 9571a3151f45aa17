#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The other ways to look at the packets of the module that stands in for gtp5g: entries alone, who was on
# the CPU, single packets by each filter, what the service tells unasked. What was sent is in /out/sent.
. "$TESTS/lib.sh"

N=20
SLOW_MS=2

. /tests/standin_scene.sh
load btf

# looked FILE COMMAND...: all packets meanwhile; its output is /out/FILE.
looked() {
	local file=$1
	shift
	start_split "$file" "$TEIDE" "$@"
	send_all $N >/out/sent
	stop "$PID"
	check_eq "status of teide $1" "$STATUS" 0
	cp "$TMP/$file.log" "/out/$file"
	cp "$TMP/$file.err" "/out/$file.err"
}

looked entries trace -o json --set probes.gtpu.ring_size=4MiB --each-function --set probes.gtpu.exit=false
looked contexts trace --contexts
looked only-ue trace -o json --ue 10.60.0.1
looked only-teid trace -o json --teid 0x1003
looked only-seid trace -o json --seid 0x5e1d
looked only-verdict trace -o json --verdict buffered
looked only-reason trace -o json --reason no_route
parameter delay_pdr_find_by_gtp1u $((SLOW_MS * 1000))
looked only-slow trace -o json --slower-than ${SLOW_MS}ms --verdict forwarded_n6
parameter delay_pdr_find_by_gtp1u 0
for limit in 3 1000000; do
	cat >"$TMP/teide.yaml" <<-END
	run:
	  probes: gtpu
	  output: json
	  strategies: false
	probes:
	  gtpu:
	    ring_size: 4MiB
	    outlier: 0s
	    events_per_second: $limit
	END
	looked "service-$limit" run -c "$TMP/teide.yaml"
done
