# shellcheck shell=bash
# An application runs more than ten different statements with a mean of over a second, in a loop.

# shellcheck source=connections.sh
source "$lib/faults/connections.sh"
fault_story="'reports' runs 14 different statements of more than a second, over and over"
fault_metrics='database_(slow_queries|longest_query)'

fault_begin() { start_application reports reports.py; }
