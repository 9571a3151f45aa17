#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Bad input: one clear line that names the thing and the way out, an exit status, nothing left, and no
# traffic harmed.
. "${TESTS:?run me through ./test}/lib.sh"
need_root
need ip ping setpriv

snapshot_before
netns_make a b
veth a v0 10.9.0.1/24 b v0 10.9.0.2/24
spawn ping in_ns a ping -i 0.05 10.9.0.2
ping=$PID
wait_for 10 grep -q 'bytes from' "$TMP/ping.log"

# complains WHAT STATUS REGEX COMMAND...
complains() {
	local what=$1 status=$2 regex=$3
	shift 3
	check_exit "$what" "$status" "$@"
	check_eq "$what: lines on standard error" "$(wc -l <"$TMP/err")" 1
	check_match "$what" "$(cat "$TMP/err")" "$regex"
	check_eq "$what: standard output" "$(cat "$TMP/out")" ''
}
config() { printf '%s\n' "$@" >"$TMP/c.yaml"; }
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# An argument that there is no memory for: said, instead of a verb that goes on without it, or crashes.
key=probes.flow.tc=tcx
for verb in 'sched preview' 'sched apply' flows trace; do
	# shellcheck disable=SC2086 # a verb may be two words
	complains "no memory for an argument of $verb" 1 'Cannot allocate memory' env \
		LD_PRELOAD="${BUILD:?}/tests/e2e/faults.so" FAULT_STRDUP="$key" "$TEIDE" $verb --set "$key"
done

config 'probes:' '  flow:' '    colour: red'
complains "unknown key" 2 "c\.yaml:3: unknown key 'probes\.flow\.colour'; known here: .*interfaces" \
	"$TEIDE" run -c "$TMP/c.yaml"
config 'run:' '  collect_interval: 5 parsecs'
complains "bad value" 2 "c\.yaml:2: collect_interval: .*10s" "$TEIDE" run -c "$TMP/c.yaml"
complains "no such file" 1 "$TMP/none\.yaml: No such file" "$TEIDE" run -c "$TMP/none.yaml"
config 'api:' "  public_key_path: $TMP/no.pem" 'probes:' '  flow:' "    interfaces: [$(ns a)/v0]"
complains "no key file" 1 "$TMP/no\.pem.*No such file.*(public_key_path|teide server)" \
	"$TEIDE" run -c "$TMP/c.yaml"
printf 'nonsense\n' >"$TMP/no.pem"
complains "a key file without a key" 1 "$TMP/no\.pem.*PUBLIC KEY" "$TEIDE" run -c "$TMP/c.yaml"
complains "no such interface" 1 "no interface 'nope' in network namespace $(ns a); there are: .*v0" \
	"$TEIDE" flows -i "$(ns a)/nope" --quiet
complains "no such namespace" 1 "network namespace 'tt-none'.*pid:N" \
	"$TEIDE" flows -i tt-none/v0 --quiet
complains "no interface given" 2 "no interfaces given.*eth0" "$TEIDE" flows --quiet
complains "no such probe" 2 "no probe 'flaw'; there are: .*flow" \
	"$TEIDE" trace --probe flaw --quiet
complains "bad --set" 2 "no configuration key 'probes\.flow\.ring'" \
	"$TEIDE" flows -i "$(ns a)/v0" --set probes.flow.ring=1 --quiet
complains "ring size" 2 "ring_size: '5000' is not a power of two" \
	"$TEIDE" flows -i "$(ns a)/v0" --set probes.flow.ring_size=5000 --quiet
complains "no root: flows" 1 "root" "${nobody[@]}" "$TEIDE" flows -i lo --quiet
complains "no root: lab" 1 "root" "${nobody[@]}" "$TEIDE" lab up --name "$(ns lab)"
complains "no verb" 2 "no verb 'flwos'.*teide help" "$TEIDE" flwos
check_exit "bad option value" 2 "$TEIDE" trace -o xml
check_match "bad option value" "$(cat "$TMP/err")" "text or json"
# Where neither gtp nor gtp5g is loaded, tracing them is not possible on this node.
if [ ! -d /sys/module/gtp ] && [ ! -d /sys/module/gtp5g ]; then
	complains "no module" 3 "modprobe gtp" "$TEIDE" trace --probe gtpu --quiet
fi

# The ping ran through all of it: every request answered.
kill -INT "$ping"
wait_for 10 gone "$ping"
check_match "the traffic meanwhile" "$(cat "$TMP/ping.log")" ' 0% packet loss'
netns_remove a b
assert_nothing_left
