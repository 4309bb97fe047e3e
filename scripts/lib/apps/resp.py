"""As much of the Redis protocol as the demo's applications need: nothing more to install."""
import os
import socket


class Error(Exception):
    """What the server, or the lack of one, said."""


class Connection:
    """One connection; where to and with which password comes from the environment."""

    def __init__(self):
        self._socket = socket.create_connection(("127.0.0.1", int(os.environ["REDIS_PORT"])), 5)
        self._answers = self._socket.makefile("rb")
        self.run("AUTH", os.environ["REDIS_PASSWORD"])

    def run(self, *words):
        """Sends a command and gives its answer: text, a number or None."""
        request = b"*%d\r\n" % len(words)
        for word in words:
            data = str(word).encode()
            request += b"$%d\r\n%s\r\n" % (len(data), data)
        self._socket.sendall(request)
        line = self._answers.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self._answers.read(length + 2)[:-2].decode(errors="replace")
        raise Error(rest.decode(errors="replace") or "the server closed the connection")
