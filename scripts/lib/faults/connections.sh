# shellcheck shell=bash
# An application leaks connections, idle in transaction, past 80 % of what the server allows.

fault_packages=(postgresql postgresql-contrib)
fault_story="'checkout' leaks one connection after another, each idle in a transaction (limit of the server: 40)"
fault_metrics='database_(connection_usage|idle_in_transaction|longest_transaction)'
fault_end=resolved

fault_prepare() {
  start_postgres
  create_shop
  start_application storefront storefront.py "$work/healthy.json"
  wait_for_healthy storefront
}

fault_source() { postgres_source; }
fault_begin() { start_application checkout checkout.py; }
fault_check() { check_storefront; }

# The healthy application kept every session, saw no error, and goes on.
check_storefront() {
  local before now
  before=$(healthy '.sessions | map(tostring) | join(" ")')
  now=$(sessions_of storefront)
  if [[ -z $before || $now != "$before" ]]; then
    complain "storefront lost sessions: had server processes $before, has ${now:-none}"
    return 1
  fi
  check_healthy storefront || return 1
  say "  healthy      storefront kept its $(wc -w <<<"$now") connections (server processes $now):" \
    "$(healthy .queries) queries, none failed, the slowest took $(healthy .slowest_seconds) s"
}
