"""The table of detectors, compiled: its rows, and which of them are worth trying on a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from telemetry_core.filter.alike import takes_digits_alike, takes_letters_alike
from telemetry_core.filter.detectors import Detector
from telemetry_core.filter.shape import ANY, TRAITS, any_of

# Words, ids, numbers and times: whatever traits these have, they hold nothing that a built-in row
# finds.
is_harmless = re.compile(
    # Digits that are not all of ASCII: a digest.
    r"(?=[0-9]*[a-f])(?!(?:[2-7][0-9a-f])*+\Z)(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})"
    r"|[a-z_]{1,64}|[0-9]{1,8}|[0-9]{1,4}\.[0-9]{1,2}\.[0-9]{1,2}|(?!0[0-9])[0-9]{1,10}\.[0-9]{1,7}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z"
    r"|[+-][0-9]{2}:?[0-9]{2})?"
).fullmatch
"""Find out whether a text holds nothing, however it is built."""


class Row(NamedTuple):
    """A detector, and how to search for what it finds."""

    detector: Detector
    search: Callable[[str, int], re.Match[str] | None]


class Trial(NamedTuple):
    """Rows next to each other that share a trigger: tried on texts in whose shape it is found."""

    triggered: Callable[[bytes], object] | None
    named: Callable[[bytes], object] | None
    """Looks in the shape for a word, of which one has to be there, too, if there are any."""
    traits: int
    rows: tuple[Row, ...]
    raw_rows: tuple[Row, ...]
    trigger: bytes

    @property
    def is_told_by_outline(self) -> bool:
        """Whether it is triggered by all texts with an outline, or by none."""
        return takes_letters_alike(self.trigger)


def trials_of(detectors: Sequence[Detector]) -> tuple[Trial, ...]:
    """Return the trials of a table, in its order."""
    trials = []
    for (trigger, words, traits), group in groupby(
        detectors, key=lambda row: (row.trigger, row.words, row.traits)
    ):
        rows = [Row(row, re.compile(row.pattern).search) for row in group]
        trials.append(
            Trial(
                triggered=_triggered(trigger) if trigger else None,
                named=_named(words) if words else None,
                traits=sum(TRAITS[trait] for trait in traits) or ANY,
                rows=tuple(rows),
                raw_rows=tuple(row for row in rows if row.detector.raw),
                trigger="|".join(trigger).encode("ascii"),
            )
        )
    return tuple(trials)


def _named(words: Sequence[str]) -> Callable[[bytes], object]:
    # "?" is any character beyond ASCII: there are some of which the lower case is a letter in it.
    return re.compile(rf"\?|{any_of(set(words))}".encode("ascii")).search


def _triggered(trigger: Sequence[str]) -> Callable[[bytes], object]:
    if len(trigger) == 1 and _LITERAL(trigger[0]):
        literal = trigger[0].encode("ascii")
        return lambda shape: literal in shape
    return re.compile("|".join(trigger).encode("ascii")).search


_LITERAL = re.compile(r"[^\\.^$*+?{}\[\]|()]+").fullmatch


def rows_for(trials: Sequence[Trial], shape: bytes, traits: int, *, raw: bool = False) -> list[Row]:
    """Return the rows worth trying on a text of such shape and traits.

    :param raw: whether only those that look for what decoding would destroy.
    """
    rows: list[Row] = []
    for triggered, named, seen_by, all_rows, raw_rows, _ in trials:
        if (
            seen_by & traits
            and (triggered is None or triggered(shape))
            and (named is None or named(shape))
        ):
            rows += raw_rows if raw else all_rows
    return rows


def are_alike(rows: Sequence[Row]) -> bool:
    """Tell whether what rows don't find they find in no text with other digits."""
    for row in rows:  # noqa: SIM110  # in half the time of all()
        if not takes_digits_alike(row.detector.pattern):
            return False
    return True
