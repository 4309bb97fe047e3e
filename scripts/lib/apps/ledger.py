"""The healthy user of the file system: writes a line to its log and its ledger ten times a second.
What it saw is in the JSON file named by the second argument; the folder is the first."""
import json
import os
import signal
import sys
import time

folder, report = sys.argv[1:3]
running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
seen = {"queries": 0, "errors": []}
while running:
    try:
        for name in ("today.log", "ledger.db"):
            # Opened anew each time: a file that somebody deleted would start again at nothing.
            with open(os.path.join(folder, name), "a") as file:
                file.write(f"{seen['queries']} sold\n")
        seen["queries"] += 1
    except OSError as error:
        seen["errors"] = (seen["errors"] + [str(error)])[-20:]
    with open(report + ".new", "w") as file:
        json.dump(seen, file)
    os.replace(report + ".new", report)
    time.sleep(0.1)
