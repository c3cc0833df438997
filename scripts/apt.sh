#!/usr/bin/env bash
# Install the programs that tests drive, if we are root and they are missing. Without them those tests skip with a reason.
set -u
missing=()
command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
command -v pdftoppm >/dev/null || missing+=(poppler-utils)
command -v lldpd >/dev/null || missing+=(lldpd)
command -v ibsim >/dev/null || missing+=(ibsim-utils)
command -v ibnetdiscover >/dev/null || missing+=(infiniband-diags)
command -v mbpoll >/dev/null || missing+=(mbpoll)
command -v ip >/dev/null || missing+=(iproute2)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "note: ${missing[*]} missing and not root: the tests that need them will skip" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq &&
  apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  echo "note: could not install ${missing[*]}: the tests that need them will skip" >&2
exit 0
