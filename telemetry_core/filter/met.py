"""What was met before, so that only what comes again is worth being remembered."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

MAX_MET: Final = 10_000
"""Things of which it is known that they came once; half a megabyte."""


class Met:
    """A bounded set of hashes: most of what is new stays alone. Safe to share between threads."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def is_new(self, thing: Hashable) -> bool:
        """Tell whether this is asked of a thing for the first time in a while."""
        hashed = hash(thing)
        if hashed in self._hashes:
            return False
        if len(self._hashes) >= MAX_MET:
            self._hashes.clear()
        self._hashes.add(hashed)
        return True
