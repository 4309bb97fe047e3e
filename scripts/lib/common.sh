# shellcheck shell=bash
# Where things are, how the scripts talk, and that nothing of theirs is left behind.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lib=$root/scripts/lib
# Numbers and sorting as the scripts read them, whatever the user's language is.
export LC_ALL=C.UTF-8
# The agents and curl talk to loopback only: no proxy in between.
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
# Python leaves no compiled files in the clone.
export PYTHONDONTWRITEBYTECODE=1

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
  complain "$*"
  exit 1
}

# option_value OPTION VALUE...: the value that must follow an option.
option_value() {
  [[ -n ${2:-} ]] || fail "$1 needs a value; see --help"
  printf '%s\n' "$2"
}

# show_help: the comment at the top of the script that runs.
show_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# at_exit FUNCTION: runs it when the script ends, however it ends; the last named runs first.
declare -a exit_actions=()
at_exit() { exit_actions=("$1" ${exit_actions[@]+"${exit_actions[@]}"}); }

run_exit_actions() {
  exit_status=$?
  set +e
  trap '' INT TERM HUP
  local action
  for action in ${exit_actions[@]+"${exit_actions[@]}"}; do "$action"; done
  exit "$exit_status"
}
# was_interrupted: whether a signal ended the script, for exit actions.
was_interrupted() { [[ $exit_status =~ ^(129|130|143)$ ]]; }
trap run_exit_actions EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# free_ports N: so many free TCP ports of the loopback address, chosen by the kernel.
free_ports() {
  python3 - "$1" <<'PYTHON'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PYTHON
}

# wait_for SECONDS COMMAND...: tries until it succeeds; non-zero when it did not in that time.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}
