# shellcheck shell=bash
# The four agents as separate processes. Expects $bin, $work, $logs.

agents=(coordinator detector diagnoser resolver)

# api PATH: what the coordinator answers; non-zero when it does not.
api() { curl -sS --fail --max-time 5 "$api_url$1"; }

# coordinator_settings: free ports and a journal of its own, as configuration; sets $api_url.
coordinator_settings() {
  local bus changes http
  read -r bus changes http < <(free_ports 3)
  api_url=http://127.0.0.1:$http
  cat >"$work/aiops.yaml" <<YAML
coordinator:
  bus: tcp://127.0.0.1:$bus
  changes: tcp://127.0.0.1:$changes
  http: 127.0.0.1:$http
  store: $work/aiops.db
YAML
}

# find_api [CONFIG]: sets $api_url to where the coordinator listens with that configuration.
find_api() {
  local address=''
  if [[ -n ${1:-} ]]; then
    address=$(grep -oE '\bhttp:[[:space:]]*["'\'']?[][A-Za-z0-9.:]+:[0-9]+' "$1" | head -n 1) || true
    address=${address#http:}
    address=${address//[\"\'[:space:]]/}
  fi
  api_url=http://${address:-127.0.0.1:8080}
}

agents_are_there() {
  api /readyz && api /aiops/agents | jq -e '["detector", "diagnoser", "resolver"] - [.agents[].kind] == []'
}

# start_agent KIND CONFIG: without a configuration, by the built-in one.
start_agent() { start "$1" "$bin/aiops-$1" --name "$1" ${2:+--config "$2"}; }

# start_agents CONFIG: starts them and waits until the coordinator knows the other three.
start_agents() {
  local kind
  agent_config=$1
  for kind in "${agents[@]}"; do start_agent "$kind" "$agent_config"; done
  wait_for_agents
}

# wait_for_agents: until the coordinator at $api_url answers and knows the other three.
wait_for_agents() {
  # Asked often enough to notice at once when one of them cannot start.
  local end=$((SECONDS + 20))
  until agents_are_there >/dev/null 2>&1; do
    check_agents
    ((SECONDS < end)) || fail "the agents did not find each other; see $logs"
    sleep 0.1
  done
}

# check_agents: fails with the last words of one that ended.
check_agents() {
  local dead
  if dead=$(first_dead "${agents[@]}"); then
    complain "aiops-$dead ended; its last words:"
    last_words "$dead"
    exit 1
  fi
}

# revive_agents: starts again what ended, as a service manager would; fails when that does not help.
revivals=0
revive_agents() {
  local dead
  while dead=$(first_dead "${agents[@]}"); do
    ((revivals < 8)) || check_agents
    revivals=$((revivals + 1))
    say "  (aiops-$dead ended; starting it again)"
    start_agent "$dead" "$agent_config"
    sleep 0.2
  done
}
