"""Start a WSGI application under gunicorn on a port that nobody else can take."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from demo.processes import Process, Processes

SETTINGS = Path(__file__).with_name("gunicorn.conf.py")


def open_port() -> socket.socket:
    """Listen on a free port of loopback; calls wait there until an application takes them."""
    return socket.create_server(("127.0.0.1", 0))


def port_of(listener: socket.socket) -> int:
    """Return the port that is listened on."""
    return int(listener.getsockname()[1])


def serve(
    processes: Processes,
    *,
    name: str,
    python: str,
    application: str,
    listener: socket.socket,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
) -> Process:
    """Start the application; it takes over the listening socket, which the caller may close."""
    return processes.start(
        f"gunicorn with {name}",
        [
            *(python, "-m", "gunicorn", f"--bind=fd://{listener.fileno()}"),
            *("--workers=1", "--threads=4", f"--config={SETTINGS}", application),
        ],
        folder=folder,
        environment=environment,
        log=log,
        pass_fds=(listener.fileno(),),
    )


def answers(port: int, path: str = "/robots.txt") -> bool:
    """Say whether an HTTP server answers at this port, whatever it says."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
