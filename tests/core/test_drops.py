"""What was dropped is counted, and told once in a while without any of its content."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from telemetry_core.drops import LOGGER_NAME, SECONDS_BETWEEN_LOGS, Drops


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, logger=LOGGER_NAME):
        yield caplog


def test_counts_are_by_reason_and_kind() -> None:
    """Each pair of reason and kind has its own count; a quantity counts as that many."""
    drops = Drops(clock=Clock())
    drops.count("filter_error", "event")
    drops.count("filter_error", "event", error=ValueError("jane@example.com"))
    drops.count("filter_error", "log", quantity=40)
    drops.count("consent", "event")
    assert drops.counts() == {
        ("filter_error", "event"): 2,
        ("filter_error", "log"): 40,
        ("consent", "event"): 1,
    }


def test_counts_are_a_copy() -> None:
    """Who changes what counts() returned changes no count."""
    drops = Drops(clock=Clock())
    drops.count("consent", "event")
    drops.counts().clear()
    assert drops.counts() == {("consent", "event"): 1}


def test_each_reason_is_logged_once_a_minute(logged: pytest.LogCaptureFixture) -> None:
    """However many are dropped, a pair of reason and kind is told once in that time."""
    clock = Clock()
    drops = Drops(clock=clock)
    for _ in range(1_000):
        drops.count("filter_error", "event")
    drops.count("filter_error", "log")
    assert len(logged.messages) == 2
    clock.now += SECONDS_BETWEEN_LOGS - 0.001
    drops.count("filter_error", "event")
    assert len(logged.messages) == 2
    clock.now += 0.001
    drops.count("filter_error", "event")
    assert len(logged.messages) == 3
    assert "1002 so far" in logged.messages[-1]


def test_a_log_says_reason_kind_type_and_number_and_nothing_else(
    logged: pytest.LogCaptureFixture,
) -> None:
    """Of an exception only its type is told: its message may quote what was dropped."""
    error = ValueError("can't read jane@example.com")
    error.add_note("sent by Jane Doe")
    Drops(clock=Clock()).count("filter_error", "event", error=error)
    (record,) = logged.records
    assert record.getMessage() == "dropped event: filter_error (ValueError), 1 so far"
    assert record.exc_info is None
    assert not any(isinstance(value, BaseException) for value in vars(record).values())


def test_what_went_wrong_is_a_warning_and_what_was_decided_is_not(
    logged: pytest.LogCaptureFixture,
) -> None:
    """A drop for want of consent is no fault; a drop because of an exception is one."""
    drops = Drops(clock=Clock())
    drops.count("consent", "event")
    drops.count("filter_error", "event", error=ValueError())
    assert [record.levelno for record in logged.records] == [logging.INFO, logging.WARNING]


def test_many_threads_lose_no_count_and_log_once(logged: pytest.LogCaptureFixture) -> None:
    """Sixteen threads that count at once are all counted, and the first one is told of."""
    drops = Drops(clock=Clock())
    barrier = threading.Barrier(16)

    def work() -> None:
        barrier.wait(60)
        for _ in range(500):
            drops.count("filter_error", "event")

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert drops.counts() == {("filter_error", "event"): 8_000}
    assert len(logged.messages) == 1


class Raising(logging.Handler):
    """A handler of the application's that fails at every record."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("the disk is full")


def test_a_handler_that_raises_does_not_reach_the_caller() -> None:
    """Counting never raises, whatever the application's logging does with the line."""
    logger = logging.getLogger(LOGGER_NAME)
    handler = Raising()
    logger.addHandler(handler)
    try:
        drops = Drops(clock=Clock())
        drops.count("filter_error", "event", error=ValueError())
    finally:
        logger.removeHandler(handler)
    assert drops.counts() == {("filter_error", "event"): 1}


class Counting(logging.Handler):
    """A handler that itself makes something be dropped, as one that sends telemetry may."""

    def __init__(self, drops: Drops) -> None:
        super().__init__()
        self.drops = drops

    def emit(self, record: logging.LogRecord) -> None:
        self.drops.count("filter_error", "event", error=ValueError())


def test_a_handler_that_drops_something_itself_neither_hangs_nor_loops() -> None:
    """No lock is held while a line is logged, and the line is not logged again."""
    logger = logging.getLogger(LOGGER_NAME)
    drops = Drops(clock=Clock())
    handler = Counting(drops)
    logger.addHandler(handler)
    try:
        drops.count("filter_error", "event", error=ValueError())
    finally:
        logger.removeHandler(handler)
    assert drops.counts() == {("filter_error", "event"): 2}


def test_its_repr_shows_counts_alone() -> None:
    """What a debugger or a log shows of it is what counts() returns."""
    drops = Drops(clock=Clock())
    drops.count("consent", "event", error=ValueError("jane@example.com"))
    assert repr(drops) == "Drops({('consent', 'event'): 1})"
