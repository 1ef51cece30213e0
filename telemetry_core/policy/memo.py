"""Remembers what was made of a value, so that the next event like the last one costs less.

Holds results only, which are filtered: never what they were made of. A key is the hash of what was
read; two values with one hash would get one result, which is wrong but gives nothing away.
"""

from __future__ import annotations

import marshal
from typing import Final, Generic, TypeVar

R = TypeVar("R")

MAX_ENTRY: Final = 65_536
"""Bytes of the largest result that is remembered."""


class Memo(Generic[R]):
    """A bounded mapping from hashes to results. Safe to share between threads.

    :param max_bytes: bytes of results held at most; the older half goes when they are reached.
    """

    __slots__ = ("_bytes", "_max_bytes", "_old", "_young")

    def __init__(self, max_bytes: int = 4_000_000) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._young: dict[int, R] = {}
        self._old: dict[int, R] = {}

    def get(self, key: int) -> R | None:
        """Return what was remembered under ``key``, or None."""
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def put(self, key: int, result: R, size: int) -> None:
        """Remember a result of about ``size`` bytes."""
        if size > MAX_ENTRY:
            return
        # A race between threads loses or doubles a count; the bound holds within one entry each.
        self._bytes += size + 200
        if self._bytes > self._max_bytes // 2:
            self._old, self._young, self._bytes = self._young, {}, size + 200
        self._young[key] = result

    @property
    def size(self) -> int:
        """How many results are held."""
        return len(self._young) + len(self._old)


def key_of(place: str, value: object) -> int | None:
    """Return the hash of a value of plain types at a place, or None for any other.

    Equal values have equal keys in one process; version 2 of the format knows no references. The
    place belongs to the key, since other rules may hold elsewhere.
    """
    try:
        return hash(marshal.dumps((place, value), 2))
    except ValueError:
        return None
