#!/usr/bin/env bash
# Puts Debian's tor into a folder of its own, without installing it as a service: nothing starts by it, now or at the next boot.
# Prints the folder. Called by .ci/run and by whoever wants the tests on a real tor; test/harness/tor.ts finds it there.
set -euo pipefail
folder="${PTG_TOR_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/ptg/tor}"
if [ -x "$folder/usr/bin/tor" ]; then
  echo "$folder"
  exit 0
fi
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
  $sudo apt-get update -qq
  # The libraries that it needs are ordinary packages; those that are there stay as they are.
  libraries=$(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances tor |
    awk '/Depends: (lib|zlib)/ {print $NF}')
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends --no-upgrade $libraries
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root tor)
  dpkg-deb -x "$work"/tor_*.deb "$work/tor"
  "$work/tor/usr/bin/tor" --version
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv "$work/tor" "$folder"
} >&2
echo "$folder"
