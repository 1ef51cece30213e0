"""Requests with no server and no network: the application is called in a process of its own.

What counts is the time of the calling thread, which waits for nothing: not what other programs and
a sender's thread take away.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.requests.apps import Application, application
from benchmarks.requests.setups import Setup, nowhere

ROOT = Path(__file__).resolve().parent.parent.parent
PASSES = 5
"""Timed runs in a process; the fastest counts, as only disturbance makes one slower."""


def microseconds(framework: str, setup: Setup, path: str, count: int) -> float:
    """Return what a request takes, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.requests.calls", framework, setup.who]
    done = subprocess.run(
        [*command, str(setup.percent), path, str(count)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.split()[-1])


def _measured(app: Application, path: str, count: int) -> float:
    for _ in range(count // 4):
        _call(app, path)
    passes: list[float] = []
    for _ in range(PASSES):
        began = time.thread_time()
        for _ in range(count):
            _call(app, path)
        passes.append((time.thread_time() - began) / count * 1e6)
    return min(passes)


def _call(app: Application, path: str) -> None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "page=2",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": "Mozilla/5.0",
        "HTTP_COOKIE": "theme=dark",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    response = app(environ, _start_response)
    for _ in response:
        continue
    response.close()


def _start_response(*_: object) -> None:
    return None


if __name__ == "__main__":
    framework, who, percent, path, count = sys.argv[1:]
    made = application(framework, Setup(who, int(percent)), nowhere())
    # Of a view that raises, the frameworks write to stderr through logging; that is part of it.
    print(_measured(made, path, int(count)))
