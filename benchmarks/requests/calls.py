"""Requests with no server and no network: the application is called in a process of its own.

The processes of all set-ups stand ready and take turns of a few requests, so that whatever slows
the machine down slows all of them alike. What counts is the time of the calling thread, which waits
for nothing: not what other programs and a sender's thread take away.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from benchmarks.requests.apps import Application, application
from benchmarks.requests.setups import Setup, nowhere

ROOT = Path(__file__).resolve().parent.parent.parent
WARM_UP = 10
"""Turns of which the time does not count: then everything has been imported and filled."""


def microseconds(
    framework: str, setups: Sequence[Setup], counts: Mapping[str, int], turns: int
) -> Iterator[tuple[str, dict[Setup, float]]]:
    """Yield what a request for a path takes with each set-up, turn by turn.

    :param counts: how many requests for each path a turn has.
    """
    with ExitStack() as stack:
        callers = {setup: stack.enter_context(_caller(framework, setup)) for setup in setups}
        for path, count in counts.items():
            for turn in range(WARM_UP + turns):
                taken = {
                    setup: caller.microseconds(path, count) for setup, caller in callers.items()
                }
                if turn >= WARM_UP:
                    yield path, taken


@dataclass(frozen=True, slots=True)
class _Caller:
    """A process that makes requests when it is asked to."""

    asked: IO[str]
    answers: IO[str]
    errors: IO[bytes]

    def microseconds(self, path: str, count: int) -> float:
        self.asked.write(f"{path} {count}\n")
        answer = self.answers.readline()
        if not answer:
            self.errors.seek(0)
            raise SystemExit(self.errors.read().decode(errors="replace"))
        return float(answer)


@contextmanager
def _caller(framework: str, setup: Setup) -> Iterator[_Caller]:
    command = [sys.executable, "-m", "benchmarks.requests.calls"]
    # Of a view that raises, the frameworks write to stderr through logging; that is part of it.
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            [*command, framework, setup.who, str(setup.percent)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            bufsize=1,
        )
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                yield _Caller(process.stdin, process.stdout, errors)
            finally:
                process.kill()


def _answer(app: Application) -> None:
    for line in sys.stdin:
        path, count = line.split()
        began = time.thread_time()
        for _ in range(int(count)):
            _call(app, path)
        print((time.thread_time() - began) / int(count) * 1e6, flush=True)


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
    framework, who, percent = sys.argv[1:]
    _answer(application(framework, Setup(who, int(percent)), nowhere()))
