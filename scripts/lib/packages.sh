# shellcheck shell=bash
# What the scripts need of the system. Says what is missing, installs it where it may, else explains.

packages_to_build=(libzmq3-dev libpq-dev libcurl4-openssl-dev libhiredis-dev libsqlite3-dev)
packages_to_talk=(curl jq python3)
packages_to_test=(openssl postgresql postgresql-contrib pgbouncer redis-server prometheus)
packages_to_bench=(prometheus-alertmanager postgresql)

need_swift() {
  local version
  command -v swift >/dev/null ||
    fail "Swift 6.2 or newer is needed and there is no 'swift' in PATH: see https://www.swift.org/install/linux"
  # Read whole before it is searched: a reader that leaves early would end swift by SIGPIPE.
  version=$(swift --version 2>/dev/null) || fail "'swift --version' fails: is the toolchain complete?"
  [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] || fail "cannot read the version in: $version"
  ((BASH_REMATCH[1] > 6 || (BASH_REMATCH[1] == 6 && BASH_REMATCH[2] >= 2))) ||
    fail "Swift 6.2 or newer is needed, this is ${BASH_REMATCH[1]}.${BASH_REMATCH[2]}: see https://www.swift.org/install/linux"
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# need_packages NAME...: makes sure that they are installed.
need_packages() {
  local name
  local -a missing=() administrator=()
  command -v dpkg-query >/dev/null ||
    fail "these scripts know Debian and Ubuntu only; install by hand what these packages hold: $*"
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  ((${#missing[@]})) || return 0

  say "Missing packages: ${missing[*]}"
  if ((EUID != 0)); then
    # Without a terminal nobody can type a password.
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      administrator=(sudo)
    else
      complain "may not install them: neither root nor sudo. As root, run:"
      printf '  apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
      exit 1
    fi
  fi
  say "Installing them with apt-get. (The system may start the services among them; the scripts start their own.)"
  # A list that cannot be refreshed is no reason to stop: the old one may do.
  ${administrator[@]+"${administrator[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get update -qq </dev/null || true
  ${administrator[@]+"${administrator[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
    fail "apt-get failed; run it by hand: apt-get install -y --no-install-recommends ${missing[*]}"
}
