"""Counts and durations of operations, added up here and handed to the SDK every few seconds.

A metric of the SDK's costs more than most operations that are worth measuring. An operation here
costs a count and a place in a small sample; that no request is named in the sums is the better for
privacy, too.
"""

from __future__ import annotations

import math
import os
import random
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sentry_sdk

if TYPE_CHECKING:
    from telemetry_core.drops import Drops

SECONDS_BETWEEN: Final = 5.0
"""How long what is measured waits before it is handed over, at most."""
MAX_DURATIONS: Final = 20
"""Durations of one kind that are handed over at a time; of more, a random sample of as many."""
MAX_WAITING: Final = 1_000
"""Durations of one kind that wait to be added up."""
MAX_KINDS: Final = 500
"""Kinds that are told apart at a time. An operation's name is code; more are a mistake."""

METRICS: Final = "metrics"
"""The SDK's module, which older ones don't have."""

COUNT: Final = "boundary.count"
DURATION: Final = "boundary.duration"


class Kind(NamedTuple):
    """What is told apart in the sums: the attributes of both metrics."""

    operation: str
    category: str
    outcome: str


class Tally:
    """Durations of one kind: how many there were, and a random sample of them."""

    __slots__ = ("_chosen", "_count", "_sample", "_weight", "measures", "waiting")

    def __init__(self, measures: Measures) -> None:
        self.measures = measures
        self.waiting: list[float] = []
        """What was added and is not yet in the sums."""
        self._count = 0
        self._sample: list[float] = []
        self._chosen = sys.maxsize
        """Which is the next to come into the sample."""
        self._weight = 1.0

    def add(self, seconds: float) -> None:
        """Add one operation that took ``seconds``."""
        # Without a lock: threads may append to a list at the same time.
        waiting = self.waiting
        waiting.append(seconds)
        if len(waiting) >= MAX_WAITING or not self.measures.is_working:
            self.measures.look_after(self)

    def add_up(self, dice: Callable[[], float]) -> None:
        """Bring what was added into the sums. One thread at a time.

        Each duration is as likely as any other to be in the sample, by Li's algorithm L
        (https://doi.org/10.1145/198429.198435), which throws no dice for those it passes over.
        """
        taken = self.waiting[:]
        # Others may have appended meanwhile.
        del self.waiting[: len(taken)]
        before, self._count = self._count, self._count + len(taken)
        room = MAX_DURATIONS - len(self._sample)
        self._sample += taken[:room]
        if room and len(self._sample) == MAX_DURATIONS:
            self._chosen = MAX_DURATIONS - 1
            self._choose(dice)
        while self._chosen < self._count:
            self._sample[int(dice() * MAX_DURATIONS)] = taken[self._chosen - before]
            self._choose(dice)

    def take(self) -> tuple[int, list[float]]:
        """Return the number and the sample of what was added up, and begin anew."""
        taken = self._count, self._sample
        self._count, self._sample = 0, []
        self._chosen, self._weight = sys.maxsize, 1.0
        return taken

    def _choose(self, dice: Callable[[], float]) -> None:
        self._weight = min(self._weight * (dice() or 0.5) ** (1 / MAX_DURATIONS), 0.999_999)
        self._chosen += int(math.log(dice() or 0.5) / math.log1p(-self._weight)) + 1


class Measures:
    """Adds up operations, and hands the sums to the SDK.

    These are two metrics: ``boundary.count``, an exact counter, and ``boundary.duration``, a
    distribution in milliseconds of at most `MAX_DURATIONS` for each kind at a time.

    Safe to share between threads and to fork. Never raises.

    :param client: the SDK's client to whose metrics they go.
    :param dice: a random number from 0 to 1.
    """

    def __init__(
        self, client: Any, drops: Drops, *, dice: Callable[[], float] = random.random
    ) -> None:
        self._client = client
        self._drops = drops
        self._dice = dice
        self._tallies: dict[Kind, Tally] = {}
        self._begin_anew()
        if hasattr(os, "register_at_fork"):
            begin_anew = weakref.WeakMethod(self._begin_anew)

            def in_child() -> None:
                # What was measured until then is the parent's, and so is the thread.
                method = begin_anew()
                if method is not None:
                    method()

            os.register_at_fork(after_in_child=in_child)

    @staticmethod
    def are_known() -> bool:
        """Tell whether the installed SDK has metrics."""
        return hasattr(sentry_sdk, METRICS)

    def tally(self, kind: Kind) -> Tally | None:
        """Return where operations of a kind are added; None when there are too many kinds."""
        with self._lock:
            tally = self._tallies.get(kind)
            if tally is None and len(self._tallies) < MAX_KINDS:
                tally = self._tallies[kind] = Tally(self)
        return tally

    def look_after(self, tally: Tally) -> None:
        """Add up what waits in a tally, and see that there is somebody to hand it over."""
        with self._lock:
            tally.add_up(self._dice)
        if not self.is_working:
            self._start_worker()

    def flush(self) -> None:
        """Hand over what was added since the last time."""
        sums: list[tuple[Kind, int, list[float]]] = []
        with self._lock:
            for kind, tally in self._tallies.items():
                tally.add_up(self._dice)
                count, sample = tally.take()
                if count:
                    sums.append((kind, count, sample))
        if sums:
            # Of no request, whatever runs here: neither its trace nor its permission are theirs.
            Context().run(self._hand_over, sums)

    def close(self) -> None:
        """Hand over what is left, and end the thread."""
        self._ended.set()
        self.flush()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        for tally in self._tallies.values():
            tally.waiting.clear()
            tally.take()
        self._ended = threading.Event()
        self.is_working = False

    def _start_worker(self) -> None:
        with self._lock:
            if self.is_working or self._ended.is_set():
                return
            self.is_working = True
        worker = threading.Thread(
            target=_work, args=(weakref.ref(self), self._ended), name="telemetry", daemon=True
        )
        try:
            worker.start()
        except RuntimeError:
            # The interpreter ends, or there are no threads; `flush` and `close` hand over, too.
            return

    def _hand_over(self, sums: list[tuple[Kind, int, list[float]]]) -> None:
        try:
            metrics: Any = getattr(sentry_sdk, METRICS)
            with sentry_sdk.new_scope() as scope:
                scope.set_client(self._client)
                for kind, count, sample in sums:
                    attributes = kind._asdict()
                    metrics.count(COUNT, count, attributes=attributes)
                    for seconds in sample:
                        metrics.distribution(
                            DURATION, seconds * 1000, unit="millisecond", attributes=attributes
                        )
        except Exception as error:
            self._drops.count("metric_error", "trace_metric", error=error)


def _work(measures: weakref.ref[Measures], ended: threading.Event) -> None:
    while not ended.wait(SECONDS_BETWEEN):
        found = measures()
        if found is None:
            return
        found.flush()
        del found
