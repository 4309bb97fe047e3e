"""The healthy user of the cache: 200 carts, which it fills and reads back all the time. What it
saw is in the JSON file named by the first argument."""
import json
import os
import random
import signal
import sys
import time

import resp

CARTS = 200

running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
cache = resp.Connection()
content = {f"cart:{n}": f"{n} apples" for n in range(CARTS)}
for key, value in content.items():
    cache.run("SET", key, value)
seen = {"carts": CARTS, "queries": CARTS, "errors": []}
while running:
    for key in random.sample(sorted(content), 10):
        try:
            if cache.run("GET", key) != content[key]:
                seen["errors"] = (seen["errors"] + [f"{key} is lost or changed"])[-20:]
            content[key] = f"{random.randrange(100)} apples"
            cache.run("SET", key, content[key])
            seen["queries"] += 2
        except (resp.Error, OSError) as error:
            seen["errors"] = (seen["errors"] + [str(error)])[-20:]
    with open(sys.argv[1] + ".new", "w") as file:
        json.dump(seen, file)
    os.replace(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.1)
