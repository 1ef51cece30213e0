"""The remarks on what was changed, as they stand in ``_meta``."""

from __future__ import annotations

from functools import cache
from sys import getsizeof
from typing import TYPE_CHECKING

from telemetry_core.policy.remembered import Shared, frozen

if TYPE_CHECKING:
    from telemetry_core.filter.text import Remark

Note = dict[str, object]
"""A piece of ``_meta``: under ``""`` the remarks on a value, under its keys those on its parts."""


def size_of(text: str, remarks: tuple[Remark, ...]) -> int:
    """Return about how many bytes a text and the remarks on it take."""
    return getsizeof(text) + 150 * len(remarks)


def remarked(*remarks: tuple[object, ...]) -> Note:
    """Make the note of a value's own remarks, in Relay's format ``[rule, kind, start, end]``."""
    return {"": {"rem": tuple(map(tuple, remarks))}}


def replaced(rule: str, text: str) -> Note:
    """Return the note of a value in whose place another text stands whole."""
    return remarked((rule, "s", 0, len(text)))


@cache
def removed(rule: str) -> Shared:
    """Return the note of a value that was taken out whole."""
    return frozen(remarked((rule, "x")))


def relocated(
    remarks: tuple[Remark, ...], before: str, after: str, swallowed: tuple[Remark, ...]
) -> list[Remark]:
    """Return ``remarks`` on ``before`` where their tokens stand in ``after``.

    A token inside a longer value that a detector took out is gone, and so is its remark.
    """
    moved: list[Remark] = []
    position = 0
    for remark in sorted(remarks, key=lambda remark: remark.start):
        token = before[remark.start : remark.end]
        found = after.find(token, position)
        if found < 0 or any(other.start <= found < other.end for other in swallowed):
            continue
        position = found + len(token)
        moved.append(remark._replace(start=found, end=position))
    return moved
