"""What filtering a log line costs, and a boundary: ``python -m benchmarks.logs``.

A line is formatted by python-json-logger alone and by ours, which filters it: the same message,
with the same fields in the result. Rounds are interleaved, each with records that nobody has seen;
the garbage collector is off while the clock runs, for both alike. Of the rounds the median counts.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import logging
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from pythonjsonlogger.json import JsonFormatter as Theirs
from sentry_sdk.transport import Transport

from telemetry_core import error_boundary, initialize_telemetry, shutdown_telemetry
from telemetry_core.logging import CONTEXT_FIELDS, JsonFormatter
from telemetry_core.logging.lines import filtered_line
from telemetry_core.request import Request

BATCH = 100
"""Lines that are timed together."""
RUNS = 2_000
"""Runs of a boundary that are timed together."""

numbers = itertools.count(1_000)
WORDS = "amber birch cedar delta ember fjord grove heath islet jetty knoll lagoon maple".split()


def new_words() -> str:
    number = next(numbers)
    return " ".join(WORDS[int(digit)] for digit in str(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of line, and what of it is new each time."""

    name: str
    message: str
    arguments: Callable[[], tuple[object, ...]]
    extra: Callable[[], dict[str, object]] = dict
    is_failure: bool = False
    """Whether the traceback of an exception belongs to it."""


LINES = (
    Kind(name="like those before", message="order paid in full by card", arguments=lambda: ()),
    Kind(
        name="new numbers",
        message="order %d paid in %.1f ms, stock %d",
        arguments=lambda: (next(numbers), next(numbers) / 70, 12),
    ),
    Kind(name="new words", message="no stock of %s", arguments=lambda: (new_words(),)),
    Kind(
        name="a new path",
        message="GET %s 200",
        arguments=lambda: (f"/orders/{next(numbers)}/items/",),
    ),
    Kind(
        name="a value to remove",
        message="receipt sent to %s",
        arguments=lambda: (f"jane{next(numbers)}@example.com",),
    ),
    Kind(
        name="a value among new words",
        message="%s: receipt %d sent to %s",
        arguments=lambda: (new_words(), next(numbers), f"kim{next(numbers)}@example.com"),
    ),
    Kind(
        name="an IPv4 address",
        message="login from %s took %d ms",
        arguments=lambda: (f"198.51.100.{next(numbers) % 250}", next(numbers) % 1_000),
    ),
    Kind(
        name="extra fields, allowed",
        message="order paid in full by card",
        arguments=lambda: (),
        extra=lambda: {"operation": "export", "status_code": next(numbers) % 600, "status": "ok"},
    ),
    Kind(
        name="extra fields, not allowed",
        message="order paid in full by card",
        arguments=lambda: (),
        extra=lambda: {"customer": new_words(), "amount": next(numbers)},
    ),
    Kind(
        name="a traceback",
        message="order not paid",
        arguments=lambda: (),
        is_failure=True,
    ),
)


class Nowhere(Transport):
    """Sends nothing: what is sent is no part of these figures."""

    def capture_envelope(self, envelope: Any) -> None:
        pass


class Facts:
    """A request with a handful of what visitors send."""

    request: Any = None
    method = "POST"

    def header(self, name: str) -> str | None:  # noqa: ARG002  # a request of no headers
        return None

    def route(self) -> str | None:
        return "/checkout/<slug>/"

    def visitor_values(self) -> Iterator[str]:
        yield from ("Jane Roe", "jane.roe@example.org", "12 Long Street, Newtown", "blue-shoes")
        yield from ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101", "203.0.113.7")
        yield from ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "https://shop.example.com/?page=2")

    def user_values(self) -> Iterator[str]:
        yield "Jane Roe"

    def stamp(self) -> list[object]:
        return [self]

    def visitor_key(self) -> tuple[str, str] | None:
        return None


@contextmanager
def telemetry() -> Iterator[Any]:
    config = initialize_telemetry(
        dsn="https://key@telemetry.example/1",
        enabled=True,
        environment="benchmark",
        release="1.0",
        traces_sample_rate=0.0,
        profiles_sample_rate=0.0,
        sentry_options={"transport": Nowhere},
    )
    try:
        yield config
    finally:
        shutdown_telemetry()


