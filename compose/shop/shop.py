"""The shop: takes orders all the time, through the pool into PostgreSQL and with its stock in the cache.

GET /health answers 200 while orders are worked off, and 503 when none was for a minute; GET /metrics is for
Prometheus. It writes a line into its log for every tenth order.
"""
import os
import random
import threading
import time

from common import LOGS, PORT, Handler, cache, cursor, database, say, serve, stop_on_signals

WORKERS = 3
PATIENCE = 60

lock = threading.Lock()
orders = 0
failures = {"database": 0, "cache": 0, "log": 0}
last_order = time.monotonic()


def count(kind):
    with lock:
        failures[kind] += 1


def write_log(number):
    try:
        with open(os.path.join(LOGS, "shop.log"), "a", encoding="ascii") as file:
            file.write(f"{time.strftime('%FT%TZ', time.gmtime())} order {number}\n")
            # One file, never rotated here: it begins anew instead of growing for ever.
            if file.tell() > 8 << 20:
                file.truncate(0)
    except OSError:
        count("log")


def order(session, store):
    """One order; a cache that does not answer costs time and no order."""
    global orders, last_order
    item = random.randrange(1, 201)
    try:
        known = store.get(f"stock:{item}")
    except Exception:
        known = None
        count("cache")
    with cursor(session) as run:
        if known is None:
            run.execute("SELECT stock FROM items WHERE id = %s", (item,))
            known = run.fetchone()[0]
        run.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", (item,))
        number = run.fetchone()[0]
        # The table is no archive: the demonstration must not fill anybody's disk.
        if number % 1000 == 0:
            run.execute("DELETE FROM orders WHERE id < %s", (number - 20_000,))
    try:
        store.set(f"stock:{item}", known, ex=60)
    except Exception:
        count("cache")
    with lock:
        orders += 1
        last_order = time.monotonic()
    if number % 10 == 0:
        write_log(number)


def work(stopping):
    store = cache()
    session = None
    while not stopping.is_set():
        try:
            session = session or database("shop", through="pgbouncer")
            order(session, store)
        except Exception as error:
            count("database")
            say(f"an order failed: {str(error).strip().splitlines()[:1]}")
            if session is not None:
                session.close()
            session = None
            stopping.wait(1)
        stopping.wait(0.1)


class Shop(Handler):
    def do_GET(self):
        with lock:
            silent, numbers = time.monotonic() - last_order, {"orders": orders, **failures}
        if self.path == "/health":
            self.answer(200 if silent < PATIENCE else 503, {"seconds_since_order": round(silent, 1)})
        elif self.path == "/metrics":
            lines = ["# TYPE shop_orders_total counter", f"shop_orders_total {numbers.pop('orders')}",
                     "# TYPE shop_failures_total counter"]
            lines += [f'shop_failures_total{{kind="{kind}"}} {value}' for kind, value in numbers.items()]
            self.answer(200, "\n".join(lines) + "\n", "text/plain; version=0.0.4")
        else:
            self.answer(404, {"error": "only /health and /metrics are here"})


stop = stop_on_signals()
serve(Shop, PORT)
threads = [threading.Thread(target=work, args=(stop,), daemon=True) for _ in range(WORKERS)]
for thread in threads:
    thread.start()
say("the shop is open")
stop.wait()
for thread in threads:
    thread.join(3)
say("the shop is closed")
