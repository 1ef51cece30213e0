"""Under the servers and commands that people run Django with, in processes of their own."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from django_processes import python, telemetry_variables
from leaks import assert_nothing_leaked
from processes import children_of, free_port, running, wait_until

from telemetry_core.collector import Collector
from telemetry_core.session import ID_FORM

NAME = "Wilhelmina"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as started:
        yield started


def events(collector: Collector) -> list[dict[str, Any]]:
    found = [item.json for item in collector.items("event")]
    return [event for event in found if isinstance(event, dict)]


def wait_for(collector: Collector, count: int) -> list[dict[str, Any]]:
    """Return the events when there are ``count``, and a moment after that no more."""
    collector.wait_for(lambda: len(events(collector)) >= count, timeout=60)
    time.sleep(0.3)
    arrived = events(collector)
    assert len(arrived) == count, [describe(event) for event in arrived]
    return arrived


def describe(event: dict[str, Any]) -> tuple[str, str]:
    if "exception" in event:
        return event.get("transaction", ""), event["exception"]["values"][-1]["value"]
    message = event["message"] if "message" in event else event["logentry"]["formatted"]
    return event.get("transaction", ""), message


def pids_of(events: list[dict[str, Any]]) -> set[int]:
    return {
        int(event["tags"]["process.pid"])
        for event in events
        if "process.pid" in event.get("tags", {})
    }


def get(port: int, path: str) -> tuple[int, bytes]:
    """Ask for a page; of a body that breaks off return what came."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        try:
            return response.status, response.read()
        except IncompleteRead as error:
            return response.status, error.partial
        except HTTPException:
            return response.status, b""
    finally:
        connection.close()


def hang_up(port: int, path: str, *, after: bytes) -> None:
    """Ask for a page and go away, once ``after`` has come (or at once when it is empty)."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while after not in received:
            received += connection.recv(1000)
        time.sleep(0.2)


def gunicorn(port: int, *options: str) -> list[str]:
    # Newer versions make a socket in the home folder; older ones don't know the option.
    config = importlib.import_module("gunicorn.config")
    known = {setting.name for setting in config.KNOWN_SETTINGS}
    quiet = ["--no-control-socket"] if "control_socket_disable" in known else []
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *quiet, *options]
    return [*command, "django_site.wsgi"]


def uvicorn(port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", f"--port={port}", "django_site.asgi:application"]


SERVERS: list[tuple[Callable[[int], list[str]], str, str]] = [
    (lambda port: gunicorn(port, "--access-logfile=-"), "stream-error", "gunicorn"),
    (
        lambda port: gunicorn(port, "--threads=2", "--access-logfile=-"),
        "stream-error",
        "gunicorn with threads",
    ),
    (uvicorn, "astream-error", "uvicorn"),
]


@pytest.mark.parametrize(
    ("command", "stream"), [row[:2] for row in SERVERS], ids=[row[2] for row in SERVERS]
)
def test_errors_arrive_once_though_the_server_logs_them_too(
    command: Callable[[int], list[str]], stream: str, collector: Collector, tmp_path: Path
) -> None:
    """A view's, and a body's that breaks off; nothing of the server's access log comes along."""
    port = free_port()
    variables = telemetry_variables(collector.dsn)
    with running(command(port), log=tmp_path / "log", environment=variables, port=port):
        assert get(port, f"/sync/{NAME}/")[0] == 500
        assert get(port, f"/{stream}/{NAME}/") == (200, b"one")
        assert get(port, f"/ok/{NAME}/") == (200, b"ok")
        arrived = wait_for(collector, 2)
    assert [describe(event) for event in arrived] == [
        ("/sync/<str:name>/", "no [INPUT]"),
        (f"/{stream}/<str:name>/", "no [INPUT]"),
    ]
    assert arrived[0]["user"] != arrived[1]["user"]
    assert_nothing_leaked(collector, [NAME])


