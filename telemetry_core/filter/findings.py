"""What the rows find in a text: the first of them to claim a stretch has it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from telemetry_core.filter.detectors import Detector
from telemetry_core.filter.detectors.detector import value_span
from telemetry_core.filter.rows import Row
from telemetry_core.filter.views import View

MAX_REREAD = 100
"""Characters of a refused match that are searched again for a match inside it."""
MAX_FINDINGS = 3_000
"""Values in a text; one with more is a dump of personal data, and dropped whole."""
MAX_REFUSED = 10_000
"""Look-alikes in a text that are told from values; one with more is dropped whole, for a check
costs far more than a search."""


class Finding(NamedTuple):
    """A value, and the row that has found it."""

    start: int
    end: int
    detector: Detector


class Hopeless(Exception):
    """A text that holds more than can be told apart in linear time."""


class Findings:
    """The findings in one text."""

    __slots__ = ("found", "refused")

    def __init__(self) -> None:
        self.found: list[Finding] = []
        """In order, and apart from each other."""
        self.refused = 0
        """How often something that looked like a value was told from one."""

    def collect(self, row: Row, text: str, view: View | None = None) -> None:
        """Add what a row finds.

        :param text: what is read: that of the view, where there is one.
        :raises Hopeless: when there is too much.
        """
        detector, search = row
        match = search(text, 0)
        while match:
            span = value_span(detector, match)
            if span is None:
                # A value may begin inside what was refused; a long one is not read again
                # from each of its characters, for that would not be linear.
                self._refuse()
                long = match.end() - match.start() > MAX_REREAD
                resume = match.end() if long else match.start() + 1
            else:
                start, end = span
                resume = max(end, match.start() + 1)
                if start == end:
                    self._refuse()
                elif view is None:
                    self._claim(start, end, detector)
                else:
                    self._claim(*view.source_span(start, end), detector)
            match = search(text, resume)

    def _claim(self, start: int, end: int, detector: Detector) -> None:
        found = self.found
        place = bisect_left(found, (start,))
        if place and found[place - 1].end > start:
            return
        if place < len(found) and found[place].start < end:
            return
        found.insert(place, Finding(start, end, detector))
        if len(found) > MAX_FINDINGS:
            raise Hopeless

    def _refuse(self) -> None:
        self.refused += 1
        if self.refused > MAX_REFUSED:
            raise Hopeless


def without(text: str, findings: Sequence[Finding]) -> str:
    """Return a text with tokens in place of findings, which are in order."""
    pieces: list[str] = []
    position = 0
    for start, end, detector in findings:
        pieces += (text[position:start], detector.token)
        position = end
    pieces.append(text[position:])
    return "".join(pieces)
