"""The healthy application: three sessions that it never gives up, on each an order and a look at
the stock ten times a second. What it saw is in the JSON file named by the first argument."""
import json
import os
import signal
import sys
import time

import pq

SESSIONS = 3
ORDER = "INSERT INTO orders (item) SELECT 1 + floor(random() * 200)::int"
STOCK = "SELECT i.name, count(o.id) FROM items i LEFT JOIN orders o ON o.item = i.id WHERE i.id = 7 GROUP BY 1"

running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
sessions = [pq.Connection() for _ in range(SESSIONS)]
seen = {"sessions": sorted(s.pid for s in sessions), "queries": 0, "errors": [], "slowest_seconds": 0.0}


def report():
    with open(sys.argv[1] + ".new", "w") as file:
        json.dump(seen, file)
    os.replace(sys.argv[1] + ".new", sys.argv[1])


report()
while running:
    for session in sessions:
        for sql in (ORDER, STOCK):
            began = time.monotonic()
            try:
                session.run(sql)
                seen["queries"] += 1
            except pq.Error as error:
                # A lost session is not replaced: the demo counts it as damage.
                seen["errors"] = (seen["errors"] + [str(error)])[-20:]
            seen["slowest_seconds"] = round(max(seen["slowest_seconds"], time.monotonic() - began), 3)
    report()
    time.sleep(0.1)
for session in sessions:
    session.close()
