"""Run an audit: a collector here, the application in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Final

from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.loopback import Refusal
from telemetry_core.audit.records import keep
from telemetry_core.audit.target import AuditError, NotStarted, Options, Route
from telemetry_core.collector import Collector, Received, Store

MOST_REQUESTS: Final = 500_000
MOST_BYTES: Final = 2 * 1024**3

Progress = Callable[[str, int, int], None]
"""Called with a route, how many were done before it, and how many are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to audit."""

    framework: str
    """A key of `telemetry_core.audit.target.DRIVERS`."""
    name: str
    """What the framework loads: a settings module, ``module:factory``, ``module:attribute``."""
    options: Options = field(default_factory=Options)
    allow_hosts: Sequence[str] = ()
    """Hosts that the application may reach all the same, with or without a port."""
    timeout: float = 600.0
    """Seconds after which the application's process is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one run."""

    framework: str
    received: Sequence[Received]
    routes: Sequence[Route]
    calls: int
    errors: int
    """Calls that the application did not answer, or with a status of 5xx."""
    refused: Sequence[Refusal]
    """Connections that it tried to make. Each address once for each place in the code."""
    notes: Sequence[str]
    switched_off: Sequence[str]
    """Detectors that its settings switch off."""


def run_audit(
    order: Order,
    canaries: Canaries,
    *,
    baseline: bool = False,
    progress: Progress = lambda *_: None,
) -> Run:
    """Run the application with values planted, and return what it sent.

    :param baseline: run it with ``sentry_sdk.init()`` in place of telemetry.
    :raises AuditError: when it can't be run; says why.
    """
    store = Store(max_count=MOST_REQUESTS, max_bytes=MOST_BYTES)
    with Collector(store=store) as collector, tempfile.TemporaryFile() as log:
        given = {
            "framework": order.framework,
            "name": order.name,
            "dsn": collector.dsn,
            "baseline": baseline,
            "options": asdict(order.options),
            "canaries": dict(canaries.values),
            "allow_hosts": list(order.allow_hosts),
            "sys_path": sys.path,
        }
        told = _told_by_probe(given, log, order.timeout, progress)
        collector.body()  # raises when not all is there
        for each in told:
            if _is(each, "record"):
                keep(store, each["handler"], each["fields"])
        received = list(store)
    done = told[-1]
    return Run(
        framework=done["framework"],
        received=received,
        routes=[Route(**route) for route in done["routes"]],
        calls=done["calls"],
        errors=done["errors"],
        refused=list(dict.fromkeys(_refusal(each) for each in told if _is(each, "refused"))),
        notes=done["notes"],
        switched_off=done["switched_off"],
    )


def _told_by_probe(
    given: Mapping[str, Any], log: IO[bytes], timeout: float, progress: Progress
) -> list[dict[str, Any]]:
    """Run the probe and return all it tells, the last of which is that it is done."""
    # Its own group: a Ctrl-C in the terminal is for this process, which then ends that one.
    process = subprocess.Popen(
        [sys.executable, "-m", "telemetry_core.audit"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018
    watch = threading.Timer(timeout, process.kill)
    watch.start()
    told: list[dict[str, Any]] = []
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(given).encode() + b"\n")
            process.stdin.close()
        for line in process.stdout:
            each = json.loads(line)
            if _is(each, "visiting"):
                progress(each["pattern"], each["done"], each["of"])
            else:
                told.append(each)
        process.wait()
    finally:
        is_late = not watch.is_alive()
        watch.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    if is_late:
        raise AuditError(
            f"The application was not done after {timeout:g} s and was ended. "
            "--timeout gives it more."
        )
    if not told or not _is(told[-1], "done"):
        raise _failure(told, log)
    return told


def _refusal(told: Mapping[str, Any]) -> Refusal:
    return Refusal(**{name: value for name, value in told.items() if name != "kind"})


def _is(told: Mapping[str, Any], kind: str) -> bool:
    return bool(told["kind"] == kind)


def _failure(told: Sequence[Mapping[str, Any]], log: IO[bytes]) -> AuditError:
    last = told[-1] if told else {"kind": "nothing"}
    if _is(last, "failed"):
        return (AuditError if last["is_ours"] else NotStarted)(str(last["text"]))
    log.seek(0)
    tail = log.read().decode("utf-8", "replace").strip().splitlines()[-12:]
    return NotStarted("\n".join(["its process ended early. Its last words:", *tail]))
