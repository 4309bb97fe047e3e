"""What the programs here share: secrets, the database, the cache, and a small HTTP server."""
import contextlib
import http.server
import json
import os
import signal
import sys
import threading
import time

import psycopg2
import redis

PORT = 8000
LOGS = "/var/log/shop"


def secret(name):
    """The text of a file that only this container has."""
    with open(os.path.join("/run/secrets", name), encoding="ascii") as file:
        return file.read().strip()


def database(role, through="postgres", application=None):
    """A session as a role of the shop's database: straight to the server, or through the pool."""
    port = {"postgres": 5432, "pgbouncer": 6432}[through]
    session = psycopg2.connect(
        host=through, port=port, dbname="shop", user=role, password=secret(role),
        application_name=application or role, connect_timeout=5)
    session.autocommit = True
    return session


@contextlib.contextmanager
def cursor(session):
    with session.cursor() as one:
        yield one


def cache():
    return redis.Redis(host="cache", port=6379, password=secret("cache"), socket_timeout=5,
                       socket_connect_timeout=5, decode_responses=True)


def say(text):
    print(text, flush=True)


def stop_on_signals():
    """An event that SIGTERM and SIGINT set."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with text or JSON; a client that is slow is let go."""

    timeout = 10
    protocol_version = "HTTP/1.1"

    def answer(self, status, content, kind="application/json"):
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def body(self, most=1 << 20):
        """The request's body, or None when it is too large."""
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length) if 0 <= length <= most else None

    def log_message(self, *_):
        """Who asks every second for health need not be in the log."""


def serve(handler, port):
    """A server on a thread of its own; it ends with the process."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_until(deadline, done, every=0.5):
    """Whether it was done before the deadline."""
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(every)
    return done()


if __name__ == "__main__":
    sys.exit("this is a part of the other programs")
