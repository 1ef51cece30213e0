"""Crash-free rates: requests are counted by the minute, and nobody in them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from capturing import telemetry
from leak_matrix import Visitor

from telemetry_core.config import TelemetryConfig
from telemetry_core.outcomes import Outcomes
from telemetry_core.request import Request


def run(config: TelemetryConfig, *, error: Exception | None = None, handled: bool = False) -> None:
    request = Request(config, Visitor(sent="jane"))
    request.enter()
    if error is not None and handled:
        config.capture_exception(error)
    elif error is not None:
        request.capture(error)
    request.finish()
    request.leave()


def test_requests_are_counted_by_how_they_ended() -> None:
    """One aggregate a minute, with a count for each outcome and no id."""
    with telemetry(release="1.2.3") as running:
        for _ in range(3):
            run(running.config)
        run(running.config, error=ValueError("x"), handled=True)
        run(running.config, error=KeyError("y"))
        running.config.flush()
        running.config.client.session_flusher.flush()
        [sessions] = running.kept.payloads("sessions")
    counts: dict[str, int] = {}
    for aggregate in sessions["aggregates"]:
        assert set(aggregate) <= {"started", "exited", "errored", "crashed"}
        for name in set(aggregate) - {"started"}:
            counts[name] = counts.get(name, 0) + aggregate[name]
    assert counts == {"exited": 3, "errored": 1, "crashed": 1}
    assert sessions["attrs"] == {"release": "1.2.3", "environment": "testing"}


def test_without_a_release_nothing_is_counted() -> None:
    """The protocol has no place for it."""
    with telemetry(release=None) as running:
        run(running.config)
        running.config.client.session_flusher.flush()
        assert running.kept.payloads("sessions") == []


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_request_that_may_not_be_told_from_others_is_not_counted(header: str) -> None:
    """With a signal errors are sent and nothing else, not even a count."""

    class Signalling(Visitor):
        def header(self, name: str) -> str | None:
            return "1" if name == header else None

    with telemetry(release="1.2.3") as running:
        request = Request(running.config, Signalling(sent="jane"))
        request.enter()
        request.finish()
        request.leave()
        running.config.client.session_flusher.flush()
        assert running.kept.payloads("sessions") == []


def test_counting_can_be_switched_off() -> None:
    """By the SDK's own option."""
    with telemetry(release="1.2.3", sentry_options={"auto_session_tracking": False}) as running:
        run(running.config)
        running.config.client.session_flusher.flush()
        assert running.kept.payloads("sessions") == []


class Kept:
    """An aggregator that keeps what it is given."""

    def __init__(self) -> None:
        self.session_flusher = self
        self.added: list[Any] = []
        self.pending_aggregates: dict[Any, Any] = {}

    def add_session(self, session: Any) -> None:
        self.added.append(session)


def test_a_request_counts_for_the_minute_in_which_it_ended() -> None:
    """The minute is looked up when it changes, also backwards."""
    times = iter([1_800_000_059.0, 1_800_000_060.5, 1_800_000_119.9, 1_799_999_990.0])
    kept = Kept()
    outcomes = Outcomes(kept, release="1", environment="x", clock=lambda: next(times))
    for _ in range(4):
        outcomes.count("exited")
    starts = [session.truncated_started.isoformat() for session in kept.added]
    assert [start[11:19] for start in starts] == ["08:00:00", "08:01:00", "08:01:00", "07:59:00"]


def test_what_was_sent_is_not_sent_again_and_nothing_is_lost_between() -> None:
    """The aggregator begins anew each time it has sent; in several threads at once, too."""
    with telemetry(release="1.2.3") as running:

        def serve(_: int) -> None:
            for number in range(50):
                run(running.config, error=None if number % 5 else KeyError(number))

        with ThreadPoolExecutor(4) as pool:
            for _ in range(3):
                list(pool.map(serve, range(4)))
                running.config.client.session_flusher.flush()
        counts = Counter[str]()
        for sessions in running.kept.payloads("sessions"):
            for aggregate in sessions["aggregates"]:
                counts.update({name: aggregate[name] for name in aggregate.keys() - {"started"}})
    assert counts == {"exited": 3 * 4 * 40, "crashed": 3 * 4 * 10}