def test_telemetry_works_in_every_process_that_a_preloading_server_forks(
    collector: Collector, tmp_path: Path
) -> None:
    """The parent's threads are gone there and its connection is not the child's: all arrive."""
    port = free_port()
    variables = telemetry_variables(collector.dsn, SITE_SAYS_HELLO="1")
    command = gunicorn(port, "--preload", "--workers=2")
    with running(command, log=tmp_path / "log", environment=variables, port=port) as process:
        wait_until(lambda: len(children_of(process.pid)) == 2, "both workers run")
        workers = children_of(process.pid)
        count = 1
        arrived = wait_for(collector, count)
        # Which of them is asked is chance.
        while pids_of(events(collector)) != workers:
            assert count < 400
            with ThreadPoolExecutor(8) as pool:
                for status, _ in pool.map(lambda _: get(port, f"/process/{NAME}/"), range(20)):
                    assert status == 500
                    count += 1
            arrived = wait_for(collector, count)
    hello, *failed = arrived
    assert describe(hello)[1] == "loaded"
    assert len({event["user"]["id"] for event in failed}) == count - 1
    assert_nothing_leaked(collector, [NAME])


def test_visitors_who_hang_up_are_no_errors_under_uvicorn(
    collector: Collector, tmp_path: Path
) -> None:
    """Django cancels the view or the stream; the next request knows nothing of it."""
    port = free_port()
    variables = telemetry_variables(collector.dsn)
    with running(uvicorn(port), log=tmp_path / "log", environment=variables, port=port):
        hang_up(port, "/slow/Ottoline/", after=b"")
        hang_up(port, "/slow-stream/Ottoline/", after=b"one")
        assert get(port, f"/async/{NAME}/")[0] == 500
        (event,) = wait_for(collector, 1)
    assert describe(event) == ("/async/<str:name>/", "no [INPUT]")
    assert event.get("breadcrumbs", {"values": []}) == {"values": []}
    assert_nothing_leaked(collector, [NAME, "Ottoline"])


def test_runserver_reports_once_and_again_after_it_reloaded(
    collector: Collector, tmp_path: Path
) -> None:
    """Its reloader runs the site in a second process; only that one is asked."""
    port = free_port()
    settings = tmp_path / "reloaded_settings.py"
    settings.write_text("from django_settings import *\n")
    variables = telemetry_variables(collector.dsn, DJANGO_SETTINGS_MODULE="reloaded_settings")
    variables["PYTHONPATH"] = os.pathsep.join([str(tmp_path), variables["PYTHONPATH"]])
    command = [sys.executable, "-m", "django", "runserver", f"127.0.0.1:{port}", "--skip-checks"]
    log = tmp_path / "log"
    with running(command, log=log, environment=variables, port=port):
        assert get(port, f"/process/{NAME}/")[0] == 500
        (first,) = wait_for(collector, 1)
        settings.write_text("from django_settings import *\nRELOADED = True\n")
        until = time.monotonic() + 60
        while (
            len(arrived := events(collector)) < 2
            or len({event["tags"]["process.pid"] for event in arrived}) < 2
        ):
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.3)
            try:
                get(port, f"/process/{NAME}/")
            except (OSError, HTTPException):
                continue
    assert {describe(event) for event in events(collector)} == {
        ("/process/<str:name>/", "no [INPUT]")
    }
    assert len({event["user"]["id"] for event in events(collector)}) == len(events(collector))
    assert first["environment"] == "testing"


COMMANDS = [
    ("bug", 1, ["the command failed"], "a bug in it"),
    ("job", 1, ["the command failed"], "a bug in one that is a job"),
    ("usage", 1, [], "a mistake of its user's, which Django prints"),
]


@pytest.mark.parametrize(
    ("how", "status", "expected"), [row[:3] for row in COMMANDS], ids=[row[3] for row in COMMANDS]
)
def test_an_error_in_a_management_command_arrives_once(
    how: str, status: int, expected: list[str], collector: Collector
) -> None:
    """Through the interpreter's hook, and before the process is gone."""
    variables = telemetry_variables(collector.dsn)
    done = python("-m", "django", "fail", f"--how={how}", variables=variables)
    assert done.returncode == status
    arrived = wait_for(collector, len(expected))
    assert [describe(event)[1] for event in arrived] == expected
    if how == "job":
        # A session of its own, and a name.
        assert arrived[0]["transaction"] == "nightly-import"
        assert ID_FORM.fullmatch(arrived[0]["user"]["id"])
    if expected:
        assert "ValueError: the command failed" in done.stderr
