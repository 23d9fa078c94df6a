"""A small HTTP server in this process, which misbehaves as told."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(1).bytes(3000)


class Server:
    """Serves ``content`` at ``url`` + ``/weights.pth``.

    Attributes
    ----------
    path
        Where it serves it.
    heads
        Answers to HEAD by path, of a status and headers; 404 elsewhere.
    ranges
        ``Range`` header of each request so far, or ``None``.
    sent
        Bytes sent with each answer.
    breaks
        Bytes after which each of the first answers breaks off.
    statuses
        Instead of the first answers.
    knows_ranges, says_length
        Whether it answers with parts, and tells their length.
    wrong_part
        Bytes by which a part begins too late.
    """

    def __init__(self, content):
        self.content = content
        self.ranges, self.sent = [], []
        self.breaks, self.statuses = [], []
        self.knows_ranges = self.says_length = True
        self.wrong_part = 0
        self.path = "/models/weights.pth"
        self.heads = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def do_HEAD(self):
                status, headers = server.heads.get(self.path, (404, {}))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/models"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def answer(self, request):
        asked = request.headers["Range"]
        self.ranges.append(asked)
        if request.path != self.path:
            request.send_error(404)
            return
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        start = 0
        if asked and self.knows_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-")) + self.wrong_part
            if start >= len(self.content):
                request.send_error(416)
                return
            request.send_response(206)
            last = len(self.content) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.content)}")
        else:
            request.send_response(200)
        body = self.content[start:]
        if self.says_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.breaks:
            body = body[: self.breaks.pop(0)]
        self.sent.append(len(body))
        request.wfile.write(body)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
