"""Serves one of the applications until its input is closed: ``python -m hostile_apps django``."""

from __future__ import annotations

import importlib
import io
import sys
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from telemetry_core import shutdown_telemetry


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Write no access log: it is the server's own, and would be printed."""

    def get_stderr(self) -> Any:
        """Print no tracebacks either."""
        return io.StringIO()


def _serve_wsgi(application: Any) -> None:
    with make_server("127.0.0.1", 0, application, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        print(server.server_port, flush=True)
        sys.stdin.read()
        server.shutdown()


def _serve_asgi(application: Any) -> None:
    import socket

    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    server.should_exit = True
    thread.join(60)
    listener.close()


def main(framework: str, kind: str) -> None:
    module = importlib.import_module(f"hostile_apps.{framework}_shop")
    application = module.make(asynchronous=kind == "asgi")
    (_serve_asgi if kind == "asgi" else _serve_wsgi)(application)
    shutdown_telemetry(timeout=60)


main(*sys.argv[1:])
