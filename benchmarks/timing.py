"""How long a subject takes for an event, as a multiple of ``json.dumps`` of that event.

Rounds are interleaved: each takes all subjects on all kinds of events, so that a machine that slows
down slows all of them, and of the rounds the median counts. What is read is the process's own time,
so that it does not matter what else the machine has to do. Objects are fresh each time, as the
SDK's serializer makes them; the garbage collector is off while the clock runs, for all alike.
"""

from __future__ import annotations

import gc
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

from benchmarks.events import Event, Variation

Filter = Callable[[Event], object]

BATCH = 4
"""Events that are timed together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind of event, and what of it is new each time."""

    name: str
    event: str
    message: bool = False
    text: bool = False
    code: bool = False

    @property
    def is_seen(self) -> bool:
        """Whether nothing but ids and times is new."""
        return not (self.message or self.text or self.code)

    def of(self, events: Mapping[str, Event], variation: Variation) -> Event:
        """Return an event of this kind."""
        return variation.of(
            events[self.event], message=self.message, text=self.text, code=self.code
        )


CASES = (
    Case(name="error, like those before", event="error"),
    Case(name="error, a new message", event="error", message=True),
    Case(name="error, new text", event="error", text=True),
    Case(name="error, new text and code", event="error", text=True, code=True),
    Case(name="transaction, like those before", event="transaction"),
    Case(name="transaction, new text", event="transaction", text=True),
)
SEEN = {case.event: case for case in CASES if case.is_seen}
"""The case of each kind of event in which nothing is new."""
IN_REQUEST = (
    Case(name="error, its visitor known", event="error"),
    Case(name="transaction, its visitor known", event="transaction"),
)
"""Like those before, and what the visitor sent is looked for in them. No peer does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """Medians over the rounds."""

    ratio: float
    """Of a subject's time to that of ``json.dumps`` of the same objects in the same round."""
    seconds: float
    """For one event."""
    dumps_seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds that one batch took."""

    subject: float
    dumps: float


def summarise(rounds: Sequence[Round], batch: int = BATCH) -> Time:
    """Return the medians of rounds of ``batch`` events each; the ratio is taken in each round."""
    return Time(
        ratio=statistics.median(each.subject / each.dumps for each in rounds),
        seconds=statistics.median(each.subject for each in rounds) / batch,
        dumps_seconds=statistics.median(each.dumps for each in rounds) / batch,
    )


def measure(
    subjects: Mapping[str, Filter],
    events: Mapping[str, Event],
    *,
    rounds: int,
    cases: Sequence[Case] = CASES,
    clock: Callable[[], float] = process_time,
) -> dict[tuple[str, str], Time]:
    """Return the time of each subject in each case, by name of subject and of case."""
    variation = Variation()
    names = list(subjects)
    taken: dict[tuple[str, str], list[Round]] = {}
    for case in cases:
        for name in names:
            for _ in range(3):
                subjects[name](case.of(events, variation))
    for number in range(rounds):
        for case in cases:
            batch = [json.dumps(case.of(events, variation)) for _ in range(BATCH)]
            # Each subject comes first as often as any other.
            turn = number % len(names)
            for name in (*names[turn:], *names[:turn]):
                taken.setdefault((name, case.name), []).append(
                    _timed(subjects[name], [json.loads(text) for text in batch], clock)
                )
    return {key: summarise(each) for key, each in taken.items()}


def _timed(subject: Filter, batch: Sequence[Any], clock: Callable[[], float]) -> Round:
    gc.collect()
    gc.disable()
    try:
        begin = clock()
        for event in batch:
            json.dumps(event)
        middle = clock()
        for event in batch:
            subject(event)
        end = clock()
    finally:
        gc.enable()
    return Round(end - middle, middle - begin)
