"""The interpreter of the detectors: reads a text, and puts tokens where values stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from threading import Lock
from typing import NamedTuple

from telemetry_core.filter.detectors import DETECTORS, Detector
from telemetry_core.filter.detectors.detector import value_span
from telemetry_core.filter.shape import shape_of
from telemetry_core.filter.views import View, views_of

FILTERED = "[Filtered]"
MAX_ROUNDS = 6
"""How often a text is read before one that never comes to rest is dropped whole."""
MAX_CACHED_LENGTH = 2_000
"""Characters; longer texts seldom come again, and a few would push out everything else."""

# Upper bound of what an entry costs beyond its characters: dict slot and str header.
_ENTRY_BYTES = 160
# What in a shape hints at something to decode; what lies outside ASCII is asked for apart.
_ENCODED_TRIGGERS = (
    r"%(?=[0a-fu])",
    r"&(?=#|[a-z]+;)",
    r"\\(?=[uxnrtfvb0\"'/])",
)


class Remark(NamedTuple):
    """What was changed where, in the form of Relay's remarks in ``_meta``.

    ``kind`` is ``s`` (substituted), ``x`` (removed) or ``m`` (masked); the offsets count
    characters of the filtered text.
    """

    rule: str
    kind: str
    start: int
    end: int


class _Finding(NamedTuple):
    start: int
    end: int
    detector: Detector


class _Found:
    """The findings in a text, of which the first to claim a stretch has it."""

    __slots__ = ("_claimed", "findings", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.findings: list[_Finding] = []
        self._claimed: bytearray | None = None

    def claim(self, start: int, end: int, detector: Detector) -> None:
        claimed = self._claimed
        if claimed is None:
            claimed = self._claimed = bytearray(len(self.text))
        if claimed.find(1, start, end) < 0:
            claimed[start:end] = b"\1" * (end - start)
            self.findings.append(_Finding(start, end, detector))


def _flags(triggers: Iterable[tuple[str, int]]) -> list[tuple[re.Pattern[bytes], int]]:
    merged: dict[str, int] = {}
    for trigger, flag in triggers:
        merged[trigger] = merged.get(trigger, 0) | flag
    return [(re.compile(trigger.encode("ascii")), flag) for trigger, flag in merged.items()]


class TextFilter:
    """Replaces personal and secret values in text by the tokens of their detectors.

    Promises: never raises on a ``str``; takes time linear in its length; leaves a text in which
    no detector finds a value as it is; reading a result again changes nothing. A value that no
    pattern knows (a name, free text) is not found here, see ``KnownValues``.

    ``clean`` holds texts known to hold no value, for look-ups by callers; it takes about
    ``cache_bytes`` bytes at most, and never holds a text in which something was found.
    """

    def __init__(
        self, detectors: Sequence[Detector] = DETECTORS, *, cache_bytes: int = 1_000_000
    ) -> None:
        self.clean: dict[str, None] = {}
        self.cache_bytes = cache_bytes
        self.cached_bytes = 0
        self._lock = Lock()
        self._rows = [(row, re.compile(row.pattern)) for row in detectors]
        self._always = sum(1 << i for i, row in enumerate(detectors) if not row.trigger)
        self._encoded = 1 << len(self._rows)
        self._triggers = _flags(
            (trigger, 1 << index) for index, row in enumerate(detectors) for trigger in row.trigger
        )
        self._hints = _flags((trigger, self._encoded) for trigger in _ENCODED_TRIGGERS)

    def filter(self, text: str) -> str:
        """Return the text with a token in place of each value."""
        return self.filter_with_remarks(text)[0]

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        """Return the filtered text and what was changed in it, ``()`` when nothing was."""
        if text in self.clean:
            return text, ()
        remarks: list[Remark] = []
        current = text
        for _ in range(MAX_ROUNDS):
            findings = self._find(current, self._flags_of(current))
            if not findings:
                if not remarks:
                    self._remember((text,))
                return current, tuple(remarks)
            current, remarks = _replace(current, findings, remarks)
        return FILTERED, (Remark("unstable", "s", 0, len(FILTERED)),)

    def prime(self, texts: Iterable[str]) -> None:
        """Read many new texts at once, and remember those that hold nothing.

        Costs far less a text than reading one at a time: the shapes of all are searched together.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self.clean]
        if not new:
            return
        joined = "\n".join(new)
        starts = list(accumulate((len(text) + 1 for text in new), initial=0))
        shape = shape_of(joined)
        flagged: dict[int, int] = {}
        for pattern, flag in (*self._triggers, *self._hints):
            search = pattern.search
            match = search(shape)
            while match:
                index = bisect_right(starts, match.start()) - 1
                flagged[index] = flagged.get(index, 0) | flag
                match = search(shape, starts[index + 1])
        if not joined.isascii():
            for index, text in enumerate(new):
                if not text.isascii():
                    flagged[index] = flagged.get(index, 0) | self._encoded
        always = self._always
        if always:
            dirty = [i for i, text in enumerate(new) if self._find(text, flagged.get(i, always))]
        else:
            dirty = [i for i, flags in flagged.items() if self._find(new[i], flags)]
        for index in sorted(dirty, reverse=True):
            del new[index]
        self._remember(new)

    def _flags_of(self, text: str) -> int:
        shape = shape_of(text)
        flags = self._always
        for pattern, flag in self._triggers:
            if flag & ~flags and pattern.search(shape):
                flags |= flag
        if not text.isascii() or any(pattern.search(shape) for pattern, _ in self._hints):
            flags |= self._encoded
        return flags

    def _find(self, text: str, flags: int) -> list[_Finding]:
        """Return the values in a text, in order and apart from each other."""
        found = _Found(text)
        if flags & self._encoded:
            views = list(views_of(text))
            if views:
                for view in reversed(views):
                    if not view.unescaped:
                        self._collect(view.text, view, flags, found, raw=True)
                self._collect(text, None, flags, found, raw=True)
                for view in reversed(views):
                    self._collect(view.text, view, self._flags_of(view.text), found)
        self._collect(text, None, flags | self._always, found)
        found.findings.sort()
        return found.findings

    def _collect(
        self, text: str, view: View | None, flags: int, found: _Found, raw: bool = False
    ) -> None:
        for index, (row, pattern) in enumerate(self._rows):
            if not (row.raw if raw else flags >> index & 1):
                continue
            match = pattern.search(text)
            while match:
                start, end = value_span(match)
                resume = match.end() if match.end() > match.start() else match.end() + 1
                if start < end:
                    if row.check is not None and not row.check(match):
                        resume = match.start() + 1
                    else:
                        if view is not None:
                            start, end = view.source_span(start, end)
                        found.claim(start, end, row)
                match = pattern.search(text, resume)

    def _remember(self, texts: Iterable[str]) -> None:
        with self._lock:
            clean = self.clean
            for text in texts:
                if len(text) <= MAX_CACHED_LENGTH and text not in clean:
                    clean[text] = None
                    self.cached_bytes += len(text) * (1 if text.isascii() else 4) + _ENTRY_BYTES
            while self.cached_bytes > self.cache_bytes and clean:
                for text in list(islice(clean, len(clean) // 4 + 1)):
                    del clean[text]
                    self.cached_bytes -= len(text) * (1 if text.isascii() else 4) + _ENTRY_BYTES


def _replace(
    text: str, findings: Sequence[_Finding], before: Sequence[Remark]
) -> tuple[str, list[Remark]]:
    pieces: list[str] = []
    remarks: list[Remark] = []
    pending = list(reversed(before))
    position = length = 0

    def carry(limit: int) -> None:
        # Earlier remarks move with the text around them; those inside a new finding are part of it.
        while pending and pending[-1].end <= limit:
            remark = pending.pop()
            if remark.start >= position:
                shift = length - position
                remarks.append(remark._replace(start=remark.start + shift, end=remark.end + shift))

    for start, end, row in findings:
        carry(start)
        pieces.append(text[position:start])
        length += start - position
        pieces.append(row.token)
        kind = "s" if row.token else "x"
        remarks.append(Remark(row.name, kind, length, length + len(row.token)))
        length += len(row.token)
        position = end
        while pending and pending[-1].start < end:
            pending.pop()
    carry(len(text))
    pieces.append(text[position:])
    return "".join(pieces), remarks
