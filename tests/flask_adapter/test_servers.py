"""Real processes: Flask's commands, its development server, and gunicorn."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from flask_processes import flask, telemetry_variables
from processes import free_port, running, wait_until

from telemetry_core.collector import Collector

NAME = "Wilhelmina"
FRIEND = "Ottokar"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as listening:
        yield listening


def get(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def events(collector: Collector, count: int) -> list[dict[str, Any]]:
    """Return the events, once there are at least ``count``."""
    wait_until(lambda: len(collector.items("event")) >= count, f"{count} events arrive")
    found = [item.json for item in collector.items("event")]
    assert all(isinstance(event, dict) for event in found)
    return found


def test_a_command_that_fails_is_reported_once(collector: Collector) -> None:
    """`flask command`: its error arrives before the process has ended, without its arguments."""
    done = flask("fail", NAME, variables=telemetry_variables(collector.dsn))
    assert done.returncode == 1
    assert "the command broke" in done.stderr
    (event,) = events(collector, 1)
    assert event["exception"]["values"][-1]["value"] == "the command broke"
    assert event["breadcrumbs"]["values"][-1]["message"] == "about to fail"
    assert NAME.encode() not in collector.body()


def test_a_command_that_is_used_wrongly_is_no_error(collector: Collector) -> None:
    """Click's own complaints are for whoever typed it."""
    assert flask("fail", variables=telemetry_variables(collector.dsn)).returncode == 2
    assert collector.items() == []


MODES = [
    (("--debug",), "development", "flask run --debug"),
    ((), "production", "flask run"),
]


@pytest.mark.parametrize(
    ("arguments", "environment"), [row[:2] for row in MODES], ids=[row[2] for row in MODES]
)
def test_the_development_server_reports_once(
    collector: Collector, arguments: tuple[str, ...], environment: str, tmp_path: Path
) -> None:
    """It logs the traceback or the request itself, which makes no second event."""
    port = free_port()
    variables = telemetry_variables(collector.dsn, TELEMETRY_ENVIRONMENT="")
    command = [sys.executable, "-m", "flask", "--app", "flask_site", "run", f"--port={port}"]
    with running(
        [*command, "--no-reload", *arguments],
        log=tmp_path / "log",
        environment=variables,
        port=port,
    ):
        assert get(port, f"/sync/{NAME}") == 500
        events(collector, 1)
        assert get(port, "/print/sync/7") == 500
        found = events(collector, 2)
    assert [event["transaction"] for event in found] == ["/sync/<name>", "/print/sync/<name>"]
    assert {event["environment"] for event in found} == {environment}
    assert NAME.encode() not in collector.body()


def test_gunicorn_with_threads_keeps_requests_apart(collector: Collector, tmp_path: Path) -> None:
    """Every error once, each with its session; its access log and its own errors say nothing.

    Nor do they to the machine's own log, once gunicorn has our formatter.
    """
    configuration = tmp_path / "gunicorn.conf.py"
    configuration.write_text(
        "from telemetry_core.logging import SERVER_LOGGING\nlogconfig_dict = SERVER_LOGGING\n"
    )
    with gunicorn(collector, tmp_path, "--threads=8", f"--config={configuration}") as port:
        targets = [f"/sync/{NAME}{number}?friend={FRIEND}" for number in range(16)]
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda target: get(port, target), targets)) == {500}
        events(collector, 16)
        broken = HTTPConnection("127.0.0.1", port, timeout=60)
        broken.request("GET", f"/stream/{NAME}", headers={"User-Agent": FRIEND, "Referer": FRIEND})
        with suppress(HTTPException, OSError):  # a server may also end the body in good order
            broken.getresponse().read()
        broken.close()
        found = events(collector, 17)
    assert len(found) == 17
    assert len({event["user"]["id"] for event in found}) == 17
    assert {event["transaction"] for event in found} == {"/sync/<name>", "/stream/<name>"}
    assert not any(event.get("breadcrumbs", {}).get("values") for event in found)
    assert NAME.encode() not in collector.body()
    log = (tmp_path / "log").read_text()
    assert not [planted for planted in (NAME, FRIEND, "127.0.0.1") if planted in log]
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert len(lines) == len(log.splitlines())
    answered = [line for line in lines if line["logger"] == "gunicorn.access"]
    assert [line["message"] for line in answered if line["status"] == 500] == ["GET 500"] * 16
    assert all(0 <= line["duration_ms"] < 60_000 for line in answered)
    (failed,) = [line for line in lines if "exception" in line and "gunicorn" in line["logger"]]
    assert failed["message"].startswith("Error handling request")
    assert failed["exception"].endswith("builtins.ValueError")
    assert any("flask_site" in line["logger"] for line in lines), "and the application's own"


def test_gunicorn_reports_from_every_child_that_it_forked(
    collector: Collector, tmp_path: Path
) -> None:
    """``--preload``: telemetry is set up before the fork and works in each worker after it."""
    variables = {"TELEMETRY_TRACES_SAMPLE_RATE": "1.0"}
    with gunicorn(collector, tmp_path, "--preload", "--workers=3", **variables) as port:
        # Each connection is taken by whichever worker is free.
        with ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(lambda _: get(port, f"/sync/{NAME}"), range(30)))
        assert set(statuses) == {500}
        found = events(collector, 30)
        wait_until(lambda: len(collector.items("transaction")) >= 30, "30 transactions arrive")
    assert len(found) == 30
    assert len({event["user"]["id"] for event in found}) == 30
    assert NAME.encode() not in collector.body()


@contextmanager
def gunicorn(
    collector: Collector, folder: Path, *arguments: str, **variables: str
) -> Iterator[int]:
    """Run gunicorn with the site for the length of the block, and give its port."""
    port = free_port()
    given = telemetry_variables(collector.dsn, **variables)
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *arguments]
    with running([*command, "flask_site:app"], log=folder / "log", environment=given, port=port):
        yield port


def test_a_server_that_is_not_there_holds_nothing_up(tmp_path: Path) -> None:
    """An unreachable collector: the application answers, and ends, undisturbed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    dsn = f"http://c0113c70c0113c70c0113c70c0113c70@127.0.0.1:{port}/1"
    done = flask("fail", NAME, variables=telemetry_variables(dsn))
    assert done.returncode == 1
    assert "the command broke" in done.stderr
