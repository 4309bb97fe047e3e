"""The application with the slow statements: sessions that each run a report of their own, over a
second long, again and again, with a new connection for every run.

pg_sleep in the middle of the scan stands for a slow disk, so that the reports are as slow on a
fast machine as on a slow one."""
import threading
import time

import pq

SESSIONS = 14


def seconds(number):
    return 1.2 + 0.03 * number


def statement(number):
    # A different list of columns makes a different statement to pg_stat_statements.
    columns = ", ".join(f"sum(o.id * {column})" for column in range(1, number + 2))
    return (
        f"SELECT i.name, {columns} FROM items i JOIN orders o ON o.item = i.id,"
        f" (SELECT pg_sleep({seconds(number)})) AS disk GROUP BY i.name ORDER BY i.name"
    )


def run(number):
    while True:
        try:
            session = pq.Connection()
        except pq.Error as error:
            print(error, flush=True)
            time.sleep(0.2)
            continue
        try:
            session.run(statement(number))
        except pq.Error as error:
            print(error, flush=True)
            time.sleep(0.2)
        session.close()


threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(SESSIONS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
