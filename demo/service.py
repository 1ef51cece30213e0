"""What the apps call in their turn: a shipping service that works, a mail service that doesn't."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

TRACE_HEADERS = ("sentry-trace", "baggage", "traceparent", "tracestate")
"""Headers by which an SDK tells other hosts what it knows of a request."""


class Service:
    """Another company's server: it sees what the apps send to other hosts."""

    def __init__(self) -> None:
        told = self.told = list[str]()
        """The trace headers that came with calls, which should be none."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, b'{"cents": 495}')

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer(503, b"closed")

            def _answer(self, status: int, body: bytes) -> None:
                told.extend(name for name in TRACE_HEADERS if name in self.headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Service:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
