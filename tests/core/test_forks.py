"""A forked process sends what is its own, all of it, and nothing of its parent's."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from telemetry_core import initialize_telemetry, shutdown_telemetry
from telemetry_core.collector import Collector
from telemetry_core.settings import Settings

# A process of its own: one with threads, as a test's is, may not be forked without a warning.
PROGRAM = """
import os, sys, time
from telemetry_core import get_telemetry_config, initialize_telemetry

initialize_telemetry(
    dsn=sys.argv[1], enabled=True, environment="testing", release="1",
    traces_sample_rate=0.0, profiles_sample_rate=0.0,
)
telemetry = get_telemetry_config()
telemetry.capture_message("parent")
telemetry.flush()
# Its sender waits for more now, as that of a server does when it forks its workers.
time.sleep(0.1)
# A thread runs until it waits: a child's sender is at its queue before the first event is.
sys.setswitchinterval(60)
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        telemetry.capture_message(f"child {number}")
        # Nothing else happens until the event was seen to arrive: not even a flush.
        sys.stdin.read()
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_single_event_of_a_forked_process_arrives() -> None:
    """It waits for no second one to wake its sender, whatever its parent's was waiting for."""
    expected = ["child 0", "child 1", "child 2", "parent"]
    with Collector() as collector:
        # Newer Pythons warn of forks beside threads, which is what this is about.
        command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning"]
        process = subprocess.Popen(
            [*command, "-c", PROGRAM, collector.dsn],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            collector.wait_for(lambda: len(collector.items("event")) >= 4, timeout=60)
        finally:
            _, errors = process.communicate("", timeout=60)
        assert process.returncode == 0, errors
        messages = [item.json["message"] for item in collector.items("event")]
    assert sorted(messages) == expected


def test_a_transport_that_cannot_begin_anew_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, raises nothing, and sends over what there is."""

    def fail() -> None:
        raise OSError("no more sockets for jane@example.com")

    with Collector() as collector:
        settings = Settings(enabled=True, dsn=collector.dsn, traces_sample_rate=0.0)
        config = initialize_telemetry(settings=settings)
        try:
            transport: Any = config.client.transport
            transport._process = -1
            transport._make_pool = fail
            config.capture_message("hello")
            config.flush()
        finally:
            shutdown_telemetry()
        assert [item.json["message"] for item in collector.items("event")] == ["hello"]
    assert config.drops.counts() == {("fork_error", "client"): 1}
    assert "jane" not in caplog.text
