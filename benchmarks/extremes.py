"""The worst text for any detector, and how much is remembered after very many texts.

The texts are made from the table of detectors: what a row looks for, what it nearly looks for, and
its beginnings, each many times over. All are tried short, and the slowest of them long.
"""

from __future__ import annotations

import random
import re
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.events import SEED, WORDS

LONG = 400_000
"""Characters of the longest text."""
SHORT = 1_501
"""Characters of a text when all are tried: not a multiple, so that it ends amid a unit."""
PATIENCE = 2.0
"""Seconds; a text that takes longer is not tried at twice its length."""
SEPARATORS = ("", " ", ",", "\n", ".")
ENCODED = ("%25", "%2525", "&#x", "&amp;", "&", "\\", "\\\\", "\\u0040", "\\x40", "%u0040", "+%20")
CLASSES = (
    "a", "A", "0", "1", "f", "@", ".", "-", "_", "/", "\\", ":", "+", " ", "(", "[", "{", "'", '"',
    "=", "~", "%", "&", "\0", "\u200b", "\u00ad", "\uff20", "\u00e9", "\U0001f600", "\ud800",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A text repeated from a unit, and the seconds that reading it took."""

    unit: str
    length: int
    """Characters; fewer than asked for where patience ran out."""
    half_seconds: float
    """For a text of half the length."""
    seconds: float

    @property
    def growth(self) -> float:
        """How many times as long a text of twice the length takes; two is linear."""
        return self.seconds / self.half_seconds


def units() -> list[str]:
    """Return what the worst texts are made of, from every detector's row."""
    from telemetry_core.filter.detectors import DETECTORS

    made: dict[str, None] = dict.fromkeys((*CLASSES, *ENCODED))
    for detector in DETECTORS:
        for example in (*detector.finds, *detector.spares):
            made.update(dict.fromkeys(_near(example)))
        for trigger in detector.trigger:
            made[re.sub(r"[\\()\[\]?:|{}^$*+]", "", trigger)] = None
    made.pop("", None)
    return list(made)


def _near(example: str) -> Iterator[str]:
    yield from (example + separator for separator in SEPARATORS)
    yield from (example[:-1], example[1:], example[: len(example) // 2])
    # Up to a mark that much hangs on, and no further.
    yield from (example.partition(mark)[0] + mark for mark in "@:=" if mark in example)


def repeated(unit: str, length: int) -> str:
    """Return a unit repeated to a length."""
    return (unit * (length // len(unit) + 1))[:length]


def worst(
    filter_text: Callable[[str], str],
    *,
    candidates: Sequence[str],
    longest: int = 8,
    length: int = LONG,
) -> list[Extreme]:
    """Return the slowest of the candidates at full length, slowest first."""
    short = {unit: _seconds(filter_text, repeated(unit, SHORT)) for unit in candidates}
    slowest = sorted(short, key=short.__getitem__, reverse=True)[:longest]
    extremes = [_doubled(filter_text, unit, length) for unit in slowest]
    return sorted(extremes, key=lambda extreme: -extreme.seconds / extreme.length)


def _doubled(filter_text: Callable[[str], str], unit: str, length: int) -> Extreme:
    part = length // 64
    half = seconds = _fastest(filter_text, repeated(unit, part))
    while part < length and seconds < PATIENCE:
        part *= 2
        half, seconds = seconds, _fastest(filter_text, repeated(unit, part))
    return Extreme(unit=unit, length=part, half_seconds=half, seconds=seconds)


def _seconds(filter_text: Callable[[str], str], text: str) -> float:
    begin = perf_counter()
    filter_text(text)
    return perf_counter() - begin


def _fastest(filter_text: Callable[[str], str], text: str) -> float:
    first = _seconds(filter_text, text)
    # Only disturbance makes a reading slower; nothing this long is remembered.
    return first if first > PATIENCE else min(first, _seconds(filter_text, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is held after many texts, in bytes."""

    texts: int
    held_half_way: int
    held: int
    bound: int
    """What the filter says that its cache takes at most."""


def remembered(count: int = 200_000, *, seed: int = SEED) -> Memory:
    """Return the memory that a new filter holds after so many different texts."""
    from telemetry_core.filter.text import TextFilter

    texts = TextFilter()
    texts.prime(["a first text"])
    rng = random.Random(seed)
    sentences = [" ".join(rng.choices(WORDS, k=6)) for _ in range(500)]
    half_way = 0
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for begin in range(0, count, 500):
            texts.prime([f"{sentence} {begin}" for sentence in sentences])
            if begin == count // 2:
                half_way = tracemalloc.get_traced_memory()[0] - before
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    return Memory(texts=count, held_half_way=half_way, held=held, bound=texts.cache_bytes)
