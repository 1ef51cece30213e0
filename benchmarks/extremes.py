"""The worst text for any detector, and how much is remembered after very many texts and events.

The texts are made from the table of detectors: what a row looks for, what it nearly looks for, and
its beginnings, each many times over. All are tried short, and the slowest of them long.
"""

from __future__ import annotations

import gc
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import process_time
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from benchmarks.events import SEED, WORDS

LONG = 400_000
"""Characters of the longest text."""
SHORT = 1_000
"""Characters of a text when all are tried."""
MEDIUM = 8_000
"""Characters when the slowest 60 of those are tried: what isn't linear shows."""
FIRST = 500
"""Characters that the first of ever longer texts has at most."""
PATIENCE = 1.0
"""Seconds; a text that takes longer is not tried at twice its length."""
SEPARATORS = ("", " ", ",")
ENCODED = ("%25", "%2525", "&#x", "&amp;", "&", "\\", "\\\\", "\\u0040", "\\x40", "%u0040", "+%20")
CLASSES = (
    "a", "A", "0", "1", "f", "@", ".", "-", "_", "/", "\\", ":", "+", " ", "(", "[", "{", "'", '"',
    "=", "~", "%", "&", "\0", "\u200b", "\u00ad", "\uff20", "\u00e9", "\U0001f600", "\ud800",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A text repeated from a unit, and the seconds that reading it took."""

    unit: str
    cut: int
    """How many of the last unit's characters are missing: a pattern that fails at the very end may
    try all other ways first."""
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


def repeated(unit: str, length: int, cut: int = 0) -> str:
    """Return a unit repeated to about a length, the last one without its last ``cut`` characters.

    At least one character is left, and no more than ``length`` and a unit.
    """
    text = unit * max(1, length // len(unit))
    return text[: len(text) - cut] if cut < len(text) else text[:1]


def _ends(unit: str) -> set[int]:
    """Return how much of a last unit to cut: nothing, a character, all but one after some mark."""
    marks = [len(unit) - match.end() - 1 for match in re.finditer(r"\W(?=\w\w)", unit)]
    return {0, min(1, len(unit) - 1), *marks[:1], *marks[-1:]}


def seconds_of(filter_text: Callable[[str], str]) -> Callable[[str], float]:
    """Return what tells how long a subject reads a text."""

    def seconds(text: str) -> float:
        begin = process_time()
        filter_text(text)
        return process_time() - begin

    return seconds


def worst(
    seconds: Callable[[str], float],
    *,
    candidates: Sequence[str],
    longest: int = 8,
    length: int = LONG,
) -> list[Extreme]:
    """Return the slowest of the candidates at full length, slowest first."""
    tried: dict[str, tuple[float, int]] = {}
    for unit in candidates:
        tried[unit] = max((seconds(repeated(unit, SHORT, cut)), cut) for cut in _ends(unit))
    slowest = sorted(tried, key=tried.__getitem__, reverse=True)[:60]
    slowest.sort(key=lambda unit: -seconds(repeated(unit, MEDIUM, tried[unit][1])))
    extremes = [doubled(seconds, unit, length, tried[unit][1]) for unit in slowest[:longest]]
    return sorted(extremes, key=lambda extreme: -extreme.seconds / extreme.length)


def doubled(seconds: Callable[[str], float], unit: str, length: int, cut: int = 0) -> Extreme:
    """Read a unit repeated, twice as often each time until the length or patience is reached."""
    lengths = [length]
    while lengths[-1] > FIRST:
        lengths.append(lengths[-1] // 2)
    part = lengths.pop()
    half = whole = _fastest(seconds, repeated(unit, part, cut))
    while lengths and whole < PATIENCE:
        part = lengths.pop()
        half, whole = whole, _fastest(seconds, repeated(unit, part, cut))
    return Extreme(unit=unit, cut=cut, length=part, half_seconds=half, seconds=whole)


def _fastest(seconds: Callable[[str], float], text: str) -> float:
    first = seconds(text)
    # Only disturbance makes a reading slower; nothing this long is remembered.
    return first if first > PATIENCE else min(first, seconds(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is held after many texts or events, in bytes."""

    what: str
    count: int
    held_half_way: int
    held: int
    bound: int
    """What the filter says that it takes at most."""


def remembered_texts(count: int = 200_000, *, seed: int = SEED) -> Memory:
    """Return the memory that new detectors hold after so many different texts."""
    from telemetry_core.filter.text import TextFilter

    texts = TextFilter()
    rng = random.Random(seed)
    sentences = [" ".join(rng.choices(WORDS, k=6)) for _ in range(500)]
    before = held_by(texts)
    half_way = 0
    for begin in range(0, count, 500):
        texts.prime([f"{sentence} {begin}" for sentence in sentences])
        if begin == count // 2:
            half_way = held_by(texts) - before
    held = held_by(texts) - before
    return Memory(
        what="different clean texts",
        count=count,
        held_half_way=half_way,
        held=held,
        bound=texts.cache_bytes,
    )


def remembered_events(count: int = 100_000, *, seed: int = SEED) -> Memory:
    """Return the memory that a new filter holds after so many events.

    Each comes four times, since what came once is not remembered.
    """
    from telemetry_core import PIIFilter

    pii = PIIFilter()
    rng = random.Random(seed)
    before = held_by(pii)
    half_way = 0
    for number in range(0, count, 4):
        event = _small_event(number, rng)
        for _ in range(4):
            pii.filter_event(event)
        if number == count // 8 * 4:
            half_way = held_by(pii) - before
    held = held_by(pii) - before
    return Memory(
        what="events, each four times",
        count=count,
        held_half_way=half_way,
        held=held,
        bound=pii.policy.max_bytes,
    )


def _small_event(number: int, rng: random.Random) -> dict[str, Any]:
    """Return an error with texts, names, statements and values to remove that never came before."""
    one, two, three = rng.choices(WORDS, k=3)
    frame = {
        "function": f"{one}_{number}",
        "module": f"shop.{two}",
        "filename": f"shop/{two}.py",
        "abs_path": f"/srv/{one}/shop/{two}.py",
        "lineno": number % 5_000,
        "context_line": f"    raise {three.title()}({number})",
    }
    crumb = {
        "category": two,
        "message": f"SELECT {one} FROM {two}_{number} WHERE id = 'x'",
        "data": {"status": three},
    }
    value = f"{one} of {two}.{number}@example.org"
    error = {"type": three.title(), "value": value, "stacktrace": {"frames": [frame]}}
    return {"level": "error", "exception": {"values": [error]}, "breadcrumbs": {"values": [crumb]}}


def held_by(root: object) -> int:
    """Return the bytes of all objects that can be reached from one, but for code and types."""
    found = {id(root): root}
    waiting: list[Any] = [root]
    while waiting:
        value = waiting.pop()
        # The collector has no need to know of keys that are texts.
        keys = value if isinstance(value, dict) else ()
        for each in (*gc.get_referents(value), *keys):
            if id(each) not in found and not isinstance(each, _CODE):
                found[id(each)] = each
                waiting.append(each)
    return sum(map(sys.getsizeof, found.values()))


_CODE = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, CodeType)
