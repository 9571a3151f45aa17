# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# For the scripts that build a module of this folder: Debian's headers of a kernel, and a compiler that
# takes their flags. Sets kernel, release and source; exit 77 where they are not to be had. `me`,
# `here` and `version` are the caller's; descriptor 9 is a lock until the script ends.
# shellcheck disable=SC2154 # me, here and version: see above
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"
# shellcheck disable=SC2154
suites=$(suites_of "$version")
kernel=$("$here/fetch-kernel" "$version")
release=$(basename "$kernel"/lib/modules/*)
headers=$kernel-headers-$release
source=$headers/usr/src/linux-headers-$release

# gcc 12 is what Debian built these kernels with; their flags (-mharden-sls=all) want that at least.
compiler() {
	for cc in gcc-12 gcc; do
		command -v $cc >/dev/null && [ "$($cc -dumpversion | cut -d . -f 1)" -ge 12 ] || continue
		echo $cc
		return 0
	done
	skip "no gcc 12 or later"
}

fetch_headers() {
	apt_begin
	name=linux-headers-$release
	apt-cache -c "$state/apt.conf" show "$name" >"$state/show" 2>/dev/null ||
		skip "the mirror has no $name any more; remove $kernel to get its successor"
	# shellcheck disable=SC2046 # package names are words
	apt_unpack "$name" $(apt-cache -c "$state/apt.conf" depends --important "$name" |
		sed -nE 's/^ *Depends: (linux-(headers|kbuild)-[0-9][^ ]*)$/\1/p')
	# Debian's own path of the common part
	sed -i "s|/usr/src/|$headers/usr/src/|" "$state/root/usr/src/linux-headers-$release/Makefile"
	[ -d "$state/root/lib" ] || ln -s usr/lib "$state/root/lib"
	mv "$state/root" "$headers"
}

# build_module FOLDER TO [VARIABLE=VALUE of make...]: the module of FOLDER, in the directory TO.
build_module() {
	cc=$(compiler)
	mkdir -p "$2"
	cp "$1"/*.c "$1"/*.h "$1/Kbuild" "$2/"
	built=$(realpath "$2")
	shift 2
	make -s -C "$source" M="$built" CC="$cc" "$@" modules >&2
}

exec 9>"$kernel/../.lock-$version"
flock 9
if [ ! -d "$headers" ]; then
	state=$(dirname "$kernel")/.fetch-headers-$version
	rm -rf "$state"
	trap 'rm -rf "$state"' EXIT
	trap 'exit 1' HUP INT TERM
	fetch_headers
fi
