"""A place for notifications: takes every POST on the loopback port given first, and writes its
body as one line to the file given second."""
import http.server
import sys


class Inbox(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = min(int(self.headers.get("Content-Length") or 0), 1 << 20)
        body = self.rfile.read(length)
        with open(sys.argv[2], "ab") as file:
            file.write(body.replace(b"\n", b" ") + b"\n")
        self.send_response(204)
        self.end_headers()


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Inbox).serve_forever()