@contextmanager
def in_request(config: Any) -> Iterator[None]:
    request = Request(config, Facts())
    request.enter()
    try:
        yield
    finally:
        request.finish()
        request.leave()


def record_of(kind: Kind) -> logging.LogRecord:
    record = logging.LogRecord(
        __name__, logging.INFO, __file__, 12, kind.message, kind.arguments(), None
    )
    vars(record).update(kind.extra())
    if kind.is_failure:
        try:
            pay(next(numbers))
        except ValueError as error:
            record.exc_info = (ValueError, error, error.__traceback__)
    return record


def pay(order: int) -> None:
    try:
        raise KeyError(order)
    except KeyError as error:
        raise ValueError(f"no order {order} of {new_words()}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians over the rounds."""

    ratio: float
    """Ours to theirs in the same round."""
    theirs: float
    """Microseconds of a line."""
    ours: float


def line_cost(kind: Kind, *, rounds: int, clock: Callable[[], float] = time.thread_time) -> Cost:
    """Return what a line of this kind costs where this is called."""
    fields = ("asctime", "levelname", "name", "message", *CONTEXT_FIELDS)
    ours, theirs = JsonFormatter(), Theirs(fields)
    taken: list[tuple[float, float]] = []
    for _ in range(3):
        ours.format(record_of(kind))
        theirs.format(record_of(kind))
    context = filtered_line(record_of(kind)).fields
    for number in range(rounds):
        records = [record_of(kind) for _ in range(BATCH)]
        # What ours finds out theirs is given: both write the same line.
        given = [record_of(kind) for _ in range(BATCH)]
        for record in given:
            vars(record).update(context)
        pair = [(ours.format, records), (theirs.format, given)]
        seconds = {
            format_line: _timed(format_line, batch, clock)
            for format_line, batch in (pair if number % 2 else reversed(pair))
        }
        taken.append((seconds[ours.format], seconds[theirs.format]))
    return Cost(
        ratio=statistics.median(mine / other for mine, other in taken),
        theirs=statistics.median(other for _, other in taken) / BATCH * 1e6,
        ours=statistics.median(mine for mine, _ in taken) / BATCH * 1e6,
    )


def _timed(
    work: Callable[[Any], object], batch: Sequence[Any], clock: Callable[[], float]
) -> float:
    gc.collect()
    gc.disable()
    try:
        begin = clock()
        for each in batch:
            work(each)
        return clock() - begin
    finally:
        gc.enable()


def _nothing(_: object = None) -> None:
    pass


decorated = error_boundary("work", category="database")(_nothing)


def _with(_: object) -> None:
    with error_boundary("work", category="database"):
        pass


BOUNDARIES: dict[str, Callable[[object], object]] = {
    "a decorated function": decorated,
    "a with statement": _with,
}


def boundary_cost(
    work: Callable[[object], object], *, rounds: int, clock: Callable[[], float] = time.thread_time
) -> float:
    """Return the microseconds that a boundary adds to a call, where this is called."""
    runs = range(RUNS)
    _timed(work, runs, clock)
    return (
        statistics.median(
            _timed(work, runs, clock) - _timed(_nothing, runs, clock) for _ in range(rounds)
        )
        / RUNS
        * 1e6
    )


def measure(rounds: int) -> Iterator[str]:
    """Yield the lines of the report."""
    with telemetry() as config:
        places: dict[str, Callable[[], AbstractContextManager[Any]]] = {
            "outside of requests": nullcontext,
            "in a request": lambda: in_request(config),
        }
        yield f"{'A log line, as JSON':<40}{'theirs':>9}{'ours':>9}{'ratio':>8}"
        for place, enter in places.items():
            yield f"  {place}"
            with enter():
                for kind in LINES:
                    cost = line_cost(kind, rounds=rounds)
                    yield (
                        f"    {kind.name:<36}{cost.theirs:>6.1f} µs{cost.ours:>6.1f} µs"
                        f"{cost.ratio:>8.2f}"
                    )
        yield f"{'A boundary in which nothing goes wrong':<40}"
        for place, enter in places.items():
            yield f"  {place}"
            with enter():
                for name, work in BOUNDARIES.items():
                    yield f"    {name:<44}{boundary_cost(work, rounds=rounds):>7.2f} µs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="default: %(default)s")
    for line in measure(parser.parse_args().rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
