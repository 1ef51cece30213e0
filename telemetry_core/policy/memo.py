"""Remembers what was made of a text, so that the next event like the last one costs less.

`Memo` holds results only, which are filtered: never what they were made of. A key is the hash of
what was read; two texts with one hash would get one result, which is wrong but gives nothing away.
`Seen` holds texts that passed as they are.
"""

from __future__ import annotations

from sys import getsizeof
from typing import Final, Generic, TypeVar

from telemetry_core.filter.met import Met

R = TypeVar("R")
T = TypeVar("T", str, bytes)

MAX_ENTRY: Final = 500_000
"""Bytes of the largest result that is remembered."""


class Memo(Generic[R]):
    """A bounded mapping from hashes to results. Safe to share between threads.

    :param max_bytes: bytes of results held at most; the older half goes when they are reached.
    """

    __slots__ = ("_bytes", "_old", "_young", "max_bytes", "met")

    def __init__(self, max_bytes: int = 8_000_000) -> None:
        self.met = Met()
        self.max_bytes = max_bytes
        self._bytes = 0
        self._young: dict[int, tuple[R, int]] = {}
        self._old: dict[int, tuple[R, int]] = {}

    def get(self, key: int) -> R | None:
        """Return what was remembered under ``key``, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                return None
            # What is asked for stays.
            self.put(key, *found)
        return found[0]

    def put(self, key: int, result: R, size: int) -> None:
        """Remember a result of about ``size`` bytes."""
        if size > MAX_ENTRY:
            return
        # A race between threads loses or doubles a count; the bound holds within one entry each.
        self._bytes += size + 200
        if self._bytes > self.max_bytes // 2:
            self._old, self._young, self._bytes = self._young, {}, size + 200
        self._young[key] = result, size

    @property
    def size(self) -> int:
        """How many results are held."""
        return len(self._young) + len(self._old)


class Seen(Generic[T]):
    """Texts that a rule left as they were: a bounded set. Safe to share between threads.

    Only texts in which the detectors find nothing are added.
    """

    __slots__ = ("_bytes", "max_bytes", "values")

    def __init__(self, max_bytes: int = 500_000) -> None:
        self.max_bytes = max_bytes
        self._bytes = 0
        self.values: dict[T, None] = {}

    def add(self, text: T) -> None:
        """Add a text; when the bound is reached, begin anew."""
        if text not in self.values:
            size = getsizeof(text) + 100
            self._bytes += size
            if self._bytes > self.max_bytes:
                self.values.clear()
                self._bytes = size
            self.values[text] = None
