# shellcheck shell=bash
# Sessions without expiry fill a cache that refuses writes when it is full.

fault_packages=(redis-server)
fault_story="'sessions' fills the cache (50 MB, no eviction) with sessions that never expire"
fault_metrics='cache_.*'
fault_end=resolved

fault_prepare() {
  start_redis
  start_cache_application carts carts.py "$work/healthy.json"
  wait_for_healthy carts
}

fault_source() {
  cat <<YAML
  - name: shop-cache
    type: redis
    host: 127.0.0.1
    port: $redis_port
    password: $redis_password
    clearable: ["session:*"]
    interval: 2s
    retry: 5s
    autonomy: auto
YAML
}

fault_begin() { start_cache_application sessions sessions.py; }

fault_check() {
  local carts
  carts=$(redis --scan --pattern 'cart:*' | wc -l)
  if ((carts != $(healthy .carts))); then
    complain "carts are gone: $carts of $(healthy .carts) are left"
    return 1
  fi
  check_healthy carts || return 1
  say "  healthy      all $carts carts are there: $(healthy .queries) commands, none failed"
}
