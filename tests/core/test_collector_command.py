"""The collector from the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sentry_sdk

from telemetry_core.collector import (
    Collector,
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "telemetry_core.collector", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_listens_and_what_comes(number: int, tmp_path: Path) -> None:
    """It prints the page's address and the DSN, a line for each item, and ends when told to."""
    with _command("--port", "0", "--keep", str(tmp_path)) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            dsn = process.stdout.readline().split()[1]
            assert dsn.endswith(url.removeprefix("http://") + "1")
            client = sentry_sdk.Client(dsn=dsn, default_integrations=False)
            client.capture_event({"message": "hello"})
            client.close(timeout=5)
            line = next(line for line in process.stdout if "hello" in line)
            assert line.split()[1:] == ["event", "hello"]
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
    assert len(list(tmp_path.glob("*.envelope"))) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "loopback address"),
        (["--port", "TAKEN"], "another port"),
        (["--port", "70000"], "another port"),
        (["--port", "0", "--keep", "/dev/null/x"], "folder to keep envelopes in"),
    ],
)
def test_the_command_says_why_it_can_not_start(
    collector: Collector, arguments: list[str], says: str
) -> None:
    """One sentence, no traceback, exit code 2."""
    arguments = [str(collector.port) if part == "TAKEN" else part for part in arguments]
    with _command(*arguments) as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert says in err
    assert "Traceback" not in err
    assert out == ""
