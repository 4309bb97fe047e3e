# shellcheck shell=bash
# A private Redis: on loopback, 50 MB at the most, refusing writes when full, nothing on disk.

start_redis() {
  command -v redis-server >/dev/null || fail "no redis-server in PATH"
  read -r redis_port < <(free_ports 1)
  redis_password=$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')
  # The password goes in by standard input's stead, a file: command lines are seen by everybody.
  (umask 077 && printf '%s\n' "port $redis_port" "bind 127.0.0.1" 'save ""' "appendonly no" \
    "maxmemory 50mb" "maxmemory-policy noeviction" "requirepass $redis_password" "dir \"$work\"" \
    >"$work/redis.conf")
  start redis redis-server "$work/redis.conf"
  wait_for 10 redis PING || {
    last_words redis
    fail "the private Redis did not start; see $logs/redis.log"
  }
}

# redis COMMAND...: its answer, as text.
redis() { REDISCLI_AUTH=$redis_password redis-cli -e --raw -h 127.0.0.1 -p "$redis_port" "$@"; }

# start_cache_application NAME SCRIPT [ARGUMENT...]
start_cache_application() {
  local name=$1 script=$2
  shift 2
  start "$name" env REDIS_PORT="$redis_port" REDIS_PASSWORD="$redis_password" \
    python3 -u "$lib/apps/$script" "$@"
}
