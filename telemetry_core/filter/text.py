"""The interpreter of the detectors: reads a text, and puts tokens where values stood."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import NamedTuple

from telemetry_core.filter.detectors import DETECTORS, Detector
from telemetry_core.filter.findings import Finding, Findings, Hopeless, without
from telemetry_core.filter.line import LineReader
from telemetry_core.filter.rows import Row, Trial, is_harmless, rows_for, trials_of
from telemetry_core.filter.shape import ALL, shape_of, traits_of
from telemetry_core.filter.ways import Reading, ways_to_read

FILTERED = "[Filtered]"
"""The SDK's own token, for what is not let through whatever it may be."""
MAX_ROUNDS = 4
"""How often a text is read before one that never comes to rest is dropped whole."""
LONG = 20_000
"""Characters of a text that has to rest after one reading, to keep time within bounds."""
MAX_CACHED_LENGTH = 2_000
"""Characters; longer texts seldom come again, and a few would push out everything else."""
# Upper bound of what an entry costs beyond its characters: dict slot and str header.
_ENTRY_BYTES = 160


class Remark(NamedTuple):
    """What was changed where, in the form of Relay's remarks in ``_meta``.

    ``kind`` is ``s`` (substituted), ``x`` (removed) or ``m`` (masked); the offsets count
    characters of the filtered text.
    """

    rule: str
    kind: str
    start: int
    end: int


_UNREADABLE = (FILTERED, (Remark("unreadable", "s", 0, len(FILTERED)),))


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
        self._trials = trials_of(detectors)
        self._lines = LineReader(self._trials)
        self._plans: dict[int, tuple[Trial, ...]] = {}
        self._always = any(not detector.traits for detector in detectors)

    def filter(self, text: str) -> str:
        """Return the text with a token in place of each value."""
        return self.filter_with_remarks(text)[0]

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        """Return the filtered text and what was changed in it, ``()`` when nothing was."""
        if text in self.clean:
            return text, ()
        if not self._always and is_harmless(text) is None and self.passes(text):
            return text, ()
        return self._read_alone(text)

    def filter_line(self, text: str) -> tuple[str, bool]:
        """Return the filtered text, and whether it is plain.

        A text is when none that differs from it in its digits alone could hold a value, so that
        callers may remember it for all of them. Errs to no.
        """
        if self._always:
            return self.filter(text), False
        is_first = True
        for _ in range(MAX_ROUNDS + 1):
            if text in self.clean:
                return text, False
            if not text.isascii() or not (is_first or len(text) <= LONG):
                break
            try:
                findings, is_plain = self._lines.read(text)
            except Hopeless:
                return FILTERED, False
            if findings is None:
                break
            if not findings:
                if not is_plain:
                    self._remember((text,))
                return text, is_plain and is_first
            text = without(text, findings)
            is_first = False
        else:
            return FILTERED, False
        return self._read_alone(text)[0], False

    def passes(self, text: str) -> bool:
        """Tell at a glance whether a text holds nothing, as others of its outline have shown.

        Errs to no. A text that passes is remembered.
        """
        if self._always or not text.isascii() or not self._lines.passes(text):
            return False
        self._remember((text,))
        return True

    def _plan(self, traits: int) -> tuple[Trial, ...]:
        """Return what is worth trying on a text with such traits."""
        plan = self._plans.get(traits)
        if plan is None:
            plan = tuple(trial for trial in self._trials if trial.traits & traits)
            self._plans[traits] = plan
        return plan

    def prime(self, texts: Iterable[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        """Read many new texts at once, and remember those that hold nothing.

        Costs far less a text than reading one at a time: the shapes of all are searched together.
        Returns what `filter_with_remarks` makes of the others, which is not remembered.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self.clean]
        changed = self._read(new) if new else {}
        self._remember([text for text in new if text not in changed] if changed else new)
        return changed

    def _read_alone(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        changed = self._read((text,))
        if not changed:
            self._remember((text,))
            return text, ()
        return changed[text]

    def _read(self, texts: Sequence[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        """Read texts until each comes to rest; return those that changed, with what they became."""
        changed: dict[str, tuple[str, tuple[Remark, ...]]] = {}
        # What a text is by now, and the text it was, in the order of their reading.
        current: Sequence[str] = texts
        original: Sequence[str] = texts
        for number in range(MAX_ROUNDS):
            again: list[str] = []
            of: list[str] = []
            for index, traits in self._doubtful(current):
                text, first = current[index], original[index]
                try:
                    findings = self._findings(ways_to_read(text, traits))
                except Hopeless:
                    changed[first] = _UNREADABLE
                    continue
                if not findings:
                    continue
                if number and len(first) > LONG:
                    changed[first] = _UNREADABLE
                    continue
                result, remarks = _replace(text, findings, changed.get(first, ("", ()))[1])
                changed[first] = result, tuple(remarks)
                if result not in self.clean:
                    again.append(result)
                    of.append(first)
            if not again:
                return changed
            current, original = again, of
        changed.update(dict.fromkeys(original, _UNREADABLE))
        return changed

    def _findings(self, readings: Iterable[Reading]) -> list[Finding]:
        """Return the values in a text that is read in ways, in order and apart from each other."""
        findings = Findings()
        for reading in readings:
            for row in self._rows(reading):
                findings.collect(row, reading.text, reading.view)
        return findings.found

    def _rows(self, reading: Reading) -> list[Row]:
        """Return the rows worth trying on a text read in a way."""
        plan = self._plan(reading.traits)
        return rows_for(plan, shape_of(reading.text), ALL, raw=reading.raw) if plan else []

    def _doubtful(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield the indices of texts that could hold a value, and the traits of each."""
        traits = traits_of(texts)
        if self._always:
            for index in range(len(texts)):
                yield index, traits.get(index, 0)
            return
        for index, shown in traits.items():
            if is_harmless(texts[index]) is None:
                yield index, shown

    def _remember(self, texts: Sequence[str]) -> None:
        kept = {text: None for text in texts if len(text) <= MAX_CACHED_LENGTH}
        with self._lock:
            before = len(self.clean)
            self.clean.update(kept)
            # Counted for those already there, too, when two threads bring the same: errs to more.
            if len(self.clean) > before:
                self.cached_bytes += _size(kept)
            while self.cached_bytes > self.cache_bytes and self.clean:
                oldest = list(islice(self.clean, len(self.clean) // 4 + 1))
                for text in oldest:
                    del self.clean[text]
                self.cached_bytes -= _size(oldest)
            if not self.clean:
                self.cached_bytes = 0


def _size(texts: Collection[str]) -> int:
    joined = "".join(texts)
    return len(joined) * (1 if joined.isascii() else 4) + _ENTRY_BYTES * len(texts)


def _replace(
    text: str, findings: Sequence[Finding], before: Sequence[Remark]
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
