# shellcheck shell=bash
# The cluster of compose/compose.yaml under a name of its own, so that one that runs already is left alone.
# Expects $work, $logs and $project; sets $ports (the coordinators' on this machine).

compose_files=(-f "$root/compose/compose.yaml")
declare -A ports=()

need_engine() {
  local name
  for name in docker curl jq; do
    command -v "$name" >/dev/null || fail "there is no '$name' in PATH"
  done
  docker info >/dev/null 2>&1 || fail "no container engine answers: 'docker info' says why"
  docker compose version >/dev/null 2>&1 || fail "'docker compose' (version 2) is missing"
}

# compose ARGUMENT...: what it says of its own work goes to a log.
compose() { docker compose --progress plain -p "$project" "${compose_files[@]}" "$@" 2>>"$logs/compose.log"; }

# print_secret FILE: a token or the authority's certificate.
print_secret() { compose run --rm -T --no-deps print "$1"; }

# cluster_up: builds the images and waits until every container is well.
cluster_up() {
  local first second
  read -r first second < <(free_ports 2)
  ports=([coordinator-1]=$first [coordinator-2]=$second)
  export AIOPS_PORT_1=$first AIOPS_PORT_2=$second
  say "Building the images (the first time takes some minutes)"
  compose build >"$logs/build.log" 2>&1 || {
    tail -n 20 "$logs/build.log" >&2
    fail "the images could not be built; see $logs/build.log"
  }
  say "Starting everything"
  compose up --no-build --wait --wait-timeout 600 >/dev/null || fail "not everything became well; see $logs/compose.log"
  print_secret authority.pem >"$work/authority.pem"
  local role
  for role in viewer operator; do
    (umask 077 && printf 'Authorization: Bearer %s\n' "$(print_secret "$role.token")" >"$work/$role")
  done
}

cluster_down() { compose down --volumes --remove-orphans --timeout 10 >/dev/null; }

# cluster_logs: everything that is known, for whoever looks for what went wrong.
cluster_logs() {
  compose ps --all >"$logs/containers" || true
  compose logs --no-color --timestamps >"$logs/containers.log" || true
  local path
  for path in status agents incidents?page_size=200; do
    api "/aiops/$path" >"$logs/${path%%\?*}.json" 2>/dev/null || true
  done
}

# ask COORDINATOR PATH [CURL'S ARGUMENT...]: what that one answers, as a viewer.
ask() {
  local port=${ports[$1]} path=$2
  shift 2
  curl -sS --fail --max-time 5 --cacert "$work/authority.pem" -H "@$work/viewer" "$@" \
    "https://127.0.0.1:$port$path" 2>>"$logs/curl.log"
}

# api PATH: what the first coordinator that answers says.
api() { ask coordinator-1 "$1" || ask coordinator-2 "$1"; }

# status_without_token: the HTTP status for somebody who has none.
status_without_token() {
  curl -sS -o /dev/null -w '%{http_code}' --max-time 5 --cacert "$work/authority.pem" \
    "https://127.0.0.1:${ports[coordinator-1]}/aiops/status"
}

# leader: the coordinator that leads; non-zero when none says so.
leader() {
  local name
  for name in coordinator-1 coordinator-2; do
    if [[ $(ask "$name" /aiops/status | jq -r .role) == leading ]]; then
      printf '%s\n' "$name"
      return 0
    fi
  done
  return 1
}

# ask_leader PATH
ask_leader() {
  local name
  name=$(leader) && ask "$name" "$1"
}

# another_leads NAME: whether somebody leads, and not that one.
another_leads() {
  local now
  now=$(leader) && [[ $now != "$1" ]]
}

both_answer() {
  [[ $(ask coordinator-1 /aiops/status | jq -r .role) =~ ^(leading|standby)$ &&
    $(ask coordinator-2 /aiops/status | jq -r .role) =~ ^(leading|standby)$ ]]
}

# agents_of KIND: the names of those that the leader knows, one a line; nobody else knows them.
agents_of() {
  ask_leader /aiops/agents | jq -r --arg kind "$1" '.agents[] | select(.kind == $kind) | .name' | sort
}
# has_agents KIND NUMBER
has_agents() { [[ $(agents_of "$1" | wc -l) == "$2" ]]; }
knows_agent() { agents_of "${1%-*}" | grep -qx "$1"; }
is_forgotten() { ask_leader /aiops/agents >/dev/null && ! knows_agent "$1"; }

# container SERVICE [INDEX]: its id.
container() {
  docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1" \
    --filter "label=com.docker.compose.container-number=${2:-1}"
}

# kill_process SERVICE [INDEX]: SIGKILL for the container's first process, from outside: an accident, where
# `docker kill` would be a wish to stop it.
kill_process() {
  local id pid
  id=$(container "$@") && pid=$(docker inspect -f '{{.State.Pid}}' "$id" 2>/dev/null) || pid=''
  [[ $pid =~ ^[1-9][0-9]*$ ]] || fail "$* does not run"
  docker run --rm --pid host --cap-drop ALL --cap-add KILL --network none --user 0 --entrypoint sh \
    aiops-shop:local -c "kill -KILL $pid" >>"$logs/compose.log" 2>&1 || fail "process $pid of $* could not be killed"
}

# scale KIND=NUMBER...: as many of them, without touching anything else; waits until the leader knows them.
scale() {
  local one
  local -a options=()
  for one in "$@"; do options+=(--scale "$one"); done
  compose up --no-build --no-recreate --detach "${options[@]}" "${@%%=*}" >/dev/null || fail "could not scale: $*"
  for one in "$@"; do
    # Who was stopped says goodbye; who was killed is forgotten after half a minute.
    wait_for 60 has_agents "${one%=*}" "${one#*=}" ||
      fail "the leader does not know ${one#*=} of ${one%=*} but: $(agents_of "${one%=*}" | tr '\n' ' ')"
  done
  say "  scaled       $*"
}

# incident_since METRICS SINCE: the id of the earliest incident about one of them that began after so many seconds.
incident_since() {
  api "/aiops/incidents?page_size=200" | jq -r --arg metrics "^Anomaly: ($1)\$" --argjson began "$2" "$since_jq"'
    [.incidents[] | select((.name | test($metrics)) and (.detected_at | since) >= -1)]
    | sort_by(.detected_at) | first | .id // empty'
}

# incident ID FIELD: e.g. .status
incident() { api "/aiops/incidents/$1" | jq -r "$2"; }
is_over() { [[ $(incident "$1" .status) =~ ^(resolved|false_positive)$ ]]; }
was_escalated() {
  [[ $(incident "$1" '[.timeline[] | select(.kind == "status" and (.text | startswith("escalated")))] | length') -gt 0 ]]
}
