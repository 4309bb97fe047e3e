"""The application with the leak: opens one connection after another, begins a transaction on each
and forgets it, idle in transaction. Stops at 30, the bound of its pool.

With `stubborn` it takes back at once every connection that it loses, so that nothing frees them."""
import select
import sys
import time

import pq

BOUND = 30
PAUSE = 0.2
stubborn = "stubborn" in sys.argv[1:]
leaked = []


def leak():
    try:
        session = pq.Connection()
        session.run("BEGIN")
        session.run("SELECT stock FROM items WHERE id = 3")
        leaked.append(session)
    except pq.Error as error:
        print(error, flush=True)
        time.sleep(0.05)


while len(leaked) < BOUND:
    leak()
    time.sleep(PAUSE)
print(f"leaked {BOUND} connections", flush=True)
while True:
    ended, _, _ = select.select(leaked, [], [], None)
    for session in ended:
        leaked.remove(session)
        session.close()
    print(f"lost {len(ended)} connections", flush=True)
    while stubborn and len(leaked) < BOUND:
        leak()
    if not leaked:
        # Nothing left to forget: the application idles until it is stopped.
        while True:
            time.sleep(3600)
