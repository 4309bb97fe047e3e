# shellcheck shell=bash
# Processes of a script: each in a session of its own, its output in a file, ended by its pid.
# Expects $work (their working folder) and $logs.

declare -a process_names=()
declare -A process_pids=() process_signals=()

# start NAME COMMAND...: runs it in the background, in $work.
start() {
  local name=$1
  shift
  # A session of its own keeps the terminal's Ctrl-C away: the script ends everything in order.
  (cd "$work" && exec setsid "$@") >>"$logs/$name.log" 2>&1 </dev/null &
  process_pids[$name]=$!
  # Without this the shell would write a line of its own when the process is killed.
  disown
  [[ " ${process_names[*]-} " == *" $name "* ]] || process_names+=("$name")
}

is_running() { kill -0 "${process_pids[$1]}" 2>/dev/null; }

# first_dead NAME...: the first of them that ended; non-zero when all run.
first_dead() {
  local name
  for name in "$@"; do
    if ! is_running "$name"; then
      printf '%s\n' "$name"
      return 0
    fi
  done
  return 1
}

# stop NAME...: asks them all to end, and ends by force what has not after so many milliseconds.
stop_grace=5000
milliseconds() { printf '%s\n' "$((${EPOCHREALTIME/./} / 1000))"; }
stop() {
  local name end
  for name in "$@"; do
    kill -s "${process_signals[$name]:-TERM}" "${process_pids[$name]}" 2>/dev/null || true
  done
  end=$(($(milliseconds) + stop_grace))
  for name in "$@"; do
    while is_running "$name" && (($(milliseconds) < end)); do sleep 0.05; done
    if is_running "$name"; then
      complain "$name did not end when asked; killing it"
      kill -KILL -- "-${process_pids[$name]}" 2>/dev/null || true
    fi
  done
}

# stop_all: the last started first, but together where they started together.
stop_all() {
  local i
  local -a reversed=()
  for ((i = ${#process_names[@]} - 1; i >= 0; i--)); do reversed+=("${process_names[i]}"); done
  ((${#reversed[@]})) || return 0
  # Servers last, so that their clients can say goodbye.
  local name
  local -a servers=() clients=()
  for name in "${reversed[@]}"; do
    if [[ $name == postgres || $name == redis ]]; then servers+=("$name"); else clients+=("$name"); fi
  done
  ((${#clients[@]})) && stop "${clients[@]}"
  ((${#servers[@]})) && stop "${servers[@]}"
  process_names=()
}

# last_words NAME: the end of its log, indented.
last_words() { tail -n "${2:-8}" "$logs/$1.log" 2>/dev/null | sed 's/^/    /' >&2; }

# write_stop_script FILE: a script that ends what is left running and removes $work.
write_stop_script() {
  local i
  {
    cat <<'STOP'
#!/usr/bin/env bash
# Ends what `scripts/demo --keep` left running, and removes its folder.
set -u
cd "$(dirname "$0")" || exit 1
here=$PWD
end() { # PID SIGNAL: only if it is still a process of this folder
  [[ $(readlink "/proc/$1/cwd" 2>/dev/null) == "$here"* ]] || return 0
  kill -s "$2" "$1" 2>/dev/null || return 0
  for _ in {1..100}; do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.05
  done
  kill -KILL "$1" 2>/dev/null
}
STOP
    for ((i = ${#process_names[@]} - 1; i >= 0; i--)); do
      printf 'end %s %s # %s\n' "${process_pids[${process_names[i]}]}" \
        "${process_signals[${process_names[i]}]:-TERM}" "${process_names[i]}"
    done
    cat <<'STOP'
if mountpoint -q disk 2>/dev/null; then umount disk; fi
cd / && rm -rf "$here"
STOP
  } >"$1"
  chmod +x "$1"
}
