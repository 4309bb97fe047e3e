# shellcheck shell=bash
# Following an incident through the HTTP API. Expects $fault_began, in seconds since 1970.

# shellcheck disable=SC2016 # jq's variables, not the shell's
# since: RFC 3339 with milliseconds to seconds since the fault. plain: text that moves no cursor.
# short: all of it is in the file of --out.
since_jq='def since: (sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601)
    + (try (capture("(?<f>\\.[0-9]+)Z$").f | tonumber) catch 0) - $began;
  def tenths: (. * 10 | round) / 10 | tostring | if contains(".") then . else . + ".0" end;
  def plain: gsub("[[:cntrl:]]"; "?");
  def short: if length > 240 then .[:239] + "…" else . end;
  def spaces(n): if n > length then " " * (n - length) else "" end;'

# find_incident METRICS: the id of the first incident about one of them; empty when there is none.
find_incident() {
  api "/aiops/incidents?page_size=100" |
    jq -r --arg metrics "^Anomaly: ($1)\$" \
      '[.incidents[] | select(.name | test($metrics))] | sort_by(.detected_at) | first | .id // empty'
}

# print_timeline FROM: the entries after so many, of the incident on standard input.
print_timeline() {
  jq -r --argjson from "$1" --argjson began "$fault_began" "$since_jq"'
    .timeline[$from:][] | .actor |= plain | .text |= (plain | short) | (.at | since | tenths) as $at
      | "  \($at | spaces(6))\($at) s  \(.actor)\(.actor | spaces(12)) \(.text)"'
}

# print_summary: of the incident on standard input.
print_summary() {
  jq -r --argjson began "$fault_began" "$since_jq"'
    def after: if . == null then "-" else "after \(since | tenths) s" end;
    walk(if type == "string" then plain | short else . end)
    | "\(.id) \(.name), \(.severity): \(.status)\(if .auto_resolved then " by itself" else "" end)",
    "  detected     \(.detected_at | after)",
    "  diagnosed    \([.timeline[] | select(.kind == "diagnosis")] | first.at | after)",
    (if .resolved_at then "  resolved     \(.resolved_at | after)" else empty end),
    (if .escalated_to then "  escalated    to \(.escalated_to): \(.escalation_reason // "no reason given")" else empty end),
    "  cause        \(.root_cause // "none found")",
    (.steps[]? | "  step         \(.name): \(.state), \(.detail)"),
    (if .verification then "  verified     \(.verification.verdict): \(.verification.detail)" else empty end)'
}
