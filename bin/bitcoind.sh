#!/bin/sh
# A real bitcoind from Debian into a folder of its own: no root, nothing of the system changed, apt's own signature checks.
# Bookworm has none, so the program is sid's (bitcoin-knots, of the same RPC) and its libraries are trixie's; it is started through
# that folder's own dynamic linker. Run by .ci/run and by whoever wants npm run test:bitcoin: sh bin/bitcoind.sh [FOLDER]
set -eu
prefix="${1:-$(dirname "$0")/../.bitcoind}"
mkdir -p "$prefix"
prefix="$(cd "$prefix" && pwd)"
bitcoind="$prefix/bin/bitcoind"
if [ -x "$bitcoind" ] && "$bitcoind" --version >/dev/null 2>&1; then
  "$bitcoind" --version | head -n 1
  exit 0
fi

# The mirror that this machine's apt already takes its packages from.
mirror="${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | grep '/debian/\?$' | head -n 1)}"
[ -n "$mirror" ] || { echo "bitcoind.sh: apt names no Debian mirror; set DEBIAN_MIRROR" >&2; exit 1; }
architecture="$(dpkg --print-architecture)"
work="$prefix/work"
rm -rf "$work" "$prefix/root"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages" "$prefix/root" "$prefix/bin"
: >"$work/status"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
cat >"$work/sources.list" <<END
deb [signed-by=$keys] $mirror sid main
deb [signed-by=$keys] $mirror trixie main
END
cat >"$work/apt.conf" <<END
APT::Architecture "$architecture";
APT::Architectures "$architecture";
APT::Sandbox::User "";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$work";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Acquire::Languages "none";
END
export APT_CONFIG="$work/apt.conf"
apt-get -qq update

libraries="libc6 libgcc-s1 libstdc++6 libevent-core-2.1-7t64 libevent-extra-2.1-7t64 libevent-pthreads-2.1-7t64 libsqlite3-0 libzmq5
  libsodium23 libpgm-5.3-0t64 libnorm1t64 libprotokit-base1 libxml2 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0
  libcom-err2 libkeyutils1 libbsd0 libmd0 libssl3t64"
wanted="bitcoin-knots/sid"
for library in $libraries; do
  # A library that trixie does not have is one that this program does not need; a missing one shows below.
  if apt-cache policy "$library" | grep -q trixie/main; then wanted="$wanted $library/trixie"; fi
done
# shellcheck disable=SC2086
(cd "$work/packages" && apt-get -qq download $wanted)
for package in "$work"/packages/*.deb; do dpkg -x "$package" "$prefix/root"; done
(cd "$work/packages" && sha256sum -- *.deb) >"$prefix/SHA256SUMS"

libraries="$(dirname "$(find "$prefix/root/usr/lib" -name libc.so.6 | head -n 1)")"
linker="$(find "$libraries" -name 'ld-linux-*.so.*' | head -n 1)"
for program in bitcoind bitcoin-cli; do
  cat >"$prefix/bin/$program" <<END
#!/bin/sh
exec "$linker" --inhibit-cache --library-path "$libraries" "$prefix/root/usr/bin/$program" "\$@"
END
  chmod +x "$prefix/bin/$program"
done
rm -rf "$work"
"$bitcoind" --version | head -n 1
