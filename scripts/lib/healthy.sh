# shellcheck shell=bash
# The healthy application of a demo: it reports what it saw in $work/healthy.json.

healthy() { jq -r "$1" "$work/healthy.json"; }

# wait_for_healthy NAME: until it has begun to work.
wait_for_healthy() {
  wait_for 10 test -s "$work/healthy.json" || fail "$1 did not start; see $logs/$1.log"
}

healthy_passed() { (($(healthy .queries) > $1)); }

# check_healthy NAME: it saw no error and still works.
check_healthy() {
  local errors count
  errors=$(healthy '.errors[]')
  if [[ -n $errors ]]; then
    complain "$1 saw errors: $errors"
    return 1
  fi
  count=$(healthy .queries)
  if ! wait_for 5 healthy_passed "$count"; then
    complain "$1 stands still at $count"
    return 1
  fi
}
