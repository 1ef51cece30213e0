"""``telemetry inspect``: what it prints, how it starts and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

from collecting import envelope, send

from telemetry_core.cli.exits import Exit
from telemetry_core.collector import Collector

DOCS = (Path(__file__).parents[2] / "docs" / "inspect.md").read_text(encoding="utf-8")

SENT = envelope(
    (
        {"type": "event"},
        json.dumps(
            {
                "level": "error",
                "exception": {
                    "values": [{"type": "ValueError", "value": "no mail to [EMAIL] today"}]
                },
                "_meta": {
                    "exception": {
                        "values": {"0": {"value": {"": {"rem": [["email", "s", 11, 18]]}}}}
                    }
                },
            }
        ).encode(),
    ),
    ({"type": "check_in"}, b'{"monitor_slug": "nightly-import", "status": "ok"}'),
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "telemetry_core", "inspect", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )


def _welcomed(process: subprocess.Popen[str]) -> tuple[str, int]:
    """Return what is printed until items can come, and the port."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("Waiting"):
            break
    port = re.search(r"127\.0\.0\.1:([0-9]+)/", "".join(lines))
    assert port is not None, lines
    return "".join(lines), int(port[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_what_the_docs_show_and_ends_when_told_to(number: int, tmp_path: Path) -> None:
    """Page, DSN and what to set; a line for each item; exit code 0."""
    with _command("--port", "0", "--keep", str(tmp_path)) as process:
        try:
            welcome, port = _welcomed(process)
            send(port, SENT)
            assert process.stdout is not None
            lines = process.stdout.readline() + process.stdout.readline()
            process.send_signal(number)
            rest, farewell = process.communicate(timeout=60)
            assert (process.returncode, rest) == (Exit.OK, "")
        finally:
            process.kill()
    shown = (welcome + lines + farewell).replace(f":{port}/", ":8990/")
    times = r"(?m)^[0-9:]{8}(?=  )"
    (kept,) = re.findall(r"\$ telemetry inspect\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    assert re.sub(times, "TIME", shown) == re.sub(times, "TIME", kept)
    assert len(list(tmp_path.glob("*.envelope"))) == 1


def test_each_item_is_a_line_of_json_for_other_programs() -> None:
    """Payload and remarks; when the reader goes away, it ends."""
    with _command("--port", "0", "--json") as process:
        try:
            _, port = _welcomed(process)
            send(port, SENT)
            assert process.stdout is not None
            first, second = (json.loads(process.stdout.readline()) for _ in range(2))
            process.stdout.close()
            with suppress(OSError):  # it may end before it has answered
                send(port, SENT)
            assert process.wait(timeout=60) == Exit.PIPE_CLOSED
        finally:
            process.kill()
    assert (first["type"], first["remarks"][0]["rule"]) == ("event", "email")
    assert second["payload"]["monitor_slug"] == "nightly-import"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "loopback address"),
        (["--port", "TAKEN"], "another port"),
        (["--port", "70000"], "another port"),
        (["--port", "0", "--keep", "/dev/null/x"], "folder to keep envelopes in"),
    ],
)
def test_it_says_why_it_can_not_start(
    collector: Collector, arguments: list[str], says: str
) -> None:
    """One sentence, no traceback, a code of its own."""
    arguments = [str(collector.port) if part == "TAKEN" else part for part in arguments]
    with _command(*arguments) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == Exit.IMPOSSIBLE
    assert says in err
    assert "Traceback" not in err
    assert out == ""


def test_what_was_received_does_not_steer_the_terminal() -> None:
    """A name with control characters is shown without them."""
    with _command("--port", "0") as process:
        try:
            _, port = _welcomed(process)
            send(port, envelope(({"type": "event"}, json.dumps({"message": "a\x1b[2Jb"}).encode())))
            assert process.stdout is not None
            assert process.stdout.readline().endswith("a\ufffd[2Jb\n")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        finally:
            process.kill()
