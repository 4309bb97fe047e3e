"""As much of libpq as the demo's applications need, through ctypes: nothing more to install.

Where and as whom it connects comes from libpq's own environment variables (PGHOST, PGUSER, …).
"""
import ctypes

_libpq = ctypes.CDLL("libpq.so.5")
_pointer, _text = ctypes.c_void_p, ctypes.c_char_p
for _name, _result, _arguments in [
    ("PQconnectdb", _pointer, [_text]),
    ("PQstatus", ctypes.c_int, [_pointer]),
    ("PQerrorMessage", _text, [_pointer]),
    ("PQbackendPID", ctypes.c_int, [_pointer]),
    ("PQsocket", ctypes.c_int, [_pointer]),
    ("PQfinish", None, [_pointer]),
    ("PQexec", _pointer, [_pointer, _text]),
    ("PQresultStatus", ctypes.c_int, [_pointer]),
    ("PQclear", None, [_pointer]),
]:
    getattr(_libpq, _name).restype = _result
    getattr(_libpq, _name).argtypes = _arguments

_CONNECTION_OK = 0
_COMMAND_OK, _TUPLES_OK = 1, 2


class Error(Exception):
    """What the server, or the lack of one, said."""


class Connection:
    """One session. Every call may raise Error."""

    def __init__(self):
        self._handle = _libpq.PQconnectdb(b"")
        if _libpq.PQstatus(self._handle) != _CONNECTION_OK:
            message = self._message()
            self.close()
            raise Error(message)
        self.pid = _libpq.PQbackendPID(self._handle)

    def _message(self):
        return _libpq.PQerrorMessage(self._handle).decode(errors="replace").strip()

    def run(self, sql):
        """Runs SQL and waits for its end."""
        result = _libpq.PQexec(self._handle, sql.encode())
        status = _libpq.PQresultStatus(result)
        _libpq.PQclear(result)
        if status not in (_COMMAND_OK, _TUPLES_OK):
            raise Error(self._message())

    def fileno(self):
        """The socket, for select: readable while idle means that the server ended the session."""
        return _libpq.PQsocket(self._handle)

    def close(self):
        """Says goodbye; safe to repeat."""
        if self._handle:
            _libpq.PQfinish(self._handle)
            self._handle = None
