"""Keeps the shop as a service manager keeps a unit that is not started again by itself: when the shop ends it stays
down until somebody who may says `POST /start` on port 8001. So it can be seen who brought it back.
"""
import base64
import hmac
import os
import subprocess
import sys
import threading
import time

from common import Handler, say, secret, serve, stop_on_signals

lock = threading.Lock()
shop = None


def is_up():
    return shop is not None and shop.poll() is None


def start():
    """Starts the shop unless it runs; says whether it was started."""
    global shop
    with lock:
        if is_up():
            return False
        shop = subprocess.Popen([sys.executable, "shop.py"], cwd=os.path.dirname(os.path.abspath(__file__)))
        return True


class Keeper(Handler):
    def may(self):
        """Whether the request has the resolver's password."""
        expected = "Basic " + base64.b64encode(f"resolver:{secret('start')}".encode()).decode()
        given = self.headers.get("Authorization") or ""
        return hmac.compare_digest(given.encode(), expected.encode())

    def do_POST(self):
        if self.body() is None:
            self.close_connection = True
            return self.answer(413, {"error": "too large"})
        if not self.may():
            return self.answer(401, {"error": "only the resolver may"})
        if self.path != "/start":
            return self.answer(404, {"error": "only /start is here"})
        started = start()
        say("the shop was started by the resolver" if started else "the shop runs already")
        # Until it listens or has ended again: whoever asked for it hears how it went.
        time.sleep(1)
        self.answer(200 if is_up() else 500, {"started": started, "up": is_up()})


stopping = stop_on_signals()
start()
serve(Keeper, 8001)
was_up = True
while not stopping.wait(0.5):
    up = is_up()
    if was_up and not up:
        say(f"the shop ended with status {shop.returncode}; it waits for somebody to start it")
    was_up = up
if is_up():
    shop.terminate()
    try:
        shop.wait(8)
    except subprocess.TimeoutExpired:
        shop.kill()
