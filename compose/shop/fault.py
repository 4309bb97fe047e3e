"""Breaks the shop for real, and watches until somebody mended it.

Usage: fault NAME [--for SECONDS]

  connections   an application that goes past the pool leaks sessions, idle in transaction, until 85 % of
                PostgreSQL's connections are taken
  slow-queries  an application runs 14 different statements of more than a second, over and over
  cache         sessions without expiry fill DragonflyDB to 95 % of its memory
  disk          old logs fill the shop's log folder to 95 % of its budget
  crash         the shop's process is killed (SIGKILL), and nothing starts it again by itself

Ends with 0 when it was mended, with 1 when nobody did so within --for seconds (300 without it); then it takes back
what it did itself, except for the crash. So it does when it is interrupted.
"""
import os
import re
import select
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

import psycopg2
import redis

from common import LOGS, PORT, cache, cursor, database, say, wait_until

BUDGET = 256 << 20  # as aiops.yaml has it
MEGABYTE = b"\0" * (1 << 20)


class Interrupted(Exception):
    """Somebody stopped the fault."""


# MARK: connections


def usage(session):
    """Connections against their maximum, in percent, as the detector counts them."""
    with cursor(session) as run:
        run.execute(
            "SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity"
            " WHERE coalesce(backend_type, CASE WHEN datid IS NOT NULL THEN 'client backend' END) = 'client backend'")
        return float(run.fetchone()[0])


def is_open(session):
    """Whether a leaked session is still there: its socket has nothing to read while it is."""
    try:
        readable, _, _ = select.select([session.fileno()], [], [], 0)
        return not readable
    except (psycopg2.Error, ValueError):
        return False


def connections(end):
    leaked = []
    try:
        say("'checkout' leaks sessions past the pool")
        while len(leaked) < 80:
            session = database("checkout")
            session.autocommit = False
            leaked.append(session)
            is_enough = usage(session) >= 85
            with cursor(session) as run:
                run.execute("SELECT stock FROM items WHERE id = 3")
            if is_enough:
                break
            time.sleep(0.1)
        say(f"{len(leaked)} sessions are idle in transaction; waiting for somebody to end them")
        return wait_until(end, lambda: not any(is_open(session) for session in leaked))
    finally:
        for session in leaked:
            session.close()


# MARK: slow queries


def statement(number):
    # A different list of columns makes a different statement to pg_stat_statements; the sleep in the middle of the
    # scan stands for a slow disk, so that it is as slow on a fast machine.
    columns = ", ".join(f"sum(o.id * {column})" for column in range(1, number + 2))
    return (
        f"SELECT i.name, {columns} FROM items i JOIN (SELECT * FROM orders ORDER BY id DESC LIMIT 1000) o"
        f" ON o.item = i.id, (SELECT pg_sleep({1.6 + 0.04 * number})) AS disk GROUP BY i.name ORDER BY i.name")


def slow_queries(end):
    stopping = threading.Event()
    cut = [0] * 14

    def run(number):
        while not stopping.is_set():
            try:
                # A new session for every run, so that a limit that was set for the role meanwhile holds.
                session = database("reports")
                try:
                    with cursor(session) as one:
                        one.execute(statement(number))
                finally:
                    session.close()
            except psycopg2.errors.QueryCanceled:
                cut[number] += 1
                stopping.wait(1)
            except psycopg2.Error as error:
                say(str(error).strip())
                stopping.wait(1)

    session = database("reports")
    with cursor(session) as one:
        # Whoever deploys this lifts the limit that an earlier remedy left for the role.
        one.execute("ALTER ROLE CURRENT_USER RESET statement_timeout")
    session.close()
    say("'reports' runs 14 slow statements in a loop; waiting for somebody to stop them")
    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(14)]
    for thread in threads:
        thread.start()
    # Cut off once might be chance; twice each means that there is a limit now.
    mended = wait_until(end, lambda: min(cut) >= 2)
    stopping.set()
    for thread in threads:
        thread.join(5)
    return mended


# MARK: cache


def fill(store):
    memory = store.info("memory")
    return memory["used_memory"] / memory["maxmemory"]


def session_keys(store):
    return next(iter(store.scan_iter("session:*", count=1000)), None) is not None


def cache_memory(end):
    store = cache()
    number = 0
    say("'sessions' fills the cache with sessions that never expire")
    try:
        while fill(store) < 0.95 and number < 200_000:
            batch = store.pipeline(transaction=False)
            for _ in range(500):
                batch.set(f"session:{number}", "x" * 8192)
                number += 1
            batch.execute()
            time.sleep(0.02)
        say(f"{number} sessions fill {100 * fill(store):.0f} % of it; waiting for somebody to clear them")
        return wait_until(end, lambda: not session_keys(store))
    finally:
        for start in range(0, number, 1000):
            store.delete(*[f"session:{one}" for one in range(start, min(start + 1000, number))])


# MARK: disk


def disk(end):
    mine = []
    try:
        used = sum(entry.stat().st_size for entry in os.scandir(LOGS) if entry.is_file())
        count = max(1, (BUDGET * 95 // 100 - used) // (8 << 20) + 1)
        say(f"{count} old logs fill {LOGS}")
        for day in range(1, count + 1):
            path = os.path.join(LOGS, f"shop.log.{day}")
            mine.append(path)
            with open(path, "wb") as file:
                for _ in range(8):
                    file.write(MEGABYTE)
            old = time.time() - (day + 3) * 86_400
            os.utime(path, (old, old))
        say("waiting for somebody to delete them")
        return wait_until(end, lambda: not any(os.path.exists(path) for path in mine))
    finally:
        for path in mine:
            if os.path.exists(path):
                os.unlink(path)


# MARK: crash


def is_up():
    try:
        with urllib.request.urlopen(f"http://shop:{PORT}/health", timeout=3) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def shops():
    """The shop's processes: this container sees the processes of the shop's."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and re.search(rb"python3?[.\d]*$", words[0]) and words[1] == b"shop.py":
            found.append(int(name))
    return found


def crash(end):
    victims = shops()
    if not victims:
        sys.exit("fault: the shop does not run, so it can't be killed")
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    say("the shop was killed; waiting for somebody to start it")
    time.sleep(1)
    return wait_until(end, is_up)


FAULTS = {"connections": connections, "slow-queries": slow_queries, "cache": cache_memory, "disk": disk, "crash": crash}


def main(words):
    if not words or words[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0 if words else 64
    name, rest = words[0], words[1:]
    seconds = "300"
    if rest[:1] == ["--for"] and len(rest) == 2:
        seconds = rest[1]
    elif rest:
        sys.exit(f"fault: unknown argument {rest[0]!r}; see --help")
    if name not in FAULTS:
        sys.exit(f"fault: there is no fault {name!r}; there are {', '.join(FAULTS)}")
    if not re.fullmatch(r"[1-9][0-9]{0,4}", seconds):
        sys.exit("fault: --for must be 1 to 99999 seconds")

    def interrupt(*_):
        raise Interrupted

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    began = time.monotonic()
    try:
        mended = FAULTS[name](began + int(seconds))
    except Interrupted:
        say(f"{name}: stopped, and taken back")
        return 130
    except (psycopg2.Error, redis.RedisError, OSError) as error:
        sys.exit(f"fault: {name} could not be done: {error}")
    took = time.monotonic() - began
    say(f"{name}: mended after {took:.0f} s" if mended else f"{name}: nobody mended it within {took:.0f} s")
    return 0 if mended else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
