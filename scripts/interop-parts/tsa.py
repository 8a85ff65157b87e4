#!/usr/bin/env python3
"""A time stamping authority on loopback: RFC 3161 over HTTP, answered by `openssl ts`. For tests.

usage: tsa.py PORT CONFIG    (CONFIG: an openssl configuration with a section [tsa])
"""
import http.server
import subprocess
import sys
import tempfile


class Tsa(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with tempfile.NamedTemporaryFile(suffix=".tsq") as file:
            file.write(query)
            file.flush()
            made = subprocess.run(
                ["openssl", "ts", "-reply", "-config", sys.argv[2], "-section", "tsa", "-queryfile", file.name],
                capture_output=True,
                check=False,
            )
        if made.returncode != 0:
            sys.stderr.write(made.stderr.decode(errors="replace"))
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(made.stdout)))
        self.end_headers()
        self.wfile.write(made.stdout)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Tsa).serve_forever()
