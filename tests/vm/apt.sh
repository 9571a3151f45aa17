# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# For fetch-kernel and build-standin: Debian packages from an apt state of their own ($state), without
# touching the machine's lists and sources. `me`, `state` and `suites` are the caller's.

# shellcheck disable=SC2154 # me, state and suites: see above
skip() { echo "$me: $*" >&2; exit 77; }

suites_of() { awk -v v="$1" '$1 == v { sub(/^[^ ]+ +/, ""); print }' "$here/kernels"; }

# URI of the configured mirror whose archive has this label: Debian or Debian-Security. The
# security suites live at a path of their own.
# shellcheck disable=SC2016 # the format is apt-get's
mirror_of() {
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}

write_sources() {
	main=${TEIDE_DEBIAN_MIRROR:-$(mirror_of Debian)}
	[ -n "$main" ] || skip "no Debian mirror among apt's sources; set TEIDE_DEBIAN_MIRROR"
	security=$(mirror_of Debian-Security)
	[ -n "$security" ] || security=${main%/}-security
	keyring=${TEIDE_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
	[ -r "$keyring" ] || skip "no $keyring; install debian-archive-keyring"
	for suite in $suites; do
		case $suite in
		*-security) uri=$security ;;
		*) uri=$main ;;
		esac
		echo "deb [arch=amd64 signed-by=$keyring] $uri $suite main"
	done
}

# An ended suite's Release file may be past its Valid-Until; its signature still counts.
write_config() {
	cat <<-EOF
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear APT::Update::Pre-Invoke;
	#clear DPkg::Post-Invoke;
	APT::Architecture "amd64";
	APT::Architectures { "amd64"; };
	APT::Sandbox::User "root";
	APT::Default-Release "";
	Acquire::Check-Valid-Until "false";
	Acquire::Languages "none";
	Dir::Etc::sourcelist "$state/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State::lists "$state/lists";
	Dir::State::status "$state/status";
	Dir::Cache "$state/cache";
	EOF
}

apt_begin() {
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/deb" "$state/root"
	: >"$state/status"
	write_sources >"$state/sources.list"
	write_config >"$state/apt.conf"
	apt-get -q -c "$state/apt.conf" update >&2 || skip "apt could not read the lists of $suites"
}

# apt_unpack PACKAGE...: into $state/root.
apt_unpack() {
	(cd "$state/deb" && apt-get -q -c "$state/apt.conf" download "$@" >&2) ||
		skip "apt could not download$(printf ' %s' "$@")"
	for deb in "$state"/deb/*.deb; do
		dpkg-deb -x "$deb" "$state/root"
	done
}
