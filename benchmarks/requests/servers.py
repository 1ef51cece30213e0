"""Requests under gunicorn, made by wrk: how many a second, and how long the slowest take."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from benchmarks.requests.calls import ROOT
from benchmarks.requests.setups import Setup

CONNECTIONS = 4
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk says of a run."""

    per_second: float
    p99: float
    """Milliseconds."""


def missing() -> str | None:
    """Say what is not there to measure with, and how to get it; None when all is."""
    if shutil.which("wrk") is None:
        return "wrk is not installed (Debian, Ubuntu: apt-get install wrk)"
    if importlib.util.find_spec("gunicorn") is None:
        return "gunicorn is not installed (pip install gunicorn)"
    return None


def loads(framework: str, setup: Setup, paths: Sequence[str], seconds: int) -> dict[str, Load]:
    """Start a server, ask for each path for some seconds, and stop it."""
    with _server(framework, setup) as port:
        return {path: _load(f"http://127.0.0.1:{port}{path}", seconds) for path in paths}


def _load(url: str, seconds: int) -> Load:
    _asked(url, 1)  # to warm up
    return read(_asked(url, seconds))


def _asked(url: str, seconds: int) -> str:
    done = subprocess.run(
        ["wrk", "--latency", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url],
        capture_output=True,
        check=True,
        text=True,
        timeout=seconds + 30,
    )
    return done.stdout


def read(output: str) -> Load:
    """Read what wrk prints.

    :raises ValueError: when it printed something else.
    """
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    if rate is None or p99 is None:
        raise ValueError(f"wrk printed: {output}")
    return Load(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]])


@contextmanager
def _server(framework: str, setup: Setup) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    code = (
        "from benchmarks.requests import apps, setups; app = apps.application("
        f"{framework!r}, setups.Setup({setup.who!r}, {setup.percent}), setups.written())"
    )
    # gunicorn imports a module; this one is made of the set-up.
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\n{_RUN}", str(port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


# One worker of four threads, which keeps connections open; its own log is of no interest here. What
# start-up has made waits for one full garbage collection, of tens of milliseconds; where that fell
# into the seconds that are measured, it was their p99.
_RUN = """
import gc
import sys
from gunicorn.app.base import BaseApplication

class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", f"127.0.0.1:{sys.argv[1]}")
        self.cfg.set("workers", 1)
        self.cfg.set("threads", 4)
        if "control_socket_disable" in self.cfg.settings:
            self.cfg.set("control_socket_disable", True)

    def load(self):
        gc.collect()
        return app

Server().run()
"""


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/hello/1/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit("the server did not start")
