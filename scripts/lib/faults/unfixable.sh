# shellcheck shell=bash
# The leak again, but checkout takes back at once what is freed: no runbook helps, people must.

# shellcheck source=connections.sh
source "$lib/faults/connections.sh"
fault_story="'checkout' leaks connections, and takes back at once every one that is freed"
fault_end=escalated

fault_begin() { start_application checkout checkout.py stubborn; }
