"""What telemetry adds to a Flask request: python -m benchmarks.requests_flask [--rounds 7].

A hello-world view is called through the WSGI application, with no server and no network in
between. Each set-up runs in a process of its own, in turns, so that a machine that slows down slows
all of them; of the rounds the median counts. Nothing is sent: the transport throws away what it
gets.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SETUPS = ("none", "ours", "theirs", "ours-10", "theirs-10", "ours-100", "theirs-100")
DSN = "http://c0113c70c0113c70c0113c70c0113c70@127.0.0.1:9/1"
PASSES = 5
"""Timed runs in a process; the fastest counts, as only disturbance makes one slower."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=1000, help="in each pass")
    parser.add_argument("--path", default="/hello/7", help="/hello/7 or /error/7")
    parser.add_argument("--setups", nargs="*", default=list(SETUPS), choices=SETUPS)
    parser.add_argument("--child", choices=SETUPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(measure(options.child, options.path, options.requests))
        return
    times: dict[str, list[float]] = {setup: [] for setup in options.setups}
    for _ in range(options.rounds):
        for setup, measured in times.items():
            measured.append(_in_a_process(setup, options.path, options.requests))
    base = statistics.median(times["none"]) if "none" in times else 0.0
    print(f"{options.path}, microseconds a request, median of {options.rounds}")
    for setup, measured in times.items():
        added = statistics.median(measured) - base
        theirs = setup.replace("ours", "theirs")
        share = ""
        if setup.startswith("ours") and theirs in times:
            share = f"  {added / (statistics.median(times[theirs]) - base):.3f} of {theirs}"
        print(f"{setup:>12} {base + added:9.1f}  +{added:8.1f}{share}")


def measure(setup: str, path: str, count: int) -> float:
    """Return the microseconds that a request takes in this process."""
    application = _application(setup)
    for _ in range(200):
        _call(application, path)
    passes: list[float] = []
    for _ in range(PASSES):
        began = time.perf_counter()
        for _ in range(count):
            _call(application, path)
        passes.append((time.perf_counter() - began) / count * 1e6)
    return min(passes)


def _in_a_process(setup: str, path: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.requests_flask", "--child", setup]
    done = subprocess.run(
        [*command, "--path", path, "--requests", str(count)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.split()[-1])


def _call(application: Callable[..., Any], path: str) -> None:
    environ = {
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
    response = application(environ, _start_response)
    for _ in response:
        continue
    response.close()


def _start_response(*_: object) -> None:
    return None


def _application(setup: str) -> Callable[..., Any]:
    for name in [name for name in os.environ if name.startswith(("SENTRY_", "TELEMETRY_"))]:
        del os.environ[name]
    who, _, percent = setup.partition("-")
    rate = int(percent or 0) / 100
    if who == "theirs":
        import sentry_sdk

        sentry_sdk.init(dsn=DSN, traces_sample_rate=rate or None, transport=_nowhere())

    from flask import Flask

    app = Flask(__name__)
    if who == "ours":
        from telemetry_flask import Telemetry

        app.config.update(
            TELEMETRY_ENABLED=True,
            TELEMETRY_DSN=DSN,
            TELEMETRY_ENVIRONMENT="production",
            TELEMETRY_TRACES_SAMPLE_RATE=rate,
            TELEMETRY_PROFILES_SAMPLE_RATE=0.0,
            TELEMETRY_SENTRY_OPTIONS={"transport": _nowhere()},
        )
        Telemetry(app)

    @app.get("/hello/<int:number>")
    def hello(number: int) -> str:
        return f"hello {number}"

    @app.get("/error/<int:number>")
    def error(number: int) -> str:
        raise ValueError(f"no {number}")

    return app


def _nowhere() -> Any:
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:  # noqa: ARG002
            # What the worker's thread does is not the request's time.
            return None

    return Nowhere


if __name__ == "__main__":
    main()
