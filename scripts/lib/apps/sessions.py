"""The application with the forgotten expiry: sessions of 8 kB that never end, until the cache is
95 % full."""
import re
import time

import resp

SIZE = 8192
FULL = 0.95
cache = resp.Connection()


def fill():
    memory = cache.run("INFO", "memory")
    used, limit = (int(re.search(rf"^{name}:(\d+)", memory, re.M)[1]) for name in ("used_memory", "maxmemory"))
    return used / limit


number = 0
while fill() < FULL:
    for _ in range(50):
        cache.run("SET", f"session:{number}", "x" * SIZE)
        number += 1
    time.sleep(0.02)
print(f"{number} sessions without expiry", flush=True)
